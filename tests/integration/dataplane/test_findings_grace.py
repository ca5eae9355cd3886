"""Finding 3 (and A2): what happens while the control plane is away, and that nobody can pretend it is (docs/reference/findings.md)."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from carrel.clock import SystemClock
from carrel.domain.ids import SessionId
from carrel.domain.route import Withdrawal

from .raw import Message, Reply
from .rig import Rig, Workspace, started, until


def with_grace(rig: Rig, workspace: Workspace) -> dict[str, str]:
    """Somebody who was inside until their right was taken: no ticket any more, a grace cookie from before."""
    return {"carrel-grace": rig.signer.grace(workspace.id)}


# -- a healthy control plane: grace counts for nothing, whatever the client does ----------------------------------------------


async def test_finding_03_grace_opens_nothing_while_the_control_plane_answers(
    rig: Rig, workspace: Workspace
) -> None:
    answer = await rig.enter(workspace, cookies=with_grace(rig, workspace))

    assert answer.status == 401
    assert not workspace.app.seen


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
async def test_finding_03_a_failing_authorizer_lets_nobody_in(
    rig: Rig, workspace: Workspace, status: int
) -> None:
    async def fails(_: Message) -> Reply:
        return Reply(status)

    rig.control.decide = fails
    answer = await rig.enter(workspace, cookies=with_grace(rig, workspace))

    assert answer.status >= 500
    assert not workspace.app.seen
    assert (await rig.enter(workspace)).status == 200


@pytest.mark.parametrize(
    "raw", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhal"]
)
async def test_finding_03_an_authorizer_that_breaks_off_lets_nobody_in(
    rig: Rig, workspace: Workspace, raw: bytes
) -> None:
    async def breaks(_: Message) -> Reply:
        return Reply(raw=raw)

    rig.control.decide = breaks
    for _ in range(3):
        assert (await rig.enter(workspace, cookies=with_grace(rig, workspace))).status == 503

    assert not workspace.app.seen


async def test_finding_03_a_slow_authorizer_lets_nobody_in(rig: Rig, workspace: Workspace) -> None:
    async def is_slow(_: Message) -> Reply:
        await asyncio.sleep(8)
        return Reply(401)

    rig.control.decide = is_slow
    answer = await rig.enter(workspace, cookies=with_grace(rig, workspace))

    assert answer.status == 503
    assert not workspace.app.seen


async def test_finding_03_a_client_cannot_make_the_check_fail_and_ride_grace(
    rig: Rig, workspace: Workspace
) -> None:
    """Its own path comes back in the answer's Location and makes the answer too long to read."""

    async def redirects(message: Message) -> Reply:
        return Reply(302, (("location", "/hub/login?next=" + message.target.replace('"', "%22")),))

    rig.control.decide = redirects
    answer = await rig.enter(workspace, "x?" + '"' * 30_000, cookies=with_grace(rig, workspace))

    assert answer.status in (302, 400, 503)
    assert not workspace.app.seen


async def test_finding_03_many_slow_answers_at_once_let_nobody_in_and_tickets_go_on(
    rig: Rig, workspace: Workspace
) -> None:
    gate = asyncio.Event()

    async def waits(_: Message) -> Reply:
        await gate.wait()
        return Reply(403)

    rig.control.decide = waits
    strangers = [
        asyncio.create_task(rig.enter(workspace, cookies=with_grace(rig, workspace))) for _ in range(700)
    ]
    await until(lambda: _asked(rig, 400))

    assert (await rig.enter(workspace)).status == 200
    gate.set()
    assert {answer.status for answer in await asyncio.gather(*strangers)} <= {403, 503}
    assert len(workspace.app.seen) == 1


async def _asked(rig: Rig, times: int) -> bool:
    return len(rig.control.asked) >= times


async def test_finding_03_filling_the_hub_does_not_reach_the_authorizer(
    rig: Rig, workspace: Workspace
) -> None:
    gate = asyncio.Event()

    async def event_stream(_: Message) -> Reply:
        await gate.wait()
        return Reply()

    rig.control.hub.handler = event_stream
    held = [asyncio.create_task(rig.hub("/hub/events")) for _ in range(1100)]
    await asyncio.sleep(0.2)

    answer = await rig.enter(workspace, cookies=with_grace(rig, workspace))

    gate.set()
    await asyncio.gather(*held)
    assert answer.status == 401
    assert not workspace.app.seen


# -- no control plane ---------------------------------------------------------------------------------------------------------


