"""Apps are asked whether they are in use: over real connections, of stand-ins that answer as documented, and of some that behave badly."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from carrel.dataplane.activity import AppActivity
from carrel.dataplane.line import MOST
from carrel.domain.activity import Evidence, NotSeen, Seen, Unknown
from carrel.domain.endpoint import Endpoint
from carrel.domain.template import PathMode
from carrel.ports.activity import Subject
from carrel.ports.driver import DriverUnavailable, Ran
from carrel.testing.worlds import a_template, a_workspace

from .raw import App, Message, Reply
from .rig import free_port

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OLD = {"execution_state": "idle", "last_activity": "2026-03-02T10:00:00.000000Z"}
RECIPE = replace(a_template(), activity="jupyter", authorization="token {secret}")
WORKSPACE = a_workspace(secret="s3cret")


class Checks:
    """A driver that runs a template's check, and nothing else."""

    def __init__(self, outcome: Ran | Exception) -> None:
        self.outcome = outcome
        self.ran: list[tuple[str, ...]] = []

    async def run(self, _id: object, command: Sequence[str], *, seconds: float) -> Ran:
        assert seconds > 0
        self.ran.append(tuple(command))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.fixture
async def app() -> AsyncIterator[App]:
    app = App("asked")
    yield app
    await app.stop()


async def ask(endpoint: Endpoint, *, driver: Any = None, **recipe: Any) -> Evidence:
    subject = Subject(WORKSPACE, endpoint, replace(RECIPE, **recipe), driver)
    return await AppActivity(within=0.5).evidence(subject, NOW)


async def asked(app: App, answers: dict[str, Reply], **recipe: Any) -> Evidence:
    async def handler(message: Message) -> Reply:
        return answers.get(message.target.removeprefix(f"/w/{WORKSPACE.id}"), Reply(404))

    app.handler = handler
    return await ask(Endpoint("127.0.0.1", await app.listen()), **recipe)


def listed(*entries: dict[str, str]) -> Reply:
    return Reply(200, body=json.dumps(entries).encode())


async def test_jupyter_is_asked_for_kernels_and_terminals_with_its_own_secret(app: App) -> None:
    terminal = {"name": "1", "last_activity": "2026-03-02T11:30:00.000000Z"}
    found = await asked(app, {"/api/kernels": listed(OLD), "/api/terminals": listed(terminal)})
    assert found == Seen(NOW - timedelta(minutes=30), "a terminal was used")
    assert [message.target for message in app.seen] == [
        f"/w/{WORKSPACE.id}/api/kernels",
        f"/w/{WORKSPACE.id}/api/terminals",
    ]
    assert {message.header("authorization") for message in app.seen} == {"token s3cret"}


async def test_a_busy_kernel_is_enough(app: App) -> None:
    busy = {**OLD, "execution_state": "busy"}
    assert await asked(app, {"/api/kernels": listed(OLD, busy)}) == Seen(NOW, "a kernel is computing")
    assert len(app.seen) == 1


async def test_a_jupyter_without_terminals_is_asked_for_kernels_alone(app: App) -> None:
    assert await asked(app, {"/api/kernels": listed()}) == NotSeen()


