"""What was delivered to one workspace's person: a directory in the container's slot that is replaced whole, by the engine's archives.

Decides nothing about what is delivered. The archive is one request: whatever is killed meanwhile, the link changes last.
"""

from typing import Final

from carrel.domain.delivery import Delivery
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.mounts import FileOwner
from carrel.drivers.docker.parcel import Parcel
from carrel.ports.driver import DriverUnavailable

SLOT: Final = "/carrel"
NAME: Final = "person"
DELIVERIES: Final = "deliveries"
NOTHING: Final = "none"


def nothing_yet(parcel: Parcel) -> Parcel:
    """Adds what a slot holds before anything was delivered; part of the first archive of every container."""
    return (
        parcel.directory(DELIVERIES)
        .directory(f"{DELIVERIES}/{NOTHING}")
        .link(NAME, f"{DELIVERIES}/{NOTHING}")
    )


async def deliver(engine: Engine, container: str, delivery: Delivery, owner: FileOwner) -> None:
    """Replaces what was delivered before. `owner`: of the person's files, as the container sees them. Raises Rejected, DriverUnavailable."""
    raise DriverUnavailable("Nothing can be delivered yet.")
