"""Settings: read once at the start, frozen afterwards. Nothing else in Carrel reads the environment or a configuration file."""

from carrel.settings.load import load
from carrel.settings.model import Settings

__all__ = ["Settings", "load"]
