"""JupyterHub's own configuration for a run, read by JupyterHub in its own venv. CARREL_BENCH_HUB holds what differs from run to run.

It is as kind to JupyterHub as it can be: quiet logs, no limit on parallel starts, answers that wait for the start instead of polls.
"""

# mypy: ignore-errors
import json
import os

from jupyterhub.spawner import SimpleLocalProcessSpawner, Spawner

told = json.loads(os.environ["CARREL_BENCH_HUB"])


class NullSpawner(Spawner):
    """Starts nothing: what is left is JupyterHub's own work."""

    async def start(self) -> str:
        self.is_up = True
        return f"http://127.0.0.1:{told['null_port']}"

    async def poll(self) -> int | None:
        return None if getattr(self, "is_up", False) else 0

    async def stop(self, now: bool = False) -> None:
        self.is_up = False


c = get_config()  # noqa: F821 - JupyterHub puts it there
c.JupyterHub.bind_url = f"http://127.0.0.1:{told['port']}"
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.hub_port = told["hub_port"]
c.JupyterHub.db_url = f"sqlite:///{told['folder']}/hub.sqlite"
c.JupyterHub.cookie_secret_file = f"{told['folder']}/cookie_secret"
c.JupyterHub.log_level = "ERROR"
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 150}
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{told['proxy_api_port']}"
c.ConfigurableHTTPProxy.command = told["chp"]
c.ConfigurableHTTPProxy.log_level = "warn"
c.ConfigurableHTTPProxy.pid_file = f"{told['folder']}/proxy.pid"

c.JupyterHub.spawner_class = NullSpawner if told["null_port"] else SimpleLocalProcessSpawner
c.SimpleLocalProcessSpawner.home_dir_template = told["folder"] + "/homes/{username}"
c.Spawner.ip = "127.0.0.1"
c.Spawner.args = ["--allow-root"]
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = 180
c.Spawner.http_timeout = 180

c.JupyterHub.services = [{"name": "bench", "api_token": told["token"]}]
c.JupyterHub.load_roles = [
    {
        "name": "bench",
        "services": ["bench"],
        "scopes": ["admin:users", "admin:servers", "access:servers", "list:users"],
    }
]
