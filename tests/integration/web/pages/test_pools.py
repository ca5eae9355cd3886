"""The pages on which an admin looks at pools, tries a policy, saves it, pauses and drains."""

import re
from datetime import timedelta
from html import unescape

import httpx
import pytest
from tests.integration.conftest import House

from carrel.domain.actor import Role, System
from carrel.domain.ids import ClaimId, PoolName
from carrel.domain.sample import Sample
from carrel.mint import new_id
from carrel.services import pools as service
from carrel.store import claims, pools, samples

LAB = "/hub/admin/pools/lab"
ROOT = System("owner")
NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture
async def admin(house: House) -> httpx.AsyncClient:
    await house.pool(warm=2, limit=6)
    browser = await house.browser(await house.person("grace", Role.ADMIN))
    browser.headers.update(NAVIGATION)
    return browser


def form_of(page: httpx.Response) -> dict[str, str]:
    """The policy's form, as a browser would send it."""
    form = page.text[page.text.index('action="/hub/admin/pools/lab#policy"') :]
    return {
        unescape(found[1]): unescape(found[2])
        for found in re.finditer(r'name="([a-z_]+)"[^>]*? value="([^"]*)"', form)
        if found[1] != "do"
    }


async def sent(admin: httpx.AsyncClient, do: str, **typed: str) -> httpx.Response:
    page = await admin.get(LAB)
    return await admin.post(LAB, data=form_of(page) | typed | {"do": do})


async def policy(house: House) -> tuple[int, int, bool, bool]:
    found = (await service.get(house.context, ROOT, "lab")).pool
    return found.warm, found.limit, found.paused, found.draining


async def test_the_overview_is_found_without_its_last_slash(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/hub/admin")
    assert (answer.status_code, answer.headers["location"]) == (303, "/hub/admin/")


async def test_the_overview_shows_each_pool_with_its_numbers_and_its_past(
    house: House, admin: httpx.AsyncClient
) -> None:
    await house.warm(count=2)
    now = house.context.clock.now()
    sample = Sample(PoolName("lab"), now - timedelta(minutes=40), 1, 0, 5, 0, 2)
    await house.context.store.write(samples.add, sample)
    page = (await admin.get("/hub/admin/")).text
    assert '<div class="stat good"><dt>ready</dt><dd>2</dd></div>' in page
    assert 'aria-label="The last 40 minutes: at most 5 claimed and 0 waiting' in page
    assert "2 failed starts" in page


async def test_an_older_past_is_asked_for_with_the_address(house: House, admin: httpx.AsyncClient) -> None:
    now = house.context.clock.now()
    sample = Sample(PoolName("lab"), now - timedelta(days=2), 1, 0, 5, 0, 0)
    await house.context.store.write(samples.add, sample)
    for address in ("/hub/admin/", LAB):
        assert "Nothing was measured" in (await admin.get(address)).text
        assert "Nothing was measured" in (await admin.get(f"{address}?span=nonsense")).text
        assert "The last 2 days: at most 5 claimed" in (await admin.get(f"{address}?span=7d")).text


async def test_an_empty_installation_says_what_to_do(house: House) -> None:
    browser = await house.browser(await house.person("grace", Role.ADMIN))
    browser.headers.update(NAVIGATION)
    for address in ("/hub/admin/", "/hub/admin/pools"):
        assert "No pools yet" in (await browser.get(address)).text


async def test_a_preview_tells_what_would_happen_and_changes_nothing(
    house: House, admin: httpx.AsyncClient
) -> None:
    await house.warm(count=2)
    page = await sent(admin, "preview", warm="5")
    assert page.status_code == 200
    assert "<p>Starts 3.</p>" in page.text
    assert "warm 2 → 5. Nothing is changed until you save." in page.text
    assert form_of(page)["warm"] == "5"
    assert await policy(house) == (2, 6, False, False)


async def test_what_was_previewed_can_be_saved_at_once(house: House, admin: httpx.AsyncClient) -> None:
    page = await sent(admin, "preview", warm="5", max_age="never")
    answer = await admin.post(LAB, data=form_of(page) | {"do": "save"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{LAB}?done=pool-saved")
    found = (await service.get(house.context, ROOT, "lab")).pool
    assert (found.warm, found.max_age) == (5, None)


async def test_a_preview_names_those_whom_a_change_puts_out(house: House, admin: httpx.AsyncClient) -> None:
    await house.warm()
    ada = await house.person("ada")
    long_ago = house.context.clock.now() - timedelta(minutes=20)
    pool = await house.context.store.read(pools.get, PoolName("lab"))
    assert pool is not None
    await house.context.store.write(
        claims.take, claim_id=ClaimId(new_id()), user_id=ada.id, pool=pool, name="default", now=long_ago
    )
    page = (await sent(admin, "preview", enter_within="1m")).text
    assert "ends 1 claim." in page
    assert "1 × Nobody entered it within 1 minute, so it was stopped." in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"warm": "7"}, "warm (7) cannot be more than limit (6). Raise the limit too."),
        (
            {"limit": "many"},
            "limit must be a whole number, 0 or more and of at most 9 digits, not &#39;many&#39;.",
        ),
        ({"max_age": "soon"}, "max_age: expected a duration such as"),
    ],
)
@pytest.mark.parametrize("do", ["preview", "save"])
async def test_what_makes_no_sense_is_shown_again_with_what_is_wrong(
    house: House, admin: httpx.AsyncClient, do: str, typed: dict[str, str], said: str
) -> None:
    page = await sent(admin, do, **typed)
    assert page.status_code == 422
    assert said in page.text
    assert form_of(page).items() >= typed.items()
    assert await policy(house) == (2, 6, False, False)


