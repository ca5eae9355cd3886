"""CRL3xx: do the addresses that people are given lead here? Judges what was answered; resolves and asks nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from carrel.domain.finding import Finding
from carrel.rules.checkup.kind import Kind

HUB: Final = Kind(
    "CRL301",
    "The hub's address",
    "It is what people type, and what every link, redirect and cookie is made for.",
    "Set public_url to what people type; let the name, and the proxy in front if there is one, lead to the hub's port.",
)
WEBSOCKET: Final = Kind(
    "CRL302",
    "WebSockets",
    "Kernels and terminals speak through WebSockets: without them a lab opens and no cell ever runs.",
    "Let every proxy in front pass upgrades on (nginx: proxy_http_version 1.1 and the Upgrade and Connection headers).",
)
NAMES: Final = Kind(
    "CRL303",
    "Names",
    "Every workspace has a host name of its own, so the hub's name and every name below the workspaces' domain must be known.",
    "In DNS: an A or AAAA record for the hub, and one for `*` below the workspaces' domain, both to this machine or its proxy.",
)
WORKSPACES: Final = Kind(
    "CRL304",
    "The workspaces' address",
    "It is where people work. If it leads elsewhere they wait for a workspace and then see an error, or a stranger.",
    "Set workspaces_url, and let the wildcard name lead to the workspaces' port with the Host header unchanged.",
)
CERTIFICATE: Final = Kind(
    "CRL305",
    "Certificate",
    "Browsers refuse an expired or foreign certificate, and a hub with strict transport security cannot be clicked through.",
    "Renew it, for the hub's name and `*.` of the workspaces' domain (a wildcard needs the DNS challenge).",
)
OUTSIDE: Final = Kind(
    "CRL306",
    "Reached from other machines",
    "A link with localhost in it leads everybody to their own machine.",
    "Set public_url and workspaces_url to names that others can resolve (docs/how-to/run-as-a-service.md).",
)
DATE: Final = Kind(
    "CRL307",
    "Clock at the public address",
    "Tickets count for a minute and forgive five seconds; a proxy or replica with another time refuses good ones.",
    "Let a time service keep the clocks of all machines in between.",
)
ALL: Final = (HUB, WEBSOCKET, NAMES, WORKSPACES, CERTIFICATE, OUTSIDE, DATE)

EXPIRES_SOON: Final = 14
"""Days. Usual certificates live 90 and are renewed at 30; whoever still has 14 left was not renewed."""
SKEW: Final = 5.0
"""Seconds that the data plane forgives (dataplane/rendering.py)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request with a nonce."""

    address: str
    complaint: str | None = None
    """Why nothing came back."""
    status: int = 0
    is_proven: bool = False
    """The answer holds what only this installation makes of the nonce."""


def hub(answer: Answer) -> Finding:
    if answer.complaint is not None:
        return HUB.bad(f"{answer.address} is not reached from this machine: {answer.complaint}.")
    if not answer.is_proven:
        return HUB.bad(f"{answer.address} answers {answer.status}, and it is not this Carrel.")
    return HUB.good(f"{answer.address} leads here.")


def websocket(answer: Answer) -> Finding:
    if answer.complaint is not None:
        return WEBSOCKET.bad(f"None can be opened at {answer.address}: {answer.complaint}.")
    if not answer.is_proven:
        return WEBSOCKET.bad(f"One opens at {answer.address}, and does not give back what was sent.")
    return WEBSOCKET.good(f"One opens at {answer.address} and gives back what was sent.")


def workspaces(answer: Answer) -> Finding:
    if answer.complaint is not None:
        return WORKSPACES.bad(f"{answer.address} is not reached from this machine: {answer.complaint}.")
    if not answer.is_proven:
        return WORKSPACES.bad(f"{answer.address} answers {answer.status}, and it is not this Carrel.")
    return WORKSPACES.good(f"{answer.address} leads here.")


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    addresses: tuple[str, ...] = ()
    is_found_by_browsers: bool = False
    """`*.localhost`, which browsers find on their own machine without asking anybody."""


def names(found: Sequence[Name]) -> Finding:
    missing = [one.name for one in found if not one.addresses and not one.is_found_by_browsers]
    if missing:
        return NAMES.bad(f"Nobody knows {' and '.join(missing)}.")
    if any(not one.addresses for one in found):
        return NAMES.good(
            "Browsers find every name below localhost by themselves; programs here do not, and use http://localhost with a token."
        )
    told = "; ".join(f"{one.name} is {', '.join(one.addresses[:3])}" for one in found)
    return NAMES.good(f"{told}.")


@dataclass(frozen=True, slots=True)
class Certificate:
    host: str
    days_left: float | None = None
    """None where there was none to read."""
    complaint: str | None = None
    """What whoever checks it says against it."""


def certificate(seen: Certificate) -> Finding:
    said = f"That of {seen.host}"
    if seen.days_left is not None and seen.days_left < 0:
        return CERTIFICATE.bad(f"{said} ended {-seen.days_left:.0f} days ago.", about=seen.host)
    if seen.complaint is not None:
        return CERTIFICATE.bad(f"{said} is not believed: {seen.complaint}.", about=seen.host)
    if seen.days_left is None:
        return CERTIFICATE.unknown(f"{said} could not be read.", about=seen.host)
    if seen.days_left < EXPIRES_SOON:
        return CERTIFICATE.warning(f"{said} ends in {seen.days_left:.0f} days.", about=seen.host)
    return CERTIFICATE.good(f"{said} is good for {seen.days_left:.0f} days.", about=seen.host)


def certificate_file(path: str, days_left: float | None, complaint: str | None) -> Finding:
    """The file that is to be shown next. `complaint`: why it is not taken in; the one before it goes on meanwhile."""
    if complaint is not None or days_left is None:
        return CERTIFICATE.bad(f"A renewed one would not be taken in. {complaint}", about=path)
    if days_left < 0:
        return CERTIFICATE.bad(f"That in {path} ended {-days_left:.0f} days ago.", about=path)
    if days_left < EXPIRES_SOON:
        return CERTIFICATE.warning(f"That in {path} ends in {days_left:.0f} days.", about=path)
    return CERTIFICATE.good(f"That in {path} is good for {days_left:.0f} days.", about=path)


def outside(*, listens_on: str, listens_beyond: bool, hub_is_local: bool) -> Finding:
    """`listens_beyond`: on more than the loopback device. `hub_is_local`: public_url is a name of this machine only."""
    if listens_beyond and hub_is_local:
        return OUTSIDE.warning(
            f"Envoy listens on {listens_on}, so other machines may come, but every link says localhost."
        )
    if not listens_beyond and not hub_is_local:
        return OUTSIDE.good(f"A proxy on this machine brings people to {listens_on}.")
    return OUTSIDE.good(
        "Only browsers on this machine are meant to come."
        if hub_is_local
        else "Links lead here from anywhere."
    )


def date(seconds: float) -> Finding:
    """`seconds`: how far the Date of the answer is ahead of our clock. It is told in whole ones."""
    said = f"It is {abs(seconds):.0f} seconds {'ahead of' if seconds > 0 else 'behind'} ours."
    if abs(seconds) > SKEW:
        return DATE.bad(said)
    return DATE.warning(said) if abs(seconds) > 3 else DATE.good("It shows the same time as ours.")
