"""The walls around a network of workspaces, as rules of iptables: which there must be, and which of them are missing. Touches nothing.

They stand in the table `mangle`, before addresses are translated: what a rule there sees is what the workspace asked for, also where a
published port or an agent of the cloud would turn it into something else, and engines write no rules there.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

TABLE: Final = "mangle"
BRIDGES: Final = "crl-"
"""What the bridges of all our networks begin with; those of one wall off those of every other."""
METADATA: Final = ("169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32")
"""Where clouds answer questions about the machine, with its keys."""
RESOLVERS: Final = ("169.254.0.0/16", "168.63.129.16/32")
"""Of these, clouds answer questions for names too, and some machines know no other resolver."""
_HOST: Final = ("LOCAL", "BROADCAST", "MULTICAST")

Rule = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Walls:
    bridge: str
    """Of the network; its part after the prefix names our chain."""
    subnet: str
    deny: tuple[str, ...] = ()
    """Addresses beyond those that nobody may reach anyway, as networks, e.g. "10.0.0.0/8"."""

    @property
    def chain(self) -> str:
        return f"CARREL-{self.bridge.removeprefix(BRIDGES)}"


@dataclass(frozen=True, slots=True)
class Jump:
    """A rule of ours in a chain that is not."""

    chain: str
    rule: Rule


def wall_rules(walls: Walls) -> list[Rule]:
    """Of our own chain, in order. An answer to somebody who came in goes out; new to the machine itself, to neighbours and to
    metadata goes nothing but questions for names; everything else goes on.
    """
    denied = [*METADATA, walls.subnet, *walls.deny]
    return [
        ("-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "RETURN"),
        *(("-m", "addrtype", "--dst-type", kind, "-j", "DROP") for kind in _HOST),
        *(
            ("-d", network, "-p", protocol, "-m", protocol, "--dport", "53", "-j", "RETURN")
            for network in RESOLVERS
            for protocol in ("udp", "tcp")
        ),
        *(("-d", network, "-j", "DROP") for network in dict.fromkeys(denied)),
    ]


def jumps(walls: Walls) -> list[Jump]:
    """The second is a wall by itself: where a packet goes out is known only after it was routed."""
    return [
        Jump("PREROUTING", ("-i", walls.bridge, "-j", walls.chain)),
        Jump("FORWARD", ("-i", walls.bridge, "-o", f"{BRIDGES}+", "-j", "DROP")),
    ]


def jumps6(walls: Walls) -> list[Jump]:
    """Our networks speak no IPv6; whoever tries it all the same gets nowhere."""
    return [Jump("PREROUTING", ("-i", walls.bridge, "-j", "DROP"))]


def missing(saved: str, walls: Walls) -> list[str]:
    """Of the walls, what does not stand in the output of iptables-save, as lines of it. Empty if all of them stand in order."""
    lines = _lines(saved)
    own = [line[2:] for line in lines if line[:2] == ("-A", walls.chain)]
    wanted = wall_rules(walls)
    gone = [] if own == wanted else [_line(walls.chain, rule) for rule in wanted if rule not in own]
    if own != wanted and not gone:
        gone = [f"{walls.chain} is in another order or holds more than our rules"]
    return gone + [_line(jump.chain, jump.rule) for jump in _lacking(lines, jumps(walls))]


def missing6(saved: str, walls: Walls) -> list[str]:
    return [_line(jump.chain, jump.rule) for jump in _lacking(_lines(saved), jumps6(walls))]


def raising(saved: str, walls: Walls) -> str:
    """For `iptables-restore --noflush`, which does all of it at once or nothing: our chain anew, and the jumps that are missing."""
    return _restored(
        f":{walls.chain} - [0:0]",
        *(_line(walls.chain, rule) for rule in wall_rules(walls)),
        *_inserted(_lacking(_lines(saved), jumps(walls))),
    )


def raising6(saved: str, walls: Walls) -> str:
    return _restored(*_inserted(_lacking(_lines(saved), jumps6(walls))))


def lowering(saved: str, walls: Walls) -> str:
    """All of it away again. Empty where nothing of it stands."""
    lines = _lines(saved)
    gone = [_line(*found, verb="-D") for found in _standing(lines, jumps(walls))]
    if any(line[:2] == ("-A", walls.chain) for line in lines) or f":{walls.chain} " in saved:
        # declared, which empties it; a chain that something points to or that holds rules cannot be deleted
        gone = [f":{walls.chain} - [0:0]", *gone, f"-X {walls.chain}"]
    return _restored(*gone) if gone else ""


def lowering6(saved: str, walls: Walls) -> str:
    gone = [_line(*found, verb="-D") for found in _standing(_lines(saved), jumps6(walls))]
    return _restored(*gone) if gone else ""


def _lines(saved: str) -> list[Rule]:
    return [tuple(shlex.split(line)) for line in saved.splitlines() if line.startswith("-A ")]


def _lacking(lines: Sequence[Rule], wanted: Iterable[Jump]) -> list[Jump]:
    return [jump for jump in wanted if ("-A", jump.chain, *jump.rule) not in lines]


def _standing(lines: Sequence[Rule], ours: Iterable[Jump]) -> list[tuple[str, Rule]]:
    """Each as often as it stands there."""
    rules = {(jump.chain, jump.rule) for jump in ours}
    return [(line[1], line[2:]) for line in lines if (line[1], line[2:]) in rules]


def _inserted(wanted: Iterable[Jump]) -> list[str]:
    """First in their chains: a rule of others that accepts must not come before."""
    return [f"-I {jump.chain} 1 {' '.join(jump.rule)}" for jump in wanted]


def _line(chain: str, rule: Rule, *, verb: str = "-A") -> str:
    return " ".join((verb, chain, *rule))


def _restored(*lines: str) -> str:
    return "\n".join((f"*{TABLE}", *lines, "COMMIT", ""))
