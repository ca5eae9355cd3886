"""Everything the planner may see of one pool, at one instant. Plain data and counts over it; decides nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.ids import ClaimId, WorkspaceId
from carrel.domain.instance import Instance
from carrel.domain.template import HomeKind, Template
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.rules.actions import Action, Destroy, Fail, Release, Remove

SETTLE: Final = timedelta(seconds=10)
"""How old a row must be before something missing counts as lost: backends list their newest instances late (seconds on
EC2), a restart takes a moment, and the clocks of two replicas differ a little."""


@dataclass(frozen=True, slots=True)
class View:
    """The driver is listed first; rows and claims are read after that, in one transaction."""

    listed_at: datetime
    """Taken before the driver was asked for its list."""
    template: Template | None = None
    """The current version; None where it was removed, and then nothing is started."""
    workspaces: tuple[Workspace, ...] = ()
    """The pool's live rows."""
    instances: tuple[Instance, ...] = ()
    """What the driver lists for this pool, by its tag or because a row above has its id."""
    claims: tuple[Claim, ...] = ()
    """The pool's live claims: waiting and held."""
    homes_elsewhere: frozenset[ClaimId] = frozenset()
    """Claims whose home is still in their person's former workspace: held ones and, where they are started for, waiting ones."""
    starts_with_home: bool = False
    """The driver can bring files in only as an instance starts."""
    answering: frozenset[WorkspaceId] = frozenset()
    """Those whose app answered the probe in this look. Only starting ones need to be asked."""
    silent: frozenset[WorkspaceId] = frozenset()
    """Ready ones that were asked and did not answer, as often as the loop finds enough."""
    unknown_before: frozenset[WorkspaceId] = frozenset()
    """`collect.unknown` of the previous look."""
    in_flight: frozenset[WorkspaceId | ClaimId] = frozenset()
    """The subjects of actions that are being applied right now, or were in vain a moment ago: nothing is planned for them."""
    recent_failures: tuple[datetime, ...] = ()
    """Failed starts of the current template version, newest last; `pace.remember` keeps the list."""

    zone: tzinfo = UTC
    """In which moments are said to people."""

    @property
    def warm(self) -> list[Workspace]:
        return [workspace for workspace in self.workspaces if workspace.is_warm]

    @property
    def coming(self) -> list[Workspace]:
        return [workspace for workspace in self.workspaces if workspace.is_coming]

    @property
    def reserved(self) -> list[Workspace]:
        """On their way, or ready, with the files of one claim in them."""
        return [workspace for workspace in self.workspaces if workspace.is_reserved]

    @property
    def is_started_for_claims(self) -> bool:
        """Nothing can be warm: each is started for its claim, with that person's files."""
        return (
            self.starts_with_home and self.template is not None and self.template.home is HomeKind.PERSISTENT
        )

    @property
    def held(self) -> list[Workspace]:
        """In somebody's hands, and to stay so."""
        return [row for row in self.workspaces if row.claim_id is not None and not is_ending(row)]

    @property
    def ending(self) -> list[Workspace]:
        return [workspace for workspace in self.workspaces if is_ending(workspace)]

    @property
    def waiting(self) -> list[Claim]:
        return [claim for claim in self.claims if claim.state is ClaimState.WAITING]

    def is_settled(self, since: datetime) -> bool:
        """Whether the list was taken long enough after `since` to show what happened then."""
        return self.listed_at - since > SETTLE

    def after(self, actions: Iterable[Action]) -> "View":
        """The same view, with what these actions end counted as ending and what they release left out."""
        done = list(actions)
        released = {action.claim.id for action in done if isinstance(action, Release)}
        ended = {action.workspace.id for action in done if isinstance(action, Fail | Destroy | Remove)}
        return replace(
            self,
            workspaces=tuple(
                replace(row, desired=Desired.GONE) if row.id in ended or row.claim_id in released else row
                for row in self.workspaces
            ),
            claims=tuple(claim for claim in self.claims if claim.id not in released),
        )


def is_ending(workspace: Workspace) -> bool:
    """Counts against the limit still, and will be of use to nobody."""
    return workspace.desired is Desired.GONE or workspace.phase in (Phase.STOPPING, Phase.FAILED, Phase.GONE)
