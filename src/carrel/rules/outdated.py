"""Which workspaces run another version of their template than the current one. Unclaimed ones are replaced; whoever holds one is told."""

from carrel.domain.template import Template
from carrel.domain.workspace import Workspace


def is_outdated(workspace: Workspace, current: Template | None) -> bool:
    """`current` is of the workspace's pool; None where it is no longer offered, and then there is nothing newer."""
    its_own = (workspace.template, workspace.template_version)
    return current is not None and its_own != (current.name, current.version)


def has_update(workspace: Workspace, current: Template | None) -> bool:
    """Its person would get something newer by giving it back and asking again."""
    return workspace.claim_id is not None and workspace.gone_at is None and is_outdated(workspace, current)
