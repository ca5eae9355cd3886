"""Where version 1 of the API lives."""

from typing import Final

PREFIX: Final = "/hub/api/v1"
