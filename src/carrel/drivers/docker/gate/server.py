"""The gate's door: who may knock, what is judged, whose things are named, and then bytes as they come. Judges nothing itself."""

import asyncio
import json
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

import structlog

from carrel.drivers.docker.gate import heads
from carrel.drivers.docker.gate.archives import LONGEST_ARCHIVE
from carrel.drivers.docker.gate.heads import Head, Unreadable
from carrel.drivers.docker.gate.installation import KnownInstallation
from carrel.drivers.docker.gate.outcome import Allowed, Asked, Policy, Refused
from carrel.drivers.docker.gate.rules import allowed, installation_named
from carrel.drivers.docker.gate.upstream import EngineAway, Upstream, gone, hand_on

_log = structlog.get_logger(__name__)

Verb = Callable[[str, bytes], Awaitable[tuple[int, bytes]]]
"""Path below /carrel/ and body; gives status and JSON."""
OURS: Final = "/carrel/"
_CREDENTIALS: Final = "x-registry-auth"
_TALKS: Final = re.compile(rb"HTTP/1\.1 101 ")
_NO_SECONDS_LEFT: Final = 30.0
"""In which whoever knocks must have said what they want."""
_STRANGERS_SECONDS: Final = 3.0


class GateServer:
    def __init__(
        self, upstream: Upstream, policy: Policy, known: KnownInstallation, verb: Verb, uids: frozenset[int]
    ) -> None:
        """`policy` without an installation: `known` says which. `uids`: who may ask; root may anyway."""
        self._upstream = upstream
        self._policy = policy
        self._known = known
        self._verb = verb
        self._uids = uids

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request and its answer, whatever happens."""
        try:
            await self._answer(reader, writer)
        except Unreadable as error:
            await _say(writer, 400, str(error))
        except EngineAway as error:
            await _say(writer, 503, str(error))
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass
        except Exception:  # noqa: BLE001 - one request must not end the gate
            _log.exception("a request ended by mistake")
            await _say(writer, 500, "the gate made a mistake; its log says which")
        finally:
            with suppress(ConnectionError):
                writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        uid = _peer(writer)
        if uid != 0 and uid not in self._uids:
            _log.warning("a stranger was refused", uid=uid)
            await _hear_out(reader)
            await _say(writer, 403, "only the user that runs Carrel may ask")
            return
        async with asyncio.timeout(_NO_SECONDS_LEFT):
            head = await heads.read_head(reader)
        if head is None:
            return
        if head.path.startswith(OURS):
            body = await heads.whole_body(reader, head)
            status, said = await self._verb(f"{head.method} {head.path.removeprefix(OURS)}", body)
            writer.write(heads.answer(status, said))
            await writer.drain()
            return
        await self._judge(head, reader, writer)

    async def _judge(self, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        longest = LONGEST_ARCHIVE if head.method == "PUT" else heads.LONGEST_BODY
        body = await heads.whole_body(reader, head, longest)
        asked = Asked(head.method, head.path, head.query, body)
        policy = replace(self._policy, installation=self._known.learn(installation_named(asked)))
        verdict = allowed(asked, policy)
        refusal = verdict if isinstance(verdict, Refused) else await self._strange(verdict, policy)
        if refusal is not None:
            _log.warning("refused", method=head.method, path=head.path[:200], why=refusal.sentence)
            await _say(writer, 403, refusal.sentence)
        elif isinstance(verdict, Allowed):
            await self._pass_on(verdict, head, reader, writer)

    async def _strange(self, verdict: Allowed, policy: Policy) -> Refused | None:
        """What is absent is let through: the engine then says that it is, in its own words."""
        for thing in verdict.needs:
            status, installation = await self._upstream.owner(thing)
            if status == 404:
                continue
            if status != 200 or not policy.installation or installation != policy.installation:
                return Refused(f'"{thing.name[:80]}" ({thing.kind}) is not of this installation.')
        return None

    async def _pass_on(
        self, verdict: Allowed, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async with self._upstream.connected() as (back, forth):
            forth.write(heads.head_of_request(verdict.method, verdict.target, _headers(verdict, head)))
            with suppress(ConnectionError):  # whoever stops listening has answered already
                forth.write(verdict.body or b"")
                await forth.drain()
            is_talk = _upgrades(verdict, head) and await _begins_to_talk(back, writer)
            answering = asyncio.create_task(hand_on(back, writer))
            listening = asyncio.create_task(hand_on(reader, forth) if is_talk else gone(reader))
            await _until_answered(answering, listening, is_talk=is_talk)


async def _begins_to_talk(back: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Only once the engine has said so are bytes handed on freely: else it would hear them as a request that nobody judged."""
    said = await back.readuntil(b"\r\n\r\n")
    writer.write(said)
    await writer.drain()
    return _TALKS.match(said) is not None


async def _until_answered(
    answering: asyncio.Task[None], listening: asyncio.Task[None], *, is_talk: bool
) -> None:
    """Whoever asked and went away is answered no more; in a talk they may have said all and still listen."""
    try:
        await asyncio.wait({answering, listening}, return_when=asyncio.FIRST_COMPLETED)
        if is_talk:
            await answering
    finally:
        for task in (answering, listening):
            task.cancel()
        await asyncio.gather(answering, listening, return_exceptions=True)


def _upgrades(verdict: Allowed, head: Head) -> bool:
    return verdict.upgrades and head.wants_upgrade


def _headers(verdict: Allowed, head: Head) -> dict[str, str]:
    headers = {"Host": "docker", "User-Agent": "carrel-gate"}
    if verdict.body is not None:
        kind = "application/x-tar" if verdict.is_archive else "application/json"
        headers |= {"Content-Type": kind, "Content-Length": str(len(verdict.body))}
    elif verdict.method in ("POST", "PUT"):
        headers["Content-Length"] = "0"
    if verdict.passes_credentials and _CREDENTIALS in head.headers:
        headers["X-Registry-Auth"] = head.headers[_CREDENTIALS]
    if _upgrades(verdict, head):
        return headers | {"Connection": "Upgrade, close", "Upgrade": "tcp"}
    return headers | {"Connection": "close"}


def _peer(writer: asyncio.StreamWriter) -> int:
    """The user at the other end, as the kernel knows it."""
    peer: socket.socket = writer.get_extra_info("socket")
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


async def _hear_out(reader: asyncio.StreamReader) -> None:
    """Whoever still speaks as the connection closes reads no answer, only that it broke off."""
    with suppress(Unreadable, TimeoutError, asyncio.IncompleteReadError):
        async with asyncio.timeout(_STRANGERS_SECONDS):
            head = await heads.read_head(reader)
            if head is not None:
                await heads.whole_body(reader, head, heads.LONGEST_HEAD)


async def _say(writer: asyncio.StreamWriter, status: int, sentence: str) -> None:
    with suppress(ConnectionError):
        writer.write(heads.answer(status, json.dumps({"message": f"carrel gate: {sentence}"}).encode()))
        await writer.drain()
