"""Every page that people can ask for, with an address at which it has something to show. A page without an entry here fails a test.

Addresses name things in braces; whoever opens pages says what stands for them (see `Places`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from starlette.routing import BaseRoute, Route

from carrel.web.pages import parts
from carrel.web.pages.routes import hub_routes

Places = Mapping[str, str]
"""What stands for `{pool}`, `{waiting}` and so on, there where the pages are opened."""


class Who(StrEnum):
    STRANGER = "stranger"
    PERSON = "person"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    """Of its screenshots, too."""
    route: str
    """As it stands among the hub's routes."""
    address: str
    who: Who = Who.PERSON
    status: int = 200
    is_long: bool = False
    """It lists what there may be thousands of."""
    needs_all: bool = False
    """A hub alone does not show it: it needs a whole Carrel around it, or the setting `development`."""

    def at(self, places: Places) -> str:
        return self.address.format_map(places)


NOWHERE = "nothing there"
"""Stands for the route that answers whatever is not there."""

PAGES = [
    Page("sign-in", "/hub/sign-in", "/hub/sign-in", Who.STRANGER),
    Page("home", "/hub/", "/hub/"),
    Page("home-of-an-admin", "/hub/", "/hub/?done=left", Who.ADMIN),
    Page("open", "/hub/open/{pool}", "/hub/open/{pool}?path=hello"),
    Page("open-by-name", "/hub/open/{pool}/{name}", "/hub/open/{pool}/spare"),
    Page("waiting", "/hub/claims/{claim_id}", "/hub/claims/{waiting}"),
    Page("failed", "/hub/claims/{claim_id}", "/hub/claims/{failed}"),
    Page("released", "/hub/claims/{claim_id}", "/hub/claims/{released}"),
    Page("refused", "/hub/claims/{claim_id}", "/hub/claims/{somebody_elses}", status=404),
    Page("enter-somebody-elses", "/hub/enter", "/hub/enter?workspace={workspace}&nonce={nonce}", Who.ADMIN),
    Page("workspace", "/hub/workspaces/{workspace_id}", "/hub/workspaces/{workspace}"),
    Page("account", "/hub/account", "/hub/account"),
    Page("homes", "/hub/homes", "/hub/homes"),
    Page("overview", "/hub/admin/", "/hub/admin/", Who.ADMIN),
    Page("pools", "/hub/admin/pools", "/hub/admin/pools", Who.ADMIN),
    Page("pool", "/hub/admin/pools/{name}", "/hub/admin/pools/{pool}", Who.ADMIN),
    Page("templates", "/hub/admin/templates", "/hub/admin/templates", Who.ADMIN),
    Page("template", "/hub/admin/templates/{name}", "/hub/admin/templates/jupyterlab", Who.ADMIN),
    Page("workspaces", "/hub/admin/workspaces", "/hub/admin/workspaces", Who.ADMIN, is_long=True),
    Page("stop", "/hub/admin/stop", "/hub/admin/stop?w={workspace}", Who.ADMIN),
    Page("people", "/hub/admin/people", "/hub/admin/people", Who.ADMIN, is_long=True),
    Page("let-people-in", "/hub/admin/people/new", "/hub/admin/people/new", Who.ADMIN),
    Page("person", "/hub/admin/people/{user_id}", "/hub/admin/people/{user}", Who.ADMIN),
    Page("reports", "/hub/admin/reports", "/hub/admin/reports", Who.ADMIN),
    Page("report", "/hub/admin/reports/{report_id}", "/hub/admin/reports/{report}", Who.ADMIN),
    Page("settings", "/hub/admin/settings", "/hub/admin/settings", Who.ADMIN),
    Page("audit", "/hub/admin/audit", "/hub/admin/audit", Who.ADMIN, is_long=True),
    Page("doctor", "/hub/admin/doctor", "/hub/admin/doctor", Who.ADMIN, needs_all=True),
    Page("parts", "/hub/parts", "/hub/parts", Who.STRANGER, needs_all=True),
    Page("workspace-ended", "/hub/workspaces/{workspace_id}", "/hub/workspaces/{ended}"),
    Page("workspace-failed", "/hub/workspaces/{workspace_id}", "/hub/workspaces/{broken}?all"),
    Page("workspace-of-somebody", "/hub/workspaces/{workspace_id}", "/hub/workspaces/{workspace}", Who.ADMIN),
    Page("log", "/hub/workspaces/{workspace_id}/log", "/hub/workspaces/{workspace}/log"),
    Page("no-such-page", NOWHERE, "/hub/nothing/here", status=404),
]

NOT_PAGES: dict[str, str] = {
    "/hub/homes/{home_id}/archive": "answers with an archive",
    "/hub/admin": "leads to the overview, whose address ends with a slash",
    "/hub/why{door:path}": "the way from the data plane's own page to that of the workspace",
}
"""Routes that people read and that are no pages, each with the reason."""


def page_routes() -> Iterator[str]:
    """What the hub has for people who read."""
    for route in [*parts.routes(), *hub_routes()]:
        if isinstance(route, Route) and "GET" in (route.methods or ()):
            yield route.path
        elif not isinstance(route, Route) and _answers_nothing_there(route):
            yield NOWHERE


def _answers_nothing_there(route: BaseRoute) -> bool:
    return not hasattr(route, "path")
