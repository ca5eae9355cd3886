"""What every service function is handed besides the actor: the store and the few ports it may use. Built once, in app/control.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta, tzinfo

from carrel.domain.address import Addresses
from carrel.domain.ids import BackendName, InstallationId
from carrel.domain.setting import SettingInEffect
from carrel.ports.clock import Clock
from carrel.ports.dataplane import DataPlane
from carrel.ports.driver import Driver
from carrel.ports.probe import Probe
from carrel.ports.wake import Wake
from carrel.services.attempts import Attempts
from carrel.services.passwords import Passwords
from carrel.store.engine import Store


@dataclass(frozen=True, slots=True)
class Context:
    installation: InstallationId
    store: Store
    clock: Clock
    wake: Wake
    drivers: Mapping[BackendName, Driver]
    probe: Probe
    dataplane: DataPlane
    addresses: Addresses
    zone: tzinfo = UTC
    """In which moments are said to people."""
    session_lifetime: timedelta = timedelta(days=14)
    passwords: Passwords = field(default_factory=Passwords)
    attempts: Attempts = field(default_factory=Attempts)
    """Failed sign-ins, slowed down per process."""
    settings: tuple[SettingInEffect, ...] = ()
    """What this process was started with, for showing only: nothing is decided by them."""
    keep_deleted_homes: timedelta = timedelta(days=14)
    homes_per_person: int = 20
    home_size_warning: int | None = None
    """Bytes from which on a home's person is warned."""
    trusted_hops: int = 0
    """How many proxies in front of the data plane add to X-Forwarded-For and are believed."""
