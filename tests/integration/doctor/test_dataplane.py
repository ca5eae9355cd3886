"""Findings about the data plane: taken ports, programs that are none, and what an Envoy says of itself that is not well.

How a real Envoy is seen stands in tests/e2e/test_doctor.py; here one that is ill in every way is played.
"""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from carrel.app.dataplane import envoy_of
from carrel.app.doctor.patient import Patient
from carrel.domain.finding import Outcome
from carrel.rules.checkup import dataplane

from .examined import findings, is_well, patient_of, produced, running
from .strangers import closed_port, whole

HEALTHY = {
    "/server_info": json.dumps({"state": "LIVE", "uptime_current_epoch": "5s"}),
    "/stats": "cluster.workspace.update_rejected: 0\nhttp.hub.downstream_cx_active: 1\n",
    "/clusters": "control::/s/hub.sock::health_flags::healthy\nauthorizer::/s/grace.sock::health_flags::healthy\n",
}


@contextlib.contextmanager
def a_process_with(bootstrap: Path) -> Iterator[int]:
    """What passes for our Envoy: a process of ours with our bootstrap among its arguments."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", str(bootstrap)])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


@contextlib.asynccontextmanager
async def an_envoy(state: Path, **ill: str) -> AsyncIterator[Patient]:
    """Runs with today's settings and answers at its admin socket; `ill`: other answers than a healthy one's."""
    (state / "run").mkdir(parents=True, mode=0o700)
    patient = patient_of(state)
    bootstrap = state / "run" / "bootstrap.json"
    bootstrap.write_bytes(envoy_of(patient.settings).rendered())
    answers = HEALTHY | {f"/{name}": answer for name, answer in ill.items()}
    server = await asyncio.start_unix_server(_admin(answers), state / "run" / "envoy-admin.sock")
    with a_process_with(bootstrap):
        yield patient
    server.close()


def _admin(answers: Mapping[str, str]) -> Any:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ")[1]
        writer.write(whole(answers[line.partition("?")[0]]).encode())
        await writer.drain()
        writer.close()

    return serve


async def test_a_port_that_another_program_has(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        patient = patient_of(tmp_path / "S", port=port, workspaces_port=closed_port())
        found = await findings(patient, dataplane.PORT)
    one = produced(found, "CRL201", Outcome.BAD, about="port")
    assert f"is taken by another program: {Path(sys.executable).name[:6]}" in one.found
    assert f"process {os.getpid()}" in one.found
    assert "--port or CARREL_PORT" in one.fix
    assert [one.outcome for one in found if one.about == "workspaces_port"] == [Outcome.GOOD]


async def test_an_address_that_is_not_ours(tmp_path: Path) -> None:
    found = await findings(patient_of(tmp_path / "S", host="192.0.2.1"), dataplane.PORT)
    assert "none of this machine's" in produced(found, "CRL201", Outcome.BAD, about="port").found


async def test_no_envoy_at_all(tmp_path: Path) -> None:
    found = await findings(patient_of(tmp_path / "S", envoy="/nowhere/envoy"), dataplane.PROGRAM)
    assert "/nowhere/envoy" in produced(found, "CRL202", Outcome.BAD).found


@pytest.mark.parametrize(
    ("content", "outcome", "said"),
    [
        (b"#!/bin/sh\necho 'envoy  version: abc/1.31.2/Clean/RELEASE/BoringSSL'\n", Outcome.WARNING, "1.31"),
        (b"#!/bin/sh\necho hello\n", Outcome.WARNING, "does not say"),
        (b"#!/bin/sh\nexit 3\n", Outcome.BAD, "status 3"),
        (b"\x7fELF of another architecture", Outcome.BAD, "cannot be run on this machine"),
    ],
    ids=["of another version", "silent", "broken", "of another architecture"],
)
async def test_a_program_that_is_no_envoy_of_ours(
    tmp_path: Path, content: bytes, outcome: Outcome, said: str
) -> None:
    program = tmp_path / "envoy"
    program.write_bytes(content)
    program.chmod(0o755)
    found = await findings(patient_of(tmp_path / "S", envoy=str(program)), dataplane.PROGRAM)
    assert said in produced(found, "CRL202", outcome).found


async def test_carrel_runs_and_envoy_does_not(house: Any, tmp_path: Path) -> None:
    found = await findings(running(house, tmp_path / "S"), dataplane.ALIVE)
    produced(found, "CRL203", Outcome.BAD)
    assert is_well(await findings(patient_of(tmp_path / "S"), dataplane.ALIVE), "CRL203")


async def test_an_envoy_that_is_well(tmp_path: Path) -> None:
    async with an_envoy(tmp_path / "S") as patient:
        found = [*await findings(patient, dataplane.ALIVE), *await findings(patient, dataplane.FOLLOWS)]
    assert {one.outcome for one in found} == {Outcome.GOOD}, found
    assert {one.code for one in found} == {"CRL203", "CRL204", "CRL205", "CRL206", "CRL207"}


async def test_an_envoy_that_does_not_answer(tmp_path: Path) -> None:
    async with an_envoy(tmp_path / "S") as patient:
        (tmp_path / "S" / "run" / "envoy-admin.sock").unlink()
        found = await findings(patient, dataplane.ALIVE)
    assert "does not answer at its admin socket" in produced(found, "CRL203", Outcome.BAD).found


async def test_an_envoy_with_the_settings_of_yesterday(tmp_path: Path) -> None:
    async with an_envoy(tmp_path / "S") as patient:
        changed = patient.settings.model_copy(update={"trusted_hops": 3})
        found = await findings(replace(patient, settings=changed), dataplane.OUTDATED)
    assert "--restart-dataplane" in produced(found, "CRL204", Outcome.WARNING).fix


async def test_an_envoy_that_refused_a_file(tmp_path: Path) -> None:
    refused = "extension_config_discovery.http_filter.tickets.update_rejected: 4\n"
    async with an_envoy(tmp_path / "S", stats=refused) as patient:
        found = await findings(patient, dataplane.FOLLOWS)
    assert "4 updates since its start: tickets.json" in produced(found, "CRL205", Outcome.BAD).found


async def test_an_envoy_that_cannot_ask_us(tmp_path: Path) -> None:
    ill = "authorizer::/s/authorizer.sock::health_flags::/failed_active_hc\n"
    async with an_envoy(tmp_path / "S", clusters=ill) as patient:
        found = await findings(patient, dataplane.AUTHORIZER)
    assert "authorizer.sock" in produced(found, "CRL206", Outcome.BAD).found


async def test_an_envoy_with_all_connections_taken(tmp_path: Path) -> None:
    crowded = "http.hub.downstream_cx_active: 100\nhttp.workspaces.downstream_cx_active: 19900\n"
    async with an_envoy(tmp_path / "S", stats=crowded) as patient:
        found = await findings(patient, dataplane.CONNECTIONS)
    produced(found, "CRL207", Outcome.BAD)
