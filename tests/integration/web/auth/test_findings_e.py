"""Section E of the data plane's findings: the rules that Envoy cannot keep for us. Those about codes and renewal are in test_entry."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carrel.rules.authorize import Go
from carrel.services import entry
from carrel.services.entry import Answer
from carrel.web import internal

from .house import HUB, Browser, House, navigation


async def break_down(*_: object) -> Answer:
    raise RuntimeError("the store is on fire: secret-of-somebody")


@pytest.mark.parametrize("kind", ["person", "script"])
async def test_finding_e1_an_accident_is_a_refusal_and_no_5xx(
    house: House, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    workspace = await house.workspace(await house.person("ada"))
    monkeypatch.setattr(entry, "answer", break_down)
    browser = house.browser()
    answer = await (browser.open if kind == "person" else browser.fetch)(house.url(workspace))
    assert answer.status_code == internal.UNSURE
    assert 400 <= answer.status_code < 500
    assert "x-carrel-door" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert "secret-of-somebody" not in answer.text
    assert answer.headers["retry-after"] == "2"


async def test_finding_e1_an_accident_in_the_rule_itself_is_a_refusal_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = await house.workspace(await house.person("ada"))

    def wrong(*_: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(entry, "authorize", wrong)
    assert (await house.browser().fetch(house.url(workspace))).status_code == internal.UNSURE


async def test_finding_e1_a_verdict_that_is_none_lets_nobody_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = await house.workspace(await house.person("ada"))

    async def nothing(*_: object) -> Answer:
        return Answer(None)  # type: ignore[arg-type]

    monkeypatch.setattr(entry, "answer", nothing)
    assert (await house.browser().fetch(house.url(workspace))).status_code == internal.UNSURE


async def test_finding_e1_one_that_takes_too_long_is_refused_before_envoy_gives_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = await house.workspace(await house.person("ada"))

    async def slow(*_: object) -> Answer:
        await asyncio.sleep(60)
        return Answer(Go("/w/x/", None))

    monkeypatch.setattr(entry, "answer", slow)
    monkeypatch.setattr(internal, "PATIENCE", 0.05)
    assert (await house.browser().fetch(house.url(workspace))).status_code == internal.UNSURE
    assert internal.PATIENCE < 5


async def test_finding_e1_a_broken_store_refuses(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    await house.context.store.aclose()
    assert (await house.browser().fetch(house.url(workspace))).status_code == internal.UNSURE


async def test_finding_e1_nothing_else_is_served_on_the_authorizers_socket(house: House) -> None:
    transport = httpx.ASGITransport(house.authorizer)
    async with httpx.AsyncClient(transport=transport, base_url="http://authorizer") as client:
        assert (await client.get("/hub/internal/health")).status_code == 200
        for path in ("/", "/hub/", "/hub/api/v1/pools", "/hub/internal/", "/hub/internal/authorize", "/w/x/"):
            assert (await client.get(path)).status_code in (307, 404), path


async def test_finding_e1_a_websocket_to_the_authorizer_is_closed(house: House) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/hub/internal/authorize/w/waaaaaaaaaaaaaaa/",
        "raw_path": b"/hub/internal/authorize/w/waaaaaaaaaaaaaaa/",
        "query_string": b"",
        "headers": [],
        "root_path": "",
    }
    await house.authorizer(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


paths = st.text().map(lambda text: f"/w/waaaaaaaaaaaaaaa/{text}") | st.text()
headers = st.dictionaries(
    st.sampled_from(
        ["cookie", "authorization", "accept", "sec-fetch-mode", "sec-fetch-dest", "upgrade", "host"]
    ),
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=200)
    | st.sampled_from(
        ["carrel-ticket=x.y.z", "carrel-nonce=" + "a" * 43, "Bearer crl_x", "text/html", "navigate"]
    ),
)


@settings(
    derandomize=True, database=None, deadline=None, max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(path=paths, query=st.text(max_size=300), sent=headers)
async def test_finding_e1_whatever_a_stranger_sends_is_a_refusal_or_a_redirect(
    house: House, path: str, query: str, sent: dict[str, str]
) -> None:
    answer = await raw(house, path.encode("utf-8", "replace"), query.encode("utf-8", "replace"), sent)
    assert 300 <= answer["status"] < 500
    names = {name.lower() for name, _ in answer["headers"]}
    assert b"x-carrel-door" not in names
    for name, value in answer["headers"]:
        assert b"\r" not in value
        assert b"\n" not in value
        assert len(value) < 8192, name


async def raw(house: House, path: bytes, query: bytes, sent: dict[str, str]) -> Any:
    """Below httpx, which would tidy up."""
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/hub/internal/authorize/w/x",
        "raw_path": b"/hub/internal/authorize" + path,
        "query_string": query,
        "headers": [(name.encode(), value.encode("latin-1", "replace")) for name, value in sent.items()],
        "root_path": "",
    }
    await house.authorizer(scope, receive, send)
    return messages[0]


async def test_finding_e1_only_listed_headers_are_needed_by_whoever_is_refused(house: House) -> None:
    """Envoy passes on nothing else: what a page must say has to be in these (finding 10b)."""
    listed = {
        *("set-cookie", "location", "content-type", "cache-control", "content-security-policy"),
        *("x-frame-options", "referrer-policy", "www-authenticate", "retry-after", "vary", "content-length"),
    }
    workspace = await house.workspace(await house.person("ada"))
    browser = house.browser()
    for answer in (
        await browser.open(house.url(workspace)),
        await browser.fetch(house.url(workspace)),
        await browser.open(house.url(workspace).replace(workspace.id, "w" + "z" * 15)),
    ):
        assert set(answer.headers) <= listed
        assert answer.headers["cache-control"] == "no-store"


async def test_finding_e4_redirects_come_from_configuration_and_never_from_the_host_that_was_sent(
    house: House,
) -> None:
    workspace = await house.workspace(await house.person("ada"))
    browser = house.browser()
    for host in (
        "evil.example",
        "localhost.evil.example:8001",
        f"{workspace.id}.evil.example",
        "",
        "127.0.0.1:8001",
    ):
        answer = await browser.open(house.url(workspace), host=host)
        assert answer.headers["location"].startswith(
            f"http://{workspace.id}.localhost:8001/w/{workspace.id}/"
        )
    for host in (f"{workspace.id}.LOCALHOST:8001",):
        answer = await browser.open(house.url(workspace), host=host)
        assert answer.headers["location"].startswith(f"{HUB}/hub/enter")


async def test_finding_3_a_long_address_gets_a_short_answer(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    answer = await raw(
        house,
        f"/w/{workspace.id}/x".encode(),
        b'"' * 30_000,
        {"host": f"{workspace.id}.localhost:8001", **navigation("none")},
    )
    assert answer["status"] == 302
    assert sum(len(name) + len(value) for name, value in answer["headers"]) < 4096


async def test_finding_a1_under_the_shared_name_people_are_led_to_the_workspaces_own(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    browser = await house.signed_in("ada")
    shared = f"http://localhost:8001/w/{workspace.id}/lab"
    assert (await browser.open(shared)).headers["location"] == house.url(workspace)
    assert (await browser.fetch(shared)).status_code == 401


async def test_a_denied_page_is_plain_and_lets_nothing_run(house: House) -> None:
    browser: Browser = house.browser()
    answer = await browser.open("http://waaaaaaaaaaaaaaa.localhost:8001/w/waaaaaaaaaaaaaaa/<script>")
    assert answer.status_code == 404
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
