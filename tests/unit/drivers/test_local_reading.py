"""What the `local` driver reads: the end of a log, its options, and what the operating system says went wrong."""

import errno
from pathlib import Path

import pytest

from carrel.domain.ids import InstallationId
from carrel.drivers.local.options import DEFAULT_PORTS, read
from carrel.drivers.local.tail import BLOCK, MOST_BYTES, tail
from carrel.drivers.ondisk.faults import may_be_away, may_be_full
from carrel.ports.driver import DriverContext, DriverError, DriverUnavailable, OutOfCapacity, Rejected


def context(**options: object) -> DriverContext:
    return DriverContext("here", InstallationId("installation00id"), "/nowhere", options)


@pytest.mark.parametrize(
    ("lines", "expected"), [(0, ""), (-1, ""), (1, "c"), (2, "b\nc"), (3, "a\nb\nc"), (9, "a\nb\nc")]
)
def test_the_last_lines_also_from_the_older_file(tmp_path: Path, lines: int, expected: str) -> None:
    (tmp_path / "log.1").write_text("a\nb\n")
    (tmp_path / "log").write_text("c\n")
    assert tail(tmp_path / "log", lines) == expected


def test_a_line_cut_in_two_between_the_files_is_whole(tmp_path: Path) -> None:
    (tmp_path / "log.1").write_text("a\nhal")
    (tmp_path / "log").write_text("ves\n")
    assert tail(tmp_path / "log", 1) == "halves"


def test_lines_longer_than_a_block_and_bytes_that_are_no_text(tmp_path: Path) -> None:
    long = "x" * (BLOCK + 1)
    (tmp_path / "log").write_bytes(f"first\n{long}\n".encode() + b"\xff\n")
    assert tail(tmp_path / "log", 2) == f"{long}\n\N{REPLACEMENT CHARACTER}"


def test_no_log_is_nothing(tmp_path: Path) -> None:
    assert tail(tmp_path / "log", 5) == ""


def test_options_left_out_have_their_usual_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/somewhere")
    options = read(context())
    assert (options.ports, options.stop_grace, options.path) == (DEFAULT_PORTS, 5.0, "/somewhere")


def test_options_are_read() -> None:
    options = read(context(ports="21000 - 21009", stop_grace="500ms", path="/opt/bin"))
    assert (list(options.ports), options.stop_grace, options.path) == (
        list(range(21000, 21010)),
        0.5,
        "/opt/bin",
    )


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"prots": "1-2"}, "backends.here.prots"),
        ({"ports": "80-90"}, "backends.here.ports"),
        ({"ports": "21009-21000"}, "backends.here.ports"),
        ({"ports": 21000}, "backends.here.ports"),
        ({"ports": "21000-99999"}, "backends.here.ports"),
        ({"stop_grace": "soon"}, "backends.here.stop_grace"),
        ({"stop_grace": 5}, "backends.here.stop_grace"),
        ({"path": ["/bin"]}, "backends.here.path"),
    ],
)
def test_wrong_options_are_refused_by_name(options: dict[str, object], named: str) -> None:
    with pytest.raises(Rejected, match=named):
        read(context(**options))


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, OutOfCapacity),
        (errno.EMFILE, OutOfCapacity),
        (errno.EAGAIN, OutOfCapacity),
        (errno.EDQUOT, OutOfCapacity),
        (errno.E2BIG, Rejected),
        (errno.EACCES, DriverUnavailable),
        (errno.EROFS, DriverUnavailable),
    ],
)
def test_what_the_system_says_becomes_one_of_three_errors(number: int, kind: type[DriverError]) -> None:
    with pytest.raises(DriverError) as told, may_be_full("It cannot be started"):
        raise OSError(number, "said", "/some/file")
    assert type(told.value) is kind
    assert told.value.sentence.startswith("It cannot be started: ")


def test_a_full_disk_while_removing_is_no_reason_to_keep_people_waiting() -> None:
    with pytest.raises(DriverUnavailable), may_be_away("It cannot be removed"):
        raise OSError(errno.ENOSPC, "said")


def test_of_an_endless_line_only_the_end_is_read(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"a" * 3 * MOST_BYTES + b"end")
    shown = tail(log, 5)
    assert len(shown) == MOST_BYTES
    assert shown.endswith("aend")
