"""One Envoy for every test that leaves it as it found it; tests that break it start their own."""

from collections.abc import AsyncIterator

import pytest

from .raw import App
from .rig import Rig, Workspace, started


@pytest.fixture(scope="session")
async def shared_rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with started(tmp_path_factory.mktemp("dp")) as rig:
        yield rig


@pytest.fixture
async def rig(shared_rig: Rig) -> AsyncIterator[Rig]:
    yield shared_rig
    shared_rig.control.decide = None
    shared_rig.control.asked.clear()
    shared_rig.control.hub.handler = None


@pytest.fixture(scope="session")
async def shared_pair(shared_rig: Rig) -> tuple[Workspace, Workspace]:
    return await shared_rig.workspace(), await shared_rig.workspace()


@pytest.fixture
def pair(rig: Rig, shared_pair: tuple[Workspace, Workspace]) -> tuple[Workspace, Workspace]:
    """Two workspaces that answer with their own name."""
    for workspace in shared_pair:
        workspace.app.handler = None
        workspace.app.seen.clear()
    return shared_pair


@pytest.fixture
def workspace(pair: tuple[Workspace, Workspace]) -> Workspace:
    return pair[0]


@pytest.fixture
def other(pair: tuple[Workspace, Workspace]) -> Workspace:
    return pair[1]


@pytest.fixture
def app(workspace: Workspace) -> App:
    return workspace.app
