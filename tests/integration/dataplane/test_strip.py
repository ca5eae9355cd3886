"""Apps that know no prefix: what they are asked, and what becomes of the addresses they answer with (docs/decisions/0007-strip-mode.md)."""

import pytest

from .raw import App, Message, Reply
from .rig import Rig, Workspace


@pytest.fixture(scope="session")
async def shared_stripped(shared_rig: Rig) -> Workspace:
    return await shared_rig.workspace(strip=True)


@pytest.fixture
def stripped(rig: Rig, shared_stripped: Workspace) -> Workspace:
    shared_stripped.app.handler = None
    shared_stripped.app.seen.clear()
    return shared_stripped


def answers(app: App, *headers: tuple[str, str], status: int = 200) -> None:
    async def answer(_: Message) -> Reply:
        return Reply(status, headers)

    app.handler = answer


@pytest.mark.parametrize(
    ("below", "asked"),
    [
        ("", "/"),
        ("x", "/x"),
        ("x/y.js?a=/w/b&c=%2F", "/x/y.js?a=/w/b&c=%2F"),
        ("?a=1", "/?a=1"),
        ("a%2Fb/%C3%A9", "/a%2Fb/%C3%A9"),
        ("a//b", "/a//b"),
        ("//evil.test/x", "/evil.test/x"),
        ("a/../b", "/b"),
        ("a/%2e%2e/b", "/b"),
        ("a/..%2f..%2fb", "/a/..%2f..%2fb"),
        ("w/x/", "/w/x/"),
        ("x" * 10_000, "/" + "x" * 10_000),
    ],
)
async def test_the_app_is_asked_without_the_prefix(
    rig: Rig, stripped: Workspace, below: str, asked: str
) -> None:
    answer = await rig.enter(stripped, stripped.door + below)

    assert answer.status == 200
    assert stripped.app.last.target == asked


@pytest.mark.parametrize("target", ["/w/{id}/../x", "/w/{id}/%2e%2e/x", "/w/{other}/x", "/w/{id}%2fx"])
async def test_no_path_leads_past_the_door(
    rig: Rig, stripped: Workspace, other: Workspace, target: str
) -> None:
    answer = await rig.enter(stripped, target.format(id=stripped.id, other=other.id))

    assert answer.status in (400, 401, 403, 404)
    assert not stripped.app.seen
    assert not other.app.seen


async def test_the_app_is_told_its_prefix_and_nothing_of_ours(rig: Rig, stripped: Workspace) -> None:
    forged = [
        ("x-forwarded-prefix", "/evil"),
        ("x-script-name", "/evil"),
        ("x-rstudio-root-path", "/evil"),
        ("x-carrel-own", "evil.test"),
        ("x-envoy-original-path", "/e"),
    ]
    await rig.enter(stripped, "x", headers=forged)

    seen = stripped.app.last
    for name in ("x-forwarded-prefix", "x-script-name", "x-rstudio-root-path"):
        assert seen.every(name) == [f"/w/{stripped.id}"]
    assert seen.every("x-envoy-original-path") == [f"{stripped.door}x"]
    assert not [name for name in seen.names if name.startswith("x-carrel-")]
    assert seen.every("authorization") == [f"token {stripped.secret}"]
    assert not seen.cookies()


@pytest.mark.parametrize(
    ("said", "led"),
    [
        ("/", "{door}"),
        ("/x?y=/z#f", "{door}x?y=/z#f"),
        ("//x", "//x"),
        ("///x", "{door}x"),
        ("/\\evil.test", "{door}\\evil.test"),
        ("x", "x"),
        ("../x", "../x"),
        ("?page=2", "?page=2"),
        ("{door}x", "{door}x"),
        ("{door}", "{door}"),
        ("{bare}", "{bare}"),
        ("{bare}?x", "{bare}?x"),
        ("{bare}x", "{door}{rest}x"),
        ("http://{host}{bare}#x", "{bare}#x"),
        ("http://{host}/x", "{door}x"),
        ("https://{HOST}/x", "{door}x"),
        ("http://{host}", "{door}"),
        ("http://{host}?x", "{door}?x"),
        ("//{host}/x", "{door}x"),
        ("http://127.0.0.1:{port}/x", "{door}x"),
        ("http://localhost:{port}/x", "{door}x"),
        ("http://{host}{door}x", "{door}x"),
        ("http://{host}.evil.test/x", "http://{host}.evil.test/x"),
        ("http://elsewhere.test/x", "http://elsewhere.test/x"),
        ("mailto:ada@example.org", "mailto:ada@example.org"),
    ],
)
@pytest.mark.parametrize("header", ["location", "content-location"])
async def test_a_redirect_to_its_own_address_leads_through_the_door(
    rig: Rig, stripped: Workspace, header: str, said: str, led: str
) -> None:
    words = {
        "door": stripped.door,
        "bare": stripped.door[:-1],
        "rest": stripped.door[1:-1],
        "host": rig.host(stripped),
        "HOST": rig.host(stripped).upper(),
        "port": stripped.port,
    }
    answers(stripped.app, (header, said.format(**words)), status=302)

    answer = await rig.enter(stripped, "from/here")

    assert answer.every(header) == [led.format(**words)]


