"""Over https the hub believes a session under its strong name alone; on plain http a browser may not take that name."""

from dataclasses import replace

import pytest
from starlette.datastructures import Headers

from carrel.domain.address import Addresses
from carrel.web import cookies
from carrel.web.app import hub_app

from .house import HUB, House, navigation

STRONG, PLAIN = "__Host-Http-carrel-session", "carrel-session"
SECURE = Addresses("https://hub.example.org", "https", "workspaces.example.net", None)


@pytest.mark.parametrize(("name", "counts"), [(STRONG, True), (PLAIN, False)])
async def test_finding_10_over_https_only_the_strong_name_signs_anybody_in(
    house: House, name: str, counts: bool
) -> None:
    """A page of a sibling host can set the plain one, and make a visitor somebody else without their knowing."""
    await house.person("mallory")
    secret = (await house.signed_in("mallory")).named(PLAIN)[0]
    victim = house.browser()
    victim.hub = hub_app(replace(house.context, addresses=SECURE))
    page = await victim.open(f"{HUB}/hub/", cookie=f"{name}={secret}", **navigation("none"))
    script = await victim.fetch(f"{HUB}/hub/api/v1/pools", cookie=f"{name}={secret}")
    assert (page.status_code, script.status_code) == ((200, 200) if counts else (303, 401))


async def test_finding_10_over_https_a_plain_session_beside_the_strong_one_disturbs_nobody(
    house: House,
) -> None:
    await house.person("ada")
    secret = (await house.signed_in("ada")).named(PLAIN)[0]
    browser = house.browser()
    browser.hub = hub_app(replace(house.context, addresses=SECURE))
    answer = await browser.fetch(f"{HUB}/hub/api/v1/pools", cookie=f"{PLAIN}=forged; {STRONG}={secret}")
    assert answer.status_code == 200


def test_the_probe_is_read_under_the_same_names() -> None:
    plain = Headers({"cookie": "carrel-probe=x"})
    strong = Headers({"cookie": "__Host-Http-carrel-probe=x"})
    assert cookies.probe(plain, secure=True) is None
    assert cookies.probe(plain, secure=False) == ("x", False)
    assert cookies.probe(strong, secure=True) == cookies.probe(strong, secure=False) == ("x", True)
