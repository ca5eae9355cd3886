"""Every setting, command, call, metric, error, reason and event kind stands in docs/reference, as the code has it today."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Phase
from carrel.rules.ailing import KINDS, RECOVERED
from carrel.rules.causes import Delay

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
SOURCE = ROOT / "src" / "carrel"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("carrel_reference_tool", ROOT / "tools" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_as_the_code_is(tool: ModuleType) -> None:
    assert [name for name, _ in tool.behind(REFERENCE)] == [], "run: make reference"


def test_every_generated_part_has_its_place(tool: ModuleType) -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md"))
    assert sorted(re.findall(r"<!-- generated: ([a-z-]+) -->", pages)) == sorted(tool.PARTS)


def test_a_page_that_is_behind_is_found(tool: ModuleType, tmp_path: Path) -> None:
    page = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    (tmp_path / "settings.md").write_text(
        page.replace("`workspaces_port`", "`workspace_port`"), encoding="utf-8"
    )
    assert list(tool.behind(tmp_path)) == [("settings.md", page)]


def test_the_tables_hold_what_is_there(tool: ModuleType) -> None:
    assert "| `warm` | number | `0` |" in tool.PARTS["pools"]()
    assert "| `memory` | size |" in tool.PARTS["templates"]()
    assert "| `bootstrap_token` | secret |" in tool.PARTS["settings"]()
    assert "| `exhausted` | 429 | 7 |" in tool.PARTS["errors"]()
    assert "| `carrel_claims_total` | counter |" in tool.PARTS["metrics"]()
    assert "| `POST /hub/api/v1/claims` |" in tool.PARTS["api"]()
    assert "### `carrel claim create POOL`" in tool.PARTS["commands"]()
    assert all(f"`{reason}`" in tool.PARTS["reasons"]() for reason in ReasonCode)


def kinds_written(source: str) -> Iterator[str | None]:
    """The kind of each `events.add(…)`, `.add_news(…)`, `.append(…)`, `.about_pool(…)` or `.about_home(…)`; None where it cannot be read from the source."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("add", "add_news", "append", "about_pool", "about_home")
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "events"
        ):
            yield from _kinds(node.args[2] if len(node.args) > 2 else None)


def _kinds(argument: ast.expr | None) -> Iterator[str | None]:
    match argument:
        case ast.Constant(value=str(kind)):
            yield kind
        case ast.IfExp(body=one, orelse=other):
            yield from _kinds(one)
            yield from _kinds(other)
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="Phase"), attr=name), attr="value"):
            yield Phase[name].value
        case ast.Attribute(value=ast.Name(id="delay"), attr="value"):
            yield from (delay.value for delay in Delay)
        case ast.Call(func=ast.Name(id="kind_of")):
            yield from (kind for kind in KINDS if kind != RECOVERED)
        case ast.Attribute(value=ast.Name(id="phase") | ast.Attribute(attr="phase"), attr="value"):
            yield from (phase.value for phase in Phase)
        case _:
            yield None


def test_every_kind_of_event_is_explained() -> None:
    written = {
        kind for path in SOURCE.rglob("*.py") for kind in kinds_written(path.read_text(encoding="utf-8"))
    }
    assert None not in written, "name the kind where the event is written"
    explained = set(
        re.findall(r"^\| `([a-z_]+)` \|", (REFERENCE / "events.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert written == explained


def test_kinds_are_read_from_the_source() -> None:
    assert list(kinds_written('events.add(conn, now, "waiting", "…")')) == ["waiting"]
    assert list(kinds_written('events.append(conn, now, "a" if x else "b", "…")')) == ["a", "b"]
    assert list(kinds_written("events.append(conn, now, Phase.GONE.value, text)")) == ["gone"]
    assert list(kinds_written('events.about_pool(conn, now, "seen", "…")')) == ["seen"]
    assert list(kinds_written("events.about_pool(conn, now, delay.value, text)")) == list(Delay)
    assert set(kinds_written("events.append(conn, now, phase.value, text)")) == {
        phase.value for phase in Phase
    }
    assert list(kinds_written("events.append(conn, now, kind, text)")) == [None]
    assert list(kinds_written('pages.append("waiting")')) == []
