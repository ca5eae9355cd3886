"""What an app printed last, made fit to be kept."""

import time

import pytest

from carrel.rules.last_words import LENGTH, LINE, LINES, quoted, tidy, unquoted

SECRET = "s3cret-of-the-app"

TIDIED: list[tuple[str, list[str]]] = [
    ("", []),
    ("\n\n", []),
    ("one\ntwo\n", ["one", "two"]),
    ("one\n\ntwo\n\n\n", ["one", "", "two"]),
    (f"open http://x/?token={SECRET}&a", ["open http://x/?token=…&a"]),
    ("\x1b[1;31mred\x1b[0m\x1b]0;title\x07 text", ["red text"]),
    ("10 %\r50 %\r100 %\n", ["100 %"]),
    ("a\r\nb\r\n", ["a", "b"]),
    ("bell\x07 and \x00null", ["bell  and  null"]),
    ("\tindented", ["    indented"]),
    ("trailing   ", ["trailing"]),
]


@pytest.mark.parametrize(("text", "lines"), TIDIED)
def test_tidy(text: str, lines: list[str]) -> None:
    assert tidy(text, SECRET) == lines


def test_only_the_last_lines_are_kept() -> None:
    assert tidy("\n".join(str(number) for number in range(100)), SECRET) == [
        str(number) for number in range(100 - LINES, 100)
    ]


def test_a_long_line_leaves_room_for_others_and_all_stay_within_the_length() -> None:
    kept = tidy("\n".join(["x" * 5000] * LINES), SECRET)
    assert {len(line) for line in kept} == {LINE}
    assert len("\n".join(kept)) <= LENGTH
    assert tidy("first\n" + "y" * 5000, SECRET)[0] == "first"


@pytest.mark.parametrize("piece", ["x", "\r", "x\r", "\x1b[0", "\x1b]0;", "\t"])
def test_a_line_of_megabytes_takes_no_time(piece: str) -> None:
    """Everybody waits while what an app printed last is written down."""
    begun = time.process_time()
    kept = tidy(piece * (4_000_000 // len(piece)), SECRET)
    assert len("\n".join(kept)) <= LENGTH
    assert time.process_time() - begun < 2


def test_colours_within_a_secret_do_not_bring_it_through() -> None:
    assert tidy("key=hus\x1b[31mh-hu\x1b[0msh!", "hush-hush") == ["key=…!"]


def test_without_a_secret_nothing_is_taken_out() -> None:
    assert tidy("all of it", "") == ["all of it"]


@pytest.mark.parametrize("lines", [["one"], ["  one"], ["one", "", "two"], ["", "x"][1:]])
def test_what_is_written_into_a_timeline_is_read_back(lines: list[str]) -> None:
    assert unquoted(quoted(lines)) == lines


def test_one_line_stays_on_the_line_of_its_timeline() -> None:
    assert quoted(["no keys"]) == "Its app printed last: no keys"
    assert quoted(["a", "b"]) == "Its app printed last:\na\nb"


def test_what_its_person_brought_along_is_left_out_and_the_rest_stays() -> None:
    text = "key=hunter2hunter2!\nshort=abc hunter2\n"
    assert tidy(text, SECRET, "hunter2", "hunter2hunter2", "abc", "") == ["key=…!", "short=abc …"]
