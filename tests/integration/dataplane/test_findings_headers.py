"""Findings about headers and cookies that must not pass, in either direction (docs/reference/findings.md)."""

import pytest

from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import WorkspaceId
from carrel.domain.route import Route

from .raw import App, Message, Reply, ask
from .rig import Rig, Workspace, until

FORGED = [
    "x-carrel-door",
    "X-Carrel-Door",
    "x-carrel-workspace",
    "x_carrel_door",
    "X_Carrel-Door",
    "x-envoy-upstream-stream-duration-ms",
    "x-envoy-original-path",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-access-token",
    "x-forwarded-preferred-username",
    "x-rstudio-username",
    "x-auth-request-user",
    "x-amzn-oidc-identity",
    "remote-user",
    "x-remote-user",
    "forwarded",
    "x-real-ip",
    "x-original-url",
    "x-rewrite-url",
    "x-script-name",
    "x-http-method-override",
    "proxy",
    "proxy-authorization",
]


@pytest.mark.parametrize("name", FORGED)
async def test_finding_01_and_16_names_that_only_we_may_say_are_taken_from_clients(
    rig: Rig, workspace: Workspace, other: Workspace, name: str
) -> None:
    answer = await rig.enter(workspace, headers=[(name, other.door), (name, "again")])

    assert answer.status == 200
    assert answer.text == workspace.app.name
    assert name.lower() not in workspace.app.last.names
    assert not any("again" in value or other.door in value for _, value in workspace.app.last.headers)


@pytest.mark.parametrize("name", ["x-carrel-door", "X-CARREL-DOOR", "x_carrel_door"])
async def test_finding_01_a_forged_door_opens_nothing(
    rig: Rig, workspace: Workspace, other: Workspace, name: str
) -> None:
    for doors in ([workspace.door], [workspace.door, workspace.door], [f"{other.door},{workspace.door}"]):
        answer = await rig.enter(workspace, cookies={}, headers=[(name, door) for door in doors])
        assert answer.status == 401
    for door in (workspace.door, other.door):
        mine_at_others = {"carrel-ticket": rig.signer.ticket(workspace.id)}
        answer = await rig.enter(other, cookies=mine_at_others, headers=[(name, door)])
        assert answer.status == 401

    assert not workspace.app.seen
    assert not other.app.seen


async def test_finding_01_a_door_cannot_be_smuggled_as_a_hop_or_in_trailers(
    rig: Rig, workspace: Workspace
) -> None:
    hop = [("connection", "x-carrel-door"), ("x-carrel-door", workspace.door)]
    assert (await rig.enter(workspace, cookies={}, headers=hop)).status in (400, 401)

    trailed = [("transfer-encoding", "chunked"), ("trailer", "x-carrel-door")]
    chunks = f"2\r\nok\r\n0\r\nx-carrel-door: {workspace.door}\r\n\r\n".encode()
    said = rig.said(workspace, cookies={}, method="POST", headers=trailed) + chunks
    assert (await ask(rig.workspaces_port, said)).status == 401
    assert not workspace.app.seen


async def test_finding_10_an_app_sets_no_cookie_of_ours_nor_outside_its_door(
    rig: Rig, workspace: Workspace, app: App
) -> None:
    door = workspace.door
    app_says = [
        ("carrel-session=stolen; Path=/hub/", None),
        ("CARREL-ticket=x; Path=/", None),
        (" carrel-ticket =x", None),
        ("__Host-Http-carrel-session=x; Path=/; Secure", None),
        ("=carrel-ticket=x", None),
        ("carrel-ticket", None),
        ("; Path=/", None),
        ("theme=dark; Path=/", f"theme=dark; Path={door}"),
        ("theme=dark; path=/hub/; HttpOnly", f"theme=dark; Path={door}; HttpOnly"),
        (f"theme=dark; Path={door}lab", f"theme=dark; Path={door}lab"),
        ("theme=dark; Domain=localhost; Secure", "theme=dark; Secure"),
        ("theme=dark; DOMAIN = .localhost", "theme=dark"),
        (f"theme=dark; Path=/; Path={door}", f"theme=dark; Path={door}; Path={door}"),
        (f"theme=dark; Path={door.rstrip('/')}", f"theme=dark; Path={door.rstrip('/')}"),
        (f"theme=dark; Path={door.rstrip('/')}x", f"theme=dark; Path={door}"),
        ("theme=dark", "theme=dark"),
    ]

    async def handler(_: Message) -> Reply:
        return Reply(headers=tuple(("set-cookie", said) for said, _ in app_says))

    app.handler = handler
    answer = await rig.enter(workspace)

    assert answer.every("set-cookie") == [passed for _, passed in app_says if passed is not None]


