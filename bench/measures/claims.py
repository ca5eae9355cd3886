"""Many claims at one moment on a backend that costs nothing, and authenticated reads: the control planes' own work."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench import carrel as subject
from bench import load, null
from bench.carrel import Carrel
from bench.load import Load
from bench.null import POOL
from bench.peers import jupyterhub
from bench.peers.jupyterhub import JupyterHub
from bench.processes import BenchError, free_ports
from bench.report import Row
from bench.setting import Setting
from bench.stats import percentile

READERS = 20
AT_ONCE = 50
"""How many of the requests nobody measures (making users, giving back) are on their way at once."""


@dataclass(slots=True)
class Seen:
    claims_per_second: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)
    reads_per_second: list[float] = field(default_factory=list)

    def claimed(self, done: Load) -> None:
        seconds = [reply.seconds for reply in done.replies]
        self.claims_per_second.append(done.per_second)
        self.p50.append(percentile(seconds, 0.5))
        self.p95.append(percentile(seconds, 0.95))


async def measure(setting: Setting) -> Sequence[Row]:
    people = setting.choose(500, 20)
    reads = setting.choose(3_000, 200)
    (null_port,) = free_ports(1)
    ours, theirs = Seen(), Seen()
    async with (
        null.app(setting.folder, null_port),
        subject.running(
            setting.folder / "carrel", null.config(people, null_port, limit=2 * people)
        ) as carrel,
        jupyterhub.running(setting.folder / "hub", setting.peers, null_port=null_port) as hub,
    ):
        tokens = [
            await carrel.new_token(await carrel.add_user(f"person{number}")) for number in range(people)
        ]
        names = [f"person{number}" for number in range(people)]
        (await hub.api("POST", "/users", {"usernames": names})).json()
        for _ in range(setting.choose(3, 1)):
            await _carrel_turn(carrel, tokens, reads, ours)
            await _hub_turn(hub, names, reads, theirs)
    return _rows(people, ours, theirs)


async def _carrel_turn(carrel: Carrel, tokens: Sequence[str], reads: int, seen: Seen) -> None:
    await carrel.settled(POOL)
    host, body = f"localhost:{carrel.port}", json.dumps({"pool": POOL}).encode()
    requests = [load.request("POST", host, "/hub/api/v1/claims", _bearer(token), body) for token in tokens]
    done = await load.burst(carrel.port, requests)
    done.all_are(201, f"{len(tokens)} claims at once on Carrel")
    claims = [json.loads(reply.body) for reply in done.replies]
    if len({claim["workspace"]["id"] for claim in claims}) != len(tokens):
        raise BenchError("Carrel gave one workspace to two people.")
    seen.claimed(done)
    one = await carrel.api("GET", "/claims", token=tokens[0])
    path = f"/hub/api/v1/workspaces/{one.json()['items'][0]['workspace']['id']}"
    sent = load.request("GET", host, path, _bearer(tokens[0]))
    seen.reads_per_second.append(await _reads(carrel.port, sent, reads))
    ends = [
        load.request("DELETE", host, f"/hub/api/v1/claims/{claim['id']}", _bearer(carrel.token))
        for claim in claims
    ]
    await _unmeasured(carrel.port, ends)


async def _hub_turn(hub: JupyterHub, names: Sequence[str], reads: int, seen: Seen) -> None:
    host, authorization = f"127.0.0.1:{hub.port}", [("authorization", f"token {hub.token}")]
    paths = [f"/hub/api/users/{name}" for name in names]
    starts = [load.request("POST", host, f"{path}/server", authorization, b"{}") for path in paths]
    done = await load.burst(hub.port, starts)
    done.all_are(201, f"{len(names)} starts at once on JupyterHub")
    seen.claimed(done)
    sent = load.request("GET", host, paths[0], authorization)
    seen.reads_per_second.append(await _reads(hub.port, sent, reads // 3))
    await _unmeasured(
        hub.port, [load.request("DELETE", host, f"{path}/server", authorization) for path in paths]
    )


async def _reads(port: int, sent: bytes, total: int) -> float:
    done = await load.hammer(port, sent, total=total, connections=READERS)
    done.all_are(200, "Authenticated reads")
    return done.per_second


async def _unmeasured(port: int, requests: Sequence[bytes]) -> None:
    for start in range(0, len(requests), AT_ONCE):
        done = await load.burst(port, requests[start : start + AT_ONCE])
        if refused := [reply for reply in done.replies if reply.status >= 400]:
            raise BenchError(f"Giving back was refused: {refused[0].status} {refused[0].body[:300]!r}")


def _bearer(token: str) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {token}")]


def _rows(people: int, ours: Seen, theirs: Seen) -> list[Row]:
    details: dict[str, object] = {
        "carrel_p50_seconds": ours.p50,
        "jupyterhub_p50_seconds": theirs.p50,
        "carrel_claims_per_second": ours.claims_per_second,
        "jupyterhub_claims_per_second": theirs.claims_per_second,
    }
    peer = "JupyterHub, spawner that starts nothing"
    note = f"median of {len(ours.p95)} turns; none doubled, none refused"
    rate, p95, reads = (
        percentile(values, 0.5) for values in (ours.claims_per_second, ours.p95, ours.reads_per_second)
    )
    return [
        Row(
            measure=f"{people} claims at once, null backend",
            unit="/s",
            ours=rate,
            theirs=percentile(theirs.claims_per_second, 0.5),
            peer=peer,
            more_is_better=True,
            goal="≥ 300/s",
            met=rate >= 300,
            note=note,
            details=details,
        ),
        Row(
            measure=f"{people} claims at once, null backend, p95",
            unit="s",
            ours=p95,
            theirs=percentile(theirs.p95, 0.5),
            peer=peer,
            goal="≤ 2 s",
            met=p95 <= 2,
            note=note,
        ),
        Row(
            measure="authenticated API reads, one process",
            unit="/s",
            ours=reads,
            theirs=percentile(theirs.reads_per_second, 0.5),
            peer="JupyterHub, GET of one user",
            more_is_better=True,
            goal="≥ 1,000/s",
            met=reads >= 1000,
            note=f"{READERS} connections, through both proxies",
        ),
    ]
