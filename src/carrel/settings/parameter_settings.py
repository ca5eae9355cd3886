"""The tables [templates.*.parameters.*]: what a person may choose, with defaults that keep to their own bounds."""

import re
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from carrel.domain.parameter import Choice, Number, Parameter, Text
from carrel.rules.parameters import checked
from carrel.rules.pattern import compiled
from carrel.settings.values import Words

_NAME: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]{0,38}[A-Za-z0-9])?")
_OF_KIND: Final = {
    "choice": {"options"},
    "number": {"least", "most", "step"},
    "text": {"pattern", "longest"},
}
_MOST_OPTIONS: Final = 200

Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]


class ParameterSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    type: Literal["choice", "number", "text"]
    """What kind of value it is."""
    title: str = ""
    """What the form calls it; the parameter's name when empty."""
    description: str = ""
    """A hint below the field."""
    options: Words = ()
    """For `choice`: what there is to choose from."""
    least: Finite | None = None
    """For `number`: the smallest."""
    most: Finite | None = None
    """For `number`: the largest."""
    step: Annotated[Finite, Field(gt=0)] | None = None
    """For `number`: the distance between two of them, counted from `least` or 0. Any number if left out."""
    pattern: str | None = None
    """For `text`: a regular expression for the whole of it, of its plain parts: characters, classes, groups, `|` and counts."""
    longest: Annotated[int, Field(ge=1, le=1000)] = Text("").longest
    """For `text`: how many characters it may have."""
    default: str | Finite | None = None
    """What is taken where nobody chooses. If left out: the first option, the least number (or 0), an empty text."""

    @field_validator("pattern")
    @classmethod
    def _pattern_can_be_read(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            compiled(pattern)
        return pattern

    @field_validator("options")
    @classmethod
    def _options_differ(cls, options: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(options)) < len(options) or not all(one.strip() == one and one for one in options):
            raise ValueError("expected texts that differ, without spaces around them")
        if len(options) > _MOST_OPTIONS:
            raise ValueError(f"expected at most {_MOST_OPTIONS} of them")
        return options

    @model_validator(mode="after")
    def _makes_sense(self) -> "ParameterSettings":
        strangers = self.model_fields_set & (set().union(*_OF_KIND.values()) - _OF_KIND[self.type])
        if strangers:
            raise ValueError(f"expected no {min(strangers)}: that is not for type {self.type}")
        if self.type == "choice" and not self.options:
            raise ValueError('expected options = ["…", "…"]: a choice needs some')
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError("expected least to be no more than most")
        bounds = self.to_domain("")
        try:
            checked(bounds, bounds.default)
        except ValueError as error:
            raise ValueError(f"its default must be allowed too: {error}") from error
        return self

    def to_domain(self, name: str) -> Parameter:
        words = {"name": name, "title": self.title or name, "description": self.description}
        default = self.default
        match self.type:
            case "choice":
                return Choice(options=self.options, default=_first(default, self.options[0]), **words)
            case "number":
                usual = self.least if self.least is not None else 0.0
                return Number(
                    default=_as_number(default, usual),
                    least=self.least,
                    most=self.most,
                    step=self.step,
                    **words,
                )
            case "text":
                return Text(default=_first(default, ""), pattern=self.pattern, longest=self.longest, **words)


def is_parameter_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def _first(default: str | float | None, usual: str) -> str:
    if isinstance(default, float):
        raise ValueError('expected default to be a text: write it between "quotes"')  # noqa: TRY004 - pydantic takes ValueError
    return usual if default is None else default


def _as_number(default: str | float | None, usual: float) -> float:
    """A text is what an environment variable gives."""
    if default is None:
        return usual
    try:
        return float(default)
    except ValueError:
        raise ValueError("expected default to be a number") from None
