"""Which Carrel a command talks to: the one on this machine, over its owner's socket, or the one CARREL_URL names."""

import os
import socket
import stat
from pathlib import Path
from typing import Final

from carrel import settings
from carrel.client import Client
from carrel.domain.errors import Invalid, Unavailable

OWNER_SOCKET: Final = Path("run") / "owner.sock"


def client(state_dir: Path | None, url: str | None) -> Client:
    """An option on the command line decides; else a Carrel that runs here comes before CARREL_URL. Raises Invalid, Unavailable."""
    if state_dir is not None and url is not None:
        raise Invalid("--state-dir and --url name two different places. Give one of them.")
    if url is not None:
        return _remote(url)
    place = (state_dir or settings.load(None, {}, os.environ).state_dir).expanduser().absolute()
    path = place / OWNER_SOCKET
    if is_ours(path) and _listens(path):
        return Client("http://localhost", socket=path)
    named = os.environ.get("CARREL_URL")
    if named and state_dir is None:
        return _remote(named)
    raise Unavailable(
        f"No Carrel runs here: nothing answers at {path}. Start one with `carrel up`, "
        "say where its state is with --state-dir, or set CARREL_URL and CARREL_TOKEN to reach one elsewhere."
    )


def _remote(url: str) -> Client:
    token = os.environ.get("CARREL_TOKEN")
    if not token:
        raise Invalid(
            f"Set CARREL_TOKEN to an API token of {url}. Make one on its page, or with `carrel token create`."
        )
    if not url.startswith(("http://", "https://")):
        raise Invalid(f"{url} is no address of a Carrel: it begins with http:// or https://.")
    return Client(url.rstrip("/").removesuffix("/hub"), token=token)


def is_ours(path: Path) -> bool:
    """A socket somebody else put there would be told what is meant for ours."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid()


def _listens(path: Path) -> bool:
    """A killed process leaves its socket behind."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
