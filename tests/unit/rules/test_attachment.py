"""What goes with a report: enough to understand it, no secret, never too long."""

import time
from datetime import timedelta

import pytest

from carrel.domain.event import Event
from carrel.rules.attachment import (
    LONGEST_MESSAGE,
    MOST_BYTES,
    attachment,
    message_text,
    without_secrets,
)
from carrel.testing.worlds import NOON

STARTED = Event(1, NOON, "starting", "It starts.")
FAILED = Event(2, NOON + timedelta(seconds=5), "failed", "The app ended by itself.")


def test_it_holds_facts_timeline_and_log_in_this_order() -> None:
    text = attachment([("Pool", "lab")], [STARTED, FAILED], "line 1\nline 2\n")
    assert text == (
        "Pool: lab\n\nTimeline (UTC)\n"
        "2026-03-02 12:00:00  starting: It starts.\n"
        "2026-03-02 12:00:05  failed: The app ended by itself.\n"
        "\nLast lines of its log\nline 1\nline 2\n"
    )


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("the secret is s3cr3t-of-it.", "the secret is …."),
        ("GET /lab?token=abc123&x=1 200", "GET /lab?token=…&x=1 200"),
        ('{"password": "hunter2", "a": 1}', '{"password": "…", "a": 1}'),
        ("Authorization: Bearer abc.def.ghi", "Authorization: Bearer …"),
        ("JUPYTER_TOKEN=abc", "JUPYTER_TOKEN=…"),
        ("export OPENAI_API_KEY=sk-1", "export OPENAI_API_KEY=…"),
        ("curl -H 'x: crl_abcdefghijkl'", "curl -H 'x: crl_…'"),
        ("sessionToken: abc", "sessionToken: …"),
        ("a token of love", "a token of love"),
        ("\x1b[31mred\x1b[0m\x07", "red "),
        ("tab\there\nand there", "tab\there\nand there"),
    ],
)
def test_secrets_and_commands_for_terminals_are_taken_out(said: str, kept: str) -> None:
    assert without_secrets(said, ["s3cr3t-of-it", ""]) == kept


@pytest.mark.parametrize("piece", ["a-", "token-", "token=", "token ", "\x1b[0", "\x1b]0;", "x", "crl_"])
def test_a_line_of_megabytes_takes_no_time(piece: str) -> None:
    """Everybody waits for whoever reports it."""
    log = piece * (4_000_000 // len(piece))
    begun = time.process_time()
    assert len(attachment([], [STARTED], log, secrets=["s3cr3t"]).encode()) <= MOST_BYTES
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("log", ["x" * 200_000, "é" * 90_000, ("line\n" * 50_000)])
def test_a_long_log_loses_its_beginning(log: str) -> None:
    text = attachment([], [STARTED], log + "the end")
    assert MOST_BYTES - 8 <= len(text.encode()) <= MOST_BYTES
    assert text.endswith("the end")
    assert "It starts." in text
    assert "(the beginning is left out)" in text


def test_a_timeline_that_fills_it_all_is_cut_at_its_end() -> None:
    many = [Event(n, NOON, "printed", "é" * 1000) for n in range(99)]
    text = attachment(
        [("Pool", "lab")], [*many, *(Event(n, NOON, f"k{n}", "é" * 999) for n in range(99))], "log"
    )
    assert len(text.encode()) <= MOST_BYTES
    assert text.startswith("Pool: lab")


def test_a_message_is_kept_as_it_was_meant() -> None:
    assert message_text("  It hangs.\r\nAlways.\x00\x1b[2J ") == "It hangs.\nAlways.  [2J"
    assert len(message_text("x" * 9000)) == LONGEST_MESSAGE
