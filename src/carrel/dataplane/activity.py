"""Asks apps whether they are in use, at their own address and with their own secret. Never raises, believes little, reads little.

What an answer means is for `rules.testimony` to say.
"""

import asyncio
import json
from datetime import datetime
from typing import Final

from carrel.dataplane.line import Line
from carrel.domain.activity import Evidence, NotSeen, Seen, Unknown
from carrel.ports.activity import Subject
from carrel.ports.driver import DriverError, Runs
from carrel.ports.probe import path_at_app
from carrel.rules import testimony
from carrel.rules.endpoints import authorization

WITHIN: Final = 5.0
"""Seconds for all that is asked of one app."""
RUNS_WITHIN: Final = 10.0
_OK, _MISSING = 200, 404


class AppActivity:
    """Implements `ports.activity.ActivityProbe`."""

    def __init__(self, within: float = WITHIN) -> None:
        self._within = within

    async def evidence(self, subject: Subject, now: datetime) -> Evidence:
        match subject.recipe.activity:
            case "traffic":
                return NotSeen()
            case "command":
                return await _command(subject, now)
            case "jupyter" | "rstudio":
                return await self._asked(subject, now)
            case other:
                return Unknown(f"nobody here knows how to ask by {other!r}")

    async def _asked(self, subject: Subject, now: datetime) -> Evidence:
        ask = _jupyter if subject.recipe.activity == "jupyter" else _rstudio
        try:
            said = authorization(subject.recipe, subject.workspace.secret)
            async with asyncio.timeout(self._within), Line(subject.endpoint, said) as line:
                return await ask(line, subject, now)
        except Exception:  # noqa: BLE001 - whatever an app or its address does to the libraries below: it did not answer
            return Unknown("its app did not answer")


async def _jupyter(line: Line, subject: Subject, now: datetime) -> Evidence:
    status, kernels = await _get(line, subject, "api/kernels")
    if status != _OK:
        return Unknown(f"its app answered {status} when it was asked for its kernels")
    listed = json.loads(kernels)
    seen = testimony.jupyter(listed, [], now)
    if isinstance(seen, Seen) and seen.at == now:
        return seen
    status, terminals = await _get(line, subject, "api/terminals")
    if status not in (_OK, _MISSING):
        return Unknown(f"its app answered {status} when it was asked for its terminals")
    return testimony.jupyter(listed, json.loads(terminals) if status == _OK else [], now)


async def _rstudio(line: Line, subject: Subject, now: datetime) -> Evidence:
    status, health = await _get(line, subject, "health-check")
    if status != _OK:
        return Unknown(f"its health check answered {status}: RStudio needs server-health-check-enabled=1")
    return testimony.rstudio(health.decode("utf-8", "replace"), now)


async def _get(line: Line, subject: Subject, path: str) -> tuple[int, bytes]:
    return await line.get(path_at_app(subject.workspace.id, subject.recipe, path))


async def _command(subject: Subject, now: datetime) -> Evidence:
    recipe, driver = subject.recipe, subject.driver
    if not isinstance(driver, Runs):
        return Unknown("its backend cannot run its check")
    try:
        ran = await driver.run(subject.workspace.id, recipe.activity_command, seconds=RUNS_WITHIN)
    except DriverError as error:
        return Unknown(f"its check could not be run: {error.sentence}")
    return testimony.command(ran.code, now)
