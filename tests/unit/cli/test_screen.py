"""What a command prints for programs."""

import json

import pytest

from carrel.cli.screen import Screen
from carrel.wire.v1 import Logs


def test_json_says_the_same_and_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody reads it on one, too; what an app printed stands in it."""
    said = "Übung \x1b[2J \x9b2J \x7f"
    Screen(as_json=True).thing(Logs(text=said), ())
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"text": said}
    assert "Übung" in printed
    assert [sign for sign in printed if not sign.isprintable() and sign != "\n"] == []
