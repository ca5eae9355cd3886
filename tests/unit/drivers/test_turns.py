"""One at a time for each workspace, to its end, whoever stops waiting."""

import asyncio

import pytest

from carrel.domain.ids import WorkspaceId
from carrel.drivers.turns import Turns
from carrel.ports.driver import InstanceState, Rejected
from carrel.testing.driver_contract import new_workspace_id

FIRST, OTHER = new_workspace_id(), new_workspace_id()


class Work:
    """Goes on until it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go, self.done = asyncio.Event(), asyncio.Event(), False

    async def __call__(self) -> None:
        self.begun.set()
        await self.let_go.wait()
        self.done = True


async def test_a_caller_who_gives_up_stops_nothing_and_the_next_one_waits() -> None:
    turns, first, second = Turns(), Work(), Work()
    caller = asyncio.create_task(turns.take(FIRST, first, InstanceState.STARTING))
    await first.begun.wait()
    caller.cancel()
    next_one = asyncio.create_task(turns.take(FIRST, second))
    await asyncio.sleep(0)
    assert turns.under_way == {FIRST: InstanceState.STARTING}
    assert not second.begun.is_set()
    first.let_go.set()
    await second.begun.wait()
    assert first.done
    assert turns.under_way == {}
    second.let_go.set()
    await next_one


async def test_workspaces_do_not_wait_for_one_another() -> None:
    turns, first, other = Turns(), Work(), Work()
    other.let_go.set()
    waiting = asyncio.create_task(turns.take(FIRST, first))
    await first.begun.wait()
    await turns.take(OTHER, other)
    assert other.done
    first.let_go.set()
    await waiting


async def test_cut_short_stops_what_is_under_way_and_settling_waits_for_it() -> None:
    turns, first, other = Turns(), Work(), Work()
    callers = [asyncio.create_task(turns.take(name, work)) for name, work in ((FIRST, first), (OTHER, other))]
    await first.begun.wait()
    await other.begun.wait()
    other.let_go.set()
    await callers[1]
    await turns.cut_short()
    assert (first.done, other.done) == (False, True)
    with pytest.raises(asyncio.CancelledError):
        await callers[0]


async def test_what_is_no_id_has_no_turn() -> None:
    work = Work()
    with pytest.raises(Rejected):
        await Turns().take(WorkspaceId("../x"), work)
    assert not work.begun.is_set()
