"""Which workspaces run another version of their template than the current one. Unclaimed ones are replaced; whoever holds one is told."""

from carrel.domain.ids import TemplateName
from carrel.domain.template import Template
from carrel.domain.workspace import Desired, Workspace

Current = tuple[TemplateName, str]
"""What a pool starts now: template and version."""


def current(template: Template | None) -> Current | None:
    """None where it is no longer offered, and then there is nothing newer."""
    return (template.name, template.version) if template is not None else None


def is_outdated(workspace: Workspace, now: Current | None) -> bool:
    return now is not None and (workspace.template, workspace.template_version) != now


def has_update(workspace: Workspace, now: Current | None) -> bool:
    """Its person would get something newer by giving it back and asking again."""
    is_to_stay = workspace.claim_id is not None and workspace.desired is Desired.RUNNING
    return is_to_stay and is_outdated(workspace, now)
