"""The two kinds of shape, and the limits every text from outside has to keep. Knows no noun."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from carrel.domain.ids import ID_PATTERN, NAME_PATTERN

Time = AwareDatetime
"""RFC 3339; written in UTC with Z, because everything inside is UTC."""

Id = Annotated[str, StringConstraints(pattern=f"^{ID_PATTERN.pattern}$", max_length=16)]
Name = Annotated[str, StringConstraints(pattern=f"^{NAME_PATTERN.pattern}$", max_length=40)]
"""A DNS label of at most 40 characters."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
"""One line of text for people: no control characters, so that it can break no log, terminal or page."""


class Asking(BaseModel):
    """What a caller sends. An unknown field is an error: it was meant to do something."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )


class Telling(BaseModel):
    """What Carrel answers. Clients skip fields they do not know, so that an older client reads a newer Carrel."""

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)
