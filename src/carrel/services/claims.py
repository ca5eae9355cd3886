"""Claims: ask for a workspace, see how far that is, give it back."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from carrel.domain.actor import Actor
from carrel.domain.claim import Claim, ClaimState, HomeWish, Wish
from carrel.domain.errors import Conflict, Exhausted, Invalid, NotFound
from carrel.domain.event import Event
from carrel.domain.ids import ClaimId, HomeId, PoolName, TemplateName, UserId, is_name
from carrel.domain.instance import Ailment
from carrel.domain.page import Page
from carrel.domain.parameter import Value
from carrel.domain.prospect import Prospect
from carrel.domain.queue import Estimate
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.template import HomeKind, Template
from carrel.domain.workspace import Workspace
from carrel.mint import new_id
from carrel.ports.driver import DriverUnavailable, brings_files_at_start
from carrel.ports.wake import ROUTES, claim_topic, pool_topic
from carrel.rules.access import Action, owner_filter, owns, require
from carrel.rules.authorize import Standing, standing
from carrel.rules.home_wording import with_other_files
from carrel.rules.parameters import chosen
from carrel.rules.term import prospect
from carrel.rules.view import is_ending
from carrel.rules.wording import GIVEN_BACK, LEFT_THE_QUEUE
from carrel.services import outlook
from carrel.services.context import Context
from carrel.services.handover import hand_over, home_place
from carrel.services.homes import require_room_for_deleted
from carrel.services.outlook import Outlook
from carrel.services.updates import updatable
from carrel.services.visibility import oneself, require_seen, seen_claim
from carrel.store import (
    ailing,
    audit,
    claims,
    events,
    home_list,
    homes,
    pools,
    reserving,
    templates,
    users,
    workspaces,
)

WATCH_EVERY = timedelta(seconds=4)
"""How often it is written down that somebody still waits; well within the shortest sensible `watch_within`."""
SILENCE = 5.0
"""Seconds after which an open event stream looks for itself and says that it is alive."""
NEARLY = 1.0
NEAR = 10
"""Seconds, and places in a queue, in which that happens more often."""

_Version = tuple[TemplateName, str]


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim with all that a page or an API answer tells about it."""

    claim: Claim
    outlook: Outlook
    workspace: Workspace | None = None
    template: Template | None = None
    prospect: Prospect | None = None
    """When its workspace stops, and why; None where it has none, or that stops already."""
    position: int | None = None
    """1 = next. None unless it waits."""
    is_new: bool = False
    home: str | None = None
    """What the files are called that it brings along."""
    has_update: bool = False
    """The template has a newer version than its workspace runs."""
    ailment: Ailment | None = None
    """What its workspace suffers from now."""

    @property
    def outcome(self) -> str:
        """What asking for it came to, in a word for counting."""
        if self.claim.state is ClaimState.WAITING:
            return "waiting"
        return "assigned" if self.is_new else "again"

    @property
    def estimate(self) -> Estimate | None:
        return self.outlook.estimate

    @property
    def is_settled(self) -> bool:
        """Nothing more is to be waited for: the person may go in now, or never again."""
        if self.claim.state is ClaimState.RELEASED:
            return True
        workspace = self.workspace
        return (
            workspace is not None
            and workspace.attached_at is not None
            and standing(workspace, is_inside=False) is not Standing.COMING
        )

    @property
    def is_near(self) -> bool:
        """Something is about to change for them."""
        return self.position is None or self.position <= NEAR


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for, checked as far as that goes without the store."""

    claim_id: ClaimId
    user_id: UserId
    pool: PoolName
    name: str
    home: str | None
    home_id: HomeId
    """Of the home, if it is new."""
    parameters: Mapping[str, object]


async def claim(
    ctx: Context,
    actor: Actor,
    *,
    pool: str,
    name: str = "default",
    home: str | None = None,
    user_id: UserId | None = None,
    parameters: Mapping[str, object] | None = None,
) -> ClaimView:
    """Ask for a workspace, for oneself or (admins) for somebody. Asking again for the same pool and name is harmless. `home` names the
    files it brings along; those called like the claim, where it is not given.

    Raises NotFound for an unknown pool or person, Invalid for parameters that the template does not take, Exhausted at the person's
    own limit, Conflict when the files are in another workspace of theirs. A full pool is no error: the claim waits.
    """
    owner = user_id or oneself(actor)
    require(actor, Action.CLAIM, owner=owner)
    for what, called in (("claim", name), ("home", home or name)):
        if not is_name(called):
            raise Invalid(
                f"A {what}'s name is at most 40 of a-z, 0-9 and '-', not {called[:60]!r}. Choose another."
            )
    asked = _Asked(ClaimId(new_id()), owner, PoolName(pool), name, home, HomeId(new_id()), parameters or {})
    taken = await ctx.store.write(_take, ctx, actor, asked, ctx.clock.now())
    ctx.wake.ring(pool_topic(pool))
    with suppress(DriverUnavailable):  # held, and handed over by the reconciler once the backend is back
        await hand_over(ctx, taken.claim, is_awaited=True)
    return await ctx.store.read(_view, ctx, taken.claim.id, is_new=taken.is_new)


def _take(conn: Connection, ctx: Context, actor: Actor, asked: _Asked, now: datetime) -> claims.Taken:
    known = pools.get(conn, asked.pool)
    if known is None:
        raise NotFound(f"There is no pool called {asked.pool[:60]!r}. Look at the list of pools.")
    user = users.get(conn, asked.user_id)
    if user is None or user.disabled_at is not None:
        raise NotFound("There is no such person, or they were disabled.")
    template = templates.get(conn, known.template)
    place = home_place(ctx, known.backend)
    keeps_files = template is not None and template.home is HomeKind.PERSISTENT
    wish = Wish(
        home=HomeWish(asked.home or asked.name, asked.home_id, place) if keeps_files and place else None,
        parameters=chosen(template.parameters if template is not None else (), asked.parameters),
    )
    taken = claims.take(
        conn,
        claim_id=asked.claim_id,
        user_id=asked.user_id,
        pool=known,
        name=asked.name,
        now=now,
        wish=wish,
    )
    if taken.claim.home_id == asked.home_id:
        _require_room(conn, ctx, asked.user_id)
    if taken.is_new:
        if brings_files_at_start(ctx.drivers.get(known.backend)):
            reserving.tell_of_files_elsewhere(conn, taken.claim, now)
        audit.add(conn, now, audit.name_of(actor), "claim", f"claim:{taken.claim.id}", f"pool {asked.pool}")
    else:
        _refuse_other_files(conn, taken.claim, asked.home)
        _refuse_other_choices(taken.claim, asked.parameters, wish.parameters)
        claims.watch(conn, taken.claim.id, now)
    return taken


def _refuse_other_files(conn: Connection, mine: Claim, home: str | None) -> None:
    """Asking again is harmless, but must not lead somebody to files that they did not ask for."""
    has = homes.get(conn, mine.home_id) if home is not None and mine.home_id is not None else None
    if has is not None and has.name != home:
        raise Conflict(with_other_files(has.name, mine))


def _refuse_other_choices(mine: Claim, given: Mapping[str, object], wanted: Mapping[str, Value]) -> None:
    """Nor to a workspace that was made ready for something else."""
    other = [name for name in given if name in wanted and wanted[name] != mine.parameters.get(name)]
    if other:
        raise Conflict(
            f'You have one of "{mine.pool}" already, with another {" and ".join(sorted(other))}. '
            "Give it back first, or ask for one under another name."
        )


def _require_room(conn: Connection, ctx: Context, user_id: UserId) -> None:
    """Each claim may name another home, so that claims count as making homes by hand does."""
    found = home_list.count(conn, user_id)
    if found.kept > ctx.homes_per_person:
        raise Exhausted(
            f"There are {ctx.homes_per_person} homes already, which is all one person may have. "
            "Name one of them, or delete one first."
        )
    require_room_for_deleted(found, ctx.homes_per_person)


async def get(ctx: Context, actor: Actor, claim_id: ClaimId) -> ClaimView:
    """Asking after a waiting claim counts as watching it. Raises NotFound, also for somebody else's."""
    view = await ctx.store.read(_view, ctx, claim_id, reader=actor)
    require_seen(actor, Action.SEE, owner=view.claim.user_id, thing="claim")
    if view.claim.state is ClaimState.WAITING and _is_stale(view.claim, ctx.clock.now()):
        await ctx.store.write(claims.watch, claim_id, ctx.clock.now())
    return view


