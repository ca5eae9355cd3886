"""What would become of a pool if its policy were changed so: the planner's own answer over what is really there. Changes nothing."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from carrel.domain.actor import Actor
from carrel.domain.errors import NotFound
from carrel.domain.ids import BackendName, PoolName
from carrel.domain.pool import Pool
from carrel.rules.access import Action, require
from carrel.rules.foresee import Foreseen, foresee
from carrel.rules.policy import PolicyChange, changed, differences, in_force
from carrel.rules.view import is_ending
from carrel.services import failures
from carrel.services.context import Context
from carrel.services.failures import Failure
from carrel.services.foreseeing import facts_of, listed, view_of
from carrel.services.pools import no_pool
from carrel.store import pools
from carrel.store.facts import Facts


@dataclass(frozen=True, slots=True)
class Preview:
    pool: Pool
    """As it would be."""
    changes: tuple[str, ...]
    """What differs from now, such as "warm 2 → 5"."""
    foreseen: Foreseen
    notes: tuple[str, ...]
    """What whoever decides should know besides."""

    @property
    def sentence(self) -> str:
        return _sentence(self.foreseen)


async def preview(ctx: Context, actor: Actor, name: str, wanted: PolicyChange) -> Preview:
    """Raises Invalid where the change itself would be refused, NotFound for a pool that is not offered."""
    require(actor, Action.ADMINISTER)
    listed_at = ctx.clock.now()
    backend = await ctx.store.read(_backend, name)
    instances = await listed(ctx, backend)
    now_is, facts, trouble = await ctx.store.read(_read, ctx, name)
    becomes = changed(now_is, wanted)
    view = view_of(facts, instances, listed_at)
    foreseen = await asyncio.to_thread(foresee, view, in_force(becomes), ctx.clock.now())
    return Preview(
        becomes,
        tuple(differences(now_is, becomes)),
        foreseen,
        (*_alarms(foreseen, trouble, is_listed=instances is not None), *_notes(becomes, facts)),
    )


def _backend(conn: Connection, name: str) -> BackendName:
    found = pools.get(conn, PoolName(name))
    if found is None:
        raise NotFound(no_pool(name))
    return found.backend


def _read(conn: Connection, ctx: Context, name: str) -> tuple[Pool, Facts, Failure | None]:
    pool = pools.get(conn, PoolName(name))
    if pool is None:
        raise NotFound(no_pool(name))
    facts = facts_of(conn, ctx, pool)
    if facts is None:
        raise NotFound(no_pool(name))
    return pool, facts, failures.of_pool(conn, pool.name)


def _sentence(found: Foreseen) -> str:
    """E.g. "Starts 8 (4 at a time), retires 1. 2 people who wait are served." """
    at_least = "" if found.is_whole else "at least "
    steps = []
    if found.starts:
        is_paced = 0 < found.starts_at_once < found.starts
        paced = f" ({found.starts_at_once} at a time)" if is_paced else ""
        steps.append(f"starts {at_least}{found.starts}{paced}")
    if retired := sum(many for _, many in found.retires):
        steps.append(f"retires {at_least}{retired}")
    if released := sum(many for _, many in found.releases):
        steps.append(f"ends {released} {'claim' if released == 1 else 'claims'}")
    done = ", ".join(steps) or "starts nothing and ends nothing"
    return " ".join([f"{done[0].upper()}{done[1:]}.", *_people(found)])


def _people(found: Foreseen) -> list[str]:
    said = []
    if found.assigned:
        said.append(
            "1 person who waits is served."
            if found.assigned == 1
            else f"{found.assigned} people who wait are served."
        )
    if found.still_waiting:
        many = found.still_waiting
        said.append("1 person goes on waiting." if many == 1 else f"{many} people go on waiting.")
    return said


def _alarms(found: Foreseen, trouble: Failure | None, *, is_listed: bool) -> Iterable[str]:
    """What makes the prediction less certain than it looks."""
    if not is_listed:
        yield "The backend does not answer now, so this is told from what is stored alone."
    if trouble is not None and found.starts:
        yield f"Starts fail at the moment and are tried more slowly: {trouble.told}"
    if found.releases:
        yield "People lose what they hold, or their place in the queue, for the reasons below."


def _notes(becomes: Pool, facts: Facts) -> Iterable[str]:
    held = sum(row.claim_id is not None and not is_ending(row) for row in facts.workspaces)
    if becomes.draining:
        yield f"{held} are held now; they go on until they are released."
    elif becomes.paused:
        yield "The pool is paused: nothing is started until it is resumed."
    if facts.template is None:
        yield "The template is no longer offered: nothing is started."
    if held > becomes.limit:
        yield f"{held} are held, more than the limit. Nobody loses theirs; new ones start once there are fewer."
