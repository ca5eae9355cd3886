"""Who is examined: the settings, where its state is, and what runs of it. Knows no finding."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from carrel.app.doctor.checks import Aside
from carrel.app.statedir import StateDir
from carrel.domain.pool import Pool
from carrel.domain.template import Template
from carrel.ports.clock import Clock
from carrel.services.context import Context
from carrel.settings import Settings
from carrel.settings.model import LOOPBACK_NAMES
from carrel.store import pools, templates


@dataclass(frozen=True, slots=True)
class Patient:
    settings: Settings
    clock: Clock
    aside: Aside = field(default_factory=Aside)
    context: Context | None = None
    """Of the Carrel that examines itself; None where somebody looks from beside it."""
    started: tuple[datetime, float] | None = None
    """What the clock and the steady clock showed at its start."""

    @property
    def state(self) -> StateDir:
        return StateDir(self.settings.state_dir)

    @property
    def database_file(self) -> Path | None:
        """None on PostgreSQL."""
        url = make_url(self.settings.database)
        return Path(url.database).absolute() if url.get_backend_name() == "sqlite" and url.database else None

    @property
    def is_public(self) -> bool:
        """Whether other machines are meant to reach it, or can."""
        return not (self.listens_locally and self.hub_is_local)

    @property
    def listens_locally(self) -> bool:
        return self.settings.host in ("127.0.0.1", "::1")

    @property
    def hub_is_local(self) -> bool:
        return urlsplit(self.settings.hub_url).hostname in LOOPBACK_NAMES

    async def pools(self) -> Sequence[Pool]:
        """As an admin may have changed them since the start; from the settings where none runs."""
        if self.context is None:
            return self.settings.domain_pools()
        return await self.context.store.read(pools.every)

    async def templates(self) -> Sequence[Template]:
        if self.context is None:
            return self.settings.domain_templates()
        return await self.context.store.read(_offered)

    def is_local(self, pool: Pool) -> bool:
        backend = self.settings.backends.get(pool.backend)
        return backend is not None and backend.driver == "local"


def _offered(conn: Connection) -> Sequence[Template]:
    return templates.every(conn)
