"""How the gate reads requests, whom it speaks for, and what its own verbs take: nothing is read in two ways, and no place comes in."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from carrel.domain.errors import Invalid
from carrel.drivers.docker.gate import heads, server
from carrel.drivers.docker.gate.heads import Unreadable
from carrel.drivers.docker.gate.installation import KnownInstallation
from carrel.drivers.docker.gate.outcome import Policy
from carrel.drivers.docker.gate.places import demand_roots_own
from carrel.drivers.docker.gate.server import GateServer
from carrel.drivers.docker.gate.verbs import Verbs
from carrel.drivers.docker.homes.own_mounts import OwnMounts
from carrel.drivers.docker.network.firewall import Iptables

ID = "wworkspaceaaaaaa"


def said(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=heads.LONGEST_HEAD)
    reader.feed_data(data)
    reader.feed_eof()
    return reader


async def read(data: bytes) -> tuple[heads.Head, bytes]:
    reader = said(data)
    head = await heads.read_head(reader)
    assert head is not None
    return head, await heads.whole_body(reader, head)


async def test_a_request_is_read_with_its_parameters_and_body() -> None:
    head, body = await read(b"POST /v1.41/a?x=1&y=a%20b HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\n\r\n{}")
    assert (head.method, head.path, head.query, body) == (
        "POST",
        "/v1.41/a",
        (("x", "1"), ("y", "a b")),
        b"{}",
    )
    _, body = await read(
        b"PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert body == b"abcde"
    assert await heads.read_head(said(b"")) is None


@pytest.mark.parametrize(
    "data",
    [
        b"GET /a\r\n\r\n",
        b"GET a HTTP/1.1\r\n\r\n",
        b"GET http://x/a HTTP/1.1\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n\r\n",
        b"GET /a HTTP/2.0\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /a HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /a HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"GET /a HTTP/1.1\r\nContent-Length: +1\r\n\r\nx",
        b"GET /a HTTP/1.1\r\nContent-Length : 1\r\n\r\nx",
        b"GET /a HTTP/1.1\r\nX: a\r\n folded\r\n\r\n",
        b"GET /a HTTP/1.1\r\nX: a\nY: b\r\n\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx: y\r\n\r\n",
        b"GET /a?x HTTP/1.1\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_could_be_read_in_two_ways_is_not_read(data: bytes) -> None:
    with pytest.raises(Unreadable):
        await read(data)


async def test_a_body_that_is_judged_has_an_end() -> None:
    long = heads.LONGEST_BODY + 1
    with pytest.raises(Unreadable, match="too long"):
        await read(b"POST /a HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % long + b"x" * long)
    with pytest.raises(asyncio.IncompleteReadError):
        await read(b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nx")


class Caller:
    """The end of a connection that a stranger holds."""

    def __init__(self) -> None:
        self.heard = b""

    def write(self, data: bytes) -> None:
        self.heard += data

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> GateServer:
    """Of root alone, at which somebody else knocks."""
    monkeypatch.setattr(server, "_peer", lambda _: 12345)
    nothing: Any = None
    return GateServer(nothing, nothing, nothing, nothing, frozenset())


async def test_a_stranger_has_said_all_before_the_answer_and_the_end(door: GateServer) -> None:
    reader, caller = asyncio.StreamReader(limit=heads.LONGEST_HEAD), Caller()
    serving = asyncio.create_task(door.serve(reader, caller))  # type: ignore[arg-type]
    for part in (b"POST /a HTTP/1.1\r\n", b"Content-Length: 2\r\n\r\n", b"{}"):
        for _ in range(5):
            await asyncio.sleep(0)
        assert caller.heard == b""
        reader.feed_data(part)
    await serving
    assert caller.heard.startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize("said", [b"", b"GET /a", b"no request\r\n\r\n", b"x" * (heads.LONGEST_HEAD * 3)])
async def test_a_stranger_who_says_nothing_that_ends_is_refused_all_the_same(
    door: GateServer, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_STRANGERS_SECONDS", 0.01)
    reader, caller = asyncio.StreamReader(limit=heads.LONGEST_HEAD), Caller()
    reader.feed_data(said)
    await door.serve(reader, caller)  # type: ignore[arg-type]
    assert caller.heard.startswith(b"HTTP/1.1 403 ")


def test_the_first_installation_that_speaks_is_known_for_good(tmp_path: Path) -> None:
    file = tmp_path / "installation"
    known = KnownInstallation(file)
    assert [known.learn(None), known.learn("../../etc"), known.learn("a" * 16), known.learn("b" * 16)] == [
        *("", ""),
        *("a" * 16, "a" * 16),
    ]
    assert KnownInstallation(file).learn("b" * 16) == "a" * 16
    assert KnownInstallation(file, "c" * 16).learn("b" * 16) == "c" * 16
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_directory_in_which_others_may_write_is_not_relied_on(tmp_path: Path) -> None:
    place = tmp_path / "open"
    place.mkdir()
    place.chmod(0o777)
    with pytest.raises(Invalid, match="Choose another directory"):
        demand_roots_own(place)


WALLS = {"bridge": "crl-0123456789a", "subnet": "172.20.0.0/24", "deny": []}
PLAN = {"uid": 1000, "gid": 100, "takes_home": True, "folders": {}}


@pytest.mark.parametrize(
    ("verb", "given"),
    [
        ("mounts/unmount-everything", {}),
        ("mounts/make-slot", {"workspace_id": "../../etc", "plan": PLAN}),
        ("mounts/make-slot", {"workspace_id": ID, "plan": PLAN | {"uid": -1}}),
        ("mounts/make-slot", {"workspace_id": ID, "plan": PLAN | {"gid": True}}),
        ("mounts/make-slot", {"workspace_id": ID, "plan": PLAN | {"takes_home": "yes"}}),
        ("mounts/make-slot", {"workspace_id": ID, "plan": PLAN | {"folders": {"a": "/etc"}}}),
        (
            "mounts/make-slot",
            {"workspace_id": ID, "plan": PLAN | {"folders": {"a": "/srv/shared/../../etc"}}},
        ),
        ("mounts/make-slot", {"workspace_id": ID, "plan": None}),
        ("mounts/bring-in", {"workspace_id": ID, "home_id": "../../../etc"}),
        ("mounts/bring-in", {"workspace_id": ID}),
        ("mounts/take-out", {"workspace_id": ID.upper()}),
        ("mounts/remove-slot", []),
        ("walls/raise", WALLS | {"bridge": "docker0"}),
        ("walls/raise", WALLS | {"bridge": "crl-0 -j ACCEPT"}),
        ("walls/raise", WALLS | {"subnet": "172.20.0.0/24 -j ACCEPT"}),
        ("walls/raise", WALLS | {"deny": ["-j ACCEPT"]}),
        ("walls/lower", WALLS | {"deny": "10.0.0.0/8"}),
    ],
)
async def test_a_verb_takes_ids_numbers_and_networks_only(tmp_path: Path, verb: str, given: Any) -> None:
    async def no_volume(name: str) -> Path:
        raise AssertionError(name)

    mounts = OwnMounts(tmp_path / "slots", tmp_path / "homes", no_volume)
    verbs = Verbs(mounts, Iptables(), Policy("", str(tmp_path / "slots"), folders=("/srv/shared",)))
    status, answer = await verbs.do(f"POST {verb}", json.dumps(given).encode())
    await mounts.aclose()
    assert status == 403
    assert json.loads(answer)["message"].startswith("carrel gate: ")
    assert list(tmp_path.iterdir()) == []
