"""Templates and pools: what is offered, what is still looked after, and how full it is."""

from dataclasses import fields, replace
from datetime import time, timedelta
from types import MappingProxyType
from typing import Any

from carrel.domain.container import Companion, Container
from carrel.domain.ids import BackendName, PoolName, TemplateName
from carrel.domain.parameter import Choice, Number, Text
from carrel.domain.pool import Pool
from carrel.domain.preparation import Repository, Startup
from carrel.domain.quiet import QuietHours
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.template import HomeKind, PathMode, Template
from carrel.domain.workspace import Phase
from carrel.store import claims, pools, templates
from carrel.store.engine import Store

World = Any

TEMPLATE = Template(
    name=TemplateName("lab"),
    command=("jupyter", "lab", "--ip={host}"),
    title="Lab",
    description="A lab.",
    image="image:1",
    open="lab",
    path=PathMode.STRIP,
    ready="api/status",
    authorization="token {secret}",
    activity="jupyter",
    home=HomeKind.EPHEMERAL,
    memory=2**33,
    price_per_hour=0.04,
    environment=MappingProxyType({"HOME": "{home}"}),
    files=MappingProxyType({"etc/a.json": "{}"}),
    icon="flask",
    parameters=(
        Choice("size", ("s", "l"), "l", "Size", "How large."),
        Number("hours", 2.5, 0.5, 8, 0.5, "Hours"),
        Text("topic", "none", "[a-z]*", 30, description="What about."),
    ),
    claim_environment=MappingProxyType({"WHO": "{user}"}),
    repository=Repository("https://git.example.org/course.git", "course", "main"),
    startup=Startup(("make",), ("test", "-e", "done"), 5, timedelta(seconds=1.5), timedelta(minutes=9)),
    data=MappingProxyType({"shared": "/srv/shared"}),
    activity_command=("in-use", "--quietly"),
    activity_writes=("api/contents",),
    activity_bytes=64,
    container=Container(
        ("start",),
        8787,
        "/home/jovyan",
        "1000:100",
        "1000:101",
        MappingProxyType({"A": "b"}),
        ("SETUID",),
        read_only=True,
        cpus=1.5,
        processes=64,
        disk=2**34,
        shared_memory=2**28,
        companions=(
            Companion(
                "db",
                "db:1",
                ("run",),
                MappingProxyType({"B": "c"}),
                "70",
                memory=2**28,
                capabilities=("KILL",),
            ),
        ),
    ),
    version="one",
)
POOL = Pool(
    name=PoolName("p"),
    template=TemplateName("lab"),
    backend=BackendName("local"),
    warm=3,
    limit=7,
    per_user=2,
    paused=True,
    draining=True,
    starting_at_once=5,
    start_timeout=timedelta(seconds=1.5),
    enter_within=timedelta(minutes=1),
    watch_within=timedelta(minutes=3),
    stop_after_idle=None,
    max_age=None,
    quiet_hours=QuietHours(time(22, 30), time(6), "Europe/Berlin"),
    retire_warm_after=timedelta(days=9),
)


async def test_every_field_of_a_template_and_a_pool_comes_back(world: World, store: Store) -> None:
    """Values unlike the defaults, so that a field that is not stored shows."""
    default_template = Template(TemplateName("x"), ("x",))
    default_pool = Pool(PoolName("x"), TemplateName("x"), BackendName("x"))
    for given, default in ((TEMPLATE, default_template), (POOL, default_pool)):
        assert all(getattr(given, field.name) != getattr(default, field.name) for field in fields(given))
    await store.write(templates.put, TEMPLATE, world.now)
    await store.write(pools.put, POOL, world.now)
    assert await store.read(templates.get, TEMPLATE.name) == TEMPLATE
    assert await store.read(pools.get, POOL.name) == POOL


