"""A pattern that a whole text must match, decided in work that grows no faster than text times pattern.

It is the plain part of regular expressions, so that no pattern somebody wrote and no text somebody typed keeps the hub busy. Python's own
matcher, which tries one way after another, is asked about single characters only.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

MOST_STATES: Final = 1000
"""A text of 200 characters is then looked at in well below a second."""
LONGEST: Final = 300
DEEPEST: Final = 20
"""Characters of a pattern, and parentheses within parentheses."""

_CLASS: Final = re.compile(r"\[\^?\]?(?:\\.|[^\[\]\\])*\]")
_UNCLEAR: Final = re.compile(r"--|&&|~~|\|\|")
"""Within a class these may come to mean something else in later versions of Python."""
_ESCAPE: Final = re.compile(r"\\(?:[dDsSwWnrt]|[^0-9A-Za-z])")
_COUNT: Final = re.compile(r"[*+?]|\{(\d{1,4})(,?)(\d{0,4})\}")
_SIMPLE: Final = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@dataclass(frozen=True, slots=True)
class _Atom:
    """One character, as a regular expression that takes no other number of them."""

    text: str


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: tuple["_Node", ...]


@dataclass(frozen=True, slots=True)
class _Ways:
    ways: tuple["_Node", ...]


@dataclass(frozen=True, slots=True)
class _Repeated:
    what: "_Node"
    least: int
    most: int | None


_Node = _Atom | _Sequence | _Ways | _Repeated


@dataclass(slots=True)
class _State:
    """Goes on to all of `then`: by taking a character that its atom fits, or without taking any where it has none."""

    atom: str = ""
    then: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pattern:
    states: tuple[_State, ...]
    begin: int
    end: int

    def takes(self, text: str) -> bool:
        """Whether the whole text is as the pattern says."""
        fits = _remembering()
        here = self._reached([self.begin])
        for character in text:
            states = [self.states[number] for number in here if self.states[number].atom]
            here = self._reached(
                onward for state in states if fits(state.atom, character) for onward in state.then
            )
        return self.end in here

    def _reached(self, numbers: Iterable[int]) -> set[int]:
        found: set[int] = set()
        ahead = list(numbers)
        while ahead:
            number = ahead.pop()
            if number not in found:
                found.add(number)
                state = self.states[number]
                ahead.extend(() if state.atom else state.then)
        return found


def compiled(text: str) -> Pattern:
    """Raises ValueError; its text says what was expected."""
    if len(text) > LONGEST:
        raise ValueError(f"expected a pattern of at most {LONGEST} characters")
    reader = _Reader(text.removeprefix("^"))
    node = reader.ways()
    if reader.at < len(reader.text):
        raise ValueError('expected no ")" without "("')
    builder = _Builder()
    begin, end = builder.build(node)
    return Pattern(tuple(builder.states), begin, end)


@dataclass(slots=True)
class _Reader:
    text: str
    at: int = 0
    depth: int = 0

    def ways(self) -> _Node:
        found = [self._sequence()]
        while self.text.startswith("|", self.at):
            self.at += 1
            found.append(self._sequence())
        return _Ways(tuple(found)) if len(found) > 1 else found[0]

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)" and not self._is_the_end():
            parts.append(self._counted(self._one()))
        return _Sequence(tuple(parts))

    def _is_the_end(self) -> bool:
        """A "$" that says what holds anyway."""
        if self.text[self.at :] == "$":
            self.at += 1
            return True
        return False

    def _one(self) -> _Node:
        character = self.text[self.at]
        if character == "(":
            return self._group()
        if character in "*+?{":
            raise ValueError(f'expected something to repeat before "{character}"')
        if character in "^$":
            raise ValueError(f'expected no "{character}" in the middle: the whole text must match anyway')
        if character in "[\\":
            return _Atom(self._special(_CLASS if character == "[" else _ESCAPE))
        self.at += 1
        return _Atom(character if character == "." else re.escape(character))

    def _group(self) -> _Node:
        self.at += 3 if self.text.startswith("(?:", self.at) else 1
        self.depth += 1
        if self.text.startswith("?", self.at) or self.depth > DEEPEST:
            raise ValueError("expected plain groups only: (…) or (?:…), not too many within each other")
        inner = self.ways()
        if not self.text.startswith(")", self.at):
            raise ValueError('expected a ")" for every "("')
        self.at += 1
        self.depth -= 1
        return inner

    def _special(self, form: re.Pattern[str]) -> str:
        found = form.match(self.text, self.at)
        if found is None or (form is _CLASS and _UNCLEAR.search(found[0])):
            raise ValueError(
                f'"{self.text[self.at : self.at + 12]}" is nothing known: expected a class such as [a-z0-9_], or one of \\d \\w \\s \\. \\-'
            )
        try:
            re.compile(found[0])
        except re.error as error:
            raise ValueError(f'"{found[0][:40]}" does not make sense: {error.msg}') from error
        self.at = found.end()
        return found[0]

    def _counted(self, node: _Node) -> _Node:
        found = _COUNT.match(self.text, self.at)
        if found is None:
            return node
        self.at = found.end()
        least, most = _SIMPLE.get(found[0]) or _between(found)
        if _COUNT.match(self.text, self.at):
            raise ValueError(f'expected one count, not "{found[0]}" and another one after it')
        return _Repeated(node, least, most)


def _between(found: re.Match[str]) -> tuple[int, int | None]:
    least = int(found[1])
    most = (int(found[3]) if found[3] else None) if found[2] else least
    if (not found[2] and found[3]) or (most is not None and most < least):
        raise ValueError(f'"{found[0]}" does not make sense: expected the smaller number first')
    return least, most


@dataclass(slots=True)
class _Builder:
    states: list[_State] = field(default_factory=list)

    def build(self, node: _Node) -> tuple[int, int]:
        """Where it begins and where it ends."""
        begin = end = self._state()
        match node:
            case _Atom(text):
                end = self._state()
                self.states[begin] = _State(text, [end])
            case _Sequence(parts):
                for part in parts:
                    end = self._append(end, part)
            case _Ways(ways):
                end = self._state()
                for way in ways:
                    self._lead(self._append(begin, way), end)
            case _Repeated():
                end = self._repeat(begin, node)
        return begin, end

    def _repeat(self, begin: int, node: _Repeated) -> int:
        here, end = begin, self._state()
        for _ in range(node.least):
            here = self._append(here, node.what)
        if node.most is None:
            again = self._state()
            self._lead(here, again)
            self._lead(self._append(again, node.what), again)
            here = again
        for _ in range((node.most or node.least) - node.least):
            self._lead(here, end)
            here = self._append(here, node.what)
        self._lead(here, end)
        return end

    def _append(self, before: int, node: _Node) -> int:
        begin, end = self.build(node)
        self._lead(before, begin)
        return end

    def _lead(self, before: int, after: int) -> None:
        self.states[before].then.append(after)

    def _state(self) -> int:
        if len(self.states) >= MOST_STATES:
            raise ValueError("expected a smaller pattern: with the numbers in its braces it is too large")
        self.states.append(_State())
        return len(self.states) - 1


def _remembering() -> Callable[[str, str], bool]:
    known: dict[tuple[str, str], bool] = {}

    def fits(atom: str, character: str) -> bool:
        if (atom, character) not in known:
            known[atom, character] = re.fullmatch(atom, character) is not None
        return known[atom, character]

    return fits
