"""The options of a `local` backend, read and checked once when it is opened."""

import os
import re
from dataclasses import dataclass

from carrel.drivers.options import refuse, refuse_unknown
from carrel.ports.driver import DriverContext

DEFAULT_PORTS = range(20000, 30000)
"""Below Linux' usual ephemeral range (32768 and up), so that no outgoing connection sits on one by chance."""

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}


@dataclass(frozen=True, slots=True)
class Options:
    ports: range = DEFAULT_PORTS
    stop_grace: float = 5.0
    """Seconds between SIGTERM and SIGKILL."""
    path: str = os.defpath
    """Where programs are found, and the PATH of every app."""
    language: str = "C.UTF-8"


def read(context: DriverContext) -> Options:
    refuse_unknown(context, {"ports", "stop_grace", "path"})
    path = context.options.get("path") or os.environ.get("PATH") or os.defpath
    if not isinstance(path, str):
        raise refuse(context, "path", "a list of directories as in PATH, parted by colons")
    return Options(
        ports=_ports(context),
        stop_grace=_grace(context),
        path=path,
        language=os.environ.get("LANG") or "C.UTF-8",
    )


def _ports(context: DriverContext) -> range:
    if "ports" not in context.options:
        return DEFAULT_PORTS
    text = context.options["ports"]
    found = re.fullmatch(r"\s*(\d{4,5})\s*-\s*(\d{4,5})\s*", text) if isinstance(text, str) else None
    first, last = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1024 <= first <= last <= 65535:
        raise refuse(context, "ports", 'a range between 1024 and 65535, such as "20000-29999"')
    return range(first, last + 1)


def _grace(context: DriverContext) -> float:
    value = context.options.get("stop_grace", "5s")
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m)", value) if isinstance(value, str) else None
    if found is None:
        raise refuse(context, "stop_grace", 'a duration such as "5s"')
    return float(found[1]) * _SECONDS[found[2]]
