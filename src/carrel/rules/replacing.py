"""What another version of a template does to a pool, in a sentence: who is replaced, and who keeps what they have."""

from dataclasses import dataclass

from carrel.domain.pool import Pool
from carrel.domain.reason import ReasonCode
from carrel.rules.foresee import Foreseen
from carrel.rules.outdated import current, has_update, is_outdated
from carrel.rules.view import View


@dataclass(frozen=True, slots=True)
class Replacing:
    warm: int
    """Ready ones of another version; `replaced` and `staying` are of these and of those that are starting."""
    replaced: int
    staying: int
    """Until the pool is resumed, or has room."""
    kept: int
    """In somebody's hands."""
    is_paused: bool
    is_whole: bool
    """False where there is more to come than was looked ahead: `replaced` is then the least."""

    @property
    def sentence(self) -> str:
        said = [*self._unclaimed(), *self._claimed()]
        return f"{'; '.join(said)}." if said else "Nothing runs from another version."

    def _unclaimed(self) -> list[str]:
        said = []
        if self.replaced:
            least = "" if self.is_whole else "at least "
            many = "is" if self.replaced == 1 else "are"
            one_by_one = " one after another" if self.replaced > 1 and self.warm else ""
            said.append(f"{least}{_those(self.replaced, self.warm)} {many} replaced{one_by_one}")
        if self.staying:
            until = "until the pool is resumed" if self.is_paused else "for now"
            said.append(
                f"{_those(self.staying, self.warm)} {'stays' if self.staying == 1 else 'stay'} {until}"
            )
        return said

    def _claimed(self) -> list[str]:
        if not self.kept:
            return []
        keep = "1 person keeps theirs and is" if self.kept == 1 else f"{self.kept} people keep theirs and are"
        return [f"{keep} told that an update is there"]


def _those(many: int, warm: int) -> str:
    """Who is starting is not worth another number."""
    ones = "one" if many == 1 else "ones"
    return f"{many} {'warm' if many <= warm else 'unclaimed'} {ones}"


def replacing(view: View, policy: Pool, foreseen: Foreseen) -> Replacing:
    """`view` has the template as it would be, and the workspaces as they are; `foreseen` is what the planner makes of it."""
    now = current(view.template)
    warm = sum(is_outdated(row, now) for row in view.warm)
    due = warm + sum(is_outdated(row, now) for row in view.coming)
    ended = sum(many for _, many in foreseen.retires)
    replaced = min(due, sum(many for why, many in foreseen.retires if why.code is ReasonCode.OUTDATED))
    return Replacing(
        warm=warm,
        replaced=replaced,
        staying=max(0, due - ended) if foreseen.is_whole else 0,
        kept=sum(has_update(row, now) for row in view.held),
        is_paused=policy.paused,
        is_whole=foreseen.is_whole,
    )
