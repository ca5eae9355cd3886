"""Sends many requests or messages to a port of this machine and says how it went. Bounded in count; what it costs is the caller's question."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, cast

from bench.processes import BenchError

LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Load:
    replies: list[Reply]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.replies) / self.seconds

    def all_are(self, status: int, what: str) -> None:
        """A proxy that refuses is quick; so every run first proves that it measured the right thing."""
        wrong = [reply for reply in self.replies if reply.status != status]
        if wrong:
            first = wrong[0]
            raise BenchError(
                f"{what}: {len(wrong)} of {len(self.replies)} answers were not {status}; "
                f"the first was {first.status}: {first.body[:300].decode(errors='replace')}"
            )


def request(
    method: str, host: str, path: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}", *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Lane(asyncio.Protocol):
    """One keep-alive connection: the next request leaves when the last answer is whole."""

    def __init__(self, following: Callable[[], bytes | None], answered: Callable[[Reply], None]) -> None:
        self._following = following
        self._answered = answered
        self._buffer = b""
        self._sent_at = 0.0
        self._is_waiting = False
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def go(self) -> None:
        following = self._following()
        if following is None:
            self._is_waiting = False
            if not self.finished.done():
                self.finished.set_result(None)
            return
        self._is_waiting = True
        self._sent_at = time.perf_counter()
        self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        whole = self._whole(end)
        if whole is None or len(self._buffer) < whole:
            return
        reply = Reply(
            int(self._buffer[9:12]), self._buffer[end + 4 : whole], time.perf_counter() - self._sent_at
        )
        self._buffer = self._buffer[whole:]
        self._answered(reply)
        self.go()

    def _whole(self, end: int) -> int | None:
        """Where this answer ends, or None if that is not known yet."""
        if length := LENGTH.search(self._buffer, 0, end + 2):
            return end + 4 + int(length[1])
        if self._buffer[9:12] in {b"204", b"304"}:
            return end + 4
        last = self._buffer.find(b"0\r\n\r\n", end + 4)
        return None if last < 0 else last + 5

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_exception(
                BenchError(f"The other side closed a connection in the middle of a run ({exc}).")
            )

    def close(self) -> None:
        if not self.finished.done():
            self.finished.set_result(None)
        self._transport.close()


async def _connect(port: int, make: Callable[[], Lane]) -> Lane:
    _, lane = await asyncio.get_running_loop().create_connection(make, "127.0.0.1", port)
    return lane


async def _run(lanes: Sequence[Lane], within: float) -> float:
    began = time.perf_counter()
    try:
        for lane in lanes:
            lane.go()
        async with asyncio.timeout(within):
            await asyncio.gather(*(lane.finished for lane in lanes))
        return time.perf_counter() - began
    finally:
        for lane in lanes:
            lane.close()


async def hammer(port: int, sent: bytes, *, total: int, connections: int, within: float = 120) -> Load:
    """The same request `total` times over `connections` keep-alive connections."""
    replies: list[Reply] = []
    left = total

    def following() -> bytes | None:
        nonlocal left
        left -= 1
        return sent if left >= 0 else None

    lanes = [await _connect(port, lambda: Lane(following, replies.append)) for _ in range(connections)]
    return Load(replies, await _run(lanes, within))


async def burst(port: int, requests: Sequence[bytes], *, within: float = 180) -> Load:
    """Every request on a connection of its own, all at the same moment. Replies come in the order they arrived."""
    replies: list[Reply] = []
    lanes = []
    for one in requests:
        once = iter([one])
        lanes.append(await _connect(port, lambda once=once: Lane(lambda: next(once, None), replies.append)))  # type: ignore[misc]
    return Load(replies, await _run(lanes, within))
