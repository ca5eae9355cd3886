"""Where values come from: built-in file, configuration files, environment, command line; and which of them wins.

Later layers win key by key, tables are merged. Judges no value: that is the model's job.
"""

import pathlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from types import MappingProxyType

from carrel.domain.errors import Invalid
from carrel.settings.lines import Key, line_of, lines_of

Tree = dict[str, object]
NO_LINES: Mapping[Key, int] = MappingProxyType({})

PREFIX = "CARREL_"
TAGS = frozenset({"CARREL_WORKSPACE", "CARREL_INSTALLATION", "CARREL_POOL", "CARREL_BACKEND"})
"""What drivers tag their processes with: `carrel` may be called from inside a workspace."""
NOT_SETTINGS = frozenset({"CARREL_CONFIG", "CARREL_URL", "CARREL_TOKEN"}) | TAGS
"""Where the file is, what the command line's client reads, and the tags."""

NOT_SETTINGS_EITHER = ("CARREL_TEST_", "CARREL_PARAMETER_")
"""Beginnings of names: what is left to the test suite, and what a person chose for the workspace they are in."""

NAMED_TABLES = frozenset({"backends", "templates", "pools"})
FREE_TABLES = frozenset({"environment", "claim_environment", "files", "data"})
"""Whose keys are names of other people's, in capitals or not."""


@dataclass(slots=True)
class Layers:
    """The values so far, and for each dotted key the place that had the last word."""

    tree: Tree = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    """Of those that stand in a file."""

    def add(self, origin: str, tree: Mapping[str, object], lines: Mapping[Key, int] = NO_LINES) -> None:
        for path, value in _leaves(tree):
            self._put(path, value, origin)
            self._remember_line(path, line_of(lines, path))

    def _remember_line(self, path: Key, line: int | None) -> None:
        self.lines.pop(".".join(path), None)
        if line is not None:
            self.lines[".".join(path)] = line

    def _put(self, path: Key, value: object, origin: str) -> None:
        table = self.tree
        for step in path[:-1]:
            below = table.get(step)
            if not isinstance(below, dict):
                below = table[step] = {}
            table = below
        if len(path) == 2 and path[0] in NAMED_TABLES and value is False:
            table.pop(path[1], None)
            return
        if value != {} or not isinstance(table.get(path[-1]), dict):
            table[path[-1]] = value
        self._remember(".".join(path), origin)

    def _remember(self, key: str, origin: str) -> None:
        """Latest last: a complaint about a table names the place that touched it last."""
        self.origins.pop(key, None)
        self.origins[key] = origin


def _leaves(
    tree: Mapping[str, object], above: tuple[str, ...] = ()
) -> Iterable[tuple[tuple[str, ...], object]]:
    for key, value in tree.items():
        path = (*above, key)
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, path)
        else:
            yield path, value


def built_in() -> list[Tree]:
    """What Carrel comes with: one file per app of the catalogue, and one with the backend and pool to start from."""
    folder = resources.files("carrel").joinpath("builtin")
    found = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    return [tomllib.loads(file.read_text(encoding="utf-8")) for file in found]


@dataclass(frozen=True, slots=True)
class File:
    name: str
    tree: Tree
    lines: Mapping[Key, int]


def files(config: pathlib.Path) -> list[File]:
    """The file, or every .toml file of the folder in the order of their names; no key may stand in two of them."""
    try:
        paths = sorted(_toml_files(config)) if config.is_dir() else [config]
        found = [_read(path) for path in paths]
    except OSError as error:
        raise Invalid(
            f"{error.filename or config} cannot be read: {error.strerror}. Check --config and CARREL_CONFIG."
        ) from error
    if not found:
        raise Invalid(f"{config} is a folder without any .toml file. Put one there, or name a file.")
    _refuse_twice(found)
    return found


def _toml_files(folder: pathlib.Path) -> Iterable[pathlib.Path]:
    return (path for path in folder.iterdir() if path.suffix == ".toml" and path.is_file())


def _read(path: pathlib.Path) -> File:
    try:
        text = path.read_bytes().decode("utf-8")
        return File(str(path), tomllib.loads(text), lines_of(text))
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{path} is not valid TOML: {error}.") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from error


def _refuse_twice(found: Iterable[File]) -> None:
    seen: dict[Key, str] = {}
    for file in found:
        for path, _ in _leaves(file.tree):
            other = seen.setdefault(path, file.name)
            if other != file.name:
                raise Invalid(f"{'.'.join(path)} stands in both {other} and {file.name}. Keep one of them.")


def environment(environ: Mapping[str, str]) -> list[tuple[str, Tree]]:
    """One small layer per CARREL_* variable that is not empty; two underscores lead into a table."""
    names = sorted(name for name in environ if _is_setting(name) and environ[name])
    return [(f"environment variable {name}", nested(_path_of(name), environ[name])) for name in names]


def _is_setting(name: str) -> bool:
    return name.startswith(PREFIX) and name not in NOT_SETTINGS and not name.startswith(NOT_SETTINGS_EITHER)


def _path_of(name: str) -> Key:
    """Keys are lower case; names of pools have "-" where a variable must have "_"; names of variables stay as they are."""
    path: list[str] = []
    for step in name.removeprefix(PREFIX).split("__"):
        path.append(step if not FREE_TABLES.isdisjoint(path[2:]) else step.lower())
    if len(path) > 1 and path[0] in NAMED_TABLES:
        path[1] = path[1].replace("_", "-")
    return tuple(path)


def overrides(given: Mapping[str, object]) -> list[tuple[str, Tree]]:
    """The command line; None means "not given"."""
    return [
        (f"command line option --{key.replace('_', '-')}", nested(tuple(key.split(".")), value))
        for key, value in given.items()
        if value is not None
    ]


def nested(path: Key, value: object) -> Tree:
    for step in reversed(path):
        value = {step: value}
    return value if isinstance(value, dict) else {}
