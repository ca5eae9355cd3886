"""Fills in envoy.yaml: options in, Envoy's whole bootstrap as plain data out. Reads package data and nothing else; starts nothing."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import resources
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from carrel.dataplane import notices, tls
from carrel.domain.address import Addresses
from carrel.domain.errors import Invalid


@dataclass(frozen=True, slots=True)
class Limits:
    connections: int = 20_000
    """From visitors, in all. Envoy ends itself when it runs out of open files, so `fitting` keeps this below them."""
    streams: int = 100_000
    """To workspaces, in all."""
    per_workspace: int = 512
    """Connections to one workspace: a flood of one person's hinders nobody else."""
    heap_bytes: int = 2 << 30
    hub_body_bytes: int = 1 << 20
    """The largest body that the control plane is sent. Workspaces have no such limit."""

    def fitting(self, open_files: int) -> "Limits":
        """The same for a process that may open so many files: each visitor needs one, and one towards the workspace."""
        connections = min(self.connections, max(64, (open_files - _FILES_BESIDES) // 2))
        return Limits(connections, self.streams, self.per_workspace, self.heap_bytes, self.hub_body_bytes)


_FILES_BESIDES: Final = 1024
"""Envoy's own, and its connections to the authorizer and the hub, which have limits too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapOptions:
    run_dir: Path
    addresses: Addresses
    host: str = "127.0.0.1"
    """Where Envoy listens; never a name."""
    port: int = 8000
    workspaces_port: int = 8001
    trusted_hops: int = 0
    """How many load balancers of ours stand before Envoy and write X-Forwarded-For; what visitors write is noise."""
    limits: Limits = field(default_factory=Limits)
    header_seconds: int = 15
    """How long a visitor may take over a request's headers."""
    report_seconds: int = 60
    """How often a long-lived stream is reported."""
    encrypted: bool = False
    """The listeners speak TLS themselves, each with the certificate of its file (tls.py)."""


def bootstrap(options: BootstrapOptions) -> dict[str, Any]:
    """Raises Invalid for a run directory in which no socket fits."""
    check_run_dir(options.run_dir)
    filled = _fill(yaml.load(_resource("envoy.yaml"), _Loader), _values(options))  # noqa: S506 - it is one of the safe ones
    if not isinstance(filled, dict):
        raise TypeError("envoy.yaml is not a mapping")
    return filled


_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Without libyaml, reading the file takes as long as a fifth of a start."""


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def listens_at(content: bytes) -> frozenset[str]:
    """Which listener of a rendered bootstrap is where, e.g. "hub 127.0.0.1:8000"; nothing where it cannot be read."""
    try:
        places = {
            listener["name"]: listener["address"].get("socket_address")
            for listener in json.loads(content)["static_resources"]["listeners"]
        }
        return frozenset(
            f"{name} {place['address']}:{place['port_value']}" for name, place in places.items() if place
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return frozenset()


def reports_every(content: bytes) -> timedelta:
    """How often the Envoy of a rendered bootstrap reports a long-lived stream; nothing where it cannot be read."""
    found = _REPORT_INTERVAL.search(content)
    return timedelta(seconds=int(found[1]) if found else 0)


_REPORT_INTERVAL: Final = re.compile(rb'"access_log_flush_interval":\s*"(\d{1,6})s"')
_SOCKET_PATH_BYTES: Final = 107
"""What Linux leaves of `sockaddr_un`."""
_LONGEST_SOCKET: Final = ".authorizer.sock.new"


def check_run_dir(run_dir: Path) -> None:
    spare = _SOCKET_PATH_BYTES - len(bytes(run_dir / _LONGEST_SOCKET))
    if spare < 0:
        raise Invalid(
            f"The state directory's path is {-spare} bytes too long for the sockets in {run_dir}. "
            "Choose a shorter one with --state-dir or CARREL_STATE_DIR."
        )
    if not run_dir.is_absolute():
        raise Invalid(f"The run directory {run_dir} is not an absolute path. Give an absolute --state-dir.")


def _values(options: BootstrapOptions) -> dict[str, object]:
    addresses, limits = options.addresses, options.limits
    hub = urlsplit(addresses.hub)
    hub_hosts = _equals(hub.hostname or "")
    shared_hosts = _equals(addresses.workspaces_domain)
    workspaces_port = addresses.workspaces_port
    named = rf"[a-z][a-z0-9]{{15}}\.{re.escape(addresses.workspaces_domain)}"
    return {
        "run": str(options.run_dir),
        "host": options.host,
        "port": options.port,
        "workspaces_port": options.workspaces_port,
        "trusted_hops": options.trusted_hops,
        "untrusted_forwarded": [] if options.trusted_hops else [{"remove": name} for name in _FORWARDED],
        "hub_authorities": _authorities(hub_hosts, hub.scheme, hub.port),
        "hub_origins": _origins(_either(hub_hosts), hub.scheme, hub.port),
        "shared_authorities": _authorities(shared_hosts, addresses.workspaces_scheme, workspaces_port),
        "shared_origins": _origins(_either(shared_hosts), addresses.workspaces_scheme, workspaces_port),
        "named_authorities": _authorities(
            [f"*.{addresses.workspaces_domain}"], addresses.workspaces_scheme, workspaces_port
        ),
        "named_hosts": named + _port_suffix(addresses.workspaces_scheme, workspaces_port),
        "named_origins": _origins(named, addresses.workspaces_scheme, workspaces_port),
        "max_connections": limits.connections,
        "max_streams": limits.streams,
        "max_per_workspace": limits.per_workspace,
        "max_heap_bytes": limits.heap_bytes,
        "max_hub_body_bytes": limits.hub_body_bytes,
        "header_timeout": f"{options.header_seconds}s",
        "report_interval": f"{options.report_seconds}s",
        "report_after_ms": options.report_seconds * 1000 * 5 // 6,
        "strip": _resource("strip.lua"),
        **(tls.encrypted_values(options.run_dir) if options.encrypted else tls.plain_values()),
        **notices.values(addresses.hub_page()),
    }


_FORWARDED: Final = ("x-forwarded-for", "x-forwarded-proto")
_USUAL_PORTS: Final = {"http": 80, "https": 443}


def _port(scheme: str, port: int | None) -> int | None:
    return None if port == _USUAL_PORTS.get(scheme) else port


def _equals(host: str) -> list[str]:
    if host in ("localhost", "127.0.0.1"):
        return ["localhost", "127.0.0.1"]
    try:
        return [f"[{host}]"] if ip_address(host).version == 6 else [host]
    except ValueError:
        return [host]


def _either(hosts: list[str]) -> str:
    return "(" + "|".join(re.escape(host) for host in hosts) + ")"


def _authorities(hosts: list[str], scheme: str, port: int | None) -> list[str]:
    """A browser leaves the usual port out, some clients say it."""
    port = _port(scheme, port)
    if port is not None:
        return [f"{host}:{port}" for host in hosts]
    return [authority for host in hosts for authority in (host, f"{host}:{_USUAL_PORTS[scheme]}")]


def _port_suffix(scheme: str, port: int | None) -> str:
    """The same as a pattern."""
    port = _port(scheme, port)
    return f":{port}" if port is not None else f"(:{_USUAL_PORTS[scheme]})?"


def _origins(hosts: str, scheme: str, port: int | None) -> str:
    port = _port(scheme, port)
    return f"{scheme}://{hosts}" + (f":{port}" if port is not None else "")


_PLACEHOLDER: Final = re.compile(r"\$\{([a-z_]+)\}")


def _fill(node: Any, values: Mapping[str, object]) -> Any:
    match node:
        case str():
            whole = _PLACEHOLDER.fullmatch(node)
            if whole:
                return values[whole[1]]
            return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), node)
        case dict():
            return {key: _fill(value, values) for key, value in node.items()}
        case list():
            return [filled for item in node for filled in _items(item, values)]
        case _:
            return node


def _items(item: Any, values: Mapping[str, object]) -> list[Any]:
    filled = _fill(item, values)
    return filled if isinstance(item, str) and isinstance(filled, list) else [filled]
