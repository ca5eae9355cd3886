"""Homes apart from every workspace: what somebody has, made, named, deleted, had back and downloaded.

Which workspace a home is in is decided by claims and the hand-over, never here.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from carrel.domain.actor import Actor, System, TokenHolder
from carrel.domain.errors import Conflict, Exhausted, Forbidden, Invalid, NotFound, Unavailable
from carrel.domain.event import Event
from carrel.domain.home import Home, called
from carrel.domain.ids import HomeId, UserId, is_name
from carrel.mint import new_id
from carrel.ports.driver import AdoptsHomes, DriverError, KeepsHomes
from carrel.rules.access import Action, owns, require
from carrel.rules.home_size import warning
from carrel.services.context import Context
from carrel.services.visibility import oneself, require_seen
from carrel.store import audit, events, home_list, homes, users
from carrel.store.home_list import Count, Placed

DELETED_AT_MOST = 4
"""Times as many as one may have: deleted ones take up room until they are removed."""


@dataclass(frozen=True, slots=True)
class HomeView:
    placed: Placed
    removed_at: datetime | None
    """Until then a deleted one can be had back."""
    told: Sequence[Event] = ()
    """What others did with it, oldest first."""
    size_warning: str | None = None
    """In words for its person, while it is larger than is meant."""

    @property
    def home(self) -> Home:
        return self.placed.home

    @property
    def name(self) -> str:
        """As its person calls it, also once it is deleted."""
        return called(self.home.name)


async def page(ctx: Context, actor: Actor, *, user_id: UserId | None = None) -> list[HomeView]:
    """One person's, by name; deleted ones that can still be had back after them."""
    owner = user_id or oneself(actor)
    require(actor, Action.SEE, owner=owner)
    return [_measured(ctx, view) for view in await ctx.store.read(_of_user, owner, ctx.keep_deleted_homes)]


async def get(ctx: Context, actor: Actor, home_id: HomeId) -> HomeView:
    """Raises NotFound, also for somebody else's."""
    found = _measured(ctx, await ctx.store.read(_found, home_id, ctx.keep_deleted_homes))
    require_seen(actor, Action.SEE, owner=found.home.user_id, thing="home")
    return found


async def create(ctx: Context, actor: Actor, name: str, *, user_id: UserId | None = None) -> HomeView:
    """An empty one, to be named by a claim. Raises Conflict for a name that is taken, Exhausted at the person's limit."""
    owner = user_id or oneself(actor)
    require(actor, Action.KEEP_HOMES, owner=owner)
    wanted = Home(HomeId(new_id()), owner, checked_name(name), ctx.clock.now())
    await ctx.store.write(_create, actor, wanted, ctx.homes_per_person)
    return await get(ctx, actor, wanted.id)


async def rename(ctx: Context, actor: Actor, home_id: HomeId, name: str) -> HomeView:
    """Raises Conflict for a name that is taken, and for a deleted home."""
    wanted = checked_name(name)
    await ctx.store.write(_rename, actor, home_id, wanted, ctx.clock.now())
    return await get(ctx, actor, home_id)


async def delete(ctx: Context, actor: Actor, home_id: HomeId) -> HomeView:
    """Its name is free at once, its files go when `keep_deleted_homes` is over. Twice is harmless.

    Raises Conflict while a workspace has it, or a claim is to have it.
    """
    await ctx.store.write(_delete, actor, home_id, ctx.clock.now())
    return await get(ctx, actor, home_id)


async def restore(ctx: Context, actor: Actor, home_id: HomeId) -> HomeView:
    """By the name it had, or one like it where that is taken by now. Harmless where it is not deleted; raises Conflict when its
    files are being removed, Exhausted at the person's limit.
    """
    await ctx.store.write(_restore, actor, home_id, ctx.homes_per_person, ctx.clock.now())
    return await get(ctx, actor, home_id)


