"""Checks run side by side; one that hangs or stumbles is unknown, and no other waits for it. Reports are kept for a while."""

import asyncio
import threading
from collections.abc import Iterable
from pathlib import Path
from time import monotonic

import pytest

from carrel.app.doctor import doctor as module
from carrel.app.doctor.checks import Aside, Check, run_all
from carrel.app.doctor.doctor import Doctor
from carrel.clock import SystemClock
from carrel.domain.errors import Unavailable
from carrel.domain.finding import Finding, Outcome
from carrel.rules.checkup import machine

from .examined import settings_of


async def good() -> Iterable[Finding]:
    return [machine.CLOCK.good("It is noon.")]


async def hangs() -> Iterable[Finding]:
    await asyncio.sleep(60)
    return []


async def stumbles() -> Iterable[Finding]:
    raise ZeroDivisionError("by accident")


async def is_refused() -> Iterable[Finding]:
    raise Unavailable("The database does not answer.")


async def test_a_check_that_hangs_is_unknown_and_keeps_nobody_waiting() -> None:
    began = monotonic()
    found = await run_all([Check((machine.DISK, machine.INODES), hangs, 0.1), Check((machine.CLOCK,), good)])
    assert monotonic() - began < 30
    assert [(one.code, one.outcome) for one in found] == [
        ("CRL104", Outcome.UNKNOWN),
        ("CRL105", Outcome.UNKNOWN),
        ("CRL109", Outcome.GOOD),
    ]
    assert "within 0.1 seconds" in found[0].found


async def test_a_check_that_stumbles_is_unknown_and_says_how() -> None:
    [accident, refusal] = await run_all(
        [Check((machine.DISK,), stumbles), Check((machine.INODES,), is_refused)]
    )
    assert (accident.outcome, refusal.outcome) == (Outcome.UNKNOWN, Outcome.UNKNOWN)
    assert "ZeroDivisionError: by accident" in accident.found
    assert refusal.found == "The database does not answer."


async def test_what_hangs_in_a_thread_is_not_asked_again_while_it_hangs() -> None:
    aside, over = Aside(), threading.Event()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(aside("disk", over.wait), 0.1)
    before = threading.active_count()
    with pytest.raises(TimeoutError):
        await aside("disk", lambda: True)
    assert threading.active_count() == before
    assert await aside("another", lambda: 7) == 7
    over.set()
    async with asyncio.timeout(30):
        while True:
            try:
                assert await aside("disk", lambda: 8) == 8
            except TimeoutError:
                await asyncio.sleep(0.01)
            else:
                break


async def test_what_goes_wrong_in_a_thread_comes_back() -> None:
    with pytest.raises(ZeroDivisionError):
        await Aside()("sum", lambda: 1 // 0)


async def test_a_report_is_kept_for_a_few_seconds_and_made_anew_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []

    async def counted() -> Iterable[Finding]:
        looks.append(1)
        return await good()

    monkeypatch.setattr(module, "checks_of", lambda _patient: [Check((machine.CLOCK,), counted)])
    doctor = Doctor(settings_of(tmp_path / "S"), SystemClock())
    first, second = await asyncio.gather(doctor.look(), doctor.look())
    assert first is second
    monkeypatch.setattr(module, "BREATHES_FOR", 0.0)
    assert await doctor.look(afresh=True) is not first
    assert len(looks) == 2
    monkeypatch.setattr(module, "FRESH_FOR", 0.0)
    await doctor.look()
    assert len(looks) == 3