@pytest.mark.parametrize(
    ("said", "led"),
    [
        ("5", "5"),
        ("0; url=/x", "0; url={door}x"),
        ("0;URL='/x'", "0;URL='{door}x'"),
        ("1; url=http://elsewhere.test/", "1; url=http://elsewhere.test/"),
    ],
)
async def test_a_refresh_leads_through_the_door(rig: Rig, stripped: Workspace, said: str, led: str) -> None:
    answers(stripped.app, ("refresh", said))

    assert (await rig.enter(stripped)).header("refresh") == led.format(door=stripped.door)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a=1; Path=/", "a=1; Path={door}"),
        ("a=1; Path=/sub; HttpOnly", "a=1; Path={door}sub; HttpOnly"),
        ("a=1; path={door}sub", "a=1; Path={door}sub"),
        ("a=1; path={bare}; HttpOnly", "a=1; Path={bare}; HttpOnly"),
        ("a=Path=/x", "a=Path=/x"),
        ("a=1; Domain=localhost; Path=/", "a=1; Path={door}"),
    ],
)
async def test_its_cookies_stay_behind_the_door(rig: Rig, stripped: Workspace, said: str, kept: str) -> None:
    answers(
        stripped.app,
        ("set-cookie", said.format(door=stripped.door, bare=stripped.door[:-1])),
        ("set-cookie", "carrel-ticket=x; Path=/"),
    )

    answer = await rig.enter(stripped)

    assert answer.every("set-cookie") == [kept.format(door=stripped.door, bare=stripped.door[:-1])]


async def test_a_stream_is_carried_without_the_prefix(rig: Rig, stripped: Workspace) -> None:
    async with rig.stream(stripped, "websocket/?a=1", headers=[("origin", rig.origin(stripped))]) as stream:
        assert await stream.echoes(b"x" * 100_000)

    assert stripped.app.last.target == "/websocket/?a=1"


async def test_an_app_that_knows_its_prefix_sees_and_says_what_it_always_did(
    rig: Rig, stripped: Workspace, workspace: Workspace
) -> None:
    answers(workspace.app, ("location", "/x"), ("refresh", "0; url=/x"), ("content-location", "/x"))

    answer = await rig.enter(
        workspace, "/".join(["", "w", workspace.id, "", "a//b?c"]), headers=[("x-forwarded-prefix", "/evil")]
    )

    assert workspace.app.last.target == f"{workspace.door}/a//b?c"
    told = {"x-forwarded-prefix", "x-script-name", "x-rstudio-root-path", "x-envoy-original-path"}
    assert not told & workspace.app.last.names
    assert [answer.header(name) for name in ("location", "refresh", "content-location")] == [
        "/x",
        "0; url=/x",
        "/x",
    ]


@pytest.mark.parametrize(
    ("target", "led"),
    [
        ("/", "/w/{id}/"),
        ("/static/x.js?v=1", "/w/{id}/static/x.js?v=1"),
        ("//evil.test/x", "/w/{id}//evil.test/x"),
        ("/a/../b", "/w/{id}/b"),
        ("/a%2Fb", "/w/{id}/a%2Fb"),
        ("/HUBBUB", "/w/{id}/HUBBUB"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_address_that_names_no_path_leads_to_the_door_of_its_host(
    rig: Rig, stripped: Workspace, method: str, target: str, led: str
) -> None:
    answer = await rig.enter(stripped, target, method=method, cookies={}, body=b"")

    assert (answer.status, answer.header("location")) == (307, led.format(id=stripped.id))
    assert answer.header("cache-control") == "no-store"
    assert not stripped.app.seen
    assert not rig.control.asked


@pytest.mark.parametrize(
    "target", ["/hub", "/hub/", "/Hub/x", "//hub/", "/w", "/w/", "/w/x", "/w/../hub/", "/w/%2e%2e/hub/"]
)
async def test_what_is_the_hubs_or_a_door_is_led_nowhere(rig: Rig, stripped: Workspace, target: str) -> None:
    assert (await rig.enter(stripped, target)).status == 404


async def test_on_the_shared_name_an_address_without_a_path_is_nobodys(rig: Rig, stripped: Workspace) -> None:
    for host in (f"localhost:{rig.workspaces_port}", f"127.0.0.1:{rig.workspaces_port}"):
        assert (await rig.enter(stripped, "/static/x.js", host=host)).status == 404


@pytest.mark.parametrize("kind", [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")])
async def test_finding_09_another_page_is_not_led_inside_either(
    rig: Rig, stripped: Workspace, kind: tuple[str, str]
) -> None:
    by_a_page = [kind, ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "script")]

    assert (await rig.enter(stripped, "/static/x.js", headers=by_a_page)).status == 403


async def test_finding_17_a_name_that_only_looks_like_one_is_led_nowhere(
    rig: Rig, stripped: Workspace
) -> None:
    for host in (
        f"x.localhost:{rig.workspaces_port}",
        f"evil.{rig.host(stripped)}",
        f"evil.test,{rig.host(stripped)}",
    ):
        assert (await rig.enter(stripped, "/static/x.js", host=host)).status in (400, 403, 404)
