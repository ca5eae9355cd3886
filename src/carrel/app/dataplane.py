"""Envoy and its certificates as the settings want them; and Envoy as a service of its own, in this process's place."""

import os
import time
from pathlib import Path
from typing import Final

import structlog

from carrel.app.openfiles import allow_many
from carrel.app.statedir import PRIVATE, StateDir
from carrel.clock import SystemClock
from carrel.dataplane.bootstrap import BootstrapOptions
from carrel.dataplane.certificates import CertificatePlace, Certificates
from carrel.dataplane.envoy import Envoy, EnvoyOptions
from carrel.dataplane.files import prepare_run_dir
from carrel.dataplane.process import ENVIRONMENT, find
from carrel.domain.errors import Conflict
from carrel.ports.clock import Clock
from carrel.settings import Settings

_log = structlog.get_logger(__name__)

_LOOKS_EVERY: Final = 0.5
"""Seconds."""


def run_envoy(settings: Settings) -> None:
    """`carrel envoy`: becomes Envoy, once the control plane has written what it needs. Raises CarrelError; never returns."""
    state, envoy = StateDir(settings.state_dir), envoy_of(settings)
    state.root.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    prepare_run_dir(state.run)
    _demand_alone(state.run)
    if envoy.missing_files():
        _log.info("waiting for `carrel serve`, which writes what Envoy needs", run=str(state.run))
    while envoy.missing_files():
        time.sleep(_LOOKS_EVERY)
    command = envoy.command()
    allow_many()
    os.umask(0o077)
    os.chdir("/")
    os.execve(command[0], command, ENVIRONMENT)  # noqa: S606 - our own arguments, and no shell


def _demand_alone(run: Path) -> None:
    running = find(run / "envoy.pid", run / "bootstrap.json")
    if running is not None:
        running.close()
        raise Conflict(
            f"Envoy (process {running.pid}) runs already. Stop it first: that cuts every connection."
        )


def envoy_of(settings: Settings) -> Envoy:
    state = StateDir(settings.state_dir)
    options = BootstrapOptions(
        run_dir=state.run,
        addresses=settings.addresses(),
        host=settings.host,
        port=settings.port,
        workspaces_port=settings.workspaces_port,
        trusted_hops=settings.trusted_hops,
        report_seconds=int(settings.activity_every.total_seconds()),
        encrypted=settings.encrypts,
    )
    binary = str(settings.envoy) if settings.envoy else None
    return Envoy(
        EnvoyOptions(bootstrap=options, log=state.root / "logs" / "envoy.log", binary=binary),
        SystemClock(),
    )


def certificate_places(settings: Settings) -> dict[str, CertificatePlace]:
    """By listener; none where Envoy speaks plain HTTP."""
    return {
        listener: CertificatePlace(certificate, key)
        for listener, (certificate, key) in settings.certificates().items()
    }


def certificates_of(settings: Settings, clock: Clock) -> Certificates:
    return Certificates(StateDir(settings.state_dir).run, certificate_places(settings), clock)
