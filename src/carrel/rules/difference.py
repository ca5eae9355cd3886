"""In which fields two definitions differ, one by one and down into their tables; with nothing that should not be shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Final

from carrel.domain.container import Companion, Container
from carrel.domain.parameter import Choice, Number, Text
from carrel.domain.pool import Pool
from carrel.domain.preparation import Repository, Startup
from carrel.domain.setting import SIZES, text_of
from carrel.domain.template import Template
from carrel.domain.units import format_size
from carrel.rules.telling import HIDDEN, is_telling, without_passwords

NOTHING: Final = "nothing"
_TABLES: Final = (Template, Pool, Startup, Repository, Container, Companion, Choice, Number, Text)
_PARAMETERS: Final = (Choice, Number, Text)
_NAMED: Final = (*_PARAMETERS, Companion)
"""Of which there are several, told by name."""
_OWN_START: Final = "what the image starts"
_DERIVED: Final = frozenset({"version"})


@dataclass(frozen=True, slots=True)
class Difference:
    where: str
    """E.g. "pools.jupyterlab.warm"."""
    was: str
    becomes: str

    def __str__(self) -> str:
        return f"{self.where}: {self.was} → {self.becomes}"


def differences(where: str, old: object, new: object) -> Iterator[Difference]:
    """`where` is what both are called; empty for nothing."""
    before, after = _parts(old), _parts(new)
    if before is None or after is None or not (before or after):
        told = _told(where, old, new)
        if old != new and (told.was, told.becomes) != (NOTHING, NOTHING):
            yield told
        return
    for name in dict.fromkeys((*before, *after)):
        inner = f"{where}.{name}" if where else name
        yield from differences(inner, before.get(name), after.get(name))


def _parts(value: object) -> Mapping[str, object] | None:
    """What is compared one by one. Nothing has no parts, whatever it is compared with."""
    if value is None or value == ():
        return {}
    if isinstance(value, _TABLES) and is_dataclass(value):
        is_named = isinstance(value, _NAMED)  # its name stands in `where`
        left_out = _DERIVED | {"name"} if is_named else _DERIVED
        names = [field.name for field in fields(value) if field.name not in left_out]
        kind = {"type": type(value).__name__.lower()} if isinstance(value, _PARAMETERS) else {}
        return kind | {name: getattr(value, name) for name in names}
    if isinstance(value, Mapping):
        return value
    if isinstance(value, tuple) and value and all(isinstance(one, _NAMED) for one in value):
        return {one.name: one for one in value}
    return None


def _told(where: str, old: object, new: object) -> Difference:
    name = where.rpartition(".")[2]
    was, becomes = _words(name, old), _words(name, new)
    if where.endswith("container.command"):  # an empty one says something there
        was, becomes = (_OWN_START if one == () else told for one, told in ((old, was), (new, becomes)))
    return Difference(where, was, "another one, not shown" if was == becomes == HIDDEN else becomes)


def _words(name: str, value: object) -> str:
    if is_telling(name, value):
        return HIDDEN
    if name in SIZES and isinstance(value, int):
        return format_size(value)
    return without_passwords(text_of(value)) or NOTHING
