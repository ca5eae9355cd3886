"""Tickets and graces that are broken, forged, expired, withdrawn or meant for another door, and headers that nobody may say about themselves."""

import base64
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from .browserless import NAVIGATION, Visitor, signed_in
from .running import Carrel, PersonWithToken, eventually, running, small_config
from .unlucky import no_accidents

POOL = '[pools.small]\ntemplate = "small"\nbackend = "local"\nwarm = 4\nlimit = 12\nper_user = 4\n'
REFUSED = (401, 403, 404, 409, 410)


@dataclass(frozen=True, slots=True)
class House:
    """Alice has two workspaces, Bob has one."""

    carrel: Carrel
    alice: PersonWithToken
    bob: PersonWithToken
    own: str
    other: str
    bobs: str
    session: dict[tuple[str, str, str], str]
    """Cookies of Alice's browser, signed in; for those who do not sign out."""

    def key(self) -> tuple[str, Ed25519PrivateKey]:
        """The installation's own, as somebody who read its database would have it."""
        connection = sqlite3.connect(self.carrel.state / "carrel.sqlite")
        kid, pem = connection.execute("SELECT kid, private_pem FROM signing_keys").fetchone()
        connection.close()
        key = load_pem_private_key(pem.encode(), password=None)
        assert isinstance(key, Ed25519PrivateKey)
        return kid, key


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with running(tmp_path_factory.mktemp("tickets"), small_config(POOL)) as carrel:
        alice, bob = await carrel.person("alice"), await carrel.person("bob")
        await carrel.warm("small", 3)
        own = await _named(carrel, alice, "default")
        other = await _named(carrel, alice, "other")
        bobs = await _named(carrel, bob, "default")
        yield House(carrel, alice, bob, own, other, bobs, (await signed_in(carrel, alice)).cookies)


async def _named(carrel: Carrel, person: PersonWithToken, name: str) -> str:
    async with carrel.api(person.token) as api:
        answer = await api.post("/claims", json={"pool": "small", "name": name})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["workspace"]["base_url"])


@pytest.fixture
def house(shared: House) -> Iterator[House]:
    yield shared
    no_accidents(shared.carrel)


async def _inside(house: House, person: PersonWithToken, base: str) -> Visitor:
    """With a session of their own, to sign out of."""
    visitor = await signed_in(house.carrel, person)
    await visitor.enter(base)
    return visitor


async def _alice_inside(house: House) -> Visitor:
    """In her own workspace."""
    visitor = Visitor(house.carrel, dict(house.session))
    await visitor.enter(house.own)
    return visitor


def _ticket(visitor: Visitor, base: str, name: str = "carrel-ticket") -> str:
    return visitor.cookies[_at(base, name)]


def _at(base: str, name: str) -> tuple[str, str, str]:
    parts = urlsplit(base)
    return (parts.hostname or "", parts.path, name)


def _with(house: House, base: str, **cookies: str) -> Visitor:
    """Somebody whose browser has these cookies at this door, and nothing else."""
    jar = {_at(base, f"carrel-{name}"): value for name, value in cookies.items()}
    return Visitor(house.carrel, jar)


async def _kept_out(visitor: Visitor, base: str) -> None:
    """As a script, and as a person who is led to the hub."""
    for headers in ({}, {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "x" * 24}):
        answer = await visitor.get(base + "hello", headers)
        assert answer.status_code in REFUSED, f"{answer.status_code}: {answer.text[:300]}"
        assert "Hello from" not in answer.text
        assert not any("carrel-ticket=ey" in line for line in answer.headers.get_list("set-cookie"))
    page = await visitor.get(base + "hello", NAVIGATION)
    if page.status_code in (302, 303):
        own_address = f"http://{base.split('/')[4]}.localhost:"
        assert page.headers["location"].startswith((visitor.carrel.hub, own_address)), page.headers[
            "location"
        ]
    else:
        assert page.status_code in REFUSED, f"{page.status_code}: {page.text[:300]}"
    assert "Hello from" not in page.text


def _decoded(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


# -- broken and foreign ---------------------------------------------------------------------------------------------------


def _flipped(token: str) -> str:
    head, body, signature = token.split(".")
    middle = len(signature) // 2
    return f"{head}.{body}.{signature[:middle]}{'A' if signature[middle] != 'A' else 'B'}{signature[middle + 1 :]}"


def _foreign(token: str) -> str:
    header, claims = _decoded(token)
    return jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=header)


