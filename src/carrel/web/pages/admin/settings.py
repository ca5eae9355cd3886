"""The settings in effect, for admins: each value with where it comes from, and pools that were changed since the start."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.domain.setting import BUILT_IN, DEFAULT
from carrel.services import settings
from carrel.services.settings import SettingView
from carrel.web.pages.admin.listing import said
from carrel.web.pages.frame import context_of, for_admins, shown

ADDRESS: Final = "/hub/admin/settings"
_TABLES: Final = {"backends": "Backend", "templates": "Template", "pools": "Pool"}
LONGEST_VALUE: Final = 300
"""A file of a template may be long; here one wants to know that it is there."""


@dataclass(slots=True)
class Group:
    title: str
    table: str = ""
    """The beginning of its keys, which the rows then leave out."""
    rows: list[SettingView] = field(default_factory=list)
    left_out: int = 0
    """Rows that are not shown: they have their default, or are of a template as Carrel comes with it."""

    @property
    def changed(self) -> int:
        return sum(row.running is not None for row in self.rows)


def routes() -> list[BaseRoute]:
    return [Route(ADDRESS, for_admins(page), methods=["GET"])]


async def page(request: Request, person: Person) -> Response:
    """`?all=yes`: also the defaults of templates and pools, and the templates that Carrel comes with."""
    q, every = said(request.query_params, "q"), request.query_params.get("all") == "yes"
    found = await settings.page(context_of(request), person)
    fitting = [
        view for view in found if q.casefold() in f"{view.setting.key} {view.setting.value}".casefold()
    ]
    groups = grouped(fitting, with_defaults=every or bool(q))
    return shown(
        request,
        "admin/settings.html",
        groups=groups,
        q=q,
        every=every,
        changed=sum(group.changed for group in groups),
        left_out=sum(group.left_out for group in groups),
        untouched=sum(not group.rows for group in groups),
        longest=LONGEST_VALUE,
    )


def grouped(views: Iterable[SettingView], *, with_defaults: bool) -> list[Group]:
    """What concerns all of Carrel first, with its defaults; then one group for each backend, template and pool."""
    groups: dict[str, Group] = {}
    for view in views:
        table, _, rest = view.setting.key.partition(".")
        name = rest.partition(".")[0]
        prefix = f"{table}.{name}." if rest else ""
        title = f"{_TABLES.get(table, table)} {name}" if rest else "Carrel"
        group = groups.setdefault(prefix, Group(title, prefix))
        comes_along = table == "templates" and view.setting.source == BUILT_IN
        is_usual = comes_along or (view.setting.source == DEFAULT and view.running is None)
        if prefix and is_usual and not with_defaults:
            group.left_out += 1
        else:
            group.rows.append(view)
    return list(groups.values())