def _is_stale(found: Claim, now: datetime) -> bool:
    """A look a second ago need not be written down again; a clock that was set back must not stop the writing."""
    return abs(now - found.watched_at) >= WATCH_EVERY


def _view(
    conn: Connection, ctx: Context, claim_id: ClaimId, *, is_new: bool = False, reader: Actor | None = None
) -> ClaimView:
    found = claims.get(conn, claim_id)
    if found is None:
        raise NotFound("There is no such claim.")
    [view] = _with_homes(conn, [_about(conn, ctx, found, is_new=is_new, reader=reader)])
    return view if reader is None else _with_ailments(conn, [view])[0]


def _with_ailments(conn: Connection, views: Sequence[ClaimView]) -> list[ClaimView]:
    rows = [view.workspace for view in views if view.workspace is not None and not is_ending(view.workspace)]
    ill = ailing.current(conn, [row.id for row in rows])
    return [replace(view, ailment=ill.get(view.workspace.id) if view.workspace else None) for view in views]


def _with_homes(conn: Connection, views: Sequence[ClaimView]) -> list[ClaimView]:
    """And with what is newer: one look each for however many."""
    ids = [view.claim.home_id for view in views if view.claim.home_id is not None]
    called = home_list.names(conn, ids)
    rows = [view.workspace for view in views if view.workspace is not None and not is_ending(view.workspace)]
    newer = updatable(conn, rows, rows[0].pool if len(rows) == 1 else None) if rows else ()
    return [
        replace(
            view,
            home=called.get(view.claim.home_id) if view.claim.home_id is not None else None,
            has_update=view.workspace is not None and view.workspace.id in newer,
        )
        for view in views
    ]


