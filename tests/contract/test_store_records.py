"""What is remembered beside the things themselves: timelines, the audit log, withdrawals, keys, kept answers."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa

from carrel.domain.actor import Person, Role, Scope, System, TokenHolder
from carrel.domain.errors import Conflict
from carrel.domain.event import Event
from carrel.domain.ids import ClaimId, InstallationId, PoolName, SessionId, TokenId, UserId, WorkspaceId
from carrel.domain.instance import Progress
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase
from carrel.mint import new_id
from carrel.ports.dataplane import Withdrawal
from carrel.store import (
    audit,
    events,
    idempotency,
    installation,
    keys,
    progress,
    schema,
    troubles,
    withdrawals,
    workspaces,
)
from carrel.store.engine import Store

World = Any


async def test_a_line_about_two_subjects_is_numbered_in_each(world: World, store: Store) -> None:
    claim, workspace = ClaimId(new_id()), WorkspaceId(new_id())
    await store.write(events.add, world.now, "one", "First.", claim_id=claim)
    await store.write(events.add, world.later(), "two", "Second.", claim_id=claim, workspace_id=workspace)
    assert await store.read(events.of_claim, claim) == [
        Event(1, world.now - timedelta(seconds=1), "one", "First.", None, claim),
        Event(2, world.now, "two", "Second.", workspace, claim),
    ]
    assert await store.read(events.of_workspace, workspace) == [
        Event(1, world.now, "two", "Second.", workspace, claim)
    ]


async def test_a_timeline_is_resumed_after_the_last_line_seen(world: World, store: Store) -> None:
    claim = ClaimId(new_id())
    for number in range(5):
        await store.write(events.add, world.later(), "said", str(number), claim_id=claim)
    assert [event.seq for event in await store.read(events.of_claim, claim, 3)] == [4, 5]
    assert await store.read(events.of_claim, claim, 5) == []


async def test_a_pool_keeps_its_newest_lines_apart_from_those_of_workspaces(
    world: World, store: Store
) -> None:
    pool, workspace = PoolName("lab"), WorkspaceId(new_id())
    assert await store.read(events.of_pool, pool) is None
    for number in range(2 * events.POOL_LINES + 1):
        await store.write(
            events.about_pool, world.later(), "failed", str(number), pool=pool, workspace_id=workspace
        )
    last = 2 * events.POOL_LINES
    assert await store.read(events.of_pool, pool) == Event(
        last + 1, world.now, "failed", str(last), workspace
    )
    assert await store.read(events.of_workspace, workspace) == []
    kept = sa.select(sa.func.count()).select_from(schema.events)
    assert await store.read(lambda conn: conn.execute(kept).scalar_one()) == events.POOL_LINES + 1


async def test_the_same_line_about_a_pool_is_only_renewed(world: World, store: Store) -> None:
    pool = PoolName("lab")
    for _ in range(3):
        await store.write(events.about_pool, world.later(), "away", "It is away.", pool=pool)
    assert await store.read(events.of_pool, pool) == Event(1, world.now, "away", "It is away.")


async def test_a_pool_is_in_trouble_until_one_becomes_ready_or_the_backend_is_seen_again(
    world: World, store: Store
) -> None:
    pool = await world.pool()
    await store.write(events.about_pool, world.later(), "failed", "No program.", pool=pool.name)
    found = await store.read(troubles.newest, pool.name)
    assert found is not None
    assert found.sentence == "No program."
    world.later()
    await world.warm(pool)
    assert await store.read(troubles.newest, pool.name) is None
    await store.write(events.about_pool, world.later(), "unseen", "It is away.", pool=pool.name)
    world.later()
    await world.warm(pool)
    assert await store.read(troubles.newest, pool.name) is not None
    await store.write(events.about_pool, world.later(), "seen", "It is back.", pool=pool.name)
    assert await store.read(troubles.newest, pool.name) is None


async def test_that_a_backend_answers_again_ends_its_absence_and_nothing_that_failed_before(
    world: World, store: Store
) -> None:
    pool = await world.pool()
    for kind, sentence in (("failed", "No image."), ("unseen", "It is away."), ("seen", "It is back.")):
        await store.write(events.about_pool, world.later(), kind, sentence, pool=pool.name)
    found = await store.read(troubles.newest, pool.name)
    assert found is not None
    assert found.sentence == "No image."
    world.later()
    await world.warm(pool)
    assert await store.read(troubles.newest, pool.name) is None


async def test_one_that_gets_nowhere_is_a_trouble_until_it_goes_on(world: World, store: Store) -> None:
    pool = await world.pool()
    stuck = await world.moved(await world.intended(pool), Phase.STARTING)
    told = {stuck.id: Progress("No route. It is tried again.", trouble="No route.")}
    await store.write(progress.note, told, world.later())
    await store.write(
        events.about_pool, world.now, "away", "No route.", pool=pool.name, workspace_id=stuck.id
    )
    assert await store.read(troubles.newest, pool.name) is not None
    await store.write(progress.note, {stuck.id: Progress("It is being fetched.", 0.1)}, world.later())
    assert await store.read(troubles.newest, pool.name) is None


@pytest.mark.parametrize("is_warm_before", [True, False])
async def test_files_that_could_not_be_brought_in_are_a_trouble_until_one_is_handed_over(
    world: World, store: Store, is_warm_before: bool
) -> None:
    pool = await world.pool()
    warm, *others = await world.warm(pool, 1 + is_warm_before)
    reason = Reason(ReasonCode.ATTACH_FAILED, "No owner.")
    await store.write(workspaces.move, warm.id, warm.version, Phase.FAILED, world.now, reason=reason)
    await store.write(
        events.about_pool, world.later(), "failed", reason.sentence, pool=pool.name, workspace_id=warm.id
    )
    world.later()
    [next_one] = others or await world.warm(pool)
    assert await store.read(troubles.newest, pool.name) is not None, (
        "that it answers says nothing about files"
    )
    await store.write(workspaces.attached, next_one.id, next_one.version, None, world.later())
    assert await store.read(troubles.newest, pool.name) is None


async def test_the_audit_log_is_read_newest_first_page_by_page(world: World, store: Store) -> None:
    for number in range(5):
        await store.write(audit.add, world.now, "ann", "release", f"claim:{number}", "why")
    first = await store.read(audit.page, limit=2)
    await store.write(audit.add, world.later(), "bob", "claim", "claim:9")
    second = await store.read(audit.page, after=first.next, limit=2)
    third = await store.read(audit.page, after=second.next, limit=2)
    seen = [entry.target for page in (first, second, third) for entry in page.items]
    assert seen == ["claim:4", "claim:3", "claim:2", "claim:1", "claim:0"]
    assert third.next is None
    assert first.items[0].detail == "why"


def test_an_actor_is_written_so_that_a_leaked_token_can_be_told_apart() -> None:
    user, scopes = UserId("u"), frozenset({Scope.READ})
    assert audit.name_of(Person(user, "ann", Role.USER, SessionId("s"))) == "ann"
    assert audit.name_of(TokenHolder(user, "ann", Role.USER, TokenId("t1"), scopes)) == "ann (token t1)"
    assert audit.name_of(System()) == "system"


async def test_withdrawals_count_until_their_moment_and_are_forgotten_later(
    world: World, store: Store
) -> None:
    session = Withdrawal(world.now + timedelta(minutes=15), session_id=SessionId("s"))
    door = Withdrawal(world.now + timedelta(minutes=20), workspace_id=WorkspaceId("w"))
    await store.write(withdrawals.add, session)
    await store.write(withdrawals.add, door)
    assert await store.read(withdrawals.current, world.now) == [session, door]
    assert await store.read(withdrawals.current, session.until) == [door]
    much_later = Withdrawal(world.now + timedelta(hours=3), session_id=SessionId("t"))
    await store.write(withdrawals.add, much_later)
    assert await store.read(withdrawals.current, world.now) == [much_later]


async def test_the_first_key_is_kept_and_its_secret_not_shown(world: World, store: Store) -> None:
    first = await store.write(keys.ensure, "k1", "pem one", world.now)
    assert first == [keys.SigningKey("k1", "pem one", world.now)]
    assert await store.write(keys.ensure, "k2", "pem two", world.later()) == first
    assert await store.read(keys.every) == first
    assert "pem one" not in repr(first)


async def test_the_first_id_of_an_installation_is_kept(world: World, store: Store) -> None:
    first = await store.write(installation.ensure, InstallationId("first"), world.now)
    assert first == "first"
    assert await store.write(installation.ensure, InstallationId("second"), world.now) == "first"


async def test_a_finished_answer_is_given_again(world: World, store: Store) -> None:
    assert await store.write(idempotency.begin, "key", "ann", "print", world.now) is None
    await store.write(idempotency.finish, "key", "ann", 201, {"location": "/x"}, b'{"a": 1}')
    stored = await store.write(idempotency.begin, "key", "ann", "print", world.now)
    assert stored == idempotency.Stored(201, {"location": "/x"}, b'{"a": 1}')
    assert await store.write(idempotency.begin, "key", "bob", "print", world.now) is None


async def test_a_key_used_for_another_request_is_refused(world: World, store: Store) -> None:
    await store.write(idempotency.begin, "key", "ann", "print", world.now)
    with pytest.raises(Conflict, match="different request"):
        await store.write(idempotency.begin, "key", "ann", "another", world.now)


async def test_an_answer_still_being_made_is_waited_for_unless_its_maker_died(
    world: World, store: Store
) -> None:
    await store.write(idempotency.begin, "key", "ann", "print", world.now)
    with pytest.raises(Conflict, match="still being answered"):
        await store.write(idempotency.begin, "key", "ann", "print", world.later(30))
    assert await store.write(idempotency.begin, "key", "ann", "print", world.later(31)) is None
    with pytest.raises(Conflict):
        await store.write(idempotency.begin, "key", "ann", "print", world.now)


async def test_an_abandoned_key_is_free_and_a_finished_one_is_not(world: World, store: Store) -> None:
    await store.write(idempotency.begin, "key", "ann", "print", world.now)
    await store.write(idempotency.abandon, "key", "ann")
    assert await store.write(idempotency.begin, "key", "ann", "other", world.now) is None
    await store.write(idempotency.finish, "key", "ann", 200, {}, b"")
    await store.write(idempotency.abandon, "key", "ann")
    assert await store.write(idempotency.begin, "key", "ann", "other", world.now) is not None
    await store.write(idempotency.forget, world.later())
    assert await store.write(idempotency.begin, "key", "ann", "third", world.now) is None


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 30, 0, 1, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 30, 0, 999999, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    ],
)
async def test_a_moment_comes_back_in_utc_to_the_microsecond(store: Store, moment: datetime) -> None:
    await store.write(audit.add, moment, "a", "b", "c")
    (entry,) = (await store.read(audit.page)).items
    assert entry.at == moment
    assert entry.at.utcoffset() == timedelta(0)


async def test_moments_sort_as_time_does(store: Store) -> None:
    start = datetime(2026, 1, 1, 9, 59, 59, 999999, tzinfo=UTC)
    moments = [start + timedelta(microseconds=step) for step in (-1, 0, 1, 2, 10**6, 10**11)]
    for moment in reversed(moments):
        await store.write(audit.add, moment, "a", "b", "c")
    query = sa.select(schema.audit.c.at).order_by(schema.audit.c.at)
    assert await store.read(lambda conn: list(conn.execute(query).scalars())) == moments


async def test_a_moment_without_a_zone_is_our_mistake(store: Store) -> None:
    with pytest.raises(sa.exc.StatementError, match="without a zone"):
        await store.write(audit.add, datetime(2026, 1, 1), "a", "b", "c")