async def archive(
    ctx: Context, actor: Actor, home_id: HomeId, *, is_meant: bool = True
) -> tuple[HomeView, AsyncGenerator[bytes, None]]:
    """Its files as a .tar.gz, bit by bit; of a home that is in a running workspace, as they are at that moment. Somebody else's
    only to an admin in person, which is audited and shown to the owner; never where a link may have led them (`is_meant`), or anybody
    could make it look as if an admin wanted to read their files. Raises Unavailable, also while it is read.
    """
    view = await get(ctx, actor, home_id)
    require(actor, Action.TAKE_FILES, owner=view.home.user_id)
    if not (is_meant or owns(actor, view.home.user_id)):
        raise Forbidden("These files belong to somebody else. Download them from that person's page.")
    driver = keeper_of(ctx, view.home)
    if view.home.place is not None and driver is None:
        raise Unavailable(
            "No backend that is in use now can reach these files. Ask an admin to look after the one that has them."
        )
    if (sentence := _visit(actor, view.home)) is not None:
        await ctx.store.write(_write_down_visit, actor, home_id, sentence, ctx.clock.now())
    return view, _chunks(driver, home_id)


def keeper_of(ctx: Context, home: Home) -> KeepsHomes | None:
    """The driver that has its files at hand; any for a home that was in no workspace yet, which is empty."""
    adopters_first = sorted(ctx.drivers.values(), key=lambda driver: not isinstance(driver, AdoptsHomes))
    for driver in adopters_first:  # who shares the place and adopts nothing does not know where those lie
        if isinstance(driver, KeepsHomes) and home.place in (None, driver.home_place):
            return driver
    return None


def checked_name(name: str) -> str:
    if not is_name(name):
        raise Invalid(f"A home's name is at most 40 of a-z, 0-9 and '-', not {name[:60]!r}. Choose another.")
    return name


def require_room(conn: Connection, user_id: UserId, most: int) -> None:
    """For one home more. Nobody else makes one for this person until the transaction ends. Raises Exhausted."""
    found = home_list.count(conn, user_id)
    if found.kept >= most:
        raise Exhausted(
            f"There are {found.kept} homes, and no more than {most} are allowed. Delete one first."
        )
    require_room_for_deleted(found, most)


def require_room_for_deleted(found: Count, most: int) -> None:
    """Whoever makes homes and deletes them over and over fills the disk too. Raises Exhausted."""
    if found.deleted >= DELETED_AT_MOST * most:
        raise Exhausted(
            f"{found.deleted} deleted homes are still kept. Wait until they are removed, or have one of them back."
        )


def _of_user(conn: Connection, user_id: UserId, kept_for: timedelta) -> list[HomeView]:
    rows = [row for row in home_list.of_user(conn, user_id) if not _is_being_removed(row.home)]
    told = events.of_homes(conn, [row.home.id for row in rows])
    return [_view(row, kept_for, told.get(row.home.id, ())) for row in rows]


def _found(conn: Connection, home_id: HomeId, kept_for: timedelta) -> HomeView:
    row = home_list.get(conn, home_id)
    if row is None or _is_being_removed(row.home):
        raise NotFound("There is no such home.")
    return _view(row, kept_for, events.of_homes(conn, [home_id]).get(home_id, ()))


def _is_being_removed(home: Home) -> bool:
    return not called(home.name)


def _view(row: Placed, kept_for: timedelta, told: Sequence[Event]) -> HomeView:
    deleted_at = row.home.deleted_at
    return HomeView(row, deleted_at + kept_for if deleted_at is not None else None, told)


def _measured(ctx: Context, view: HomeView) -> HomeView:
    if view.home.deleted_at is not None:
        return view
    return replace(view, size_warning=warning(view.home.size_bytes, ctx.home_size_warning))


def _seen(conn: Connection, actor: Actor, home_id: HomeId) -> Placed:
    row = home_list.get(conn, home_id)
    if row is None or _is_being_removed(row.home):
        raise NotFound("There is no such home.")
    require_seen(actor, Action.KEEP_HOMES, owner=row.home.user_id, thing="home")
    return row


