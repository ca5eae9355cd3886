"""Does the app answer, now? Asked before a workspace is called ready and again before it is handed over."""

from typing import Protocol

from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import WorkspaceId
from carrel.domain.template import PathMode, Template
from carrel.domain.workspace import Workspace
from carrel.ports.driver import Driver, Vouches, base_path
from carrel.rules.endpoints import authorization


def path_at_app(workspace_id: WorkspaceId, recipe: Template, path: str) -> str:
    """What the app itself calls `path`, which is relative to the workspace's root: with its prefix, or without where it is stripped."""
    return (base_path(workspace_id) if recipe.path is PathMode.KEEP else "/") + path


class Probe(Protocol):
    async def answers(self, endpoint: Endpoint, path: str, authorization: str) -> bool:
        """True if a GET of `path` (absolute) answers below 400 within a second or two. Never raises."""
        ...


async def warm_up(
    probe: Probe, driver: Driver, *, workspace: Workspace, endpoint: Endpoint, recipe: Template
) -> None:
    """Ask once for the page that people land on, so that what an app prepares on its first visit is prepared before anybody comes."""
    if not isinstance(driver, Vouches):
        path = path_at_app(workspace.id, recipe, recipe.open)
        await probe.answers(endpoint, path, authorization(recipe, workspace.secret))


async def app_answers(
    probe: Probe, driver: Driver, *, workspace: Workspace, endpoint: Endpoint, recipe: Template
) -> bool:
    """A driver that vouches for its instances is believed; every other app is asked at its own door."""
    if isinstance(driver, Vouches):
        return await driver.vouches(workspace.id)
    path = path_at_app(workspace.id, recipe, recipe.ready)
    return await probe.answers(endpoint, path, authorization(recipe, workspace.secret))
