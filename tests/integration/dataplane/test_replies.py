"""What visitors see when nobody answers behind Envoy, and what is made smaller on its way to them."""

import gzip
import json

import pytest

from .raw import App, Message, Reply, ask
from .rig import Rig, Workspace, until

BROWSER = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")]
PACKING = [("accept-encoding", "gzip, deflate, br, zstd")]


async def test_a_workspace_that_does_not_answer_shows_a_page_that_leads_back_to_the_hub(rig: Rig) -> None:
    dead = await rig.workspace()
    await dead.app.stop()

    page = await rig.enter(dead, headers=BROWSER)
    script = await rig.enter(dead)

    assert page.status == 503
    assert page.header("content-type") == "text/html; charset=utf-8"
    assert f'href="http://localhost:{rig.port}/hub/why/w/{dead.id}/"' in page.text
    assert "<script" not in page.text
    assert "http-equiv" not in page.text
    assert page.header("cache-control") == "no-store"
    assert "default-src 'none'" in (page.header("content-security-policy") or "")
    assert script.header("content-type") == "application/problem+json"
    problem = json.loads(script.body)
    assert (problem["status"], problem["code"]) == (503, "unavailable")
    assert f"http://localhost:{rig.port}/hub/" in problem["detail"]

    rig.workspaces.remove(dead)
    await rig.publish()

    async def is_out_of_the_table() -> bool:
        return (await rig.enter(dead)).status == 503

    await until(is_out_of_the_table)
    assert "does not answer" in (await rig.enter(dead, headers=BROWSER)).text


async def test_an_app_that_breaks_off_before_its_answer_shows_the_same_page(
    rig: Rig, workspace: Workspace, app: App
) -> None:
    async def breaks(_: Message) -> Reply:
        return Reply(raw=b"")

    app.handler = breaks
    assert "does not answer" in (await rig.enter(workspace, headers=BROWSER)).text


async def test_an_apps_own_errors_pass_as_they_are(rig: Rig, workspace: Workspace, app: App) -> None:
    async def fails(message: Message) -> Reply:
        return Reply(int(message.target.rpartition("/")[2]), body=b"its own words")

    app.handler = fails
    for status in (404, 500, 502, 503, 504):
        answer = await rig.enter(workspace, str(status), headers=BROWSER)
        assert (answer.status, answer.text) == (status, "its own words")


async def test_a_busy_control_plane_is_a_page_that_comes_again(rig: Rig, workspace: Workspace) -> None:
    async def busy(_: Message) -> Reply:
        return Reply(503)

    rig.control.decide = busy
    page = await rig.enter(workspace, cookies={}, headers=BROWSER)
    script = await rig.enter(workspace, cookies={})

    assert (page.status, page.header("retry-after")) == (503, "2")
    assert '<meta http-equiv="refresh" content="2">' in page.text
    assert json.loads(script.body)["title"] == "One moment"


TEXT = b"<p>the same words again and again</p>" * 200


@pytest.mark.parametrize(
    ("kind", "packed"),
    [
        ("text/html; charset=utf-8", True),
        ("application/json", True),
        ("application/vnd.api+json", True),
        ("text/javascript", True),
        ("image/svg+xml", True),
        ("text/event-stream", False),
        ("image/png", False),
        ("application/octet-stream", False),
        ("application/x-ndjson", False),
        ("video/mp4", False),
    ],
)
async def test_text_is_compressed_towards_browsers_and_nothing_else_is(
    rig: Rig, workspace: Workspace, app: App, kind: str, packed: bool
) -> None:
    async def says(_: Message) -> Reply:
        return Reply(headers=(("content-type", kind), ("etag", '"v1"')), body=TEXT)

    app.handler = says
    plain = await rig.enter(workspace)
    browser = await rig.enter(workspace, headers=PACKING)
    old = await rig.enter(workspace, headers=[("accept-encoding", "gzip")])

    assert plain.body == TEXT
    assert "content-encoding" not in plain.names
    assert browser.header("content-encoding") == ("br" if packed else None)
    assert browser.header("etag") == ('W/"v1"' if packed else '"v1"')
    assert (gzip.decompress(old.body) if packed else old.body) == TEXT
    assert len(browser.body) < 500 or not packed


async def test_what_is_packed_already_or_small_passes_untouched(
    rig: Rig, workspace: Workspace, app: App
) -> None:
    own = gzip.compress(TEXT * 10)

    async def says(message: Message) -> Reply:
        if message.target.endswith("small"):
            return Reply(headers=(("content-type", "text/html"),), body=TEXT[:500])
        return Reply(headers=(("content-type", "text/html"), ("content-encoding", "gzip")), body=own)

    app.handler = says
    assert (await rig.enter(workspace, headers=PACKING)).body == own
    assert (await rig.enter(workspace, "small", headers=PACKING)).body == TEXT[:500]


async def test_the_hub_compresses_its_style_and_script_but_no_page(rig: Rig) -> None:
    """A page holds a CSRF token beside text that a stranger may choose: its compressed length would tell."""
    kinds = {
        "page": "text/html; charset=utf-8",
        "style": "text/css; charset=utf-8",
        "data": "application/json",
    }

    async def says(message: Message) -> Reply:
        return Reply(headers=(("content-type", kinds[message.target.rpartition("/")[2]]),), body=TEXT)

    rig.control.hub.handler = says
    packed = {
        name for name in kinds if (await rig.hub(f"/hub/{name}", headers=PACKING)).header("content-encoding")
    }

    assert packed == {"style"}


async def test_no_answer_of_envoys_own_shows_what_was_asked(rig: Rig, workspace: Workspace) -> None:
    secret = "echo-me-not"
    said = rig.said(workspace, f"x?{secret}", cookies={"a": secret}, headers=[("x-mine", secret), *BROWSER])
    dead = await rig.add()

    for answer in (
        await rig.hub(f"/nowhere/{secret}", headers=[("x-mine", secret)]),
        await rig.enter(dead, f"x?{secret}", headers=[("x-mine", secret), *BROWSER]),
        await ask(rig.workspaces_port, said.replace(b"HTTP/1.1", b"HTTP/9.9")),
    ):
        assert answer.status >= 400
        assert secret not in answer.text
    rig.workspaces.remove(dead)
    await dead.app.stop()
