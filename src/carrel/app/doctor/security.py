"""Facts about who could come in: settings and accounts. Judges nothing, and reads no secret."""

import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import Connection

from carrel.app.doctor.checks import Check
from carrel.app.doctor.patient import Patient
from carrel.domain.finding import Finding
from carrel.rules.checkup import security
from carrel.services.context import Context
from carrel.services.tokens import is_bootstrap
from carrel.store import tokens, users


def checks(patient: Patient) -> list[Check]:
    kinds = (security.TLS, security.DOMAINS, security.ONE_TRUST, security.ROOT, security.HOPS)
    found = [Check(kinds, lambda: _settings(patient))]
    if patient.context is not None:
        context = patient.context
        found += [
            Check((security.ADMIN,), lambda: _admins(context)),
            Check((security.BOOTSTRAP,), lambda: _bootstrap(patient, context)),
        ]
    return found


async def _settings(patient: Patient) -> Iterable[Finding]:
    hub, known = patient.settings.hub_url, patient.settings.addresses()
    local = [pool.name for pool in await patient.pools() if patient.is_local(pool)]
    return [
        security.tls(hub, is_public=patient.is_public),
        security.domains(urlsplit(hub).hostname or "", known.workspaces_domain),
        security.one_trust(local, is_public=patient.is_public),
        security.root(is_root=os.geteuid() == 0, local_pools=local),
        security.hops(hub, patient.settings.trusted_hops, encrypts=patient.settings.encrypts),
    ]


async def _admins(context: Context) -> Iterable[Finding]:
    return [security.admin(*await context.store.read(_passwords))]


def _passwords(conn: Connection) -> tuple[int, Sequence[str]]:
    admins = users.admins(conn)
    able = [user for user in admins if users.has_password(conn, user)]
    return len(admins), sorted(users.names(conn, able).values())


async def _bootstrap(patient: Patient, context: Context) -> Iterable[Finding]:
    ages = await context.store.read(_bootstrap_ages, context.clock.now())
    return [security.bootstrap(ages, is_set=patient.settings.bootstrap_token is not None)]


def _bootstrap_ages(conn: Connection, now: datetime) -> list[timedelta]:
    theirs = [token for user in users.admins(conn) for token in tokens.of_user(conn, user)]
    return [now - token.created_at for token in theirs if is_bootstrap(token) and token.revoked_at is None]
