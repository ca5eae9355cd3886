"""No page without a permission: every route that the hub has for people, asked by strangers, by the wrong person, and without a form."""

from typing import Any

import httpx
from starlette.routing import Route

from carrel.domain.actor import Role, Scope
from carrel.web.pages.routes import hub_routes

from .asking import NAVIGATION

House = Any
SIGN_IN = "/hub/sign-in"
OPEN_TO_ALL = {("GET", SIGN_IN), ("POST", SIGN_IN)}
"""Whoever signs in is nobody yet; that form has a key of its own, and tests of its own."""

ROUTES = [
    (method, route.path)
    for route in hub_routes()
    if isinstance(route, Route)
    for method in sorted((route.methods or set()) - {"HEAD"})
]
CLOSED = [found for found in ROUTES if found not in OPEN_TO_ALL]
FORMS = [path for method, path in CLOSED if method == "POST"]
FOR_ADMINS = [(method, path) for method, path in CLOSED if path.startswith("/hub/admin")]
OF_SOMEBODY = [
    (method, path)
    for method, path in CLOSED
    if not path.startswith("/hub/admin")
    and any(f"{{{one}}}" in path for one in ("claim_id", "workspace_id", "home_id"))
]


def at(path: str, **places: str) -> str:
    """The route's address, whatever it names standing for something that could be there."""
    for name in ("claim_id", "workspace_id", "user_id", "token_id", "report_id", "home_id"):
        path = path.replace(f"{{{name}}}", places.get(name, "x" * 16))
    for name, word in {"pool": "lab", "name": "lab", "switch": "pause", "change": "make-admin"}.items():
        path = path.replace(f"{{{name}}}", word)
    return path.replace("{door:path}", f"/w/{'x' * 16}/")


async def key_of(client: httpx.AsyncClient) -> dict[str, str]:
    """What every form of this browser carries."""
    page = (await client.get("/hub/account", headers=NAVIGATION)).text
    return {"form_key": page.partition('name="form_key" value="')[2].partition('"')[0]}


def test_there_are_routes_to_ask() -> None:
    assert set(ROUTES) > OPEN_TO_ALL
    assert min(len(FORMS), len(FOR_ADMINS)) > 20
    assert len(OF_SOMEBODY) > 6


async def test_strangers_and_tokens_are_sent_to_sign_in(house: House) -> None:
    """A token is for scripts: a page would lend it what only a person may, such as going into somebody's workspace."""
    root = await house.person("root", Role.ADMIN)
    for client in (await house.client(), await house.script(root, *Scope)):
        for method, path in CLOSED:
            answer = await client.request(method, at(path), headers=NAVIGATION)
            led_to = answer.headers.get("location", "").partition("?")[0]
            assert (answer.status_code, led_to) == (303, SIGN_IN), f"{method} {path}"


async def test_what_is_for_admins_is_refused_to_everybody_else(house: House) -> None:
    await house.pool()
    eve = await house.browser(await house.person("eve"))
    key = await key_of(eve)
    for method, path in FOR_ADMINS:
        fields = key if method == "POST" else None
        answer = await eve.request(method, at(path), headers=NAVIGATION, data=fields)
        assert answer.status_code == 403, f"{method} {path}"
        assert "Only an admin may do that." in answer.text


async def test_no_form_does_anything_without_its_key(house: House) -> None:
    await house.pool()
    root = await house.browser(await house.person("root", Role.ADMIN))
    other = await key_of(await house.browser(await house.person("other", Role.ADMIN)))
    for path in FORMS:
        for fields in ({}, {"form_key": "ü"}, other):
            answer = await root.post(at(path), headers=NAVIGATION, data=fields)
            assert answer.status_code == 403, path
            assert "This page was too old, or came from somewhere else." in answer.text


async def test_somebody_elses_is_not_there(house: House) -> None:
    await house.pool()
    await house.warm()
    ada = await house.browser(await house.person("ada"))
    claim = (await ada.post("/hub/api/v1/claims", json={"pool": "lab"})).json()
    home = (await ada.post("/hub/api/v1/homes", json={"name": "thesis"})).json()
    eve = await house.browser(await house.person("eve"))
    key = await key_of(eve)
    for method, path in OF_SOMEBODY:
        address = at(path, claim_id=claim["id"], workspace_id=claim["workspace"]["id"], home_id=home["id"])
        fields = key | {"hours": "1", "name": "hers"} if method == "POST" else None
        answer = await eve.request(method, address, headers=NAVIGATION, data=fields)
        assert answer.status_code == 404, f"{method} {path}"
        assert claim["workspace"]["id"] not in answer.text
    hers = (await ada.get(f"/hub/api/v1/claims/{claim['id']}")).json()
    assert (hers["state"], hers["workspace"]) == ("held", claim["workspace"])
