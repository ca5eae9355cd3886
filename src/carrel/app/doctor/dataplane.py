"""Facts about the data plane: who has its ports, which Envoy there is, and what a running one tells of itself. Judges nothing."""

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from carrel.app.dataplane import envoy_of
from carrel.app.doctor.checks import Check
from carrel.app.doctor.patient import Patient
from carrel.dataplane.binary import find_binary, why_not
from carrel.dataplane.bootstrap import listens_at
from carrel.dataplane.process import find
from carrel.domain.errors import Unavailable
from carrel.domain.finding import Finding
from carrel.rules.checkup import dataplane
from carrel.rules.checkup.dataplane import Port, Seen

_VERSION: Final = re.compile(r"/(\d+)\.(\d+)\.\d+")
_LISTENERS: Final = {"port": "hub", "workspaces_port": "workspaces"}
"""Setting → the listener of the bootstrap that it moves."""


def checks(patient: Patient) -> list[Check]:
    aside = patient.aside

    async def ports() -> Iterable[Finding]:
        return [dataplane.port(seen) for seen in await aside("ports", lambda: _ports(patient))]

    async def program() -> Iterable[Finding]:
        return [await aside("envoy --version", lambda: _program(patient))]

    async def alive() -> Iterable[Finding]:
        seen = await _seen(patient, await aside("envoy's process", lambda: _pid(patient)))
        return [dataplane.alive(seen, is_carrel_running=patient.context is not None)]

    async def running() -> Iterable[Finding]:
        if await aside("envoy's settings", lambda: _pid(patient)) is None:
            return []
        return await _of_running(patient)

    return [
        Check((dataplane.PORT,), ports),
        Check((dataplane.PROGRAM,), program),
        Check((dataplane.ALIVE,), alive),
        Check((dataplane.OUTDATED, dataplane.FOLLOWS, dataplane.AUTHORIZER, dataplane.CONNECTIONS), running),
    ]


def _bootstrap_file(patient: Patient) -> Path:
    return patient.state.run / "bootstrap.json"


def _pid(patient: Patient) -> int | None:
    process = find(patient.state.run / "envoy.pid", _bootstrap_file(patient))
    if process is None:
        return None
    process.close()
    return process.pid


def _ports(patient: Patient) -> list[Port]:
    settings = patient.settings
    ours = _places(patient) if _pid(patient) is not None else frozenset()
    numbers = {"port": settings.port, "workspaces_port": settings.workspaces_port}
    return [
        _port(
            setting, settings.host, number, is_ours=f"{_LISTENERS[setting]} {settings.host}:{number}" in ours
        )
        for setting, number in numbers.items()
    ]


def _places(patient: Patient) -> frozenset[str]:
    try:
        return listens_at(_bootstrap_file(patient).read_bytes())
    except OSError:
        return frozenset()


def _port(setting: str, host: str, number: int, *, is_ours: bool) -> Port:
    if is_ours:
        return Port(setting, host, number, is_ours=True)
    refused = why_not(host, number)
    return Port(setting, host, number, refused=refused, holder=_holder(number) if refused else None)


def _holder(number: int) -> str | None:
    """Of another user's program only root sees the name."""
    try:
        listening = [
            one.pid
            for one in psutil.net_connections(kind="tcp")
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == number
        ]
        pid = next((pid for pid in listening if pid is not None), None)
        return f"{psutil.Process(pid).name()}, process {pid}" if pid is not None else None
    except psutil.Error:
        return None


def _program(patient: Patient) -> Finding:
    path = str(patient.settings.envoy) if patient.settings.envoy else None
    try:
        path = find_binary(path)
        ended = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=3, check=False)
    except Unavailable as error:
        return dataplane.program(None, None, error.sentence)
    except OSError as error:
        why = error.strerror or str(error)
        return dataplane.program(path, None, f"{path} cannot be run on this machine: {why}.")
    if ended.returncode != 0:
        return dataplane.program(path, None, f"{path} --version ends with status {ended.returncode}.")
    found = _VERSION.search(ended.stdout)
    return dataplane.program(path, (int(found[1]), int(found[2])) if found else None, None)


# -- what a running one tells ------------------------------------------------------------------------------------------


async def _seen(patient: Patient, pid: int | None) -> Seen:
    try:
        told = json.loads(await _ask(patient, "/server_info"))
    except (OSError, httpx.HTTPError, ValueError):
        return Seen(pid)
    return Seen(pid, answers=True, state=told.get("state", ""), uptime=told.get("uptime_current_epoch", ""))


async def _ask(patient: Patient, path: str) -> str:
    """At its admin socket. Raises HTTPError."""
    socket = str(patient.state.run / "envoy-admin.sock")
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=socket), timeout=3) as client:
        return (await client.get(f"http://envoy{path}")).raise_for_status().text


async def _of_running(patient: Patient) -> list[Finding]:
    differs = await patient.aside("today's bootstrap", lambda: envoy_of(patient.settings).differs())
    found = [dataplane.outdated(differs=differs)]
    try:
        stats = _numbers(
            await _ask(patient, "/stats?filter=(update_rejected|config_fail|downstream_cx_active)$")
        )
        clusters = await _ask(patient, "/clusters")
    except (OSError, httpx.HTTPError):
        return found  # that it does not answer is a finding of its own
    active = sum(stats.get(f"http.{name}.downstream_cx_active", 0) for name in _LISTENERS.values())
    most = _most_connections(_bootstrap_file(patient))
    return [
        *found,
        dataplane.follows(stats),
        dataplane.authorizer(_flags(clusters)),
        *([dataplane.connections(active, most)] if most else []),
    ]


def _numbers(stats: str) -> Mapping[str, int]:
    pairs = (line.rpartition(": ") for line in stats.splitlines())
    return {name: int(value) for name, _, value in pairs if value.isdecimal()}


def _flags(clusters: str) -> Mapping[str, str]:
    """Of the two ways to the control plane; the grace listener is Envoy's own."""
    rows = (line.split("::") for line in clusters.splitlines() if "::health_flags::" in line)
    return {
        Path(row[1]).name: row[3]
        for row in rows
        if row[0] in ("control", "authorizer") and not row[1].endswith("grace.sock")
    }


def _most_connections(bootstrap: Path) -> int:
    """What the running one was started with; 0 where that cannot be read."""
    try:
        monitors: list[Any] = json.loads(bootstrap.read_bytes())["overload_manager"]["resource_monitors"]
        typed = (monitor["typed_config"] for monitor in monitors)
        return int(
            next(
                one["max_active_downstream_connections"]
                for one in typed
                if "max_active_downstream_connections" in one
            )
        )
    except (OSError, ValueError, LookupError, TypeError, StopIteration):
        return 0
