"""How many WebSocket messages come back per second through Envoy and through configurable-http-proxy, and what one costs the proxy."""

from collections.abc import Sequence

from bench import sockets
from bench.measures import stub
from bench.peers import chp
from bench.peers.chp import Proxy
from bench.processes import cpu_seconds
from bench.report import Row
from bench.setting import Setting
from bench.stats import percentile

CONNECTIONS = 50
MICRO = 1_000_000
GOAL = 2.0


async def measure(setting: Setting) -> Sequence[Row]:
    """The first turn only warms both up."""
    each, turns = setting.choose(1_500, 100), setting.choose(6, 2)
    async with stub.running(setting.folder / "carrel") as room:
        folder, host, port = setting.folder / "chp", room.app_host, room.app_port
        async with chp.running(
            folder, setting.peers, path=room.path, target_host=host, target_port=port
        ) as other:
            pairs = [
                (await _turn(room.envoy, room, each), await _turn(other, room, each)) for _ in range(turns)
            ]
    return _rows([ours for ours, _ in pairs[1:]], [theirs for _, theirs in pairs[1:]], each)


async def _turn(proxy: Proxy, room: stub.Room, each: int) -> tuple[float, float]:
    """Messages per second, and CPU microseconds of the proxy per message."""
    opening = sockets.handshake(room.host, f"{room.path}x", [("cookie", await room.cookies())])
    before = sum(cpu_seconds(pid) for pid in proxy.pids)
    rate = await sockets.echo(proxy.port, opening, connections=CONNECTIONS, each=each)
    spent = sum(cpu_seconds(pid) for pid in proxy.pids) - before
    return rate, spent / (CONNECTIONS * each) * MICRO


def _rows(ours: list[tuple[float, float]], theirs: list[tuple[float, float]], each: int) -> list[Row]:
    rate, other_rate = (percentile([pair[0] for pair in pairs], 0.5) for pairs in (ours, theirs))
    cost, other_cost = (percentile([pair[1] for pair in pairs], 0.5) for pairs in (ours, theirs))
    note = f"median of {len(ours)} turns of {CONNECTIONS} × {each:,} echoes of 64 bytes"
    details: dict[str, object] = {
        "carrel": [list(pair) for pair in ours],
        "chp": [list(pair) for pair in theirs],
    }
    peer = "configurable-http-proxy, no check"
    return [
        Row(
            measure=f"WebSocket echoes, {CONNECTIONS} connections",
            unit="/s",
            ours=rate,
            theirs=other_rate,
            peer=peer,
            more_is_better=True,
            goal=f"ratio ≥ {GOAL:g}",
            met=rate / other_rate >= GOAL,
            note=note,
            details=details,
        ),
        Row(
            measure="proxy CPU per WebSocket echo",
            unit="µs",
            ours=cost,
            theirs=other_cost,
            peer=peer,
            note=note,
        ),
    ]
