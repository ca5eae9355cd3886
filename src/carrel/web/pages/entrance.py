"""Where a person goes into a workspace: the one address that the pages lead to."""

from carrel.domain.address import Addresses
from carrel.domain.template import Template
from carrel.domain.workspace import Workspace
from carrel.rules.authorize import Standing, standing


def entrance(
    workspace: Workspace | None, template: Template | None, addresses: Addresses, path: str = ""
) -> str | None:
    """None until one can go in. The same rule as at the door, so that nobody is sent in circles."""
    if workspace is None or standing(workspace, is_inside=False) is not Standing.OPEN:
        return None
    return addresses.workspace_page(workspace.id, path or (template.open if template else ""))
