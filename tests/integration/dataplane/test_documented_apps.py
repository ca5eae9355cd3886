"""Apps that cannot be run here, each a stand-in that does what its own documentation and source say of prefixes, cookies and origins.

RStudio Server 2026.06 (Posit's admin guide, "Running with a proxy") and code-server 4.139 (its guide and its FAQ), as read in November 2026.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx

from carrel.settings.load import load

from .raw import Message, Reply
from .rig import Rig, Workspace


@asynccontextmanager
async def browser(rig: Rig, workspace: Workspace) -> AsyncIterator[httpx.AsyncClient]:
    """Keeps cookies by their paths, and is let in by its ticket."""
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{rig.workspaces_port}", headers={"host": rig.host(workspace)}, timeout=20
    ) as client:
        ticket = rig.signer.ticket(workspace.id)
        client.cookies.set("carrel-ticket", ticket, domain="127.0.0.1", path=workspace.door)
        yield client


@dataclass
class RStudio:
    """Signs whoever comes in by a redirect and two cookies, at the path that the header names; every call brings one of them back."""

    saved: list[bytes] = field(default_factory=list)

    async def __call__(self, asked: Message) -> Reply:
        root = (asked.header("x-rstudio-root-path") or "/").rstrip("/")
        origin = f"{asked.header('x-forwarded-proto') or 'http'}://{asked.header('host')}"
        path, _, query = asked.target.partition("?")
        cookies = asked.cookies()
        if path == "/auth-sign-in":
            back = httpx.QueryParams(query).get("appUri", "/")
            given = [
                f"user-id=rstudio|never|mac; path={root or '/'}; HttpOnly",
                f"csrf-token=x1; path={root or '/'}",
            ]
            where = ("location", f"{origin}{root}{back}")
            return Reply(302, (where, *(("set-cookie", one) for one in given)))
        if "user-id" not in cookies:
            sign_in = f"{origin}{root}/auth-sign-in?appUri={quote(asked.target, safe='')}"
            return Reply(302, (("location", sign_in),))
        if not path.startswith("/rpc/"):
            return Reply(body=b"the page")
        if asked.header("x-csrf-token") != cookies.get("csrf-token"):
            return Reply(400)
        self.saved.append(asked.body)
        return Reply(body=b"{}")


async def test_rstudio_signs_its_person_in_behind_the_door_and_is_called(rig: Rig) -> None:
    assert load(None, {}, {"HOME": "/"}).templates["rstudio"].path == "strip"
    workspace = await rig.workspace(strip=True)
    workspace.app.handler = rstudio = RStudio()

    async with browser(rig, workspace) as client:
        page = await client.get(f"{workspace.door}?x=1", follow_redirects=True)
        token = client.cookies.get("csrf-token", path=workspace.door[:-1])
        said = {"x-csrf-token": token or "", "origin": rig.origin(workspace)}
        called = await client.post(f"{workspace.door}rpc/console_input", content=b"1 + 1", headers=said)

    assert [page.status_code, page.text, called.status_code] == [200, "the page", 200]
    assert [str(one.headers["location"]) for one in page.history] == [
        f"{workspace.door}auth-sign-in?appUri=%2F%3Fx%3D1",
        f"{workspace.door}?x=1",
    ]
    assert rstudio.saved == [b"1 + 1"]
    assert {one.path for one in client.cookies.jar} == {workspace.door, workspace.door[:-1]}


async def test_two_rstudios_of_one_person_do_not_share_their_cookies(rig: Rig) -> None:
    one, other = await rig.workspace(strip=True), await rig.workspace(strip=True)
    for workspace in (one, other):
        workspace.app.handler = RStudio()
    async with browser(rig, one) as client:
        await client.get(one.door, follow_redirects=True)
        ticket = rig.signer.ticket(other.id)
        client.cookies.set("carrel-ticket", ticket, domain="127.0.0.1", path=other.door)
        there = await client.get(other.door, headers={"host": rig.host(other)})

    assert there.status_code == 302  # it has to sign in there too
    assert "user-id" not in other.app.last.cookies()


async def code_server(asked: Message) -> Reply:
    """Relative links and redirects throughout; a stream only for a page of the very host that it is asked by."""
    path, _, query = asked.target.partition("?")
    if path == "/healthz":
        return Reply(body=b'{"status":"expired","lastHeartbeat":0}')
    if path == "/" and not query:
        return Reply(302, (("location", "./?folder=/home/coder"),))
    return Reply(body=b"the workbench")


async def test_code_server_opens_its_folder_and_its_streams_behind_the_door(rig: Rig) -> None:
    settings = load(None, {}, {"HOME": "/"}).templates["code-server"]
    workspace = await rig.workspace(strip=settings.path == "strip")
    workspace.app.handler = code_server

    async with browser(rig, workspace) as client:
        page = await client.get(workspace.door, follow_redirects=True)
        health = await client.get(workspace.door + settings.ready)
    async with rig.stream(
        workspace, "stable-abc?reconnectionToken=1", headers=[("origin", rig.origin(workspace))]
    ) as stream:
        assert await stream.echoes(b"hello")

    assert (page.url.path, page.url.query) == (workspace.door, b"folder=/home/coder")
    assert [page.text, health.status_code] == ["the workbench", 200]
    opened = workspace.app.last
    assert opened.target == "/stable-abc?reconnectionToken=1"
    assert opened.header("origin") == f"http://{opened.header('host')}"
