"""Reading what Envoy says of streams, whatever stands in the file."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from carrel.clock import SystemClock
from carrel.dataplane import streamlog
from carrel.dataplane.bootstrap import BootstrapOptions
from carrel.dataplane.envoy import Envoy, EnvoyOptions
from carrel.dataplane.streamlog import StreamLog
from carrel.domain.address import Addresses

ID = "waaaaaaaaaaaaaaa"


def line(**changes: Any) -> bytes:
    row = {
        "door": f"/w/{ID}/",
        "method": "PUT",
        "path": f"/w/{ID}/api/contents/a.ipynb",
        "start": "1790000000",
        "ms": 1500,
        "rx": 10,
        "tx": 20,
        "code": 200,
    }
    return json.dumps({**row, **changes}).encode() + b"\n"


def rendered(**options: Any) -> bytes:
    addresses = Addresses("http://localhost:8000", "http", "localhost", 8001)
    bootstrap = BootstrapOptions(run_dir=Path("/run/c"), addresses=addresses, **options)
    return Envoy(EnvoyOptions(bootstrap=bootstrap, log=Path("/dev/null")), SystemClock()).rendered()


async def test_a_line_becomes_a_report_of_when_it_was_not_of_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "streams.log"
    path.write_bytes(line())

    (report,) = await StreamLog(path, SystemClock()).read()

    assert (report.workspace_id, report.method, report.path) == (ID, "PUT", "api/contents/a.ipynb")
    assert (report.received, report.sent, report.code) == (10, 20, 200)
    assert report.at == datetime.fromtimestamp(1790000001.5, UTC)


async def test_streams_are_told_apart_by_connection_and_beginning(tmp_path: Path) -> None:
    path = tmp_path / "streams.log"
    path.write_bytes(line(conn="7") + line(conn="8") + line())

    reports = await StreamLog(path, SystemClock()).read()

    assert [report.stream for report in reports] == ["7", "8", ""]
    assert {report.began for report in reports} == {datetime.fromtimestamp(1790000000, UTC)}


async def test_how_often_streams_are_reported_is_read_from_what_envoy_was_started_with(
    tmp_path: Path,
) -> None:
    bootstrap = tmp_path / "bootstrap.json"
    log = StreamLog(tmp_path / "streams.log", SystemClock(), bootstrap=bootstrap)
    assert log.reported_every() == timedelta(0)
    bootstrap.write_bytes(rendered(report_seconds=7))
    assert log.reported_every() == timedelta(seconds=7)
    bootstrap.write_bytes(b"{")
    assert log.reported_every() == timedelta(0)


async def test_no_line_speaks_of_the_future(tmp_path: Path) -> None:
    path = tmp_path / "streams.log"
    path.write_bytes(line(start="99999999999"))

    (report,) = await StreamLog(path, SystemClock()).read()

    assert report.at <= SystemClock().now()


async def test_garbage_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "streams.log"
    garbage = [
        b"\n",
        b"{\n",
        b"[]\n",
        b"null\n",
        b"\xff\xfe\x00\n",
        b"[" * 100_000 + b"\n",
        line(door="/w/short/"),
        line(door=None),
        line(ms="long"),
        line(start="-"),
        line(start=10**30),
        line(rx=None),
        line(rx=[]),
    ]
    path.write_bytes(b"".join([*garbage, line(rx=77), *garbage]))

    assert [report.received for report in await StreamLog(path, SystemClock()).read()] == [77]


async def test_a_line_is_read_once_and_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "streams.log"
    log = StreamLog(path, SystemClock())
    assert await log.read() == []

    path.write_bytes(line(rx=1) + line(rx=2)[:20])
    assert [report.received for report in await log.read()] == [1]
    assert await log.read() == []

    with path.open("ab") as file:
        file.write(line(rx=2)[20:])
    assert [report.received for report in await log.read()] == [2]


async def test_a_file_that_was_emptied_or_replaced_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "streams.log"
    log = StreamLog(path, SystemClock())
    path.write_bytes(line(rx=1) * 3)
    await log.read()

    path.write_bytes(line(rx=9))

    assert [report.received for report in await log.read()] == [9]


async def test_the_file_stays_small_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "streams.log"
    log = StreamLog(path, SystemClock(), limit=10_000)
    read = 0
    with path.open("ab") as envoy:
        for _ in range(50):
            envoy.write(line() * 10)
            envoy.flush()
            read += len(await log.read())
            assert path.stat().st_size <= 10_000

    assert read == 500


async def test_a_line_without_an_end_does_not_stop_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "streams.log"
    path.write_bytes(b"x" * (3 << 20) + b"\n" + line(rx=5))

    assert [report.received for report in await StreamLog(path, SystemClock()).read()] == [5]


async def test_what_was_too_much_to_be_read_is_not_passed_over_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamlog, "_OLDEST", 1000)
    path = tmp_path / "streams.log"
    log = StreamLog(path, SystemClock())
    found = []
    for lines in (1, 50, 1):
        with path.open("ab") as envoy:
            envoy.write(line() * lines)
        found.append((len(await log.read()) == lines, log.has_lost_some()))
    assert found == [(True, False), (False, True), (True, False)]
