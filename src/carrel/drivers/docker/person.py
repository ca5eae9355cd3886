"""What was delivered to one workspace's person: a directory in the container's slot that is replaced whole, by the engine's archives.

Decides nothing about what is delivered. The archive is one request: whatever is killed meanwhile, the link changes last.
"""

import io
import tarfile
from contextlib import aclosing
from typing import Final

from carrel.domain.delivery import Delivery
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.homes.mounts import FileOwner
from carrel.drivers.docker.parcel import Parcel
from carrel.drivers.ondisk import delivered

SLOT: Final = "/carrel"
NAME: Final = "person"
DELIVERIES: Final = "deliveries"
NOTHING: Final = "none"
_PLACES: Final = ("one", "two")
_LONGEST_LINK: Final = 1 << 16
"""Bytes of an archive with a link in it."""
_CANNOT: Final = "A person's settings cannot be brought in"


def nothing_yet(parcel: Parcel) -> Parcel:
    """Adds what a slot holds before anything was delivered; part of the first archive of every container."""
    return (
        parcel.directory(DELIVERIES)
        .directory(f"{DELIVERIES}/{NOTHING}")
        .link(NAME, f"{DELIVERIES}/{NOTHING}")
    )


async def deliver(engine: Engine, container: str, delivery: Delivery, owner: FileOwner) -> None:
    """Replaces what was delivered before; one at a time for each container. `owner`: of the person's files, as the container sees them.

    Raises Rejected, also for a container that is not there, DriverUnavailable.
    """
    delivered.check(delivery)
    former = await _current(engine, container)
    parcel = replacing(delivery, former, owner)
    await engine.unpack(container, SLOT, parcel.packed(), what=_CANNOT)


def replacing(delivery: Delivery, former: str, owner: FileOwner) -> Parcel:
    """In the order in which the engine unpacks it: room, the files, the link, and an end to the former. Two places take turns; a plain
    file in the place of a directory ends all that is in it.
    """
    following = _PLACES[0] if former != _PLACES[0] else _PLACES[1]
    place = f"{DELIVERIES}/{following}"
    parcel = Parcel(owner).directory(DELIVERIES).file(place, "").directory(place)
    for path, text in delivered.files(delivery).items():
        parcel.directory(f"{place}/{path}".rpartition("/")[0]).file(f"{place}/{path}", text)
    parcel.link(NAME, place)
    for each in _PLACES:
        if each != following:
            parcel.file(f"{DELIVERIES}/{each}", "")
    return parcel


async def _current(engine: Engine, container: str) -> str:
    """Which of the places counts; the engine gives a link as a link. Where an app is root it may have put anything there, of any size."""
    found = bytearray()
    pieces = engine.stream(f"containers/{container}/archive", what=_CANNOT, params={"path": f"{SLOT}/{NAME}"})
    async with aclosing(pieces) as chunks:
        async for chunk in chunks:
            found += chunk
            if len(found) > _LONGEST_LINK:
                return NOTHING
    try:
        with tarfile.open(fileobj=io.BytesIO(found), mode="r:") as archive:
            return next((each.linkname.rpartition("/")[2] for each in archive if each.issym()), NOTHING)
    except tarfile.TarError:
        return NOTHING