class Program:
    """The stand-in control plane as a process, to be killed and stopped."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = Path(__file__).with_name("control.py")
        self._process = subprocess.Popen([sys.executable, str(program), str(self._run)])

    def send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            if number == signal.SIGKILL:
                self._process.wait()

    def stop(self) -> None:
        self.send(signal.SIGCONT)
        self.send(signal.SIGKILL)


@asynccontextmanager
async def apart(root: Path) -> AsyncIterator[tuple[Rig, Workspace, Program]]:
    async with started(root, control=False) as rig:
        program = Program(rig.run)
        program.start()
        try:
            await until(lambda: is_asked(rig, rig.workspaces[0] if rig.workspaces else None))
            yield rig, await rig.workspace(), program
        finally:
            program.stop()


async def is_asked(rig: Rig, workspace: Workspace | None) -> bool:
    """Whether strangers are answered by the control plane."""
    workspace = workspace or await rig.add()
    return (await rig.enter(workspace, cookies={})).status == 401


async def test_finding_03_kill_9_of_the_control_plane_loses_no_request_and_no_stream(tmp_path: Path) -> None:
    async with apart(tmp_path) as (rig, workspace, program), rig.stream(workspace) as stream:
        grace, sid = with_grace(rig, workspace), "soutaaaaaaaaaaaa"
        signed_out = {"carrel-grace": rig.signer.grace(workspace.id, sid=sid)}
        until_later = SystemClock().now() + timedelta(minutes=15)
        await rig.files.withdraw([Withdrawal(until_later, session_id=SessionId(sid))])
        statuses: list[int] = []

        async def people() -> None:
            while True:
                statuses.append((await rig.enter(workspace, cookies=grace)).status)
                statuses.append((await rig.enter(workspace)).status)

        program.send(signal.SIGKILL)
        visits = [asyncio.create_task(people()) for _ in range(4)]
        await until(partial(_are_many, statuses))
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)

        assert [status for status in statuses if status != 200] == []
        assert await stream.echoes(b"through it all")
        assert (await rig.enter(workspace, cookies={})).status == 503
        assert (await rig.enter(workspace, cookies=signed_out)).status == 503
        assert (
            await rig.enter(workspace, cookies={"carrel-grace": rig.signer.ticket(workspace.id)})
        ).status == 503

        program.start()
        await until(lambda: is_asked(rig, workspace))
        assert (await rig.enter(workspace, cookies=grace)).status == 401
        assert await stream.echoes(b"and after")


async def _are_many(statuses: list[int]) -> bool:
    return len(statuses) > 100


async def test_finding_03_a_grace_opens_one_door_and_not_for_ever(tmp_path: Path) -> None:
    async with started(tmp_path, control=False) as rig:
        workspace, other = await rig.workspace(), await rig.workspace()
        now = int(SystemClock().now().timestamp())
        mine = rig.signer.grace(workspace.id)
        refused = [
            (other, mine),
            (workspace, rig.signer.grace(workspace.id, iat=now - 1000, exp=now - 10)),
            (workspace, rig.signer.grace(workspace.id, exp=now + 3600)),
            (workspace, rig.signer.grace(workspace.id, exp=None)),
            (workspace, rig.signer.grace(workspace.id, aud="carrel-workspace")),
            (workspace, rig.signer.grace(workspace.id, iss="carrel")),
        ]
        await until(lambda: opens(rig, workspace, mine))

        for place, grace in refused:
            assert not await opens(rig, place, grace), grace
        assert not any(message.target.startswith(workspace.door) for message in other.app.seen)


async def opens(rig: Rig, workspace: Workspace, grace: str) -> bool:
    return (await rig.enter(workspace, cookies={"carrel-grace": grace})).status == 200


async def test_finding_03_a_stopped_control_plane_is_bridged_and_tickets_never_wait(tmp_path: Path) -> None:
    async with apart(tmp_path) as (rig, workspace, program):
        program.send(signal.SIGSTOP)
        assert (await rig.enter(workspace)).status == 200

        await until(lambda: opens(rig, workspace, with_grace(rig, workspace)["carrel-grace"]), every=0.1)
        assert (await rig.enter(workspace, cookies={})).status == 503

        program.send(signal.SIGCONT)
        await until(lambda: is_asked(rig, workspace))


async def test_finding_03_the_first_visitor_of_a_hub_that_is_away_is_told_to_wait(tmp_path: Path) -> None:
    async with started(tmp_path, control=False) as rig:
        page = await rig.hub(headers=[("accept", "text/html,*/*")])
        script = await rig.hub("/hub/api/v1/claims")

    assert (page.status, page.header("retry-after"), page.header("cache-control")) == (503, "2", "no-store")
    assert 'http-equiv="refresh"' in page.text
    assert (script.status, script.header("content-type")) == (503, "application/problem+json")
