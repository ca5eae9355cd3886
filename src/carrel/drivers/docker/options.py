"""The options of a `docker` backend, read and checked once when it is opened."""

import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, get_args

from carrel.drivers.docker.engine import Tls, trusted
from carrel.drivers.docker.images import registries
from carrel.drivers.docker.images.fetching import Policy
from carrel.drivers.docker.images.registries import Registry
from carrel.drivers.docker.network.bridge import read_subnet
from carrel.drivers.options import refuse, refuse_unknown
from carrel.ports.driver import DriverContext, DriverUnavailable, Rejected

DEFAULT_HOST: Final = "unix:///var/run/docker.sock"
CONTAINER: Final = "container"
"""As `address`: the data plane reaches a container at its own address, on the engine's machine only."""
DEFAULT_PORTS: Final = range(30000, 32768)
"""Published ones. Below Linux' usual ephemeral range, and beside those of the local driver."""

HomesMode = Literal["mounted", "volume"]
_TLS: Final = ("tls_ca", "tls_cert", "tls_key")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0}
_KNOWN: Final = frozenset(
    {
        *("host", *_TLS, "gate", "address", "ports", "subnet", "deny"),
        *("homes", "pull", "registries", "stop_grace", "runtime"),
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    host: str = DEFAULT_HOST
    tls: Tls | None = None
    gate: Path | None = None
    """The socket of `carrel gate`, which then is asked instead of `host`."""
    address: str = CONTAINER
    """Or an address of the engine's machine, at which ports are published."""
    ports: range = DEFAULT_PORTS
    subnet: str | None = None
    deny: tuple[str, ...] = ()
    homes: HomesMode = "volume"
    pull: Policy = "missing"
    registries: Mapping[str, Registry] = field(default_factory=lambda: MappingProxyType({}))
    stop_grace: float = 10.0
    """Seconds between SIGTERM and SIGKILL."""
    runtime: str | None = None

    @property
    def engine(self) -> str:
        """Where to ask."""
        return f"unix://{self.gate}" if self.gate else self.host

    @property
    def is_local(self) -> bool:
        """A socket is on this machine, as far as anybody can say without asking."""
        return self.engine.startswith("unix://")


def read(context: DriverContext) -> Options:
    """Raises Rejected; DriverUnavailable for files of TLS. Looks at the socket's owner, and asks no engine."""
    refuse_unknown(context, _KNOWN)
    host, gate = _host(context), _gate(context)
    tls = _tls(context, host, gate)
    return Options(
        host=host,
        tls=tls,
        gate=gate,
        address=_address(context, host, tls),
        ports=_ports(context),
        subnet=_subnet(context),
        deny=_deny(context),
        homes=_homes(context, host, gate),
        pull=_pull(context),
        registries=registries.read(context),
        stop_grace=_grace(context),
        runtime=_text(context, "runtime", "the name of a runtime of the engine"),
    )


def _text(context: DriverContext, option: str, expected: str) -> str | None:
    value = context.options.get(option)
    if option in context.options and not (isinstance(value, str) and value):
        raise refuse(context, option, expected)
    return value if isinstance(value, str) else None


def _path(context: DriverContext, option: str) -> Path | None:
    text = _text(context, option, "an absolute path")
    if text is not None and not text.startswith("/"):
        raise refuse(context, option, "an absolute path")
    return Path(text) if text is not None else None


def _host(context: DriverContext) -> str:
    expected = '"unix:///path/of/docker.sock" or "tcp://name:2376"'
    host = _text(context, "host", expected) or DEFAULT_HOST
    if not re.fullmatch(r"unix:///.+|tcp://[^/\s:]+:\d{1,5}|tcp://\[[0-9a-fA-F:]+\]:\d{1,5}", host):
        raise refuse(context, "host", expected)
    return host


def _gate(context: DriverContext) -> Path | None:
    gate = _path(context, "gate")
    if gate is not None and "host" in context.options:
        raise Rejected(
            f"backends.{context.backend} has `host` and `gate`: the gate has the engine's socket, so leave `host` out."
        )
    return gate


def _tls(context: DriverContext, host: str, gate: Path | None) -> Tls | None:
    ca, cert, key = (_path(context, option) for option in _TLS)
    given = next((option for option in _TLS if option in context.options), None)
    if given is None:
        return None
    if gate is not None:
        raise Rejected(
            f"backends.{context.backend} has `gate` and `{given}`: the gate is a socket of this machine and speaks no TLS, so leave "
            f"`{given}` out."
        )
    if not host.startswith("tcp://"):
        raise Rejected(f"backends.{context.backend}.{given} is only for a `host` that begins with tcp://.")
    if ca is None:
        raise _lacks(context, "tls_ca", "the file of the authority that signed the engine's certificate")
    if cert is None and key is not None:
        raise _lacks(context, "tls_cert", "the certificate that tls_key is for")
    if cert is not None and key is None:
        raise _lacks(context, "tls_key", "the key of tls_cert")
    return Tls(ca, cert, key)


def demand_there(options: Options) -> None:
    """What it is reached by on this machine: its socket, and the passwords of registries. Asks no engine. Raises DriverUnavailable."""
    if options.is_local:
        path = Path(options.engine.removeprefix("unix://"))
        whose = "gate" if options.gate else "host"
        runs = "carrel gate" if options.gate else "the engine"
        try:
            is_socket = stat.S_ISSOCK(path.stat().st_mode)
        except OSError as problem:
            raise DriverUnavailable(
                f"Carrel finds no socket at {path}, the `{whose}` of the backend: {problem.strerror}. See whether {runs} runs."
            ) from problem
        if not is_socket:
            raise DriverUnavailable(f"{path}, the `{whose}` of the backend, is no socket.")
    for registry in options.registries:
        registries.credentials(options.registries, registry)


def _lacks(context: DriverContext, option: str, expected: str) -> Rejected:
    return Rejected(f"backends.{context.backend}.{option} is missing: expected {expected}.")


def _address(context: DriverContext, host: str, tls: Tls | None) -> str:
    """What keeps Carrel from the engine at all is named first."""
    try:
        return _published_at(context, host)
    except Rejected:
        if tls is not None:
            trusted(tls)
        raise


def _published_at(context: DriverContext, host: str) -> str:
    """An engine elsewhere has its containers' addresses for itself."""
    expected = '"container", or an address of the engine\'s machine such as "127.0.0.1"'
    given = _text(context, "address", expected)
    if given is None and not host.startswith("unix://"):
        raise Rejected(
            f"backends.{context.backend}.address is missing: say at which address of the engine's machine ports are to be published, "
            'e.g. address = "10.0.0.7".'
        )
    if given is None or given == CONTAINER:
        return CONTAINER
    try:
        return str(IPv4Address(given))
    except ValueError:
        raise refuse(context, "address", expected) from None


def _ports(context: DriverContext) -> range:
    text = context.options.get("ports")
    if text is None:
        return DEFAULT_PORTS
    found = re.fullmatch(r"\s*(\d{4,5})\s*-\s*(\d{4,5})\s*", text) if isinstance(text, str) else None
    first, last = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1024 <= first <= last <= 65535:
        raise refuse(context, "ports", 'a range between 1024 and 65535, such as "30000-31999"')
    return range(first, last + 1)


def _subnet(context: DriverContext) -> str | None:
    expected = 'a network of at least eight addresses, written by its first one, such as "10.231.0.0/20"'
    text = _text(context, "subnet", expected)
    if text is None:
        return None
    subnet = read_subnet(text)
    if subnet is None:
        raise refuse(context, "subnet", expected)
    return subnet


def _deny(context: DriverContext) -> tuple[str, ...]:
    expected = 'a list of networks, such as ["10.0.0.0/8"]'
    given = context.options.get("deny", [])
    if not isinstance(given, list):
        raise refuse(context, "deny", expected)
    try:
        return tuple(str(IPv4Network(each)) for each in given)
    except ValueError:
        raise refuse(context, "deny", expected) from None


def _homes(context: DriverContext, host: str, gate: Path | None) -> HomesMode:
    """Mounting on this machine must show inside containers, and root must be the one who mounts."""
    expected = '"mounted" or "volume"'
    given = _text(context, "homes", expected)
    can_mount = sys.platform.startswith("linux") and host.startswith("unix://")
    if given == "mounted":
        if not can_mount:
            raise refuse(
                context, "homes", '"volume": files are mounted only on an engine of this Linux machine'
            )
        return "mounted"
    if given == "volume":
        return "volume"
    if given is not None:
        raise refuse(context, "homes", expected)
    is_root = os.geteuid() == 0 and _is_of_root(host)
    return "mounted" if can_mount and (gate is not None or is_root) else "volume"


def _is_of_root(host: str) -> bool:
    """An engine of another user has namespaces of its own, into which nothing is mounted from here. Root's is assumed while it is away."""
    try:
        return (
            stat.S_ISSOCK((found := Path(host.removeprefix("unix://")).stat()).st_mode) and found.st_uid == 0
        )
    except OSError:
        return True


def _pull(context: DriverContext) -> Policy:
    value = context.options.get("pull", "missing")
    found: Policy | None = next((each for each in get_args(Policy) if each == value), None)
    if found is None:
        raise refuse(context, "pull", '"missing", "always" or "never"')
    return found


def _grace(context: DriverContext) -> float:
    value = context.options.get("stop_grace", "10s")
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m)", value) if isinstance(value, str) else None
    if found is None:
        raise refuse(context, "stop_grace", 'a duration such as "10s"')
    return float(found[1]) * _SECONDS[found[2]]
