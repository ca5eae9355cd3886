"""Makes a workspace ready before its person goes in: a repository cloned, a start-up script run. What fails keeps nobody out.

Begun again after a crash of ours, and ended at once when the claim is given back. What comes next is decided by `rules.preparation`.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.template import Template
from carrel.domain.workspace import Workspace
from carrel.ports.driver import Rejected, Runs, TookTooLong
from carrel.ports.wake import claim_topic
from carrel.rules.last_words import tidy
from carrel.rules.preparation import (
    Do,
    GivenUp,
    Outcome,
    Task,
    following,
    lines_of,
    looks_for_missing,
    missing,
    prepares,
    tasks,
)
from carrel.services.context import Context
from carrel.store import claims, events, troubles, workspaces

LOOKS_EVERY: Final = 2.0
"""Seconds between looks whether the claim still holds the workspace; a bell rings before, unless another replica let it go."""
LOOKS_WITHIN: Final = 10.0
UNABLE: Final = (
    "Nothing was prepared in this workspace: its backend cannot run commands in one. Tell an administrator."
)


class NoLongerHeld(Exception):
    """The claim was given back meanwhile, or lost the workspace."""


async def prepare(ctx: Context, claim: Claim, workspace: Workspace, template: Template) -> None:
    """Returns once all is done, or given up and told. Raises NoLongerHeld, Unavailable, and DriverUnavailable where the backend is
    away.
    """
    if not (prepares(template) or template.data):
        return
    driver: object = ctx.drivers.get(workspace.backend)
    if not isinstance(driver, Runs):
        await _tell(ctx, claim, workspace, _News(UNABLE, has_failed=True))
        return
    work = asyncio.create_task(_Preparing(ctx, driver, claim, workspace).all(template))
    over = asyncio.create_task(_until_let_go(ctx, claim, workspace))
    try:
        await asyncio.wait({work, over}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            over.result()
            raise NoLongerHeld
        work.result()
    finally:
        for task in (work, over):
            task.cancel()
        await asyncio.gather(work, over, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _News:
    sentence: str
    is_done: bool = False
    has_failed: bool = False
    printed: str = ""


@dataclass(frozen=True, slots=True)
class _Preparing:
    ctx: Context
    driver: Runs
    claim: Claim
    workspace: Workspace

    async def all(self, template: Template) -> None:
        """One after another; what failed does not keep the next one from being tried."""
        await self._look_for_data(template)
        wanted = tasks(template)
        worked = [await self._one(task) for task in wanted]
        if wanted and all(worked):
            await self._tell(_News("It was made ready.", is_done=True))

    async def _one(self, task: Task) -> bool:
        await self._tell(_News(task.doing))
        done: list[Outcome] = []
        try:
            while isinstance(step := following(task, done), Do):
                await self.ctx.clock.sleep(step.after.total_seconds())
                done.append(await self._outcome(task, step))
        except Rejected as error:
            step = GivenUp(f"{task.what} failed. {error.sentence}")
        if isinstance(step, GivenUp):
            await self._tell(_News(step.sentence, has_failed=True, printed=lines_of(done)))
        return not isinstance(step, GivenUp)

    async def _outcome(self, task: Task, step: Do) -> Outcome:
        """Raises DriverUnavailable, Rejected."""
        seconds = task.startup.timeout.total_seconds()
        try:
            ran = await self.driver.run(self.workspace.id, step.command, seconds=seconds)
        except TookTooLong as late:
            return Outcome(step.what, None, late.output)
        return Outcome(step.what, ran.code, ran.output)

    async def _look_for_data(self, template: Template) -> None:
        """A folder that is not there is news, and nothing to wait for. Raises DriverUnavailable."""
        if not template.data:
            return
        try:
            ran = await self.driver.run(self.workspace.id, looks_for_missing(template), seconds=LOOKS_WITHIN)
        except (TookTooLong, Rejected):
            return
        if (sentence := missing(template, ran.output)) is not None:
            await self._tell(_News(sentence, has_failed=True))

    async def _tell(self, news: _News) -> None:
        await _tell(self.ctx, self.claim, self.workspace, news)


async def _until_let_go(ctx: Context, claim: Claim, workspace: Workspace) -> None:
    ear = ctx.wake.ear([claim_topic(claim.id)])
    try:
        while await ctx.store.read(_is_held, claim, workspace, ctx.clock.now()):
            await ear.wait(LOOKS_EVERY)
    finally:
        ear.close()


def _is_held(conn: Connection, claim: Claim, workspace: Workspace, now: datetime) -> bool:
    """What was given back is let go once that can be undone no more: nothing else is planned for it while it is prepared."""
    current, holds = claims.get(conn, claim.id), workspaces.of_claim(conn, claim.id)
    if current is None or current.state is not ClaimState.HELD or holds is None:
        return False
    is_over = current.release_at is not None and current.release_at <= now
    return not is_over and holds.id == workspace.id and holds.phase is workspace.phase


async def _tell(ctx: Context, claim: Claim, workspace: Workspace, news: _News) -> None:
    await ctx.store.write(_write_down, claim, workspace, news, ctx.clock.now())
    ctx.wake.ring(claim_topic(claim.id))


def _write_down(conn: Connection, claim: Claim, workspace: Workspace, news: _News, now: datetime) -> None:
    """Once as long as this claim holds it, however often it is begun again; without what its person alone may know."""
    lines = tidy(news.printed, workspace.secret, *troubles.withheld(conn, claim.user_id))
    sentence = "\n".join([news.sentence, *lines])
    if events.was_told(conn, workspace.id, sentence, workspace.assigned_at or workspace.created_at):
        return
    events.add(
        conn,
        now,
        "unprepared" if news.has_failed else "prepared" if news.is_done else "preparing",
        sentence,
        workspace_id=workspace.id,
        claim_id=claim.id,
    )
