"""Everything that is written into the audit trail has words for people."""

import ast
from collections.abc import Iterator
from pathlib import Path

from carrel.domain.audited import ACTIONS

SOURCE = Path(__file__).resolve().parents[2] / "src" / "carrel"


def written(source: str) -> Iterator[str | None]:
    """The action of each `audit.add(…)` and `….note(…)`; None where it cannot be read from the source."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        of = node.func.value
        if node.func.attr == "add" and isinstance(of, ast.Name) and of.id == "audit":
            yield from _actions(named.get("action") or node.args[3])
        elif node.func.attr == "note" and isinstance(of, ast.Name) and of.id == "self":
            yield from _actions(node.args[0])


def _actions(argument: ast.expr) -> Iterator[str | None]:
    match argument:
        case ast.Constant(value=str(action)):
            yield action
        case ast.IfExp(body=one, orelse=other):
            yield from _actions(one)
            yield from _actions(other)
        case ast.Name(id="action"):  # handed through by a function whose callers are read themselves
            return
        case _:
            yield None


def test_every_action_has_words_and_no_words_are_left_over() -> None:
    found = {
        action
        for room in ("app", "services", "store")
        for path in (SOURCE / room).rglob("*.py")
        for action in written(path.read_text(encoding="utf-8"))
    }
    assert None not in found, "name the action where the entry is written"
    assert found == set(ACTIONS)


def test_actions_are_read_from_the_source() -> None:
    assert list(written('audit.add(conn, now, who, "stop", target)')) == ["stop"]
    assert list(written('audit.add(conn, now, action="a" if x else "b")')) == ["a", "b"]
    assert list(written('self.note("rename")')) == ["rename"]
    assert list(written("audit.add(conn, now, who, what, target)")) == [None]
    assert list(written('claims.add(conn, now, who, "stop", target)')) == []
