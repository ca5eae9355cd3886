"""What the hub refuses before anybody is asked, and what it tells browsers to trust."""

from typing import Any

import pytest

from .house import HUB, House, navigation

API = f"{HUB}/hub/api/v1/pools"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Same-Site", "odd"])
async def test_finding_4_other_pages_read_nothing_with_somebodys_session(house: House, site: str) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    for destination in ("empty", "iframe", "image", "script", "style", "object", "document"):
        headers = {"sec-fetch-site": site, "sec-fetch-dest": destination, "sec-fetch-mode": "no-cors"}
        assert (await browser.fetch(API, **headers)).status_code == 403, destination
    framed = {"sec-fetch-site": site, "sec-fetch-dest": "iframe", "sec-fetch-mode": "navigate"}
    assert (await browser.fetch(f"{HUB}/hub/", **framed)).status_code == 403


async def test_a_link_from_anywhere_may_be_followed(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    for site in ("cross-site", "same-site", "same-origin", "none"):
        assert (await browser.open(f"{HUB}/hub/", **navigation(site))).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-site", "origin": "http://localhost:8001"},
        {"sec-fetch-site": "cross-site", "origin": "http://waaaaaaaaaaaaaaa.localhost:8001"},
        {"sec-fetch-site": "same-origin", "origin": "http://localhost:8001"},
        {"sec-fetch-site": "same-origin", "origin": "http://localhost"},
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {"sec-fetch-site": "same-origin", "origin": "https://localhost:8000"},
        {"sec-fetch-site": "cross-site"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "ODD"])
async def test_finding_4_other_pages_change_nothing(
    house: House, method: str, headers: dict[str, str]
) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    answer = await browser.send(method, f"{HUB}/hub/api/v1/claims", body=b'{"pool": "lab"}', **headers)
    assert answer.status_code == 403


async def test_our_own_pages_may_and_127_0_0_1_is_localhost(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    for origin in (HUB, "http://127.0.0.1:8000"):
        answer = await browser.send(
            "POST",
            f"{HUB}/hub/api/v1/claims",
            body=b'{"pool": "nowhere"}',
            **{"origin": origin, "sec-fetch-site": "same-origin", "content-type": "application/json"},
        )
        assert answer.status_code == 404


async def test_cookies_without_a_word_of_where_from_are_no_browsers(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    answer = await browser.send("POST", f"{HUB}/hub/api/v1/claims", body=b"{}")
    assert answer.status_code == 403
    assert "token" in answer.json()["detail"]


async def test_scripts_with_a_token_are_asked_for_nothing_of_the_kind(house: House) -> None:
    answer = await house.browser().send(
        "POST", f"{HUB}/hub/api/v1/claims", body=b"{}", authorization="Bearer crl_wrong"
    )
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_beside_a_wrong_token_a_session_counts_for_nothing(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    assert (await browser.fetch(API)).status_code == 200
    for value in ("Bearer crl_wrong", "Bearer ", "Basic YTpi", "crl_x", ""):
        assert (await browser.fetch(API, authorization=value)).status_code == 401


async def test_every_answer_carries_the_walls(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    for url in (
        f"{HUB}/hub/",
        API,
        f"{HUB}/hub/nothing",
        f"{HUB}/hub/static/carrel.css",
        f"{HUB}/hub/sign-in",
    ):
        headers = (await browser.open(url)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-opener-policy"] == "same-origin"


async def test_pages_are_kept_by_nobody_and_files_for_a_while(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    assert (await browser.open(f"{HUB}/hub/")).headers["cache-control"] == "no-store"
    assert "max-age" in (await browser.open(f"{HUB}/hub/static/carrel.css")).headers["cache-control"]


async def test_pages_need_no_inline_script_or_style(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    for url in (f"{HUB}/hub/", f"{HUB}/hub/open/lab", f"{HUB}/hub/nothing"):
        text = (await browser.open(url)).text
        assert "<style" not in text
        assert " style=" not in text
        assert "onclick" not in text
        assert "<script>" not in text


async def test_a_large_form_is_refused(house: House) -> None:
    browser = house.browser()
    answer = await browser.post("/hub/sign-in", {"name": "x" * 2_000_000})
    assert answer.status_code == 413


async def test_static_files_lead_nowhere_else(house: House) -> None:
    browser = house.browser()
    for path in ("../security.py", "%2e%2e/security.py", "..%2fsecurity.py", "/etc/passwd", ""):
        assert (await browser.open(f"{HUB}/hub/static/{path}")).status_code in (404, 405), path


async def test_people_get_a_page_and_scripts_a_problem_for_what_is_not_there(house: House) -> None:
    browser = house.browser()
    page = await browser.open(f"{HUB}/hub/nothing")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    problem = await browser.fetch(f"{HUB}/hub/nothing")
    assert (problem.status_code, problem.headers["content-type"]) == (404, "application/problem+json")


async def test_the_internal_paths_are_not_served_by_the_hub(house: House) -> None:
    for path in ("/hub/internal/health", f"/hub/internal/authorize/w/{'a' * 16}/"):
        assert (await house.browser().fetch(HUB + path)).status_code == 404


@pytest.mark.parametrize(
    "cookie", ["carrel-session", "carrel-session=", "=x", ";;;", "carrel-session=\x7f", "a" * 8000]
)
async def test_odd_cookies_are_nobodys(house: House, cookie: Any) -> None:
    assert (await house.browser().fetch(API, cookie=cookie)).status_code == 401
