"""Which instances nobody knows and are to be ended. Only tagged ones are ever listed; only those unknown in two looks go.

An instance can be unknown in one look by bad timing; its row is committed before it is created, so never in two.
"""

from collections.abc import Collection, Iterable

from carrel.domain.ids import PoolName, WorkspaceId
from carrel.domain.instance import Instance
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.rules.actions import Collect
from carrel.rules.view import View

_UNKNOWN = Reason(ReasonCode.UNKNOWN, "The backend showed it and nothing was known of it here.")


def collect(view: View, policy: Pool) -> list[Collect]:
    return collect_twice_seen(_unknown(view, policy), view.unknown_before)


def unknown(view: View, policy: Pool) -> frozenset[WorkspaceId]:
    """The `unknown_before` of the next look."""
    return frozenset(instance.workspace_id for instance in _unknown(view, policy))


def strays(
    instances: Iterable[Instance], *, known: Collection[WorkspaceId], pools: Collection[PoolName]
) -> list[Instance]:
    """Instances that no pool's view holds: the tag is damaged or names a pool that is not there, and no live row has the id."""
    return [
        instance
        for instance in instances
        if instance.workspace_id not in known and instance.pool not in pools
    ]


def collect_twice_seen(instances: Iterable[Instance], before: Collection[WorkspaceId]) -> list[Collect]:
    return [Collect(instance, _UNKNOWN) for instance in instances if instance.workspace_id in before]


def _unknown(view: View, policy: Pool) -> list[Instance]:
    known = {workspace.id for workspace in view.workspaces}
    return [
        instance
        for instance in view.instances
        if instance.pool == policy.name and instance.workspace_id not in known
    ]
