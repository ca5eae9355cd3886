"""Takes over what an older system keeps for its users on a backend, as homes of the people here: shown first, then done, as often as wanted.

Whose each is, is decided by `rules.adoption`; no file is touched here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from carrel.domain.account import User
from carrel.domain.actor import Actor, Role
from carrel.domain.errors import CarrelError, Conflict, Invalid, Unavailable
from carrel.domain.ids import BackendName, HomeId, UserId
from carrel.mint import id_of
from carrel.ports.driver import AdoptsHomes, Driver, DriverError, KeepsHomes, within
from carrel.rules import adoption
from carrel.rules.access import Action, require
from carrel.rules.adoption import Found, Known, Outcome, Proposal, Wish
from carrel.services import users as user_service
from carrel.services.context import Context
from carrel.services.homes import checked_name, require_room
from carrel.store import audit, events, home_list, homes, users

LOOKS_WITHIN: Final = 60.0
ADOPTS_WITHIN: Final = 60.0
"""Seconds for one."""


@dataclass(frozen=True, slots=True)
class Adoption:
    backend: BackendName
    proposals: Sequence[Proposal]
    others: int
    """How many the backend has that are not of the pattern."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to become of one volume, and on whose word."""

    actor: Actor
    backend: BackendName
    proposal: Proposal
    newcomer: User
    """Who is let in with it, where nobody of that name is there."""
    place: str
    most: int


async def adopt(
    ctx: Context, actor: Actor, wish: Wish, *, backend: str | None = None, dry_run: bool
) -> Adoption:
    """For admins. What one volume's taking over fails of is in its proposal and holds up no other; the next time goes on from there.

    Raises Invalid for a backend that adopts nothing, or where one has to be named; Unavailable.
    """
    require(actor, Action.ADMINISTER)
    checked_name(wish.home)
    name, driver = _chosen(ctx, backend)
    volumes = await _volumes(ctx, name, driver)
    people, ids = adoption.persons(volumes, wish), [volume.home_id for volume in volumes]
    proposals = adoption.propose(volumes, wish, await ctx.store.read(_known, people, ids))
    others = len(volumes) - len(proposals)
    if not dry_run:
        proposals = [await _done(ctx, actor, name, driver, one) for one in proposals]
    return Adoption(name, proposals, others)


def _chosen(ctx: Context, wanted: str | None) -> tuple[BackendName, Driver]:
    able = {name: driver for name, driver in ctx.drivers.items() if isinstance(driver, AdoptsHomes)}
    fitting = [name for name in able if wanted is None or name == wanted]
    if len(fitting) == 1:
        return fitting[0], able[fitting[0]]
    if not able:
        raise Invalid("No backend here keeps files that could be taken over. Docker backends do.")
    there = ", ".join(sorted(able))
    if wanted is None:
        raise Invalid(f"Say on which backend to look (`backend`, or `--backend` of the command): {there}.")
    if wanted in ctx.drivers:
        raise Invalid(f"Backend {wanted} keeps no files that could be taken over. These may: {there}.")
    raise Invalid(f"There is no backend of the name {wanted}; there are: {there}.")


async def _volumes(ctx: Context, backend: BackendName, driver: Driver) -> list[Found]:
    """With the ids of the homes they are or would be: told by their names, so that who is stopped half-way goes on with the same."""
    assert isinstance(driver, AdoptsHomes)
    try:
        found = await within(LOOKS_WITHIN, driver.adoptable(), what="list its volumes")
    except DriverError as error:
        raise Unavailable(error.sentence) from error
    return [
        Found(one.name, HomeId(id_of(ctx.installation, backend, one.name)), one.obstacle) for one in found
    ]


def _known(conn: Connection, people: Collection[str], ids: Collection[HomeId]) -> Known:
    found = [user for name in people if (user := users.by_name(conn, name)) is not None]
    theirs: dict[tuple[UserId, str], HomeId] = {}
    for user in found:
        kept = (home for home in homes.of_user(conn, user.id) if home.deleted_at is None)
        theirs.update({(user.id, home.name): home.id for home in kept})
    return Known({user.name: user.id for user in found}, theirs, home_list.names(conn, ids))


async def _done(
    ctx: Context, actor: Actor, backend: BackendName, driver: Driver, proposal: Proposal
) -> Proposal:
    """The backend is told first: that it is this home is nobody's business until the row names its person."""
    if proposal.outcome is not Outcome.ADOPT:
        return proposal
    assert isinstance(driver, AdoptsHomes)
    place = driver.home_place if isinstance(driver, KeepsHomes) else f"backend {backend}"
    newcomer = user_service.newcomer(ctx, proposal.person, None, Role.USER)
    work = _Work(actor, backend, proposal, newcomer, place, ctx.homes_per_person)
    volume = proposal.volume
    try:
        await within(ADOPTS_WITHIN, driver.adopt(volume.home_id, volume.name), what="take over a volume")
        user_id = await ctx.store.write(_write_down, work, ctx.clock.now())
    except (DriverError, CarrelError) as error:
        return replace(proposal, outcome=Outcome.FAILED, sentence=error.sentence)
    return replace(proposal, outcome=Outcome.ADOPTED, user_id=user_id, sentence="It is this home now.")


def _write_down(conn: Connection, work: _Work, now: datetime) -> UserId:
    proposal, home_id = work.proposal, work.proposal.volume.home_id
    owner = users.by_name(conn, proposal.person)
    if owner is None:
        owner = work.newcomer
        user_service.add(conn, work.actor, owner, None)
    require_room(conn, owner.id, work.most)
    if homes.ensure(conn, home_id, owner.id, proposal.home, now).id != home_id:
        raise Conflict(f"{proposal.person} has a home called {proposal.home} by now. It was left as it is.")
    homes.put_place(conn, home_id, work.place)
    told = f"{proposal.volume.name} of {work.backend}, as {proposal.home} of {proposal.person}"
    audit.add(conn, now, audit.name_of(work.actor), "adopt_home", f"home:{home_id}", told)
    sentence = f"Taken over from {proposal.volume.name}, where it was kept before."
    events.about_home(conn, now, "adopted", sentence, home_id=home_id)
    return owner.id