async def test_an_older_version_of_a_template_stays_known(world: World, store: Store) -> None:
    newer = replace(TEMPLATE, title="Newer", version="two")
    for template in (TEMPLATE, newer, newer):
        await store.write(templates.put, template, world.now)
    assert await store.read(templates.get, TEMPLATE.name) == newer
    assert await store.read(templates.get, TEMPLATE.name, "one") == TEMPLATE
    assert await store.read(templates.get, TEMPLATE.name, "three") is None
    assert await store.read(templates.every) == [newer]


async def test_a_retired_template_is_offered_no_more_and_still_known_by_version(
    world: World, store: Store
) -> None:
    await store.write(templates.put, TEMPLATE, world.now)
    await store.write(templates.retire, TEMPLATE.name)
    assert await store.read(templates.every) == []
    assert await store.read(templates.get, TEMPLATE.name) is None
    assert await store.read(templates.get, TEMPLATE.name, "one") == TEMPLATE
    await store.write(templates.put, TEMPLATE, world.now)
    assert await store.read(templates.every) == [TEMPLATE]


async def test_changing_a_pool_keeps_what_lives_in_it(world: World, store: Store) -> None:
    pool = await world.pool("p", limit=3)
    await world.intended(pool)
    await store.write(pools.put, replace(pool, warm=2), world.now)
    changed = await store.read(pools.get, pool.name)
    assert changed is not None
    assert changed.warm == 2
    assert await store.read(pools.live, pool.name) == 1


async def test_a_removed_pool_is_looked_after_until_it_is_empty(world: World, store: Store) -> None:
    pool, kept = await world.pool("removed", warm=2), await world.pool("kept", warm=1)
    (warm,) = await world.warm(pool)
    await store.write(pools.remove, pool.name, world.now)
    assert await store.read(pools.get, pool.name) is None
    assert await store.read(pools.every) == [kept]
    assert await store.read(pools.reconciled) == [kept, replace(pool, warm=0, paused=True)]
    await world.moved(warm, Phase.STOPPING, Phase.GONE)
    assert await store.read(pools.reconciled) == [kept]


async def test_a_removed_pool_is_looked_after_while_somebody_waits_there(world: World, store: Store) -> None:
    pool = await world.pool()
    claim = (await world.take(await world.user(), pool)).claim
    await store.write(pools.remove, pool.name, world.now)
    assert [row.name for row in await store.read(pools.reconciled)] == [pool.name]
    ended = Reason(ReasonCode.UNWATCHED, "Nobody asked after it.")
    await store.write(claims.release, claim.id, ended, world.now)
    assert await store.read(pools.reconciled) == []


async def test_every_live_workspace_is_counted_once(world: World, store: Store) -> None:
    pool, empty = await world.pool("full", limit=20, per_user=9), await world.pool("empty")
    user = await world.user()
    await world.warm(pool, 4)
    for name in ("a", "b"):
        await world.take(user, pool, name)
    unassigned = (await world.take(user, pool, "c")).claim
    await store.write(claims.unassign, unassigned.id, world.now)
    await world.intended(pool)
    await world.moved(await world.intended(pool), Phase.STARTING)
    await world.moved(await world.intended(pool), Phase.FAILED)
    await world.moved(await world.intended(pool), Phase.STOPPING)
    await world.moved(await world.intended(pool), Phase.STOPPING, Phase.GONE)
    found = await store.read(pools.counts)
    assert found == {
        pool.name: pools.Counts(ready=1, starting=2, claimed=2, stopping=2, failed=1, waiting=1),
        empty.name: pools.Counts(),
    }
    assert await store.read(pools.live, pool.name) == 8


async def test_start_times_are_the_newest_starts_of_this_pool(world: World, store: Store) -> None:
    pool = await world.pool(limit=30)
    for seconds in (5, 3, 8):
        workspace = await world.moved(await world.intended(pool), Phase.STARTING)
        world.later(seconds)
        await world.moved(workspace, Phase.READY)
    await world.intended(pool)
    await world.warm(await world.pool())
    assert await store.read(pools.start_times, pool.name) == [timedelta(seconds=n) for n in (8, 3, 5)]
    assert await store.read(pools.start_times, pool.name, 2) == [timedelta(seconds=n) for n in (8, 3)]
