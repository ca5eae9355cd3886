"""A parameter: what a person may choose when they ask for a workspace of a template, and within which bounds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    options: tuple[str, ...]
    default: str
    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    name: str
    default: float
    least: float | None = None
    most: float | None = None
    step: float | None = None
    """Counted from `least`, or from 0; None takes any number."""
    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    name: str
    default: str = ""
    pattern: str | None = None
    """A regular expression for the whole text."""
    longest: int = 200
    title: str = ""
    description: str = ""


Parameter = Choice | Number | Text
Value = str | float
