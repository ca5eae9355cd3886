"""What containers printed: both streams and all members, in the order of time, and no more than was asked for."""

import asyncio
from typing import Any, cast

from carrel.drivers.docker import logs
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.measuring import cpu_of
from carrel.drivers.docker.showing import Listed


def piece(text: str, stream: int = 1) -> bytes:
    content = text.encode()
    return bytes([stream, 0, 0, 0]) + len(content).to_bytes(4) + content


class Printed:
    """An engine that has nothing but logs."""

    def __init__(self, **answers: bytes | None) -> None:
        self.answers = answers

    async def call(self, method: str, path: str, **_: Any) -> bytes | None:
        return self.answers[path.split("/")[1]]


def read(lines: int, group: list[Listed], **answers: bytes | None) -> str:
    return asyncio.run(logs.last_lines(cast("Engine", Printed(**answers)), group, lines))


APP = Listed("app", "running", {})
DATABASE = Listed("db", "running", {"carrel.companion": "db"})


def test_both_streams_come_out_without_their_frames_and_times() -> None:
    answer = piece("2026-11-21T12:00:00.1Z one\n") + piece("2026-11-21T12:00:00.2Z two words\n", stream=2)
    assert read(10, [APP], app=answer) == "one\ntwo words\n"


def test_companions_are_among_the_lines_by_time_behind_their_names() -> None:
    app = piece("2026-11-21T12:00:00.1Z one\n") + piece("2026-11-21T12:00:00.3Z three\n")
    database = piece("2026-11-21T12:00:00.20Z two\n")
    assert read(10, [APP, DATABASE], app=app, db=database) == "one\ndb | two\nthree\n"
    assert read(2, [APP, DATABASE], app=app, db=database) == "db | two\nthree\n"


def test_nothing_is_read_where_nothing_is() -> None:
    assert read(0, [APP], app=piece("2026-11-21T12:00:00Z one\n")) == ""
    assert read(5, []) == ""
    assert read(5, [APP], app=None) == ""


def test_what_broke_off_in_the_middle_is_left_out() -> None:
    assert logs.unpacked(piece("whole") + piece("half")[:3]) == b"whole"
    assert read(5, [APP], app=piece("2026-11-21T12:00:00Z \xff\n")) == "\xff\n"


def test_processor_time_is_in_seconds() -> None:
    assert cpu_of({"cpu_stats": {"cpu_usage": {"total_usage": 2_500_000_000}}}) == 2.5
    assert cpu_of({}) == 0.0
