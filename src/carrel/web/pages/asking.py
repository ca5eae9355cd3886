"""What a template asks people, as fields of a form, and what they typed back out of it. Judges no value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from carrel.domain.parameter import Choice, Number, Parameter, Text
from carrel.rules.parameters import expectation, text

_PREFIX: Final = "parameter-"
"""Before the name of each, so that none is taken for another field of the form."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    label: str
    hint: str
    value: str
    options: tuple[tuple[str, str], ...] = ()
    """Value and words; none where it is typed."""
    type: str = "text"
    limits: Mapping[str, str] = field(default_factory=dict)
    """What the browser itself can hold people to."""


def fields_for(parameters: Iterable[Parameter], typed: Mapping[str, str]) -> list[Field]:
    """`typed` is what a form or an address said before."""
    return [_field(one, typed.get(_PREFIX + one.name)) for one in parameters]


def typed_in(fields: Mapping[str, str]) -> dict[str, str]:
    """By parameter."""
    return {name.removeprefix(_PREFIX): value for name, value in fields.items() if name.startswith(_PREFIX)}


def _field(one: Parameter, typed: str | None) -> Field:
    said = f"{one.description} " if one.description else ""
    expected = expectation(one)
    words = (
        _PREFIX + one.name,
        one.title or one.name,
        f"{said}{expected[0].upper()}{expected[1:]}.",
        text(one.default) if typed is None else typed,
    )
    match one:
        case Choice():
            return Field(*words[:2], one.description, words[3], tuple((way, way) for way in one.options))
        case Number():
            return Field(*words, type="number", limits=_limits(one))
        case Text():
            return Field(*words, limits={"maxlength": str(one.longest)})


def _limits(one: Number) -> Mapping[str, str]:
    bounds = {"min": one.least, "max": one.most, "step": one.step}
    said = {name: text(value) for name, value in bounds.items() if value is not None}
    return {"step": "any", **said}