async def test_a_field_that_somebody_else_changed_meanwhile_is_not_overwritten(
    house: House, admin: httpx.AsyncClient
) -> None:
    opened = form_of(await admin.get(LAB))
    await service.change(house.context, ROOT, "lab", {"warm": 4})
    refused = await admin.post(LAB, data=opened | {"warm": "1", "do": "save"})
    assert refused.status_code == 409
    assert "Somebody changed this pool meanwhile: warm is 4 now and was 2." in refused.text
    other = await admin.post(LAB, data=opened | {"limit": "9", "do": "save"})
    assert other.status_code == 303
    assert await policy(house) == (4, 9, False, False)


async def test_saving_what_was_shown_changes_nothing(house: House, admin: httpx.AsyncClient) -> None:
    answer = await sent(admin, "save")
    assert answer.headers["location"] == f"{LAB}?done=pool-same"
    assert "Nothing was different" in (await admin.get(answer.headers["location"])).text


async def test_pause_drain_and_resume_are_one_button_each(house: House, admin: httpx.AsyncClient) -> None:
    key = {"form_key": form_of(await admin.get(LAB))["form_key"]}
    assert (await admin.post(f"{LAB}/pause", data=key)).headers["location"] == f"{LAB}?done=pool-pause"
    assert await policy(house) == (2, 6, True, False)
    assert "Paused: nothing is started." in (await admin.get(LAB)).text
    await admin.post(f"{LAB}/drain", data=key)
    assert await policy(house) == (2, 6, True, True)
    drained = (await admin.get(LAB)).text
    assert "Draining: nothing is started" in drained
    assert "Nobody holds one any more: it is empty." in drained
    assert f"{LAB}/drain" not in drained
    await admin.post(f"{LAB}/resume", data=key)
    assert await policy(house) == (2, 6, False, False)


async def test_the_page_says_who_waits_and_since_when(house: House, admin: httpx.AsyncClient) -> None:
    script = await house.script(await house.person("ada"))
    await script.post("/hub/api/v1/claims", json={"pool": "lab"})
    page = (await admin.get(LAB)).text
    assert '<th scope="row">ada</th>' in page
    assert '<div class="stat warn"><dt>waiting</dt><dd>1</dd></div>' in page


async def test_a_form_that_is_not_ours_changes_nothing(house: House, admin: httpx.AsyncClient) -> None:
    for address, fields in ((LAB, {"warm": "5", "do": "save"}), (f"{LAB}/pause", {})):
        assert (await admin.post(address, data=fields)).status_code == 403
    key = {"form_key": form_of(await admin.get(LAB))["form_key"]}
    assert (await admin.post(f"{LAB}/explode", data=key)).status_code == 422
    assert await policy(house) == (2, 6, False, False)


async def test_a_pool_that_is_not_there_is_told_so(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/hub/admin/pools/nowhere")
    assert answer.status_code == 404
    assert "There is no pool called" in answer.text


async def test_only_admins_see_them(house: House, admin: httpx.AsyncClient) -> None:
    browser = await house.browser(await house.person("ada"))
    browser.headers.update(NAVIGATION)
    for address in ("/hub/admin/", "/hub/admin/pools", LAB):
        assert (await browser.get(address)).status_code == 403
    key = {"form_key": form_of(await admin.get(LAB))["form_key"]}
    assert (await browser.post(f"{LAB}/drain", data=key)).status_code == 403
    assert await policy(house) == (2, 6, False, False)
