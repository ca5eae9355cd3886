"""What it means that an image could not be fetched, from what the engine says about it: the three errors that may leave a driver, in
words for people. It never repeats what could hold a password.
"""

import re
from typing import Final

from aiodocker.exceptions import DockerError

from carrel.domain.reason import ReasonCode
from carrel.ports.driver import DriverError, DriverUnavailable, OutOfCapacity, Rejected

AWAY: Final = 900
"""What aiodocker gives for an engine that does not answer."""

_MISSING: Final = re.compile(
    r"manifest (for .+ )?(unknown|not found)|not found: manifest|name unknown|repository .+ not found",
    re.IGNORECASE,
)
_REFUSED: Final = re.compile(
    r"pull access denied|unauthorized|no basic auth credentials|authentication required|access (to the resource )?is denied|\bdenied\b|\b403\b",
    re.IGNORECASE,
)
_RATED: Final = re.compile(r"toomanyrequests|too many requests|rate limit", re.IGNORECASE)
_OTHER_MACHINE: Final = re.compile(
    r"no matching manifest for (\S+)|image operating system .+ cannot be used", re.IGNORECASE
)
_FULL: Final = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_CERTIFICATE: Final = re.compile(r"x509|certificate|server gave HTTP response to HTTPS client", re.IGNORECASE)
_LONGEST: Final = 300
_HELPS: Final = "Check the name, or put the image on the engine's machine (docker pull, docker load)."


def engine_away() -> DriverUnavailable:
    return DriverUnavailable(
        "The container engine does not answer. See whether it runs, and whether Carrel may use it."
    )


def missing(image: str, *, because: str) -> Rejected:
    return Rejected(f"The image {image} is not on the engine, and {because}.", ReasonCode.IMAGE_MISSING)


def misnamed(image: str) -> Rejected:
    return Rejected(
        f"{image!r} is no name of an image. Expected one such as quay.io/jupyter/scipy-notebook:latest, in small letters.",
        ReasonCode.IMAGE_MISSING,
    )


def broken_off(image: str) -> DriverUnavailable:
    return DriverUnavailable(
        f"The image {image} could not be fetched: connection reset before all of it was there.",
        ReasonCode.IMAGE_MISSING,
    )


def refusal(image: str, registry: str, error: DockerError) -> DriverError:
    """Rejected where trying again is no use before somebody has changed something, DriverUnavailable where it may be."""
    said = " ".join(str(error.message).split())[:_LONGEST]
    if error.status == AWAY:
        return engine_away()
    if _FULL.search(said):
        return OutOfCapacity(
            f"No space left on device: the image {image} does not fit on the engine's disk. Remove images that nobody needs.",
            ReasonCode.DISK_FULL,
        )
    if _RATED.search(said):
        return DriverUnavailable(
            f"The registry {registry} gives out no more images for now (too many requests). Set a username and password for it in "
            f"`registries`, or wait.",
            ReasonCode.IMAGE_MISSING,
        )
    if error.status == 400:
        return misnamed(image)
    return _of_registry(image, registry, said)


def _of_registry(image: str, registry: str, said: str) -> DriverError:
    code = ReasonCode.IMAGE_MISSING
    if found := _OTHER_MACHINE.search(said):
        kind = found[1] or "this engine"
        return Rejected(
            f"The image {image} was not made for this engine's kind of machine ({kind}). Choose another.",
            code,
        )
    if _MISSING.search(said):
        return Rejected(
            f"The image {image} was not found: the registry {registry} has none of that name and tag. {_HELPS}",
            code,
        )
    if _CERTIFICATE.search(said):
        return Rejected(
            f"The engine does not trust the registry {registry}, so the image {image} cannot be fetched. Put its authority's "
            f"certificate into /etc/docker/certs.d/{registry} on the engine's machine. The engine said: {said.rstrip('.')}.",
            code,
        )
    if _REFUSED.search(said):
        return Rejected(
            f"The registry {registry} refuses to give the image {image}: there is none of that name, or it asks for another username and "
            f"password in `registries`. {_HELPS}",
            code,
        )
    return DriverUnavailable(
        f"The image {image} could not be fetched from {registry}. {_HELPS} The engine said: {said.rstrip('.')}.",
        code,
    )
