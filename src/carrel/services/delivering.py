"""Brings a person's name, git identity, variables and choices into the workspace that became theirs. Values go nowhere else."""

from typing import Final

from sqlalchemy import Connection

from carrel.domain.claim import Claim
from carrel.domain.delivery import Delivery
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.template import Template
from carrel.domain.workspace import Workspace
from carrel.ports.driver import Delivers, DriverError, DriverUnavailable, within
from carrel.rules.delivery import delivery
from carrel.services.context import Context
from carrel.store import users, variables

DELIVERS_WITHIN: Final = 20.0
"""Seconds. Somebody waits for the answer of this very request; the reconciler tries on."""


async def deliver(ctx: Context, claim: Claim, workspace: Workspace, template: Template) -> Reason | None:
    """Idempotent. What keeps this workspace from being handed over, or None. Raises DriverUnavailable when that cannot be known now.

    Nothing is delivered where the backend cannot; `carrel doctor` says so.
    """
    driver: object = ctx.drivers.get(workspace.backend)
    if not isinstance(driver, Delivers):
        return None
    wanted = await ctx.store.read(_wanted, claim, template)
    if wanted is None:
        return None
    try:
        await within(
            DELIVERS_WITHIN, driver.deliver(workspace.id, wanted), what="bring a person's settings in"
        )
    except DriverUnavailable:
        raise
    except DriverError as error:
        return Reason(ReasonCode.ATTACH_FAILED, error.sentence)
    return None


def _wanted(conn: Connection, claim: Claim, template: Template) -> Delivery | None:
    user = users.get(conn, claim.user_id)
    if user is None:
        return None
    return delivery(user, template, claim.parameters, variables.values(conn, user.id))
