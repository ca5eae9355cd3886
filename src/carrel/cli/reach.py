"""Which Carrel a command talks to: the one on this machine, over its owner's socket, or the one CARREL_URL names."""

import os
import pwd
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from carrel import settings
from carrel.client import Client
from carrel.domain.errors import CarrelError, Forbidden, Invalid, Unavailable

OWNER_SOCKET: Final = Path("run") / "owner.sock"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a Carrel answers, and as whom we ask it."""

    url: str = "http://localhost"
    token: str | None = None
    socket: Path | None = None
    """The owner's: whoever can open it may do everything, and is nobody in particular."""

    @property
    def is_owners(self) -> bool:
        return self.socket is not None

    @property
    def private_folder(self) -> Path | None:
        """Where only its owner may look."""
        return self.socket.parent if self.socket is not None else None

    def client(self) -> Client:
        return Client(self.url, token=self.token, socket=self.socket)


def place(state_dir: Path | None, url: str | None, environ: Mapping[str, str] | None = None) -> Place:
    """An option on the command line decides; else a Carrel that runs here comes before CARREL_URL.

    Raises Invalid, Forbidden, Unavailable.
    """
    given = os.environ if environ is None else environ
    if state_dir is not None and url is not None:
        raise Invalid("--state-dir and --url name two different places. Give one of them.")
    if url is not None:
        return _remote(url, given)
    root = (state_dir or settings.load(None, {}, given).state_dir).expanduser().absolute()
    here = _beside(root)
    if isinstance(here, Place):
        return here
    named = given.get("CARREL_URL")
    if named and state_dir is None:
        return _remote(named, given)
    raise here


def _beside(root: Path) -> Place | CarrelError:
    """The Carrel whose state is there, or why it cannot be talked to."""
    path = root / OWNER_SOCKET
    try:
        found = path.lstat()
    except PermissionError:
        return _somebody_elses(root)
    except OSError:
        return _not_running(root)
    if not stat.S_ISSOCK(found.st_mode):
        return _not_running(root)
    if found.st_uid != os.geteuid():
        return _somebody_elses(root)
    return Place(socket=path) if _listens(path) else _not_running(root)


def _not_running(root: Path) -> CarrelError:
    """Also a folder that is not there: `carrel up` makes it."""
    return Unavailable(
        f"Carrel is not running here (its state would be in {root}). Start it with `carrel up`, say where its state "
        "is with --state-dir, or set CARREL_URL and CARREL_TOKEN to reach one elsewhere."
    )


def _somebody_elses(root: Path) -> CarrelError:
    """A socket somebody else put there would be told what is meant for ours."""
    owner = _owner_of(root)
    return Forbidden(
        f"The Carrel in {root} belongs to {owner or 'somebody else'}. Run this as them"
        + (f" (sudo -u {owner} carrel …)" if owner else "")
        + ", or set CARREL_URL and CARREL_TOKEN to ask it as yourself."
    )


def _owner_of(root: Path) -> str | None:
    for path in (root / OWNER_SOCKET, root / "run", root):
        try:
            return pwd.getpwuid(path.lstat().st_uid).pw_name
        except (OSError, KeyError):
            continue
    return None


def _remote(url: str, environ: Mapping[str, str]) -> Place:
    if not _is_address(url):
        raise Invalid(f"{url} is no address of a Carrel. One looks like https://carrel.example.org.")
    token = environ.get("CARREL_TOKEN", "").strip()
    if not token:
        raise Invalid(
            f"Set CARREL_TOKEN to an API token of {url}. Make one on its page, or with `carrel token create` "
            "on the machine where it runs."
        )
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise Invalid("CARREL_TOKEN is no API token: one is a single word that begins with crl_.")
    return Place(url.rstrip("/").removesuffix("/hub"), token)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _listens(path: Path) -> bool:
    """A killed process leaves its socket behind."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
