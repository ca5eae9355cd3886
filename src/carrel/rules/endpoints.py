"""Which workspaces the data plane is told about, and why not the others.

Envoy cannot know that an address is wrong: whatever stands in the table is sent that workspace's visitors and its secret. Decides only; writes nothing.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import TemplateName, WorkspaceId
from carrel.domain.route import Route
from carrel.domain.template import PathMode, Template
from carrel.domain.workspace import Workspace

REST_OF_AN_ADDRESS: Final = timedelta(minutes=10)
"""How long an address is nobody else's after its workspace is gone: connections and tickets of the old one must have ended."""

_Address = tuple[IPv4Address | IPv6Address, int]


@dataclass(frozen=True, slots=True)
class Refusal:
    workspace_id: WorkspaceId
    sentence: str


@dataclass(frozen=True, slots=True)
class Table:
    routes: tuple[Route, ...]
    refused: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a table is checked against besides itself."""

    recent: Sequence[tuple[Endpoint, WorkspaceId, datetime]] = ()
    """Addresses of workspaces that are gone, and since when."""
    our_ports: Collection[int] = ()
    """Where Carrel itself listens on this machine."""


def table(
    workspaces: Sequence[Workspace],
    templates: Mapping[tuple[TemplateName, str], Template],
    *,
    surroundings: Surroundings,
    now: datetime,
) -> Table:
    """`templates` by name and version. Of two workspaces on one address, the one that had it first keeps it."""
    resting = dict(_resting(surroundings.recent, now))
    taken: dict[_Address, WorkspaceId] = {}
    routes: list[Route] = []
    refused: list[Refusal] = []
    for workspace in sorted(workspaces, key=_seniority):
        template = templates.get((workspace.template, workspace.template_version))
        row = _row(workspace, template, surroundings.our_ports)
        if isinstance(row, Route):
            address = _address(row.endpoint)
            sentence = _conflict(workspace.id, taken.get(address), resting.get(address))
            if sentence is None:
                taken[address] = workspace.id
                routes.append(row)
                continue
            row = Refusal(workspace.id, sentence)
        refused.append(row)
    return Table(tuple(routes), tuple(refused))


def authorization(template: Template, secret: str) -> str:
    """The whole Authorization header towards the app. An app that knows no such thing is still given one: the visitor's own never arrives."""
    return (template.authorization or "Carrel {secret}").replace("{secret}", secret)


def _row(workspace: Workspace, template: Template | None, our_ports: Collection[int]) -> Route | Refusal:
    def refuse(sentence: str) -> Refusal:
        return Refusal(workspace.id, sentence)

    if workspace.endpoint is None:
        return refuse("Its driver gave no address.")
    if template is None:
        return refuse(
            f'Version {workspace.template_version} of its template "{workspace.template}" is not known.'
        )
    if not workspace.secret:
        return refuse("It has no secret, so its app could not tell the data plane from a neighbour.")
    value = authorization(template, workspace.secret)
    if not value.isascii() or not value.isprintable():
        return refuse("Its secret does not fit into a header: only printable ASCII does.")
    sentence = _forbidden(workspace.endpoint, our_ports)
    if sentence:
        return refuse(sentence)
    return Route(workspace.id, workspace.endpoint, value, strip=template.path is PathMode.STRIP)


def _forbidden(endpoint: Endpoint, our_ports: Collection[int]) -> str | None:
    if endpoint.scheme != "http":
        return f'Its address has the scheme "{endpoint.scheme}"; the data plane speaks http to workspaces.'
    if not 0 < endpoint.port < 65536:
        return f"Its port {endpoint.port} is not one."
    try:
        ip, port = _address(endpoint)
    except ValueError:
        return f'Its address "{endpoint.host}" is a name. Drivers must give an IP address: a name may come to mean another machine.'
    if ip.is_unspecified or ip.is_multicast or ip.is_link_local or ip in _METADATA or ip == _BROADCAST:
        return f"Its address {endpoint.host} belongs to the network or to the cloud's metadata service, not to a workspace."
    if ip.is_loopback and port in our_ports:
        return f"Its address {endpoint.host}:{port} is Carrel's own."
    return None


_METADATA: Final = (ip_address("169.254.169.254"), ip_address("fd00:ec2::254"), ip_address("100.100.100.200"))
_BROADCAST: Final = ip_address("255.255.255.255")


def _address(endpoint: Endpoint) -> _Address:
    ip = ip_address(endpoint.host)
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return (mapped or ip, endpoint.port)


def _conflict(
    workspace_id: WorkspaceId, holder: WorkspaceId | None, former: tuple[WorkspaceId, datetime] | None
) -> str | None:
    if holder is not None:
        return f"Workspace {holder} already has its address; one of the two would be sent the other's visitors and secret."
    if former is not None and former[0] != workspace_id:
        until = (former[1] + REST_OF_AN_ADDRESS).strftime("%H:%M:%S UTC")
        return f"Until just now its address was that of workspace {former[0]}; it can be used from {until}."
    return None


def _resting(
    recent: Sequence[tuple[Endpoint, WorkspaceId, datetime]], now: datetime
) -> Iterator[tuple[_Address, tuple[WorkspaceId, datetime]]]:
    for endpoint, workspace_id, gone_at in sorted(recent, key=lambda entry: entry[2]):
        if gone_at + REST_OF_AN_ADDRESS > now:
            try:
                yield _address(endpoint), (workspace_id, gone_at)
            except ValueError:
                continue  # a name was never in the table


def _seniority(workspace: Workspace) -> tuple[datetime, WorkspaceId]:
    return (workspace.ready_at or workspace.created_at, workspace.id)
