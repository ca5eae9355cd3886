"""Runs checks at the same time, each with a limit of its own. One that hangs or stumbles is "unknown" and says so; nothing is raised."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
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

    _hanging: dict[str, threading.Thread] = field(default_factory=dict)

    async def __call__(self, name: str, ask: Callable[[], T]) -> T:
        """Raises TimeoutError at once while the last question of this name still hangs, so that threads do not pile up."""
        former = self._hanging.get(name)
        if former is not None and former.is_alive():
            raise TimeoutError
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def run() -> None:
            try:
                result = ask()
            except Exception as error:  # noqa: BLE001 - it is handed to whoever asked
                _settle(loop, answer, answer.set_exception, error)
            else:
                _settle(loop, answer, answer.set_result, result)

        thread = threading.Thread(target=run, name=f"carrel-doctor {name}", daemon=True)
        self._hanging[name] = thread
        thread.start()
        return await answer


def _settle(
    loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[Any]", put: Callable[[Any], None], value: object
) -> None:
    def settle() -> None:
        if not answer.done():
            put(value)

    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)
