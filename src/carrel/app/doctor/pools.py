"""Facts about pools and backends: programs, ports, what is warm, who waits, what nobody knows. Judges nothing."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from carrel.app.doctor import catalogue
from carrel.app.doctor.checks import Check
from carrel.app.doctor.patient import Patient
from carrel.domain.finding import Finding, Outcome
from carrel.domain.ids import BackendName, InstallationId, PoolName, WorkspaceId
from carrel.domain.pool import Pool
from carrel.domain.template import Template
from carrel.drivers.local import launch, options
from carrel.drivers.registry import check_backend
from carrel.ports.driver import (
    Attaches,
    Delivers,
    Driver,
    DriverContext,
    DriverError,
    DriverUnavailable,
    Examines,
    Rejected,
    Runs,
    Spec,
    within,
)
from carrel.reconcile.strays import known_instances
from carrel.rules.checkup import pools as rules
from carrel.rules.checkup.pools import Filling
from carrel.services import failures
from carrel.services.context import Context
from carrel.services.pools import why_started_for_people
from carrel.store import claims, templates, workspaces
from carrel.store import pools as store
from carrel.store.pools import Counts

_LISTS_WITHIN = 3.0
_EXAMINES_WITHIN = 3.5
"""Seconds."""
_NOBODY = WorkspaceId("a" * 16)


def checks(patient: Patient) -> list[Check]:
    found = [
        Check((rules.COMMAND,), lambda: _commands(patient)),
        Check((rules.PORTS,), lambda: _ports(patient)),
        Check((rules.USABLE,), lambda: _usable(patient)),
    ]
    context = patient.context
    if context is None:
        return [*found, Check((rules.BACKEND,), lambda: _backends_that_could_be(patient))]
    found += [
        Check((rules.BACKEND, rules.STRAYS), partial(_backend, context, name, driver))
        for name, driver in context.drivers.items()
    ]
    return [
        *found,
        Check((rules.WARM,), lambda: _warm(context)),
        Check((rules.WAITING,), lambda: _waiting(context)),
        Check((rules.HOMES,), lambda: _homes(patient, context)),
        Check((rules.CLAIMED,), lambda: _claimed(patient, context)),
    ]


# -- what the settings promise -----------------------------------------------------------------------------------------


async def _commands(patient: Patient) -> Iterable[Finding]:
    recipes = {template.name: template for template in await patient.templates()}
    here = [pool for pool in await patient.pools() if patient.is_local(pool) and pool.template in recipes]
    asked = dict.fromkeys((pool.template, pool.backend) for pool in here)
    return await patient.aside(
        "programs", lambda: [_command(patient, recipes[template], backend) for template, backend in asked]
    )


def _command(patient: Patient, recipe: Template, backend: BackendName) -> Finding:
    """The same look as at a start, with the same PATH."""
    try:
        known = options.read(_context(patient, backend))
        launch.check(Spec(_NOBODY, PoolName(""), recipe, ""), known)
    except Rejected as error:
        return rules.command(recipe.name, error.sentence)
    path = recipe.environment.get("PATH", known.path)
    return rules.command(recipe.name, *(catalogue.missing(recipe, path) or (None,)))


def _context(patient: Patient, backend: BackendName) -> DriverContext:
    return DriverContext(
        backend=backend,
        installation=InstallationId(""),
        state_dir=str(patient.settings.state_dir),
        options=patient.settings.backends[backend].options,
    )


async def _ports(patient: Patient) -> Iterable[Finding]:
    """Pools of one backend share its ports."""
    demand: dict[BackendName, int] = {}
    for pool in await patient.pools():
        if patient.is_local(pool):
            demand[pool.backend] = demand.get(pool.backend, 0) + pool.limit
    try:
        return [
            rules.ports(backend, len(options.read(_context(patient, backend)).ports), many)
            for backend, many in demand.items()
        ]
    except Rejected:
        return []  # told as the program's finding


async def _usable(patient: Patient) -> Iterable[Finding]:
    offered = {template.name for template in await patient.templates()}
    backends = patient.settings.backends if patient.context is None else patient.context.drivers
    live = await patient.context.store.read(_live) if patient.context is not None else {}
    return [
        rules.usable(
            pool,
            has_backend=pool.backend in backends,
            has_template=pool.template in offered,
            live=live.get(pool.name, 0),
        )
        for pool in await patient.pools()
    ]


def _live(conn: Connection) -> dict[PoolName, int]:
    return {pool.name: store.live(conn, pool.name) for pool in store.every(conn)}


async def _backends_that_could_be(patient: Patient) -> Iterable[Finding]:
    """Nothing is opened: a driver may make files when it is. Its options are looked at where it can do that alone."""
    names = [BackendName(name) for name in patient.settings.backends]
    return await patient.aside("backends", lambda: [_unopened(patient, name) for name in names])


def _unopened(patient: Patient, name: BackendName) -> Finding:
    try:
        check_backend(patient.settings.backends[name].driver, _context(patient, name))
    except DriverError as error:
        return rules.backend(name, error.sentence, opened=False)
    return rules.backend(name, None, opened=False)


# -- what a running one shows ------------------------------------------------------------------------------------------


async def _backend(context: Context, name: BackendName, driver: Driver) -> Iterable[Finding]:
    """That it is away is told once: as its answer to a list."""
    listed, examined = await asyncio.gather(_listed(context, name, driver), _examined(name, driver))
    is_away = any(one.outcome is Outcome.BAD for one in listed)
    return [*listed, *(one for one in examined if not (is_away and one.outcome is Outcome.UNKNOWN))]


async def _listed(context: Context, name: BackendName, driver: Driver) -> list[Finding]:
    """Listed first, read second: what is in the list and not in the store is known to nobody."""
    try:
        listed = await within(_LISTS_WITHIN, driver.list(), what="list its instances")
    except DriverError as error:
        return [rules.backend(name, error.sentence)]
    known, _ = await context.store.read(known_instances, name)
    lost = [one for one in listed if one.workspace_id not in known]
    return [rules.backend(name, None), rules.strays(name, [one.workspace_id for one in lost])]


async def _examined(name: BackendName, driver: Driver) -> Sequence[Finding]:
    if not isinstance(driver, Examines):
        return []
    try:
        return await within(_EXAMINES_WITHIN, driver.findings(), what="say what it can do here")
    except DriverUnavailable as error:
        return [rules.BACKEND.unknown(f"{name}: {error.sentence}", about=name)]


async def _warm(context: Context) -> Iterable[Finding]:
    found = await context.store.read(_fillings, context, context.clock.now())
    return [rules.warm(filling) for filling in found]


def _fillings(conn: Connection, context: Context, now: datetime) -> list[Filling]:
    counts = store.counts(conn)
    return [
        replace(
            _filling(conn, pool, counts.get(pool.name, Counts()), now),
            started_for_people=why_started_for_people(
                context, pool.backend, templates.get(conn, pool.template)
            ),
        )
        for pool in store.every(conn)
    ]


def _filling(conn: Connection, pool: Pool, counts: Counts, now: datetime) -> Filling:
    rows = workspaces.of_pool(conn, pool.name)
    starting = [row.created_at for row in rows if row.is_coming]
    changes = [at for row in rows for at in (row.created_at, row.phase_at, row.assigned_at) if at is not None]
    started = sorted(store.start_times(conn, pool.name))
    trouble = failures.of_pool(conn, pool.name)
    return Filling(
        pool=pool,
        ready=counts.ready,
        starting=counts.starting,
        held=counts.claimed,
        live=len(rows),
        quiet_for=now - max(changes) if changes else timedelta.max,
        oldest_start=now - min(starting) if starting else None,
        usual_start=started[len(started) // 2] if started else None,
        failure=trouble.told if trouble is not None else None,
    )


async def _waiting(context: Context) -> Iterable[Finding]:
    found = await context.store.read(_queues)
    now = context.clock.now()
    return [
        rules.waiting(pool, many, now - since if since is not None else timedelta(0))
        for pool, many, since in found
    ]


def _queues(conn: Connection) -> list[tuple[PoolName, int, datetime | None]]:
    queues = [(pool.name, claims.waiting(conn, pool.name)) for pool in store.every(conn)]
    return [(name, len(queue), queue[0].created_at if queue else None) for name, queue in queues]


async def _homes(patient: Patient, context: Context) -> Iterable[Finding]:
    recipes = {template.name: template for template in await patient.templates()}
    return [
        rules.homes(
            pool,
            recipes[pool.template],
            attaches=isinstance(context.drivers[pool.backend], Attaches),
            started_for_people=why_started_for_people(context, pool.backend, recipes[pool.template]),
        )
        for pool in await patient.pools()
        if pool.warm and pool.template in recipes and pool.backend in context.drivers
    ]


async def _claimed(patient: Patient, context: Context) -> Iterable[Finding]:
    recipes = {template.name: template for template in await patient.templates()}
    open_ones: Mapping[BackendName, object] = context.drivers
    return [
        rules.claimed(
            pool,
            recipes[pool.template],
            delivers=isinstance(open_ones[pool.backend], Delivers),
            runs=isinstance(open_ones[pool.backend], Runs),
        )
        for pool in await patient.pools()
        if pool.template in recipes and pool.backend in open_ones
    ]
