"""The versions of a template: each kept as it was, one current, and counted by what runs from it."""

import asyncio
from dataclasses import replace

from sqlalchemy import Connection

from carrel.domain.ids import TemplateName
from carrel.domain.template import Template
from carrel.domain.workspace import Phase
from carrel.store import templates
from carrel.store.engine import Store

from .conftest import World

LAB = TemplateName("jupyterlab")


def recipe(version: str) -> Template:
    return Template(LAB, ("lab", version), version=version)


async def put(world: World, version: str) -> None:
    await world.store.write(templates.put, recipe(version), world.later())


async def versions(world: World) -> list[tuple[str, bool]]:
    kept = await world.store.read(templates.history, LAB, 10)
    return [(one.template.version, one.is_current) for one in kept]


async def test_the_current_version_is_first_and_the_others_newest_first(world: World) -> None:
    begun = world.now
    for version in ("v1", "v2", "v3"):
        await put(world, version)
    assert await versions(world) == [("v3", True), ("v2", False), ("v1", False)]
    await put(world, "v1")
    assert await versions(world) == [("v1", True), ("v3", False), ("v2", False)]
    [current, *_] = await world.store.read(templates.history, LAB, 1)
    assert current.template == recipe("v1")
    assert current.created_at == begun.replace(second=1), "going back makes it no younger"


async def test_a_retired_template_has_no_versions_to_go_back_to(world: World) -> None:
    await put(world, "v1")
    await world.store.write(templates.retire, LAB)
    assert await versions(world) == []
    assert await world.store.write(templates.hold, LAB) is None
    assert await world.store.read(templates.get, LAB, "v1") == recipe("v1")


async def test_what_runs_is_counted_by_version(world: World) -> None:
    for version in ("v0", "v1", "v2"):
        await put(world, version)
    pool, ada = await world.pool(limit=10), await world.user()
    await world.warm(pool, 3)
    await world.intended(pool)
    await world.take(ada, pool)
    ending = await world.intended(pool)
    await world.moved(ending, Phase.STARTING, Phase.FAILED, Phase.STOPPING, Phase.GONE)
    kept = {one.template.version: one for one in await world.store.read(templates.history, LAB, 10)}
    counted = {version: (one.warm, one.claimed, one.others) for version, one in kept.items()}
    assert counted == {"v0": (0, 0, 0), "v1": (2, 1, 1), "v2": (0, 0, 0)}


def _one_more(conn: Connection, world: World) -> None:
    found = templates.hold(conn, LAB)
    assert found is not None
    number = int(found.version) + 1
    templates.put(conn, replace(found, version=str(number), title=str(number)), world.now)


async def test_changes_at_once_lose_nothing(replicas: list[Store]) -> None:
    world = World(replicas[0])
    await put(world, "0")
    await asyncio.gather(*(store.write(_one_more, world) for store in replicas for _ in range(3)))
    found = await replicas[0].read(templates.get, LAB)
    assert found is not None
    assert (found.version, found.title) == ("12", "12")


async def test_pools_are_told_what_they_start_now(world: World) -> None:
    await put(world, "v1")
    await put(world, "v2")
    lab, gone = await world.pool("lab"), await world.pool("gone", template=TemplateName("nothing"))
    assert await world.store.read(templates.started) == {lab.name: (LAB, "v2")}
    assert await world.store.read(templates.started, lab.name) == {lab.name: (LAB, "v2")}
    assert await world.store.read(templates.started, gone.name) == {}
    await world.store.write(templates.retire, LAB)
    assert await world.store.read(templates.started) == {}
