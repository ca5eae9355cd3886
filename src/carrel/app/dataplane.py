"""Envoy and its certificates as the settings want them. Starts nothing."""

from carrel.app.statedir import StateDir
from carrel.clock import SystemClock
from carrel.dataplane.bootstrap import BootstrapOptions
from carrel.dataplane.certificates import CertificatePlace, Certificates
from carrel.dataplane.envoy import Envoy, EnvoyOptions
from carrel.ports.clock import Clock
from carrel.settings import Settings


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
