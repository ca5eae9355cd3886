"""Wake-ups in one process: none is lost, many are one."""

from carrel.reconcile.bell import Bell


async def test_a_ring_before_the_wait_is_not_lost() -> None:
    bell = Bell()
    ear = bell.ear(["pool:a"])
    bell.ring("pool:a")
    assert await ear.wait(0.01)


async def test_many_rings_wake_once() -> None:
    bell = Bell()
    ear = bell.ear(["pool:a", "pool:b"])
    bell.ring("pool:a")
    bell.ring("pool:b")
    assert await ear.wait(0.01)
    assert not await ear.wait(0.01)


async def test_other_topics_wake_nobody() -> None:
    bell = Bell()
    ear = bell.ear(["pool:a"])
    bell.ring("pool:b")
    assert not await ear.wait(0.01)


async def test_a_closed_ear_hears_nothing_and_leaves_nothing_behind() -> None:
    bell = Bell()
    ear = bell.ear(["pool:a"])
    ear.close()
    bell.ring("pool:a")
    assert not await ear.wait(0.01)
    assert not bell._ears
