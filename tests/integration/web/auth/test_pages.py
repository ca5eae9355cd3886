"""The plain pages: open, wait, go in, give back, and read why something ended."""

import pytest

from carrel.domain.actor import System
from carrel.domain.claim import ClaimState
from carrel.services import claims, workspaces

from .house import HUB, Browser, House, form_fields


async def home(browser: Browser) -> str:
    return (await browser.open(f"{HUB}/hub/")).text


async def test_strangers_are_asked_to_sign_in_and_come_back(house: House) -> None:
    for path in ("/hub/", "/hub/open/lab", "/hub/claims/x", "/hub/workspaces/x", "/hub/enter?workspace=x"):
        answer = await house.browser().open(HUB + path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/hub/sign-in?next=%2Fhub%2F")


async def test_the_way_from_a_dead_door_leads_to_what_became_of_the_workspace(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    browser = await house.signed_in("ada")
    answer = await browser.open(f"{HUB}/hub/why/w/{workspace.id}/")
    assert answer.headers["location"] == f"/hub/workspaces/{workspace.id}"
    for odd in ("-", "", "/w/x/", "//example.org/"):
        assert (await browser.open(f"{HUB}/hub/why{odd}")).headers["location"] == "/hub/"


async def test_the_first_page_offers_each_pool_with_a_button(house: House) -> None:
    await house.person("ada")
    text = await home(await house.signed_in("ada"))
    assert "Open JupyterLab</button>" in text
    assert "ada" in text


async def test_the_button_waits_where_none_is_ready_and_the_page_says_for_what(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    answer = await browser.submit(await browser.open(f"{HUB}/hub/"), "/hub/open/lab", {})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/hub/claims/")
    page = await browser.open(answer.headers["location"])
    assert page.status_code == 200
    assert "You are 1st in the queue." in page.text
    assert "<title>1st in the queue – JupyterLab</title>" in page.text
    assert "/events" in page.text
    assert '<noscript><meta http-equiv="refresh"' in page.text
    assert "1st in the queue" in await home(browser)


async def test_the_waiting_page_leads_in_once_it_is_ready(house: House) -> None:
    ada = await house.person("ada")
    workspace = await house.workspace(ada)
    browser = await house.signed_in("ada")
    answer = await browser.open(f"{HUB}/hub/claims/{workspace.claim_id}?path=lab/tree/x")
    assert answer.headers["location"] == house.url(workspace, "lab/tree/x")
    assert (await browser.open(f"{HUB}/hub/claims/{workspace.claim_id}")).headers["location"] == house.url(
        workspace
    )


async def test_opening_again_leads_back_into_the_same_one(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    browser = await house.signed_in("ada")
    page = await browser.open(f"{HUB}/hub/")
    assert f'href="{house.url(workspace)}"' in page.text
    assert "Go to it" in page.text
    fields = form_fields(page.text, "/hub/sign-out")
    answer = await browser.post("/hub/open/lab", fields)
    assert answer.headers["location"] == house.url(workspace)


async def test_a_course_link_asks_before_it_starts_anything(house: House) -> None:
    """GHSA-m3cr-vc2j-pm27: a link with parameters created a workspace without consent."""
    await house.person("ada")
    browser = await house.signed_in("ada")
    page = await browser.open(
        f"{HUB}/hub/open/lab?path=lab/tree/week%201.ipynb", **{"sec-fetch-site": "cross-site"}
    )
    assert page.status_code == 200
    assert "Open JupyterLab?" in page.text
    assert not (await claims.page(house.context, System())).items
    answer = await browser.submit(page, "/hub/open/lab", {})
    assert answer.headers["location"].startswith("/hub/claims/")
    [view] = (await claims.page(house.context, System())).items
    assert view.claim.state is ClaimState.WAITING


async def test_a_course_link_lands_on_its_path(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    browser = await house.signed_in("ada")
    page = await browser.open(f"{HUB}/hub/open/lab?path=lab/tree/a.ipynb")
    answer = await browser.submit(page, "/hub/open/lab", {})
    assert answer.headers["location"] == house.url(workspace, "lab/tree/a.ipynb")


@pytest.mark.parametrize("wish", ["//evil.example", "../../x", "https://evil.example"])
async def test_a_course_link_leads_nowhere_else(house: House, wish: str) -> None:
    workspace = await house.workspace(await house.person("ada"))
    browser = await house.signed_in("ada")
    page = await browser.open(f"{HUB}/hub/open/lab?path={wish}")
    answer = await browser.submit(page, "/hub/open/lab", {"path": wish})
    assert answer.headers["location"].startswith(f"http://{workspace.id}.localhost:8001/w/{workspace.id}/")
    assert "/../" not in answer.headers["location"]


async def test_named_ones_are_apart(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    page = await browser.open(f"{HUB}/hub/open/lab/thesis")
    await browser.submit(page, "/hub/open/lab/thesis", {})
    [view] = (await claims.page(house.context, System())).items
    assert view.claim.name == "thesis"


@pytest.mark.parametrize(
    "path", ["/hub/open/nowhere", "/hub/claims/cnobodyhasthisid", "/hub/workspaces/wnobodyhasthisid"]
)
async def test_what_is_not_there_is_a_page_that_says_so(house: House, path: str) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    answer = await browser.open(HUB + path)
    assert answer.status_code == 404
    assert "There is no" in answer.text
    assert 'href="/hub/"' in answer.text


async def test_a_name_that_cannot_be_is_a_page_that_says_so(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    page = await browser.open(f"{HUB}/hub/open/lab/Not_A_Name")
    answer = await browser.submit(page, "/hub/open/lab/Not_A_Name", {})
    assert answer.status_code == 422


async def test_releasing_gives_it_back_and_says_so(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    browser = await house.signed_in("ada")
    page = await browser.open(f"{HUB}/hub/")
    assert house.url(workspace) in page.text
    answer = await browser.submit(page, f"/hub/claims/{workspace.claim_id}/release", {})
    assert answer.headers["location"] == "/hub/"
    assert "It was given back and stops in a moment." in await home(browser)
    assert workspace.claim_id is not None
    await claims.release(house.context, await house.as_person("ada"), workspace.claim_id)
    text = await home(browser)
    assert "Recently ended" in text
    assert "You gave it back" in text
    assert "Your files are kept" in text
    ended = await browser.open(f"{HUB}/hub/claims/{workspace.claim_id}")
    assert "You gave it back" in ended.text


async def test_somebody_elses_claim_is_not_there(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    await house.person("bob")
    bob = await house.signed_in("bob")
    assert (await bob.open(f"{HUB}/hub/claims/{workspace.claim_id}")).status_code == 404
    assert (await bob.open(f"{HUB}/hub/workspaces/{workspace.id}")).status_code in (403, 404)
    key = next(line for line in (await bob.open(f"{HUB}/hub/")).text.splitlines() if "form_key" in line)
    fields = {"form_key": key.split('value="')[1].split('"')[0]}
    answer = await bob.post(f"/hub/claims/{workspace.claim_id}/release", fields)
    assert answer.status_code in (403, 404)
    found = await workspaces.get(house.context, System(), workspace.id)
    assert found.workspace.claim_id == workspace.claim_id
    assert found.workspace.reason is None


@pytest.mark.parametrize(
    "action", ["/hub/open/lab", "/hub/claims/{claim}/release", "/hub/sign-out", "/hub/enter"]
)
async def test_finding_4_no_form_works_without_its_key(house: House, action: str) -> None:
    workspace = await house.workspace(await house.person("ada"))
    browser = await house.signed_in("ada")
    address = action.format(claim=workspace.claim_id)
    for fields in ({}, {"form_key": ""}, {"form_key": "0" * 64}):
        answer = await browser.post(address, fields)
        assert answer.status_code == 403
        assert "too old" in answer.text
    assert (await house.now_of(workspace)).reason is None


async def test_reading_changes_nothing(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    browser = await house.signed_in("ada")
    for path in (
        "/hub/",
        "/hub/open/lab",
        "/hub/open/lab/other",
        f"/hub/workspaces/{workspace.id}",
        "/hub/enter",
    ):
        await browser.open(HUB + path)
    assert len((await claims.page(house.context, System())).items) == 1
    assert (await house.now_of(workspace)).version == workspace.version
