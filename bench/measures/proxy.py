"""What one small request costs the proxy: Envoy with ticket check and every wall, beside proxies that check nothing. Taking turns, same app."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from bench import load
from bench.measures import stub
from bench.peers import chp, plain
from bench.peers.chp import Proxy
from bench.processes import cpu_seconds
from bench.report import Missing, Row
from bench.setting import Setting
from bench.stats import percentile

CONNECTIONS = 32
MICRO = 1_000_000


async def measure(setting: Setting) -> list[Row | Missing]:
    """The first turn only warms everybody up: compiled code, connections, caches."""
    requests = setting.choose(20_000, 2_000)
    async with AsyncExitStack() as stack:
        room = await stack.enter_async_context(stub.running(setting.folder / "carrel"))
        proxies = [room.envoy, *[await stack.enter_async_context(one) for one in _others(setting, room)]]
        turns = [await _turn(proxies, room, requests) for _ in range(setting.choose(8, 3))]
    costs = {proxy.name: [turn[proxy.name] for turn in turns[1:]] for proxy in proxies}
    absent = [kind for kind in plain.KINDS if not plain.is_installed(kind)]
    return [
        *_rows(costs, requests),
        *(Missing(f"proxy, {kind.name}", "it is not installed here", is_failure=False) for kind in absent),
    ]


def _others(setting: Setting, room: stub.Room) -> Iterator[AbstractAsyncContextManager[Proxy]]:
    host, port = room.app_host, room.app_port
    yield chp.running(
        setting.folder / "chp", setting.peers, path=room.path, target_host=host, target_port=port
    )
    for kind in filter(plain.is_installed, plain.KINDS):
        yield plain.running(setting.folder / kind.name, kind, target_host=host, target_port=port)


async def _turn(proxies: Sequence[Proxy], room: stub.Room, requests: int) -> dict[str, float]:
    costs = {}
    for proxy in proxies:
        sent = load.request("GET", room.host, f"{room.path}x", [("cookie", await room.cookies())])
        costs[proxy.name] = await _cost(proxy, sent, requests)
    return costs


async def _cost(proxy: Proxy, sent: bytes, requests: int) -> float:
    """CPU microseconds per request."""
    before = _cpu(proxy)
    done = await load.hammer(proxy.port, sent, total=requests, connections=CONNECTIONS)
    spent = _cpu(proxy) - before
    done.all_are(200, proxy.name)
    return spent / requests * MICRO


def _cpu(proxy: Proxy) -> float:
    return sum(cpu_seconds(pid) for pid in proxy.pids)


LIMITS = {"configurable-http-proxy": 0.45, "HAProxy": 5.0}
"""Highest ratio that design and plan allow."""


def _rows(costs: dict[str, list[float]], requests: int) -> list[Row]:
    mine, *others = costs
    return [
        Row(
            measure=f"proxy CPU per request, {name}",
            unit="µs",
            ours=pick(costs[mine]),
            theirs=pick(costs[other]),
            peer=f"{other}, no check",
            goal=f"ratio ≤ {LIMITS[other]:g}" if other in LIMITS else "",
            met=pick(costs[mine]) / pick(costs[other]) <= LIMITS[other] if other in LIMITS else None,
            note=f"{len(costs[mine])} turns of {requests:,} requests, {CONNECTIONS} connections",
            details={key: list(values) for key, values in costs.items()},
        )
        for other in others
        for name, pick in (("least", min), ("median", _median))
    ]


def _median(values: Sequence[float]) -> float:
    return percentile(values, 0.5)
