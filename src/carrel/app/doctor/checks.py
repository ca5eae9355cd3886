"""Runs checks at the same time, each with a limit of its own. One that hangs or stumbles is "unknown" and says so; nothing is raised."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

import structlog

from carrel.domain.errors import CarrelError
from carrel.domain.finding import Finding
from carrel.rules.checkup.kind import Kind

_log = structlog.get_logger(__name__)

T = TypeVar("T")

WITHIN: Final = 4.0
"""Seconds for one check, and so for all of them: they run side by side."""

Run = Callable[[], Awaitable[Iterable[Finding]]]


@dataclass(frozen=True, slots=True)
class Check:
    kinds: tuple[Kind, ...]
    """What it finds out, and what is unknown when it cannot."""
    run: Run
    within: float = WITHIN


async def run_all(checks: Sequence[Check]) -> list[Finding]:
    found = await asyncio.gather(*(_run(check) for check in checks))
    return [finding for several in found for finding in several]


async def _run(check: Check) -> list[Finding]:
    try:
        async with asyncio.timeout(check.within):
            return list(await check.run())
    except TimeoutError:
        return [
            kind.unknown(f"It was not found out within {check.within:g} seconds.") for kind in check.kinds
        ]
    except CarrelError as error:
        return [kind.unknown(error.sentence) for kind in check.kinds]
    except Exception as error:  # noqa: BLE001 - a check that stumbles must not keep the others from being heard
        _log.warning("check stumbled", codes=[kind.code for kind in check.kinds], exc_info=error)
        return [
            kind.unknown(f"It could not be found out: {type(error).__name__}: {error}")
            for kind in check.kinds
        ]


@dataclass(slots=True)
class Aside:
    """Asks what may hang (a disk that is away, a name server) in a thread that nobody has to wait for, at exit neither."""

    _hanging: set[str] = field(default_factory=set)

    async def __call__(self, name: str, ask: Callable[[], T]) -> T:
        """Raises TimeoutError at once while the last question of this name still hangs, so that threads do not pile up."""
        if name in self._hanging:
            raise TimeoutError
        self._hanging.add(name)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def settle(put: Callable[[Any], None], value: object) -> None:
            self._hanging.discard(name)
            if not answer.done():
                put(value)

        def run() -> None:
            try:
                settled = partial(settle, answer.set_result, ask())
            except Exception as error:  # noqa: BLE001 - it is handed to whoever asked
                settled = partial(settle, answer.set_exception, error)
            with suppress(RuntimeError):  # the loop may have ended meanwhile, and then nobody waits
                loop.call_soon_threadsafe(settled)

        threading.Thread(target=run, name=f"carrel-doctor {name}", daemon=True).start()
        return await answer