def _foreign_with_its_own_key(token: str) -> str:
    """The key to check it with goes along, as some libraries would believe."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(public).decode().rstrip("=")}
    _, claims = _decoded(token)
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"jwk": jwk, "kid": "mine"})


def _unsigned(token: str) -> str:
    _, claims = _decoded(token)
    return jwt.encode(claims, None, algorithm="none")


def _hashed(token: str) -> str:
    header, claims = _decoded(token)
    return jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": header["kid"]})


def _longer(token: str) -> str:
    """The claims changed under the old signature."""
    head, _, signature = token.split(".")
    _, claims = _decoded(token)
    body = base64.urlsafe_b64encode(json.dumps({**claims, "exp": int(time.time()) + 90}).encode()).decode()
    return f"{head}.{body.rstrip('=')}.{signature}"


BREAKS: dict[str, Callable[[str], str]] = {
    "cut off": lambda token: token[:-10],
    "without a signature": lambda token: token.rpartition(".")[0] + ".",
    "a bit flipped": _flipped,
    "signed by a stranger under our key's name": _foreign,
    "signed by a stranger who brings the key": _foreign_with_its_own_key,
    "algorithm none": _unsigned,
    "signed with a shared secret": _hashed,
    "made to last longer": _longer,
    "empty": lambda token: "",
    "no token at all": lambda token: "../../../etc/passwd",
    "three dots": lambda token: "...",
    "not even text": lambda token: base64.b64encode(bytes(range(256))).decode(),
    "endless": lambda token: token + "x" * 6000,
}


@pytest.mark.parametrize("broken", BREAKS)
async def test_a_ticket_that_we_did_not_sign_opens_nothing_and_renews_nothing(
    house: House, broken: str
) -> None:
    visitor = await _alice_inside(house)
    real, grace = _ticket(visitor, house.own), _ticket(visitor, house.own, "carrel-grace")
    await _kept_out(_with(house, house.own, ticket=BREAKS[broken](real)), house.own)
    await _kept_out(_with(house, house.own, grace=BREAKS[broken](grace)), house.own)
    await _kept_out(
        _with(house, house.own, ticket=BREAKS[broken](real), grace=BREAKS[broken](grace)), house.own
    )


async def test_a_broken_cookie_beside_a_good_one_does_no_harm(house: House) -> None:
    """A page under the shared domain can toss such cookies; whoever is inside must not be thrown out by it."""
    visitor = await _alice_inside(house)
    ticket = _ticket(visitor, house.own)
    for cookie in (
        f"carrel-ticket={_foreign(ticket)}; carrel-ticket={ticket}",
        f"carrel-ticket={ticket}; carrel-ticket=rubbish; carrel-grace=rubbish",
    ):
        async with house.carrel.browserless() as client:
            answer = await client.get(house.own + "hello", headers={"Cookie": cookie})
        assert answer.status_code == 200, answer.text


# -- another door, another time -------------------------------------------------------------------------------------------


async def test_a_ticket_of_one_workspace_opens_no_other(house: House) -> None:
    visitor = await _alice_inside(house)
    stolen = {"ticket": _ticket(visitor, house.own), "grace": _ticket(visitor, house.own, "carrel-grace")}
    for elsewhere in (house.bobs, house.other):
        await _kept_out(_with(house, elsewhere, **stolen), elsewhere)
        host = urlsplit(elsewhere).netloc
        own_host = elsewhere.replace(host, urlsplit(house.own).netloc)
        await _kept_out(_at_any_path(house, own_host, stolen), own_host)


def _at_any_path(house: House, base: str, cookies: dict[str, str]) -> Visitor:
    host = urlsplit(base).hostname or ""
    return Visitor(house.carrel, {(host, "/", f"carrel-{name}"): value for name, value in cookies.items()})


async def test_a_ticket_is_nothing_to_the_hub_and_a_session_is_nothing_to_a_workspace(house: House) -> None:
    visitor = await _alice_inside(house)
    ticket, grace = _ticket(visitor, house.own), _ticket(visitor, house.own, "carrel-grace")
    at_hub = {
        (host, name): value for (host, _, name), value in visitor.cookies.items() if host == "localhost"
    }
    session = "; ".join(f"{name}={value}" for (_, name), value in at_hub.items())
    assert session, "a session cookie stands at the hub"
    async with house.carrel.browserless() as client:
        for cookie in (f"carrel-ticket={ticket}", f"carrel-grace={grace}", f"carrel-session={ticket}"):
            answer = await client.get(
                f"{house.carrel.hub}api/v1/claims",
                headers={"Cookie": cookie, "Sec-Fetch-Site": "same-origin"},
            )
            assert answer.status_code == 401, answer.text
        for headers in ({"Authorization": f"Bearer {ticket}"}, {"Authorization": f"Bearer {grace}"}):
            assert (await client.get(f"{house.carrel.hub}api/v1/claims", headers=headers)).status_code == 401
            assert (await client.get(house.own + "hello", headers=headers)).status_code in REFUSED
        answer = await client.get(house.own + "hello", headers={"Cookie": session})
        assert answer.status_code == 401, "a hub session alone opens no workspace"
        both = f"carrel-ticket={ticket}; {session}"
        seen = (await client.get(house.own + "seen", headers={"Cookie": both})).json()
    assert all(part not in str(seen) for part in (ticket, *at_hub.values())), (
        "no cookie of ours reaches the app"
    )


async def test_an_expired_ticket_counts_only_as_long_as_its_session_lives(house: House) -> None:
    """A tab that slept goes on. Whoever signed out meanwhile does not, nor does what ended too long ago."""
    visitor = await _inside(house, house.alice, house.own)
    _, claims = _decoded(_ticket(visitor, house.own))
    kid, key = house.key()

    def ended(seconds_ago: float, **changed: Any) -> str:
        told = {**claims, "exp": int(time.time() - seconds_ago), **changed}
        return jwt.encode(told, key, algorithm="EdDSA", headers={"kid": kid})

    asleep = _with(house, house.own, ticket=ended(3600))
    answer = await asleep.get(house.own + "hello")
    assert answer.status_code == 200
    assert _decoded(_ticket(asleep, house.own))[1]["exp"] > time.time(), "renewed"
    await _kept_out(_with(house, house.own, ticket=ended(20 * 24 * 3600)), house.own)
    await _kept_out(_with(house, house.own, ticket=ended(3600, sid="s" + "0" * 15)), house.own)
    bob = (await _me(house, house.bob))["id"]
    await _kept_out(_with(house, house.own, ticket=ended(3600, sub=bob)), house.own)
    await _kept_out(_with(house, house.own, ticket=ended(3600, aud="something-else")), house.own)
    await visitor.sign_out()
    await _kept_out(_with(house, house.own, ticket=ended(3600)), house.own)


async def _me(house: House, person: PersonWithToken) -> dict[str, Any]:
    async with house.carrel.api() as api:
        users = (await api.get("/users", params={"limit": 100})).json()["items"]
    return next(user for user in users if user["name"] == person.name)


async def test_a_ticket_that_lasts_longer_than_ours_do_is_none(house: House) -> None:
    """Even with the right key: what would open for days is not one that Carrel signed."""
    visitor = await _inside(house, house.alice, house.own)
    _, claims = _decoded(_ticket(visitor, house.own))
    kid, key = house.key()
    await visitor.sign_out()
    eternal = jwt.encode(
        {**claims, "exp": int(time.time()) + 7 * 24 * 3600}, key, algorithm="EdDSA", headers={"kid": kid}
    )
    await _kept_out(_with(house, house.own, ticket=eternal), house.own)


async def test_after_signing_out_a_kept_copy_of_ticket_and_grace_is_worthless(house: House) -> None:
    visitor = await _inside(house, house.alice, house.own)
    kept = {"ticket": _ticket(visitor, house.own), "grace": _ticket(visitor, house.own, "carrel-grace")}
    assert (await _with(house, house.own, **kept).get(house.own + "hello")).status_code == 200
    await visitor.sign_out()
    await _kept_out(_with(house, house.own, **kept), house.own)
    await _kept_out(_with(house, house.own, ticket=kept["grace"], grace=kept["ticket"]), house.own)


async def test_ticket_and_grace_are_not_one_another(house: House) -> None:
    """Swapped they are what they say inside: a proof of who comes, which the control plane looks up, and no ticket by themselves."""
    visitor = await _inside(house, house.alice, house.own)
    ticket, grace = _ticket(visitor, house.own), _ticket(visitor, house.own, "carrel-grace")
    swapped = _with(house, house.own, ticket=grace)
    assert (await swapped.get(house.own + "hello")).status_code == 200
    assert _decoded(_ticket(swapped, house.own))[1]["iss"] == _decoded(ticket)[1]["iss"], (
        "given by the control plane"
    )
    await visitor.sign_out()
    await _kept_out(_with(house, house.own, ticket=grace), house.own)


async def test_after_a_release_the_old_door_opens_nothing_for_anybody(house: House) -> None:
    carrel = house.carrel
    await carrel.warm("small", 1)
    async with carrel.api(house.bob.token) as api:
        claim = (await api.post("/claims", json={"pool": "small", "name": "short"})).json()
        base = claim["workspace"]["base_url"]
        visitor = await _inside(house, house.bob, base)
        kept = {"ticket": _ticket(visitor, base), "grace": _ticket(visitor, base, "carrel-grace")}
        assert (await api.delete(f"/claims/{claim['id']}")).status_code == 200

    async def shut() -> bool:
        old = await _with(house, base, **kept).get(base + "hello")
        return old.status_code in (*REFUSED, 503) and "Hello from" not in old.text

    await eventually("Envoy has heard of it", shut, 5)
    page = await visitor.navigate(base + "hello")
    assert "Hello from" not in page.text
    assert "Your saved files are kept" in page.text
    assert house.carrel.hub in page.text, "and led back"


async def test_a_one_time_code_is_bound_to_its_browser_and_spent_once(house: House) -> None:
    visitor = Visitor(house.carrel, dict(house.session))
    first = await visitor.get(house.own + "hello", NAVIGATION)
    at_hub = await visitor.get(first.headers["location"], NAVIGATION)
    with_code = at_hub.headers["location"]
    assert "carrel-code" in parse_qs(urlsplit(with_code).query), with_code
    thief = await Visitor(house.carrel).get(with_code, NAVIGATION)
    assert thief.status_code != 200
    assert "Hello from" not in (await Visitor(house.carrel).navigate(with_code)).text
    entered = await visitor.navigate(with_code)
    assert (entered.status_code, "carrel-code" in str(entered.url)) in ((200, False), (403, False)), (
        entered.text
    )
    stale = Visitor(
        house.carrel, {key: value for key, value in visitor.cookies.items() if key[2] == "carrel-nonce"}
    )
    again = await stale.get(with_code, NAVIGATION)
    assert again.status_code != 200
    assert not any("carrel-ticket=ey" in line for line in again.headers.get_list("set-cookie"))


# -- what nobody may say about themselves ---------------------------------------------------------------------------------

FORGED = {
    "X-Carrel-Door": "/w/{bobs}/",
    "x-carrel-user": "admin",
    "X_Carrel_Door": "/w/{bobs}/",
    "X-Envoy-Original-Path": "/w/{bobs}/hello",
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-User": "admin",
    "X-Real-IP": "6.6.6.6",
    "Forwarded": "for=6.6.6.6;host=evil.example",
    "X-Remote-User": "admin",
    "X-HTTP-Method-Override": "DELETE",
    "X-Original-URL": "/evil",
}


def _forged(house: House) -> dict[str, str]:
    return {name: value.format(bobs=house.bobs.split("/")[4]) for name, value in FORGED.items()}


async def test_an_app_never_hears_what_a_caller_says_about_itself(house: House) -> None:
    visitor = await _alice_inside(house)
    ways: list[dict[str, str]] = [
        {"Cookie": f"carrel-ticket={_ticket(visitor, house.own)}"},
        {"Authorization": f"Bearer {house.alice.token}"},
    ]
    for way in ways:
        async with house.carrel.browserless() as client:
            honest = dict((await client.get(house.own + "seen", headers=way)).json()["headers"])
            answer = await client.get(house.own + "seen", headers={**_forged(house), **way})
        assert answer.status_code == 200, answer.text
        heard = dict(answer.json()["headers"])
        assert "6.6.6.6" not in str(heard)
        assert "evil" not in str(heard)
        assert "admin" not in heard.values()
        for name in ("x-forwarded-for", "x-forwarded-proto", "host"):
            assert heard[name] == honest[name]
        assert not any(name.startswith("x-carrel") for name in heard), heard


async def test_no_header_opens_a_door(house: House) -> None:
    for door in (house.own, house.bobs):
        headers = {**_forged(house), "X-Carrel-Door": urlsplit(door).path}
        async with house.carrel.browserless() as client:
            stranger = await client.get(door + "hello", headers=headers)
        assert stranger.status_code == 401
    async with house.carrel.browserless() as client:
        alice = {**_forged(house), "Authorization": f"Bearer {house.alice.token}"}
        assert (await client.get(house.bobs + "hello", headers=alice)).status_code == 403
        own = await client.get(house.own + "hello", headers=alice)
        assert house.own.split("/")[4] in own.text, "and none leads somewhere else"


async def test_the_hub_believes_the_connection_and_not_the_caller(house: House) -> None:
    forged = _forged(house)
    async with house.carrel.api(house.alice.token) as api:
        assert (await api.get("/claims", headers=forged)).status_code == 400, (
            "no name with an underscore passes"
        )
        del forged["X_Carrel_Door"]
        told = await api.get("/claims", headers=forged)
        assert told.status_code == 200
        assert "evil" not in told.text, "no address is built from what a caller says"
        kept = await api.post("/claims", json={"pool": "small"}, headers=forged)
        assert kept.status_code == 200, "no override makes another method of it"
    async with house.carrel.api() as api:
        book = (await api.get("/audit", params={"limit": 200})).text
    assert "6.6.6.6" not in book
    assert "evil" not in book
