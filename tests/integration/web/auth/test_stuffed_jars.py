"""Requests that are too large before their body begins. Only a stuffed jar is emptied: a long link may come from anybody."""

import pytest

from .house import HUB, House, navigation

STUFFED = "; ".join(f"big{number}={'x' * 4000}" for number in range(180))
SCRIPT = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}


async def test_finding_18_a_stuffed_jar_is_emptied_for_pages_and_scripts(house: House) -> None:
    for headers in (navigation("none"), SCRIPT):
        answer = await house.browser().fetch(f"{HUB}/hub/", cookie=STUFFED, **headers)
        assert (answer.status_code, answer.headers["clear-site-data"]) == (431, '"cookies"')
        assert "deleted" in answer.text
        assert "xxxx" not in answer.text


async def test_finding_18_a_jar_that_is_full_but_not_stuffed_does_no_harm(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    secret = browser.named("carrel-session")[0]
    others = "; ".join(f"other{number}={'x' * 4000}" for number in range(10))
    answer = await house.browser().fetch(
        f"{HUB}/hub/api/v1/pools", cookie=f"{others}; carrel-session={secret}"
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("kilobytes", [20, 60])
async def test_a_long_address_is_refused_and_empties_nothing(house: House, kilobytes: int) -> None:
    await house.person("ada")
    for browser in (house.browser(), await house.signed_in("ada")):
        before = dict(browser.jar)
        for path in ("/hub/", "/hub/sign-in", "/hub/open/lab", "/hub/api/v1/pools"):
            answer = await browser.fetch(
                f"{HUB}{path}?next={'y' * kilobytes * 1024}", **navigation("cross-site")
            )
            assert (answer.status_code, answer.json()["code"]) == (414, "too_large")
            assert "clear-site-data" not in answer.headers
        assert browser.jar == before


async def test_large_headers_are_refused_and_empty_nothing(house: House) -> None:
    answer = await house.browser().fetch(f"{HUB}/hub/", **{"x-big": "x" * 120_000})
    assert (answer.status_code, answer.json()["code"]) == (431, "too_large")
    assert "clear-site-data" not in answer.headers
