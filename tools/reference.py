"""Write the generated parts of docs/reference anew, from the code they describe. `tests/shape` fails when they are behind."""

import ast
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import typer.main
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from carrel.cli.app import app as cli
from carrel.cli.exits import EXITS
from carrel.clock import SystemClock
from carrel.domain import reason
from carrel.domain.cause import Fault
from carrel.domain.errors import ALL_ERRORS
from carrel.domain.units import format_duration
from carrel.rules import blame
from carrel.rules.checkup.catalog import KINDS as FINDINGS
from carrel.rules.checkup.kind import SUBJECTS
from carrel.settings.container_settings import CompanionSettings, ContainerSettings
from carrel.settings.model import Settings
from carrel.settings.parameter_settings import ParameterSettings
from carrel.settings.preparation_settings import RepositorySettings, StartupSettings
from carrel.settings.recipes import BackendSettings, PoolSettings, TemplateSettings
from carrel.settings.values import Size
from carrel.web.api.v1.routes import description
from carrel.web.metrics import Metrics
from carrel.web.problems import KINDS

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"

SHARED = {"--json", "--state-dir", "--url"}
"""Options that every noun command has; the page tells of them once."""
OF_LISTS = {"--wide"}
"""And this one of those that print a table."""

Row = tuple[str, ...]


def main() -> None:
    for name, text in behind(REFERENCE):
        (REFERENCE / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name} is written anew.\n")


def behind(folder: Path) -> Iterator[tuple[str, str]]:
    """Pages whose generated parts differ from the code, with the text they should have."""
    for path in sorted(folder.glob("*.md")):
        old = path.read_text(encoding="utf-8")
        new = renewed(old)
        if new != old:
            yield path.name, new


def renewed(text: str) -> str:
    """The page with every part between `<!-- generated: x -->` and `<!-- end -->` written anew."""
    return re.sub(
        r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n\n{found[3]}",
        text,
        flags=re.DOTALL,
    )


def table(head: Row, rows: Iterable[Row]) -> str:
    cells = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def code(text: str) -> str:
    return f"`{text}`" if text else ""


# Settings


def settings_of(model: type[BaseModel]) -> Callable[[], str]:
    def rows() -> Iterator[Row]:
        for name, field in model.model_fields.items():
            yield code(name), kind(field.annotation), default(field), line(field.description or "")

    return lambda: table(("key", "kind", "default", "meaning"), rows())


def kind(annotation: object) -> str:
    if annotation == Size | None:
        return "size"
    if annotation == timedelta | None:
        return "duration or `never`"
    plain = _inner(annotation)
    if typing.get_origin(plain) is typing.Literal:
        return ", ".join(code(word) for word in typing.get_args(plain))
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return ", ".join(code(word.value) for word in plain)
    shape = typing.get_origin(plain) or plain
    return KIND_NAMES.get(shape, "table")


def _inner(annotation: object) -> object:
    """The kind of value without `| None`."""
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) in (
        typing.Union,
        typing.Annotated,
    ):
        return _inner(next(part for part in typing.get_args(annotation) if part is not types.NoneType))
    return annotation


KIND_NAMES: dict[object, str] = {
    str: "text",
    SecretStr: "secret",
    int: "number",
    float: "number",
    bool: "true or false",
    timedelta: "duration",
    Path: "path",
    tuple: "list of texts",
}


def default(field: FieldInfo) -> str:
    if field.is_required():
        return "" if field.annotation is Path else "must be given"
    value = field.default
    if isinstance(value, timedelta):
        return code(format_duration(value))
    if isinstance(value, bool):
        return code(str(value).lower())
    return "" if value in (None, "", {}) else code(str(value))


def line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# Errors, reasons, metrics