@pytest.mark.parametrize(
    "head", [b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nconnection: close\r\n"]
)
async def test_an_answer_may_end_with_its_connection(app: App, head: bytes) -> None:
    body = json.dumps([OLD]).encode()
    answers = {
        "/api/kernels": Reply(raw=head + b"\r\n" + body),
        "/api/terminals": Reply(raw=head + b"\r\n[]"),
    }
    assert await asked(app, answers) == Seen(NOW - timedelta(hours=2), "a kernel computed")


async def test_a_secret_that_does_not_fit_into_a_header_is_sent_to_nobody(app: App) -> None:
    found = await asked(app, {"/api/kernels": listed(OLD)}, authorization="token {secret}\r\nx: y")
    assert isinstance(found, Unknown)
    assert app.seen == []


async def test_an_app_that_knows_no_prefix_is_asked_without(app: App) -> None:
    assert isinstance(await asked(app, {"/api/kernels": listed(OLD)}, path=PathMode.STRIP), Seen)
    assert [message.target for message in app.seen] == ["/api/kernels", "/api/terminals"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(403),
        Reply(500),
        Reply(302, (("location", "http://127.0.0.1:1/login"),)),
        Reply(200, body=b"<html>"),
        Reply(200, body=b"{}"),
        Reply(200, body=b"[" * 100_000),
        Reply(200, body=b" " * (MOST + 1)),
        Reply(raw=b""),
        Reply(raw=b"SSH-2.0-x\r\n"),
        Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n["),
        Reply(raw=b"HTTP/1.1 200 OK\r\nx: " + b"y" * (MOST + 1)),
        Reply(raw=b"HTTP/1.1 100 Continue\r\n\r\n"),
        Reply(raw=b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    ],
    ids=(
        "403",
        "500",
        "302",
        "html",
        "object",
        "deep",
        "much",
        "nothing",
        "ssh",
        "half",
        "head",
        "later",
        "upgrade",
    ),
)
@pytest.mark.parametrize("where", ["/api/kernels", "/api/terminals"])
async def test_an_answer_that_is_none_is_no_idleness(app: App, reply: Reply, where: str) -> None:
    assert isinstance(await asked(app, {"/api/kernels": listed(), where: reply}), Unknown)


async def test_an_app_that_takes_its_time_is_not_waited_for(app: App) -> None:
    async def handler(_: Message) -> Reply:
        await asyncio.sleep(30)
        return listed()

    app.handler = handler
    async with asyncio.timeout(20):
        assert isinstance(await ask(Endpoint("127.0.0.1", await app.listen())), Unknown)


async def test_nobody_there_is_no_idleness() -> None:
    for endpoint in (Endpoint("127.0.0.1", free_port()), Endpoint("not an address", 1)):
        assert isinstance(await ask(endpoint), Unknown)


async def test_rstudio_is_asked_for_its_health(app: App) -> None:
    health = Reply(200, body=b"active-sessions: 1\nidle-seconds: 300\ncpu-percent: 0.0\n")
    found = await asked(app, {"/health-check": health}, activity="rstudio")
    assert found == Seen(NOW - timedelta(minutes=5), "RStudio was used")


async def test_an_rstudio_without_a_health_check_says_what_is_missing(app: App) -> None:
    found = await asked(app, {}, activity="rstudio")
    assert isinstance(found, Unknown)
    assert "server-health-check-enabled=1" in found.why


async def test_traffic_asks_nobody() -> None:
    assert await ask(Endpoint("127.0.0.1", free_port()), activity="traffic") == NotSeen()


@pytest.mark.parametrize(
    ("outcome", "made_of_it"),
    [
        (Ran(0, ""), Seen),
        (Ran(1, "idle"), NotSeen),
        (Ran(2, "usage"), Unknown),
        (Ran(-9, ""), Unknown),
        (DriverUnavailable("The backend is away."), Unknown),
    ],
)
async def test_a_command_runs_inside(outcome: Ran | Exception, made_of_it: type) -> None:
    driver = Checks(outcome)
    found = await ask(
        Endpoint("127.0.0.1", 1), driver=driver, activity="command", activity_command=("check", "it")
    )
    assert isinstance(found, made_of_it)
    assert driver.ran == [("check", "it")]


async def test_a_backend_that_runs_nothing_cannot_check() -> None:
    found = await ask(
        Endpoint("127.0.0.1", 1), driver=object(), activity="command", activity_command=("check",)
    )
    assert isinstance(found, Unknown)


async def test_a_way_of_asking_that_is_not_known_here_is_no_idleness() -> None:
    assert isinstance(await ask(Endpoint("127.0.0.1", 1), activity="telepathy"), Unknown)
