"""The picture of the phases in the docs is the one that `TRANSITIONS` gives."""

from pathlib import Path

import pytest

from carrel.domain.workspace import TRANSITIONS, Phase
from carrel.testing.diagram import draw

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "phases.md"


def test_the_page_shows_the_diagram_drawn_from_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert draw() in page, (
        f"Put the output of `python -m carrel.testing.diagram` into {PAGE.name} in place of the old."
    )


def test_the_page_explains_every_phase() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert [phase for phase in Phase if f"| {phase} |" not in page] == []


def test_a_changed_table_changes_the_diagram(monkeypatch: pytest.MonkeyPatch) -> None:
    before = draw()
    monkeypatch.setitem(TRANSITIONS, Phase.READY, frozenset({Phase.STOPPING}))

    assert "ready --> draining" in before
    assert "ready --> draining" not in draw()
