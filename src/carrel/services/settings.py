"""The settings in effect: what this Carrel was started with, and where the running policy of a pool has been changed since."""

from collections.abc import Mapping
from dataclasses import dataclass

from carrel.domain.actor import Actor
from carrel.domain.pool import Pool
from carrel.domain.quiet import parse_quiet_hours
from carrel.domain.setting import SettingInEffect, policy_text
from carrel.rules.access import Action, require
from carrel.services.context import Context
from carrel.store import pools


@dataclass(frozen=True, slots=True)
class SettingView:
    setting: SettingInEffect
    running: str | None = None
    """What holds now, where it was changed on a page or through the API; until the next start."""


async def page(ctx: Context, actor: Actor) -> list[SettingView]:
    """For admins. Secrets are not among them."""
    require(actor, Action.ADMINISTER)
    known = {str(pool.name): pool for pool in await ctx.store.read(pools.every)}
    return [SettingView(setting, _running(setting, known, str(ctx.zone))) for setting in ctx.settings]


def _running(setting: SettingInEffect, known: Mapping[str, Pool], zone: str) -> str | None:
    table, _, rest = setting.key.partition(".")
    name, _, key = rest.partition(".")
    pool = known.get(name) if table == "pools" else None
    if pool is None or not hasattr(pool, key):
        return None
    now = policy_text(key, getattr(pool, key))
    given = setting.value
    if key == "quiet_hours" and given:  # the zone may have been left out
        given = str(parse_quiet_hours(given, zone))
    return now if now != given else None