async def test_finding_10b_a_refusal_passes_on_only_the_headers_that_are_meant_for_browsers(
    rig: Rig, workspace: Workspace
) -> None:
    async def decide(_: Message) -> Reply:
        private = (
            ("x-carrel-door", workspace.door),
            ("authorization", "token s"),
            ("x-internal-note", "n"),
            ("server", "s"),
        )
        return Reply(302, (*private, ("location", "/hub/"), ("set-cookie", "carrel-nonce=1; Path=/w/")))

    rig.control.decide = decide
    answer = await rig.enter(workspace, cookies={})

    assert answer.status == 302
    assert answer.header("set-cookie") == "carrel-nonce=1; Path=/w/"
    assert not answer.names & {"x-carrel-door", "authorization", "x-internal-note"}
    assert answer.header("cache-control") == "no-store"


REACHING_BEYOND = [
    "service-worker-allowed",
    "clear-site-data",
    "strict-transport-security",
    "public-key-pins",
    "alt-svc",
    "nel",
    "report-to",
    "reporting-endpoints",
    "accept-ch",
    "set-cookie2",
    "origin-agent-cluster",
    "x-envoy-upstream-service-time",
    "x-carrel-door",
    "secure-session-registration",
    "attribution-reporting-register-source",
]


async def test_finding_11_headers_that_reach_beyond_one_workspace_are_taken_from_apps(
    rig: Rig, workspace: Workspace, app: App
) -> None:
    async def handler(_: Message) -> Reply:
        return Reply(headers=(*((name, "x") for name in REACHING_BEYOND), ("x-own", "kept")))

    app.handler = handler
    answer = await rig.enter(workspace)

    assert not answer.names & set(REACHING_BEYOND)
    assert answer.header("x-own") == "kept"
    assert answer.header("cross-origin-resource-policy") == "same-origin"


async def test_finding_13_a_callers_authorization_never_reaches_an_app(
    rig: Rig, workspace: Workspace
) -> None:
    await rig.enter(workspace, headers=[("authorization", "Bearer crl_secret"), ("Authorization", "Basic x")])

    assert workspace.app.last.every("authorization") == [f"token {workspace.secret}"]


async def test_finding_13_not_even_where_the_table_holds_no_secret(rig: Rig) -> None:
    """`rules.endpoints` refuses such a row; this is the second lock."""
    bare = await rig.add()
    route = Route(WorkspaceId(bare.id), Endpoint("127.0.0.1", bare.port), "")
    await rig.files.publish([*(one.route for one in rig.workspaces if one is not bare), route])

    async def reached() -> bool:
        return (await rig.enter(bare, headers=[("authorization", "Bearer crl_secret")])).status == 200

    await until(reached)

    assert not any("crl_secret" in value for message in bare.app.seen for _, value in message.headers)
    rig.workspaces.remove(bare)
    await rig.publish()
    await bare.app.stop()


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        ("carrel-ticket={t}", None),
        ("carrel-ticket={t}; theme=dark", "theme=dark"),
        ("theme=dark; carrel-ticket={t}", "theme=dark"),
        ("a=1; carrel-ticket={t}; b=2; carrel-grace=x; c=3", "a=1; b=2; c=3"),
        ("carrel-grace=y;carrel-ticket={t};_xsrf=2|a", "_xsrf=2|a"),
        ("not-carrel-x=1; carrel-ticket={t}; xcarrel-=2", "not-carrel-x=1; xcarrel-=2"),
        ('carrel-ticket={t}; q="carrel-grace=z"', 'q="carrel-grace=z"'),
    ],
)
async def test_finding_14_our_cookies_do_not_reach_the_app_and_its_own_do(
    rig: Rig, workspace: Workspace, sent: str, arrives: str | None
) -> None:
    cookie = sent.format(t=rig.signer.ticket(workspace.id))

    answer = await rig.enter(workspace, cookies={}, headers=[("cookie", cookie)])

    assert answer.status == 200
    assert workspace.app.last.every("cookie") == ([arrives] if arrives else [])