def _create(conn: Connection, actor: Actor, wanted: Home, most: int) -> None:
    user = users.get(conn, wanted.user_id)
    if user is None or user.disabled_at is not None:
        raise NotFound("There is no such person, or they were disabled.")
    require_room(conn, wanted.user_id, most)
    made = homes.ensure(conn, wanted.id, wanted.user_id, wanted.name, wanted.created_at)
    if made.id != wanted.id:
        raise _taken(wanted.name)
    audit.add(conn, wanted.created_at, audit.name_of(actor), "create_home", f"home:{wanted.id}", wanted.name)


def _rename(conn: Connection, actor: Actor, home_id: HomeId, name: str, now: datetime) -> None:
    found = _seen(conn, actor, home_id).home
    if found.deleted_at is not None:
        raise Conflict("This home is deleted. Have it back first.")
    if found.name == name:
        return
    users.hold(conn, found.user_id)
    if not homes.rename(conn, home_id, name):
        raise _taken(name)
    detail = f"{found.name} → {name}"
    audit.add(conn, now, audit.name_of(actor), "rename_home", f"home:{home_id}", detail)


def _taken(name: str) -> Conflict:
    return Conflict(f"There is a home called {name!r} already. Choose another name.")


def _delete(conn: Connection, actor: Actor, home_id: HomeId, now: datetime) -> None:
    row = _seen(conn, actor, home_id)
    if row.home.deleted_at is not None:
        return
    if not homes.delete(conn, home_id, now):
        raise Conflict(_in_use(row))
    audit.add(conn, now, audit.name_of(actor), "delete_home", f"home:{home_id}", row.home.name)
    if not owns(actor, row.home.user_id):
        events.about_home(conn, now, "deleted", f"{_admin(actor)} deleted it.", home_id=home_id)


def _in_use(row: Placed) -> str:
    if row.claim_id is not None:
        return f"These files are in use in the pool {row.pool}. Give that back first, then delete them."
    return "These files are just being brought out of a workspace. Delete them in a moment."


def _restore(conn: Connection, actor: Actor, home_id: HomeId, most: int, now: datetime) -> None:
    row = _seen(conn, actor, home_id)
    if row.home.deleted_at is None:
        return
    found = home_list.count(conn, row.home.user_id)
    if found.kept >= most:
        raise Exhausted(
            f"There are {found.kept} homes, and no more than {most} are allowed. Delete one first."
        )
    restored = homes.restore(conn, home_id)
    if restored is None:
        raise Conflict("It is too late: its files are being removed.")
    audit.add(conn, now, audit.name_of(actor), "restore_home", f"home:{home_id}", restored.name)
    if not owns(actor, row.home.user_id):
        events.about_home(conn, now, "restored", f"{_admin(actor)} had it back.", home_id=home_id)


def _admin(actor: Actor) -> str:
    return "An administrator" if isinstance(actor, System) else f"{actor.name}, an admin,"


def _visit(actor: Actor, home: Home) -> str | None:
    """What its owner is to know of; None where they read their own files."""
    if not owns(actor, home.user_id):
        return f"{_admin(actor)} downloaded these files."
    if isinstance(actor, TokenHolder) and actor.made_by is not None:
        return "Somebody downloaded these files with a token that an admin made for you."
    return None


def _write_down_visit(conn: Connection, actor: Actor, home_id: HomeId, sentence: str, now: datetime) -> None:
    audit.add(conn, now, audit.name_of(actor), "download_home", f"home:{home_id}", sentence)
    events.about_home(conn, now, "downloaded", sentence, home_id=home_id)


async def _chunks(driver: KeepsHomes | None, home_id: HomeId) -> AsyncGenerator[bytes, None]:
    if driver is None:
        raise Unavailable("No backend keeps files here, so there is nothing to download.")
    chunks = driver.archive_home(home_id)
    try:
        async for chunk in chunks:
            yield chunk
    except DriverError as error:
        raise Unavailable(error.sentence) from error
    finally:
        if isinstance(chunks, AsyncGenerator):  # at once, not when it is found to be waste
            await chunks.aclose()
