"""A port is given once, rests after its use also across restarts, and is never one that somebody listens on."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from carrel.domain.ids import WorkspaceId
from carrel.drivers.local.ports import PortBook
from carrel.ports.driver import OutOfCapacity

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ONE, TWO, THREE = (WorkspaceId(letter * 16) for letter in "abc")


@pytest.fixture
def ports() -> Iterator[range]:
    """Three neighbouring ports that nobody uses now."""
    for first in range(21000, 29000, 3):
        try:
            with socket.create_server(("127.0.0.1", first)), socket.create_server(("127.0.0.1", first + 1)):
                socket.create_server(("127.0.0.1", first + 2)).close()
        except OSError:
            continue
        yield range(first, first + 3)
        return
    pytest.fail("no three free ports")


def test_every_workspace_gets_its_own_and_keeps_it(tmp_path: Path, ports: range) -> None:
    book = PortBook(tmp_path / "ports", ports, {})
    given = [book.take(each, NOW) for each in (ONE, TWO, THREE)]
    assert sorted(given) == list(ports)
    assert book.take(ONE, NOW) == given[0]


def test_none_left_is_no_capacity(tmp_path: Path, ports: range) -> None:
    book = PortBook(tmp_path / "ports", ports[:1], {})
    book.take(ONE, NOW)
    with pytest.raises(OutOfCapacity):
        book.take(TWO, NOW)


@pytest.mark.parametrize("reopened", [False, True])
def test_a_port_rests_ten_minutes_also_across_a_restart(tmp_path: Path, ports: range, reopened: bool) -> None:
    book = PortBook(tmp_path / "ports", ports[:1], {})
    port = book.take(ONE, NOW)
    book.give_back(ONE, NOW)
    if reopened:
        book = PortBook(tmp_path / "ports", ports[:1], {})
    with pytest.raises(OutOfCapacity):
        book.take(TWO, NOW + timedelta(minutes=9))
    assert book.take(TWO, NOW + timedelta(minutes=10)) == port


def test_a_clock_set_back_does_not_keep_a_port_for_ever(tmp_path: Path, ports: range) -> None:
    book = PortBook(tmp_path / "ports", ports[:1], {})
    port = book.take(ONE, NOW)
    book.give_back(ONE, NOW)
    assert book.take(TWO, NOW - timedelta(days=400)) == port


def test_ports_follow_one_another_also_across_a_restart(tmp_path: Path, ports: range) -> None:
    first = PortBook(tmp_path / "ports", ports, {}).take(ONE, NOW)
    second = PortBook(tmp_path / "ports", ports, {}).take(TWO, NOW)
    assert second != first


def test_what_slots_hold_is_not_given_again(tmp_path: Path, ports: range) -> None:
    book = PortBook(tmp_path / "ports", ports[:2], {ONE: ports[0]})
    assert book.take(TWO, NOW) == ports[1]


def test_a_port_somebody_listens_on_is_passed_over(tmp_path: Path, ports: range) -> None:
    with socket.create_server(("127.0.0.1", ports[0])):
        book = PortBook(tmp_path / "ports", ports[:2], {})
        assert book.take(ONE, NOW) == ports[1]


@pytest.mark.parametrize("text", ["", "{", '{"cursor": "x", "resting": {"a": 1, "21000": "b"}}', "[]"])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, ports: range, text: str) -> None:
    (tmp_path / "ports").write_text(text)
    assert PortBook(tmp_path / "ports", ports, {}).take(ONE, NOW) in ports


def test_a_port_is_given_back_although_the_note_cannot_be_written(tmp_path: Path, ports: range) -> None:
    book = PortBook(tmp_path / "ports", ports[:1], {ONE: ports[0]})
    (tmp_path / "ports").mkdir()
    book.give_back(ONE, NOW)
    with pytest.raises(OutOfCapacity):
        book.take(TWO, NOW)
    assert book.take(TWO, NOW + timedelta(minutes=10)) == ports[0]