async def test_finding_14_cookies_that_an_app_cannot_be_sent_whole_are_not_sent_with_ours(
    rig: Rig, workspace: Workspace
) -> None:
    cookie = f"carrel-ticket={rig.signer.ticket(workspace.id)}; own={'x' * 12_000}"

    answer = await rig.enter(workspace, cookies={}, headers=[("cookie", cookie)])

    assert answer.status in (200, 431)
    assert not any("carrel-" in value for message in workspace.app.seen for value in message.every("cookie"))


def is_ours(said: list[str]) -> bool:
    """One address, and not the one the client claimed. (Envoy says its machine's address in place of 127.0.0.1.)"""
    return len(said) == 1 and "203.0.113.7" not in said[0] and said[0].count(".") == 3


async def test_finding_16_an_app_learns_the_real_address_and_no_claimed_one(
    rig: Rig, workspace: Workspace
) -> None:
    await rig.enter(workspace, headers=[("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https")])

    assert is_ours(workspace.app.last.every("x-forwarded-for"))
    assert workspace.app.last.every("x-forwarded-proto") == ["http"]


async def test_finding_16_the_authorizer_learns_the_real_address_host_and_path(
    rig: Rig, workspace: Workspace
) -> None:
    await rig.enter(workspace, "lab?x=%2f", cookies={"a": "b"}, headers=[("x-forwarded-for", "203.0.113.7")])

    (asked,) = rig.control.asked
    assert is_ours(asked.every("x-forwarded-for"))
    assert asked.header("host") == rig.host(workspace)
    assert asked.target == f"/hub/internal/authorize{workspace.door}lab?x=%2f"
    assert asked.header("cookie") == "a=b"


async def test_finding_16_the_hub_learns_the_real_address(rig: Rig) -> None:
    await rig.hub(
        headers=[("x-forwarded-for", "203.0.113.7"), ("x-forwarded-user", "root"), ("x-carrel-user", "root")]
    )

    last = rig.control.hub.last
    assert is_ours(last.every("x-forwarded-for"))
    assert not last.names & {"x-forwarded-user", "x-carrel-user"}


async def test_finding_18_a_browsers_whole_jar_reaches_the_hub_that_can_empty_it(
    rig: Rig, workspace: Workspace
) -> None:
    stuffed = [("cookie", "; ".join(f"c{n}={'x' * 4000}" for n in range(180)))]

    hub = await rig.hub(headers=stuffed)
    room = await rig.enter(workspace, cookies={}, headers=stuffed[:1])

    assert hub.status == 200
    assert len(rig.control.hub.last.header("cookie") or "") > 700_000
    assert room.status == 431


@pytest.mark.parametrize("kilobytes", [100, 900])
async def test_finding_18_an_address_that_is_too_long_empties_no_jar(
    rig: Rig, workspace: Workspace, kilobytes: int
) -> None:
    """Any page of the world can lead somebody there."""
    long = "x?" + "y" * kilobytes * 1024

    for answer in (await rig.hub(f"/hub/{long}"), await rig.enter(workspace, long, cookies={})):
        assert answer.header("clear-site-data") is None
    assert not workspace.app.seen


async def test_finding_25_what_an_app_could_replay_never_reaches_it(rig: Rig, workspace: Workspace) -> None:
    cookies = {
        "carrel-ticket": rig.signer.ticket(workspace.id),
        "carrel-grace": rig.signer.grace(workspace.id),
    }

    await rig.enter(workspace, cookies=cookies, headers=[("authorization", "Bearer crl_x")])
    async with rig.stream(workspace, cookies=cookies):
        pass

    said = " ".join(f"{name}: {value}" for message in workspace.app.seen for name, value in message.headers)
    assert len(workspace.app.seen) == 2
    assert "eyJ" not in said
    assert "crl_" not in said