def _about(
    conn: Connection,
    ctx: Context,
    found: Claim,
    *,
    is_new: bool = False,
    reader: Actor | None = None,
    recipes: dict[_Version, Template | None] | None = None,
) -> ClaimView:
    """`reader`: who is told its steps and what troubles it. That costs a look at a timeline, which a list or a claim just made can do
    without. `recipes`: those read already.
    """
    now = ctx.clock.now()
    if found.state is ClaimState.WAITING:
        place = claims.position(conn, found)
        offered = _offered(conn, found.pool) if reader is not None else None
        ahead = outlook.of_waiting(conn, found, place, now, offered=offered, reader=reader)
        return ClaimView(found, ahead, template=offered, position=place, is_new=is_new)
    workspace = workspaces.get(conn, found.workspace_id) if found.workspace_id else None
    template = _recipe(conn, workspace, {} if recipes is None else recipes) if workspace else None
    if template is None and reader is not None:
        template = _offered(conn, found.pool)
    ahead = outlook.of_settled(conn, found, workspace, now, template=template, reader=reader)
    term = _term(conn, ctx, found, workspace)
    return ClaimView(found, ahead, workspace, template, term, is_new=is_new)


def _recipe(
    conn: Connection, workspace: Workspace, recipes: dict[_Version, Template | None]
) -> Template | None:
    version = (workspace.template, workspace.template_version)
    if version not in recipes:
        recipes[version] = templates.get(conn, *version)
    return recipes[version]


