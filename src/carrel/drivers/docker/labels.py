"""Names and labels of everything this driver makes on an engine: by them it finds its own again, and touches nothing else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from carrel.domain.ids import HomeId, InstallationId, PoolName, WorkspaceId

INSTALLATION: Final = "carrel.installation"
BACKEND: Final = "carrel.backend"
WORKSPACE: Final = "carrel.workspace"
POOL: Final = "carrel.pool"
COMPANION: Final = "carrel.companion"
"""Only on containers beside an app: the companion's name."""
COMPANIONS: Final = "carrel.companions"
"""On an app: the names of all its companions, parted by commas."""
ENDPOINT: Final = "carrel.endpoint"
"""host:port at which the data plane reaches the app; it stays over restarts."""
FILES_OWNER: Final = "carrel.files-owner"
""" "uid:gid" of the person's files, as the app's container sees them."""
HOME_PATH: Final = "carrel.home-path"
"""Where they are in it."""
RUNS_AS: Final = "carrel.runs-as"
"""Who runs a command inside; empty for the container's own user."""
HOME: Final = "carrel.home"
"""The home a container was started with, where homes are volumes; on a volume of ours, whose it is."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose they are. Two backends, also of two installations, may use one engine."""

    installation: InstallationId
    backend: str

    @property
    def labels(self) -> dict[str, str]:
        return {INSTALLATION: self.installation, BACKEND: self.backend}

    @property
    def filters(self) -> str:
        """The parameter `filters` of the engine's lists."""
        return json.dumps({"label": [f"{name}={value}" for name, value in self.labels.items()]})

    def owns(self, labels: Mapping[str, Any] | None) -> bool:
        return all((labels or {}).get(name) == value for name, value in self.labels.items())


def of_workspace(owner: Owner, workspace_id: WorkspaceId, pool: PoolName) -> dict[str, str]:
    return owner.labels | {WORKSPACE: workspace_id, POOL: pool}


def container(workspace_id: WorkspaceId) -> str:
    return f"carrel-{workspace_id}"


def companion(workspace_id: WorkspaceId, name: str) -> str:
    return f"carrel-{workspace_id}-{name}"


def slot_volume(workspace_id: WorkspaceId) -> str:
    return f"carrel-slot-{workspace_id}"


def home_volume(home_id: HomeId) -> str:
    return f"carrel-home-{home_id}"
