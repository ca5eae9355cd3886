"""CRL5xx: do the pools give people what they promise? Judges what the store and the backends showed; asks neither."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from carrel.domain.finding import Finding
from carrel.domain.pool import Pool
from carrel.domain.template import HomeKind, Template
from carrel.rules.checkup.kind import Kind
from carrel.rules.preparation import prepares
from carrel.rules.wording import humanly

BACKEND: Final = Kind(
    "CRL501",
    "Backend",
    "While a backend is away its pools start and end nothing; what runs goes on.",
    "Look at what it runs on, and at its table in the settings.",
)
COMMAND: Final = Kind(
    "CRL502",
    "Template's program",
    "A workspace whose program is not found never starts, however often it is tried.",
    "Install it, or name its folder: `path` of the backend, or an absolute path in the template's command.",
)
WARM: Final = Kind(
    "CRL503",
    "Warm workspaces",
    "People who come while none is ready wait as long as a start takes.",
    "Look at the pool's page for what keeps it from starting.",
)
USABLE: Final = Kind(
    "CRL504",
    "Pool",
    "A pool that can never give anybody a workspace is offered all the same, and whoever asks waits in vain.",
    "Correct the pool's table in the settings, or leave the pool out.",
)
WAITING: Final = Kind(
    "CRL505",
    "People who wait",
    "Somebody who waits longer than a start takes has usually gone to do something else.",
    "Raise the pool's limit, shorten max_age or stop_after_idle, or see what fails on the pool's page.",
)
STRAYS: Final = Kind(
    "CRL506",
    "Unknown instances",
    "An instance that carries our tag and that no record knows takes room, and may cost money.",
    "Carrel ends them by itself within a minute. If one stays, look for `stray not ended` in logs/carrel.log.",
)
PORTS: Final = Kind(
    "CRL507",
    "Ports for workspaces",
    "Each workspace of a local backend listens at a port of its own, and rests ten minutes before another gets it.",
    'Widen the range: `ports` in the backend\'s table, e.g. "20000-29999".',
)
HOMES: Final = Kind(
    "CRL508",
    "Homes in warm workspaces",
    "A backend that cannot bring a home into a running workspace makes everybody with files wait for a start.",
    'Use a backend that can (`local`, `docker`), or `home = "ephemeral"` or `"none"` where no files are kept.',
)
CLAIMED: Final = Kind(
    "CRL509",
    "What a workspace is given at the claim",
    "A backend that cannot bring settings into a running workspace, or run a command in one, gives people one that lacks them.",
    "Use a backend that can (`local`, `docker`), or take repository, startup, parameters and claim_environment out of the "
    "template.",
)
ALL: Final = (BACKEND, COMMAND, WARM, USABLE, WAITING, STRAYS, PORTS, HOMES, CLAIMED)

LONG_WAIT: Final = timedelta(minutes=5)
SETTLES_WITHIN: Final = timedelta(seconds=20)
"""A claim takes a warm one away; its successor is on its way after a pass or two of the loop."""
PATIENCE: Final = timedelta(minutes=2)
"""Where nothing is known of how long a start takes."""


def backend(name: str, complaint: str | None, *, opened: bool = True) -> Finding:
    if complaint is None:
        return BACKEND.good(f"{name} answers." if opened else f"{name} has a driver.", about=name)
    return BACKEND.bad(f"{name}: {complaint}", about=name)


def command(template: str, complaint: str | None, fix: str = "") -> Finding:
    if complaint is None:
        return COMMAND.good("It is found on the PATH of its backend.", about=template)
    return COMMAND.bad(complaint, fix, about=template)


@dataclass(frozen=True, slots=True)
class Filling:
    """A pool and how it is getting on."""

    pool: Pool
    ready: int = 0
    starting: int = 0
    held: int = 0
    live: int = 0
    """All that counts against the limit."""
    quiet_for: timedelta = timedelta(days=1)
    """Since anything in it last changed."""
    oldest_start: timedelta | None = None
    """How long the one that has been starting longest has been at it."""
    usual_start: timedelta | None = None
    failure: str | None = None
    """The sentence of the newest failed start, if none has succeeded since."""
    started_for_people: str | None = None
    """Why each is started for its person and none kept warm; None where that is not so."""


def warm(now: Filling) -> Finding:
    pool, name = now.pool, now.pool.name
    said = f"{now.ready} of {pool.warm} are ready"
    if not pool.warm or pool.draining:
        return WARM.good("None are kept warm.", about=name)
    if now.started_for_people is not None and now.failure is None:
        return WARM.good(f"Each is started for its person, because {now.started_for_people}.", about=name)
    if now.ready >= pool.warm:
        return WARM.good(f"{said}.", about=name)
    return _too_few(now, said)


def _too_few(now: Filling, said: str) -> Finding:
    pool, name = now.pool, now.pool.name
    if pool.paused:
        return WARM.warning(f"{said}, and the pool is paused.", f"`carrel pool resume {name}`", about=name)
    if now.failure is not None:
        judged = WARM.bad if now.ready == 0 else WARM.warning
        return judged(f"{said}. The newest start failed: {now.failure}", about=name)
    if now.live >= pool.limit:
        return WARM.warning(
            f"{said}: all {pool.limit} that there may be are taken ({now.held} by people).",
            f"`carrel pool set {name} --limit N`, or settle for fewer with `--warm N`.",
            about=name,
        )
    return _under_way(now, said)


def _under_way(now: Filling, said: str) -> Finding:
    name, usual = now.pool.name, now.usual_start
    patience = max(PATIENCE, usual * 3) if usual is not None else PATIENCE
    if now.oldest_start is not None and now.oldest_start > patience:
        compared = f", usually {humanly(usual)}" if usual is not None else ""
        return WARM.warning(
            f"{said}; one has been starting for {humanly(now.oldest_start)}{compared}.", about=name
        )
    if now.starting or now.quiet_for < SETTLES_WITHIN:
        return WARM.good(f"{said}; {now.starting} are starting.", about=name)
    return WARM.bad(
        f"{said}, and nothing is being started.",
        "Is the loop of this pool alive? Look for its name in logs/carrel.log, or restart Carrel.",
        about=name,
    )


def usable(pool: Pool, *, has_backend: bool, has_template: bool, live: int = 0) -> Finding:
    name, raised = pool.name, f"`carrel pool set {pool.name} --limit N`"
    if not has_backend:
        remedy = f"Add [backends.{pool.backend}], or name another backend."
        return USABLE.bad(f"Its backend {pool.backend} is not open.", remedy, about=name)
    if not has_template:
        return USABLE.bad(f"Its template {pool.template} is not offered any more.", about=name)
    if pool.limit == 0:
        return USABLE.bad("Its limit is 0: nobody ever gets one.", raised, about=name)
    if pool.limit < pool.warm:
        found = f"{pool.warm} are to be warm, and there may be {pool.limit} at most."
        return USABLE.warning(found, raised, about=name)
    if pool.draining or (pool.paused and not live):
        found = f"It is {'being drained' if pool.draining else 'paused and empty'}: whoever asks waits."
        return USABLE.warning(found, f"`carrel pool resume {name}`", about=name)
    return USABLE.good(f"Up to {pool.limit} at once, {pool.per_user} for each person.", about=name)


def waiting(pool: str, many: int, longest: timedelta) -> Finding:
    if not many:
        return WAITING.good("Nobody waits.", about=pool)
    people = "1 person waits" if many == 1 else f"{many} people wait"
    said = f"{people}, the first for {humanly(longest)}."
    return (WAITING.warning if longest > LONG_WAIT else WAITING.good)(said, about=pool)


def strays(backend_name: str, ids: Sequence[str]) -> Finding:
    if not ids:
        return STRAYS.good(f"{backend_name} runs nothing that is not known.", about=backend_name)
    return STRAYS.warning(
        f"{backend_name} runs {', '.join(ids[:5])} unknown to the store.", about=backend_name
    )


def ports(backend_name: str, many: int, workspaces: int) -> Finding:
    said = f"{backend_name} has {many} ports for up to {workspaces} workspaces."
    if many < workspaces:
        return PORTS.bad(said, about=backend_name)
    return (PORTS.warning if many < 2 * workspaces else PORTS.good)(said, about=backend_name)


def homes(
    pool: Pool, template: Template, *, attaches: bool, started_for_people: str | None = None
) -> Finding:
    if template.home is not HomeKind.PERSISTENT or attaches:
        return HOMES.good("Warm workspaces can be given to anybody.", about=pool.name)
    if started_for_people is not None:
        return HOMES.warning(
            f"{pool.backend} starts each workspace for its person, with their files, because {started_for_people}. "
            f"The {pool.warm} that should be warm are never started.",
            about=pool.name,
        )
    return HOMES.warning(
        f"{pool.backend} cannot bring homes into running workspaces, so the {pool.warm} warm ones help nobody with files.",
        about=pool.name,
    )


def claimed(pool: Pool, template: Template, *, delivers: bool, runs: bool) -> Finding:
    """Worse where the template counts on it than where only a person's name and variables are missing."""
    lacking = [] if delivers else ["brings nobody's settings in"]
    if not runs and (prepares(template) or template.data):
        lacking.append("prepares nothing")
    if not lacking:
        return CLAIMED.good("Everything its template promises is done.", about=pool.name)
    promises = prepares(template) or template.parameters or template.claim_environment
    judged = CLAIMED.bad if promises else CLAIMED.warning
    return judged(f"{pool.backend} {' and '.join(lacking)}.", about=pool.name)
