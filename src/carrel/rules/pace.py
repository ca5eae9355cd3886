"""How fast starts are tried again after failed ones, so that a broken template does not start for ever at full speed.

People who wait still get tries, only slower; whether a try is wanted at all is asked elsewhere.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.rules.actions import Action, Fail
from carrel.rules.view import View

FIRST_DELAY: Final = timedelta(seconds=2)
"""After one failure, which may be a fluke; every further one doubles it."""
PEOPLE_WAIT_AT_MOST: Final = timedelta(seconds=60)
"""Somebody looks at a waiting page: once a repaired template or a freed disk helps, it shows within a minute."""
REFILL_WAITS_AT_MOST: Final = timedelta(minutes=5)
"""Nobody waits, and a try may cost money: twelve an hour are enough to notice that it works again."""
ONE_AT_A_TIME_FROM: Final = 3
"""Three failures in a row are no fluke: from here on a single try at a time finds out whether it works again."""
PROVEN_AFTER: Final = timedelta(seconds=30)
"""A workspace that stayed ready so long proves the template; one that answers once and crashes is a failed start."""
REMEMBERED: Final = 16
"""More failures than this change no delay."""


def delay(failures: int, longest: timedelta) -> timedelta:
    if failures == 0:
        return timedelta(0)
    return min(longest, FIRST_DELAY * (1 << (min(failures, REMEMBERED) - 1)))


def may_try(view: View, now: datetime) -> bool:
    """Whether the delay after the newest failure is over. A failure in the future (the clock was set back) holds nobody up."""
    if not view.recent_failures:
        return True
    longest = PEOPLE_WAIT_AT_MOST if view.waiting else REFILL_WAITS_AT_MOST
    passed = now - view.recent_failures[-1]
    return passed < timedelta(0) or passed >= delay(len(view.recent_failures), longest)


def is_one_at_a_time(view: View) -> bool:
    return len(view.recent_failures) >= ONE_AT_A_TIME_FROM


def remember(view: View, actions: Iterable[Action], now: datetime) -> tuple[datetime, ...]:
    """The `recent_failures` of the next look: those up to the last proof forgotten, those this plan found added.

    What only the applying sees (a recipe rejected, a backend full) is for the caller to add. A new template version starts
    with none.
    """
    proofs = [row.ready_at for row in view.workspaces if row.ready_at and _is_proof(row, now)]
    kept = [at for at in view.recent_failures if not proofs or at > max(proofs)]
    found = [now for action in actions if isinstance(action, Fail) and _tells_of_starts(view, action, now)]
    return _newest([*kept, *found])


def _is_proof(workspace: Workspace, now: datetime) -> bool:
    stayed = workspace.ready_at is not None and now - workspace.ready_at >= PROVEN_AFTER
    return stayed and workspace.phase is Phase.READY


def _tells_of_starts(view: View, fail: Fail, now: datetime) -> bool:
    """What ended with its engine says nothing about the next start: people want another one at once."""
    is_engines = fail.reason.code is ReasonCode.ENGINE_RESTARTED
    return not is_engines and _was_start(view, fail.workspace, now)


def _was_start(view: View, workspace: Workspace, now: datetime) -> bool:
    is_current = view.template is None or workspace.template_version == view.template.version
    return is_current and (workspace.ready_at is None or now - workspace.ready_at < PROVEN_AFTER)


def _newest(failures: Sequence[datetime]) -> tuple[datetime, ...]:
    return tuple(failures[-REMEMBERED:])
