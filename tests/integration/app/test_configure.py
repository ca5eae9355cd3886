"""What changes in the settings do to what runs: nothing is lost sight of."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from carrel.app.configure import configure
from carrel.app.control import control_plane
from carrel.clock import SystemClock
from carrel.domain.errors import Conflict
from carrel.domain.ids import BackendName, PoolName, TemplateName, WorkspaceId
from carrel.domain.pool import Pool
from carrel.domain.template import Template
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.mint import new_id
from carrel.rules.recipe import versioned
from carrel.settings import Settings, load
from carrel.store import pools, workspaces
from carrel.store.engine import Store, open_store

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TEMPLATE = versioned(Template(name=TemplateName("lab"), command=("true",)))
POOL = Pool(PoolName("lab"), TEMPLATE.name, BackendName("here"), limit=3)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'carrel.sqlite'}")
    await opened.migrate()
    await opened.write(configure, [TEMPLATE], [POOL], NOW)
    yield opened
    await opened.aclose()


def _row(pool: Pool, template: Template) -> Workspace:
    return Workspace(
        WorkspaceId(new_id()),
        pool.name,
        template.name,
        template.version,
        pool.backend,
        Phase.PENDING,
        Desired.RUNNING,
        created_at=NOW,
        phase_at=NOW,
        secret="s",
    )


async def test_a_pool_does_not_move_to_another_backend_while_something_of_it_runs(store: Store) -> None:
    moved = replace(POOL, backend=BackendName("there"))
    await store.write(workspaces.intend, _row(POOL, TEMPLATE))
    with pytest.raises(Conflict, match='1 of its workspaces run on "here"'):
        await store.write(configure, [TEMPLATE], [moved], NOW)
    await store.write(configure, [TEMPLATE], [], NOW)
    with pytest.raises(Conflict, match='1 of its workspaces run on "here"'):
        await store.write(configure, [TEMPLATE], [moved], NOW)


async def test_an_empty_pool_moves_to_another_backend(store: Store) -> None:
    moved = replace(POOL, backend=BackendName("there"))
    await store.write(configure, [TEMPLATE], [moved], NOW)
    assert await store.read(pools.get, POOL.name) == moved


def _settings(tmp_path: Path, which: str) -> Settings:
    file = tmp_path / "carrel.toml"
    file.write_text(
        f"""
        [backends.first]
        driver = "memory"
        [backends.second]
        driver = "memory"
        [templates.lab]
        command = ["true"]
        [pools]
        jupyterlab = false
        [pools.{which}]
        template = "lab"
        backend = "{which}"
        """
    )
    return load(file, {"state_dir": str(tmp_path / "state")}, {})


async def test_what_a_removed_pool_left_running_is_ended_on_its_own_backend(tmp_path: Path) -> None:
    async with control_plane(_settings(tmp_path, "first")) as plane:
        store = plane.context.store
        pool = await store.read(pools.get, PoolName("first"))
        template = plane.settings.domain_templates()
        assert pool is not None
        lab = next(each for each in template if each.name == "lab")
        await store.write(workspaces.intend, _row(pool, lab))
    clock = SystemClock()
    async with control_plane(_settings(tmp_path, "second")) as plane:
        assert await plane.context.store.read(pools.live, PoolName("first")) == 1
        await plane.start_loops()
        deadline = clock.now() + timedelta(seconds=20)
        while await plane.context.store.read(pools.live, PoolName("first")) and clock.now() < deadline:
            await clock.sleep(0.05)
        assert await plane.context.store.read(pools.live, PoolName("first")) == 0