def _term(conn: Connection, ctx: Context, found: Claim, workspace: Workspace | None) -> Prospect | None:
    if workspace is None or found.state is not ClaimState.HELD:
        return None
    return prospect(workspace, found, pools.get(conn, found.pool), ctx.clock.now(), ctx.zone)


def _offered(conn: Connection, name: PoolName) -> Template | None:
    """What whoever waits will probably get."""
    pool = pools.get(conn, name)
    return templates.get(conn, pool.template) if pool is not None else None


async def page(
    ctx: Context,
    actor: Actor,
    *,
    user_id: UserId | None = None,
    pool: str | None = None,
    state: ClaimState | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[ClaimView]:
    """Newest first. People see their own; admins see everybody's, or one person's."""
    owner = owner_filter(actor, user_id)

    def read(conn: Connection) -> Page[ClaimView]:
        rows = claims.page(
            conn, user_id=owner, pool=PoolName(pool) if pool else None, state=state, after=after, limit=limit
        )
        recipes: dict[_Version, Template | None] = {}
        views = _with_homes(conn, [_about(conn, ctx, row, recipes=recipes) for row in rows.items])
        return Page(_with_ailments(conn, views), rows.next)

    return await ctx.store.read(read)


async def release(ctx: Context, actor: Actor, claim_id: ClaimId) -> ClaimView:
    """Give it back: a waiting claim leaves the queue, a held one's workspace is stopped; files stay. Twice is harmless."""
    await ctx.store.write(_release, actor, claim_id, ctx.clock.now())
    view = await ctx.store.read(_view, ctx, claim_id)
    for topic in (pool_topic(view.claim.pool), claim_topic(claim_id), ROUTES):
        ctx.wake.ring(topic)
    return view


def _release(conn: Connection, actor: Actor, claim_id: ClaimId, now: datetime) -> None:
    found = seen_claim(conn, actor, Action.RELEASE, claim_id)
    reason = _own_reason(found) if owns(actor, found.user_id) else _admins_reason(found)
    if claims.release(conn, claim_id, reason, now) is not None:
        audit.add(conn, now, audit.name_of(actor), "release", f"claim:{claim_id}", reason.sentence)


def _own_reason(found: Claim) -> Reason:
    return LEFT_THE_QUEUE if found.state is ClaimState.WAITING else GIVEN_BACK


def _admins_reason(found: Claim) -> Reason:
    took = "took it out of the queue" if found.state is ClaimState.WAITING else "stopped it"
    return Reason(ReasonCode.STOPPED_BY_ADMIN, f"An administrator {took}.")


async def timeline(ctx: Context, actor: Actor, claim_id: ClaimId, after: int = 0) -> list[Event]:
    view = await get(ctx, actor, claim_id)
    return await ctx.store.read(events.of_claim, view.claim.id, after)


async def watch(
    ctx: Context, actor: Actor, claim_id: ClaimId, after: int = 0
) -> AsyncGenerator[Event | None, None]:
    """Every event of the claim after number `after`, as it happens; None now and then when nothing does, so that a stream can say
    it is alive. Ends when the claim is released, or held and ready to enter.
    """
    ear = ctx.wake.ear([claim_topic(claim_id)])
    try:
        while True:
            view = await get(ctx, actor, claim_id)
            for event in await ctx.store.read(events.of_claim, claim_id, after):
                after = event.seq
                yield event
            if view.is_settled:
                return
            if not await ear.wait(_patience(view)):
                yield None
    finally:
        ear.close()


def _patience(view: ClaimView) -> float:
    """Another replica's wake-up may be lost, and steps ring no bell, so look again by ourselves; more often where there is
    something to see. A long queue must not cost a look for everybody in it each second.
    """
    return min(SILENCE, NEARLY) if view.is_near else SILENCE
