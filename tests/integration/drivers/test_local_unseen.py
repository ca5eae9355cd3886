"""A program that was just started cannot be told by its tags for a moment; on a busy machine that moment is long."""

import asyncio

import pytest

from carrel.drivers.local import driver as module
from carrel.drivers.local.launch import Owner
from carrel.drivers.local.processes import Member, census
from carrel.ports.driver import InstanceState

from .place import Local


async def test_what_has_only_just_been_started_is_never_taken_for_ended(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short_sighted(owner: Owner) -> list[Member]:
        """Sees nobody who has noted nothing yet."""
        noted = {path.parent.name for path in (local.state / "slots").glob("*/process.json")}
        return [member for member in census(owner) if member.tag.workspace_id in noted]

    monkeypatch.setattr(module, "census", short_sighted)
    driver = local.open()
    spec = local.spec("import time; time.sleep(60)")
    creating = asyncio.create_task(driver.create(spec))
    states: list[InstanceState] = []
    async with asyncio.timeout(20):
        while InstanceState.RUNNING not in states:
            states += [one.state for one in await driver.list() if one.workspace_id == spec.workspace_id]
    await creating
    assert set(states) <= {InstanceState.STARTING, InstanceState.RUNNING}
