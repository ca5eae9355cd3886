"""Reports: one open one per person and thing, however often and from how many replicas it is sent."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from carrel.domain.errors import Invalid
from carrel.domain.ids import ClaimId, PoolName, ReportId, WorkspaceId
from carrel.domain.report import Report
from carrel.mint import new_id
from carrel.store import history, reports
from carrel.store.engine import Store

World = Any


async def _report(world: World, user: Any = None, **changes: Any) -> Report:
    user = user or await world.user()
    plain = Report(
        ReportId(new_id()),
        world.now,
        user.id,
        PoolName("lab"),
        "It hangs.",
        "Timeline",
        ClaimId("c1"),
        WorkspaceId("w1"),
    )
    return replace(plain, **changes)


async def test_a_report_is_read_as_it_was_written(world: World, store: Store) -> None:
    report = await _report(world)
    assert await store.write(reports.put, report) == report
    assert await store.read(reports.get, report.id) == report
    assert await store.read(reports.get, ReportId(new_id())) is None


async def test_telling_again_renews_the_open_one_and_keeps_earlier_words(world: World, store: Store) -> None:
    user = await world.user()
    first = await store.write(reports.put, await _report(world, user))
    world.later()
    again = await _report(world, user, message="", attached="Longer timeline", workspace_id=WorkspaceId("w2"))
    kept = await store.write(reports.put, again)
    assert kept == replace(
        first, at=world.now, attached="Longer timeline", workspace_id=WorkspaceId("w2"), message="It hangs."
    )
    world.later()
    worse = await store.write(reports.put, await _report(world, user, message="It burns."))
    assert (worse.id, worse.message) == (first.id, "It burns.")
    assert await store.read(reports.open_count) == 1


async def test_other_people_other_claims_and_done_ones_are_reports_of_their_own(
    world: World, store: Store
) -> None:
    user = await world.user()
    first = await store.write(reports.put, await _report(world, user))
    await store.write(reports.put, await _report(world))
    await store.write(reports.put, await _report(world, user, claim_id=ClaimId("c2")))
    await store.write(reports.put, await _report(world, user, claim_id=None))
    assert await store.read(reports.open_count) == 4
    assert await store.read(reports.open_count, user.id) == 3
    assert await store.write(reports.done, first.id, "root", world.now)
    fresh = await store.write(reports.put, await _report(world, user))
    assert fresh.id != first.id


async def test_one_that_is_done_stays_so_and_says_by_whom(world: World, store: Store) -> None:
    report = await store.write(reports.put, await _report(world))
    assert await store.write(reports.done, report.id, "root", world.later())
    assert not await store.write(reports.done, report.id, "eve", world.later())
    found = await store.read(reports.get, report.id)
    assert found is not None
    assert (found.done_by, found.done_at) == ("root", world.now.replace(second=1))
    assert not await store.write(reports.done, ReportId(new_id()), "root", world.now)


async def test_pages_are_newest_first_and_go_on(world: World, store: Store) -> None:
    sent = []
    for number in range(5):
        world.later()
        sent.append((await store.write(reports.put, await _report(world, claim_id=ClaimId(f"c{number}")))).id)
    await store.write(reports.done, sent[3], "root", world.now)
    first = await store.read(reports.page, is_open=True, limit=3)
    rest = await store.read(reports.page, is_open=True, limit=3, after=first.next)
    assert [report.id for report in (*first.items, *rest.items)] == [sent[n] for n in (4, 2, 1, 0)]
    assert [report.id for report in (await store.read(reports.page, is_open=False)).items] == [sent[3]]
    assert [report.id for report in (await store.read(reports.page)).items] == sent[::-1]
    with pytest.raises(Invalid, match="cursor"):
        await store.read(reports.page, after="nonsense")


async def test_what_was_seen_to_long_ago_is_forgotten_and_nothing_else(world: World, store: Store) -> None:
    old, late, waiting = [
        await store.write(reports.put, await _report(world, claim_id=ClaimId(f"c{number}")))
        for number in range(3)
    ]
    await store.write(reports.done, old.id, "root", world.now)
    before = world.later(60)
    await store.write(reports.done, late.id, "root", world.later())
    assert await store.write(history.forget, before) == 1
    assert await store.write(history.forget, before) == 0
    kept = (await store.read(reports.page)).items
    assert {report.id for report in kept} == {late.id, waiting.id}


async def test_the_same_report_from_all_replicas_at_once_is_one(world: World, replicas: list[Store]) -> None:
    user = await world.user()
    several = [await _report(world, user) for _ in range(8)]
    kept = await asyncio.gather(
        *(replicas[n % 4].write(reports.put, report) for n, report in enumerate(several))
    )
    assert len({report.id for report in kept}) == 1
    assert await replicas[0].read(reports.open_count) == 1
