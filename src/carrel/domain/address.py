"""Where people find things: the hub's address and every workspace's own. Always from configuration, never from a Host header."""

from dataclasses import dataclass

from carrel.domain.ids import WorkspaceId


@dataclass(frozen=True, slots=True)
class Addresses:
    hub: str
    """Scheme, host and port without a final slash, e.g. "http://localhost:8000"."""
    workspaces_scheme: str
    workspaces_domain: str
    """Every workspace lives at `<id>.<this>`; "localhost" on a laptop, another registrable domain than the hub's in production."""
    workspaces_port: int | None
    """None where the scheme's usual port is used."""
    path_mode: bool = False
    """Whether people, and not only scripts, may enter their own workspaces under the one name that all share."""

    @property
    def secure(self) -> bool:
        return self.hub.startswith("https://")

    def hub_page(self, path: str = "") -> str:
        return f"{self.hub}/hub/{path.lstrip('/')}"

    def workspace_host(self, workspace_id: WorkspaceId) -> str:
        return f"{workspace_id}.{self.shared_host}"

    @property
    def shared_host(self) -> str:
        """Host and port of path mode, where all workspaces share one name (scripts with a token; announced fallback)."""
        port = f":{self.workspaces_port}" if self.workspaces_port else ""
        return f"{self.workspaces_domain}{port}"

    @property
    def shared_hosts(self) -> tuple[str, ...]:
        """Every spelling of `shared_host` that the data plane takes: 127.0.0.1 is localhost."""
        if self.workspaces_domain != "localhost":
            return (self.shared_host,)
        return (self.shared_host, self.shared_host.replace("localhost", "127.0.0.1", 1))

    def workspace_root(self, workspace_id: WorkspaceId) -> str:
        return f"{self.workspaces_scheme}://{self.workspace_host(workspace_id)}/w/{workspace_id}/"

    def workspace_page(self, workspace_id: WorkspaceId, path: str) -> str:
        return self.workspace_root(workspace_id) + path.lstrip("/")