def errors() -> str:
    known = {error.code for error in ALL_ERRORS}
    rows = (
        (code(word), str(one.status), str(EXITS.get(word, "")), one.title)
        for word, one in sorted(KINDS.items(), key=lambda pair: pair[1].status)
    )
    missing = known - set(KINDS)
    if missing:
        raise LookupError(f"web/problems.py does not know {sorted(missing)}.")
    return table(("code", "HTTP status", "exit code of `carrel`", "meaning"), rows)


def faults() -> str:
    rows = ((code(fault), blame.AT_START[fault].sentence, blame.AT_START[fault].remedy) for fault in Fault)
    return table(("code", "what the person reads", "what an admin does"), rows)


def reasons() -> str:
    """Each reason with the sentence under it in the source, which is its documentation."""
    source = ast.parse(inspect.getsource(reason.ReasonCode)).body[0]
    assert isinstance(source, ast.ClassDef)
    rows: list[Row] = []
    for statement in source.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            rows.append((code(str(statement.value.value)), ""))
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and rows:
            rows[-1] = (rows[-1][0], line(str(statement.value.value)))
    return table(("code", "meaning"), rows)


def metrics() -> str:
    families = sorted(Metrics(SystemClock()).registry.collect(), key=lambda family: family.name)
    rows = (
        (
            code(family.name + ("_total" if family.type == "counter" else "")),
            family.type,
            line(family.documentation),
        )
        for family in families
    )
    return table(("name", "kind", "meaning"), rows)


def findings() -> str:
    """By subject: what is looked at, why, and what usually helps."""
    return "\n\n".join(
        f"### {subject}\n\n"
        + table(
            ("code", "finding", "why it matters", "what usually helps"),
            (
                (code(kind.code), line(kind.title), line(kind.why), line(kind.fix))
                for kind in FINDINGS
                if kind.code.startswith(beginning)
            ),
        )
        for beginning, subject in SUBJECTS.items()
    )


# API and command line


def api() -> str:
    rows = [
        (code(f"{method.upper()} {path}"), line(operation.get("summary", "")))
        for path, operations in description()["paths"].items()
        for method, operation in operations.items()
    ]
    return table(("call", "what it does"), rows)


def commands() -> str:
    return "\n\n".join(
        _section(path, command) for path, command in leaves(("carrel",), typer.main.get_command(cli))
    )


def leaves(path: Row, command: object) -> Iterator[tuple[Row, TyperCommand]]:
    if isinstance(command, TyperGroup):
        for name, below in sorted(command.commands.items()):
            yield from leaves((*path, name), below)
    elif isinstance(command, TyperCommand) and not command.hidden:
        yield path, command


def _section(path: Row, command: TyperCommand) -> str:
    arguments = [
        one.metavar or str(one.name).upper() for one in command.params if isinstance(one, TyperArgument)
    ]
    options = [one for one in command.params if isinstance(one, TyperOption) and not one.hidden]
    if {name for one in options for name in one.opts} >= SHARED:
        options = [one for one in options if (SHARED | OF_LISTS).isdisjoint(one.opts)]
    parts = [f"### `{' '.join([*path, *arguments])}`", line(command.help or "")]
    if options:
        parts.append(table(("option", "meaning"), ((_names(one), line(one.help or "")) for one in options)))
    return "\n\n".join(part for part in parts if part)


def _names(option: TyperOption) -> str:
    return ", ".join(code(name) for name in [*option.opts, *option.secondary_opts])


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings_of(Settings),
    "backends": settings_of(BackendSettings),
    "templates": settings_of(TemplateSettings),
    "parameters": settings_of(ParameterSettings),
    "repository": settings_of(RepositorySettings),
    "startup": settings_of(StartupSettings),
    "container": settings_of(ContainerSettings),
    "companion": settings_of(CompanionSettings),
    "pools": settings_of(PoolSettings),
    "errors": errors,
    "faults": faults,
    "reasons": reasons,
    "metrics": metrics,
    "findings": findings,
    "api": api,
    "commands": commands,
}


if __name__ == "__main__":
    main()
