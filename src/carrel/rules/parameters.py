"""What a person chose for the parameters of a template: complete, within bounds and in the kind each has, or what was expected instead."""

import math
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from carrel.domain.errors import Invalid
from carrel.domain.parameter import Choice, Number, Parameter, Text, Value
from carrel.rules.pattern import compiled

_FURTHEST: Final = 1e15
"""Below this every whole number is exactly itself."""
_DIGITS: Final = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,3})?", re.ASCII)


def chosen(parameters: Iterable[Parameter], given: Mapping[str, object]) -> Mapping[str, Value]:
    """One value for each parameter, the default where nothing is given. Texts may stand for numbers, as forms send them. Raises Invalid."""
    known = {one.name: one for one in parameters}
    if unknown := [name for name in given if name not in known]:
        there = f"it has {', '.join(known)}" if known else "it has none"
        raise Invalid(f"There is no parameter called {unknown[0][:60]!r} here; {there}.")
    values: dict[str, Value] = {}
    for name, one in known.items():
        try:
            values[name] = checked(one, given.get(name, one.default))
        except ValueError as error:
            raise Invalid(f"{one.title or name}: {error}.") from error
    return MappingProxyType(values)


def checked(parameter: Parameter, value: object) -> Value:
    """Raises ValueError; its text says what was expected."""
    match parameter:
        case Choice():
            return _option(parameter, value)
        case Number():
            return _number(parameter, value)
        case Text():
            return _text(parameter, value)


def expectation(parameter: Parameter) -> str:
    """What may be given, for whoever is about to. Empty where anything may."""
    match parameter:
        case Choice():
            return f"one of {', '.join(parameter.options)}"
        case Number():
            return _bounds(parameter)
        case Text(pattern=None):
            return f"at most {parameter.longest} characters"
        case Text():
            return f"at most {parameter.longest} characters, as in {parameter.pattern}"


def variable(name: str) -> str:
    """What a parameter is called in the environment of the workspace: "data-set" is CARREL_PARAMETER_DATA_SET."""
    return f"CARREL_PARAMETER_{name.upper().replace('-', '_')}"


def variables(values: Mapping[str, Value]) -> Mapping[str, str]:
    return MappingProxyType({variable(name): text(value) for name, value in values.items()})


def text(value: Value) -> str:
    """As one would type it: whole numbers without a point."""
    if isinstance(value, str):
        return value
    return str(int(value)) if value == int(value) else repr(float(value))


def _option(choice: Choice, value: object) -> str:
    if value not in choice.options or not isinstance(value, str):
        raise ValueError(f"expected {expectation(choice)}")
    return value


def _number(bounds: Number, value: object) -> float:
    number = _plain(value)
    is_within = (
        number is not None
        and (bounds.least is None or number >= bounds.least)
        and (bounds.most is None or number <= bounds.most)
        and _is_on_a_step(bounds, number)
    )
    if number is None or not is_within:
        raise ValueError(f"expected {_bounds(bounds)}")
    return number


def _plain(value: object) -> float | None:
    if isinstance(value, str):
        value = float(value.strip()) if _DIGITS.fullmatch(value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= _FURTHEST else None


def _is_on_a_step(bounds: Number, number: float) -> bool:
    if bounds.step is None:
        return True
    steps = (number - (bounds.least or 0)) / bounds.step
    return math.isclose(steps, round(steps), rel_tol=1e-12, abs_tol=1e-6)


def _bounds(bounds: Number) -> str:
    said: list[str] = ["a number"]
    if bounds.least is not None and bounds.most is not None:
        said.append(f"from {text(bounds.least)} to {text(bounds.most)}")
    elif bounds.least is not None:
        said.append(f"of at least {text(bounds.least)}")
    elif bounds.most is not None:
        said.append(f"of at most {text(bounds.most)}")
    if bounds.step is not None:
        said.append(f"in steps of {text(bounds.step)}")
    return " ".join(said)


def _text(limits: Text, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a text")  # noqa: TRY004 - one kind of error for whatever was given
    plain = value.strip()
    if not plain.isprintable():
        raise ValueError("expected one line of text")
    is_empty = plain == "" == limits.default
    if len(plain) > limits.longest or not (is_empty or _matches(limits, plain)):
        raise ValueError(f"expected {expectation(limits)}")
    return plain


def _matches(limits: Text, value: str) -> bool:
    return limits.pattern is None or compiled(limits.pattern).takes(value)
