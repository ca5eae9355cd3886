"""The doctor itself: all checks of a patient in one report, kept for a few seconds. Implements `ports.checkup.Checkup`."""

import asyncio
from typing import Final

from carrel.app.doctor import addresses, dataplane, machine, pools, security, store
from carrel.app.doctor.checks import Check, run_all
from carrel.app.doctor.patient import Patient
from carrel.domain.finding import Diagnosis
from carrel.ports.clock import Clock
from carrel.rules.checkup.catalog import in_order
from carrel.services.context import Context
from carrel.settings import Settings

FRESH_FOR: Final = 15.0
"""Seconds. Whoever reloads the page sees the same report; "Check again" asks anew."""
BREATHES_FOR: Final = 1.0
"""Seconds between two looks, however often somebody asks."""


class Doctor:
    def __init__(self, settings: Settings, clock: Clock, context: Context | None = None) -> None:
        """`context`: of the Carrel that runs here and looks at itself."""
        started = (clock.now(), clock.monotonic()) if context is not None else None
        self._patient = Patient(settings, clock, context=context, started=started)
        self._looking = asyncio.Lock()
        self._last: tuple[float, Diagnosis] | None = None

    async def look(self, *, afresh: bool = False) -> Diagnosis:
        """Whoever comes while somebody looks gets that report too."""
        clock = self._patient.clock
        async with self._looking:
            age = clock.monotonic() - self._last[0] if self._last is not None else FRESH_FOR
            if self._last is None or age >= (BREATHES_FOR if afresh else FRESH_FOR):
                findings = in_order(await run_all(checks_of(self._patient)))
                self._last = (clock.monotonic(), Diagnosis(clock.now(), findings))
            return self._last[1]


def checks_of(patient: Patient) -> list[Check]:
    subjects = (machine, dataplane, addresses, store, pools, security)
    return [check for subject in subjects for check in subject.checks(patient)]
