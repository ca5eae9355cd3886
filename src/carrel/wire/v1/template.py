"""A template as people may see it: what it is for, not its environment, which may hold secrets."""

from typing import Literal

from pydantic import Field

from carrel.domain.template import HomeKind
from carrel.wire.v1.shape import Telling


class TemplateParameter(Telling):
    """What may be chosen. Of the fields after `default`, only those of its type are there."""

    name: str
    type: Literal["choice", "number", "text"]
    title: str
    description: str
    default: str | float
    options: list[str] | None = None
    least: float | None = None
    most: float | None = None
    step: float | None = None
    pattern: str | None = None
    longest: int | None = None


class Template(Telling):
    name: str
    version: str
    title: str
    description: str
    image: str | None
    open: str
    home: HomeKind
    memory: int | None
    """Bytes."""
    price_per_hour: float | None
    icon: str = ""
    """The name of the picture on its card."""
    parameters: list[TemplateParameter] = Field(default_factory=list)
    """What a person may choose who asks for one."""
