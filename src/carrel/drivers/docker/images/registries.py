"""What registries are told so that they give an image away. A password is read from its file at each use, and is never kept, logged or
put into a sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from carrel.drivers.docker.images import image_name
from carrel.ports.driver import DriverContext, DriverUnavailable, Rejected


@dataclass(frozen=True, slots=True)
class Registry:
    username: str
    password_file: str


def read(context: DriverContext) -> dict[str, Registry]:
    """Option `registries`, by the registries' one name. Raises Rejected."""
    given = context.options.get("registries", {})
    if not isinstance(given, Mapping):
        raise _refused(context)
    return {image_name.registry_of(str(host)): _one(context, entry) for host, entry in given.items()}


def credentials(known: Mapping[str, Registry], registry: str) -> dict[str, str] | None:
    """What the engine is to show this registry; None where nothing is set. Raises DriverUnavailable."""
    entry = known.get(registry)
    if entry is None:
        return None
    try:
        password = Path(entry.password_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "it holds no text"
        raise DriverUnavailable(
            f"The password for the registry {registry} cannot be read from {entry.password_file}: {why}."
        ) from problem
    return {"username": entry.username, "password": password, "serveraddress": registry}


def _one(context: DriverContext, entry: object) -> Registry:
    if not isinstance(entry, Mapping) or set(entry) != {"username", "password_file"}:
        raise _refused(context)
    username, file = entry["username"], entry["password_file"]
    if not (isinstance(username, str) and isinstance(file, str) and username and file):
        raise _refused(context)
    return Registry(username, file)


def _refused(context: DriverContext) -> Rejected:
    """Without what was given: it may hold a password."""
    return Rejected(
        f"backends.{context.backend}.registries is not understood. Expected registries by their hosts, each with nothing but a username "
        f'and a password_file: "quay.io" = {{ username = "ada", password_file = "/etc/carrel/quay" }}.'
    )
