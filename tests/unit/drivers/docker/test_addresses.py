"""Which address a workspace gets on its network."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from carrel.drivers.docker.network.addresses import REST, AddressBook
from carrel.ports.driver import OutOfCapacity

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SMALL = "10.9.0.0/29"
"""Six addresses, the gateway among them."""
GATEWAY = {"10.9.0.1"}


def test_an_address_is_given_once_and_neither_the_gateway_nor_the_ends_of_the_subnet_are(
    tmp_path: Path,
) -> None:
    book = AddressBook(tmp_path / "book")
    given = {book.take(SMALL, GATEWAY, NOW) for _ in range(5)}
    assert given == {f"10.9.0.{number}" for number in range(2, 7)}
    with pytest.raises(OutOfCapacity, match="larger `subnet`"):
        book.take(SMALL, GATEWAY, NOW)


def test_an_address_given_back_rests_ten_minutes_also_across_a_restart(tmp_path: Path) -> None:
    book = AddressBook(tmp_path / "book")
    given = [book.take(SMALL, GATEWAY, NOW) for _ in range(5)]
    later = NOW + timedelta(hours=1)
    book.give_back(given[2], later)
    again = AddressBook(tmp_path / "book")
    held = {*GATEWAY, *given} - {given[2]}
    with pytest.raises(OutOfCapacity):
        again.take(SMALL, held, later + REST - timedelta(seconds=1))
    assert again.take(SMALL, held, later + REST) == given[2]


def test_the_next_address_is_another_one_even_where_the_last_was_never_heard_of_again(tmp_path: Path) -> None:
    subnet = "172.30.0.0/16"
    first = AddressBook(tmp_path / "book").take(subnet, (), NOW)
    much_later = NOW + timedelta(days=1)
    assert AddressBook(tmp_path / "book").take(subnet, (), much_later) != first


def test_an_address_that_somebody_has_is_left_out(tmp_path: Path) -> None:
    book = AddressBook(tmp_path / "book")
    taken = {f"10.9.0.{number}" for number in (1, 2, 3, 5, 6)}
    assert book.take(SMALL, taken, NOW) == "10.9.0.4"


def test_control_planes_with_other_state_directories_begin_elsewhere(tmp_path: Path) -> None:
    books = [AddressBook(tmp_path / name / "book") for name in ("one", "two")]
    assert len({book.take("172.30.0.0/16", (), NOW) for book in books}) == 2


@pytest.mark.parametrize("text", ["", "[]", '{"cursor": "x", "resting": {"10.9.0.2": "y"}}', "\xff"])
def test_a_damaged_book_is_begun_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "book").write_text(text, encoding="latin-1")
    assert AddressBook(tmp_path / "book").take(SMALL, GATEWAY, NOW).startswith("10.9.0.")


def test_an_address_is_given_though_it_cannot_be_noted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert AddressBook(tmp_path / "file" / "book").take(SMALL, GATEWAY, NOW)


def test_a_clock_that_was_set_back_lets_no_address_rest_for_ever(tmp_path: Path) -> None:
    book = AddressBook(tmp_path / "book")
    for _ in range(5):
        book.take(SMALL, GATEWAY, NOW)
    assert book.take(SMALL, GATEWAY, NOW - timedelta(days=1))
