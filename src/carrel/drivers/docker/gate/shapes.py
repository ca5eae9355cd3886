"""Allow-lists for JSON: what is recognised is copied, what is empty is left out, everything else is refused by name. Pure.

Copied, because the engine reads keys in any spelling ("privileged") and the last of two: it must see what was judged and nothing else.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

Shape = Callable[[str, Any], Any]
"""Where it stands and what it is; gives what is handed on. Raises NotLetThrough."""


class NotLetThrough(Exception):
    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def refuse(where: str, why: str) -> Any:
    raise NotLetThrough(f"{where} {why}.")


def read(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}", parse_constant=lambda name: refuse("the body", f"holds {name}"))
    except (ValueError, RecursionError):
        return refuse("the body", "is no JSON")


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


def is_empty(value: Any) -> bool:
    return value in (None, "", 0, False, [], {})


def record(shapes: Mapping[str, Shape]) -> Shape:
    def check(where: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            return dict(refuse(where, "is no object"))
        kept: dict[str, Any] = {}
        for key, inner in value.items():
            place = f"{where}.{key}"[:200]
            if key in shapes and inner is not None:
                kept[key] = shapes[key](place, inner)
            elif key not in shapes and not is_empty(inner):
                refuse(place, "is not let through")
        return kept

    return check


def list_of(shape: Shape) -> Shape:
    def check(where: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            return list(refuse(where, "is no list"))
        return [shape(f"{where}[{number}]", item) for number, item in enumerate(value)]

    return check


def map_of(shape: Shape, keys: str = r"[^\0]{1,4096}") -> Shape:
    def check(where: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            return dict(refuse(where, "is no object"))
        for key in value:
            if re.fullmatch(keys, key, re.DOTALL) is None:
                refuse(f"{where}.{key}"[:200], "is not let through")
        return {key: shape(f"{where}.{key}"[:200], inner) for key, inner in value.items()}

    return check


def text(where: str, value: Any) -> str:
    return value if isinstance(value, str) else str(refuse(where, "is no text"))


def number(where: str, value: Any) -> int | float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else float(refuse(where, "is no number"))


def not_negative(where: str, value: Any) -> int | float:
    return number(where, value) if number(where, value) >= 0 else float(refuse(where, "is below nothing"))


def positive(where: str, value: Any) -> int | float:
    return number(where, value) if number(where, value) > 0 else float(refuse(where, "is no limit"))


def flag(where: str, value: Any) -> bool:
    return value if isinstance(value, bool) else bool(refuse(where, "is neither true nor false"))


def one_of(*values: Any) -> Shape:
    def check(where: str, value: Any) -> Any:
        is_known = any(type(value) is type(known) and value == known for known in values)
        return value if is_known else refuse(where, f"is {json.dumps(value)[:120]}, which is not let through")

    return check


def like(pattern: str) -> Shape:
    compiled = re.compile(pattern)

    def check(where: str, value: Any) -> str:
        found = isinstance(value, str) and compiled.fullmatch(value)
        return (
            str(value)
            if found
            else str(refuse(where, f"is {json.dumps(value)[:120]}, which is not let through"))
        )

    return check


def nothing(where: str, value: Any) -> Any:
    return value if is_empty(value) else refuse(where, "is not let through")


TEXTS: Final = list_of(text)
NUMBERS: Final = list_of(number)
EMPTY_OBJECT: Final = record({})
EMPTY_OBJECTS: Final = map_of(EMPTY_OBJECT)
"""A set, as the engine writes one: {"8888/tcp": {}}."""


def words(where: str, value: Any) -> Any:
    """A command, as a list or as one line."""
    return value if isinstance(value, str) else TEXTS(where, value)


TEXT_MAP: Final = map_of(text)
