"""All workspaces, for admins: filtered, sorted and paged by the database; and stopping some of them, with what that means said first."""

from dataclasses import dataclass
from typing import Final

from fastapi import Request
from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.domain.ids import PoolName, WorkspaceId, is_id, is_name
from carrel.domain.workspace import LIVE, Phase
from carrel.domain.workspace_list import Holding, Order, Sort, Wanted
from carrel.rules.way_back import within_hub
from carrel.services import stopping, workspace_list
from carrel.web.pages.admin.listing import address, one_of, said
from carrel.web.pages.frame import context_of, for_admins, form_of, led, shown

ADDRESS: Final = "/hub/admin/workspaces"
SHOWN: Final = 40
"""With the frame, the style sheet and the icons that is some 45 kB."""
ANY: Final = "any"
"""Gone ones too."""

COLUMNS: Final = {
    Sort.OWNER: "Owner",
    Sort.POOL: "Pool",
    Sort.PHASE: "Phase",
    Sort.CREATED_AT: "Started",
    Sort.LAST_ACTIVE_AT: "Active",
    Sort.STOPS_AT: "Stops",
}


def routes() -> list[BaseRoute]:
    return [
        Route(ADDRESS, for_admins(page), methods=["GET"]),
        Route("/hub/admin/stop", for_admins(ask), methods=["GET"]),
        Route("/hub/admin/stop", for_admins(stop), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at, as the address says it."""

    q: str
    owner: str
    pool: str
    phase: str
    holding: str
    order: Order

    @classmethod
    def of(cls, query: QueryParams) -> "Look":
        by = Sort(one_of(query, "sort", list(Sort)) or Sort.CREATED_AT)
        usual = Order.usual(by)
        way = one_of(query, "order", ["asc", "desc"])
        pool = query.get("pool", "")
        return cls(
            q=said(query, "q"),
            owner=said(query, "owner"),
            pool=pool if is_name(pool) else "",
            phase=one_of(query, "phase", [*Phase, ANY]),
            holding=one_of(query, "holding", list(Holding)),
            order=Order(by, way == "desc") if way else usual,
        )

    @property
    def wanted(self) -> Wanted:
        phases = {"": LIVE, ANY: None}.get(self.phase) if self.phase in ("", ANY) else {Phase(self.phase)}
        return Wanted(
            owner_name=self.owner,
            pool=PoolName(self.pool) if self.pool else None,
            phases=frozenset(phases) if phases is not None else None,
            holding=Holding(self.holding) if self.holding else None,
            text=self.q,
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or self.owner or self.pool or self.phase or self.holding)

    def at(self, **changes: str | None) -> str:
        """The address of this look, or of one that differs in what is named; its first page."""
        way = "desc" if self.order.is_descending else "asc"
        same = self.order == Order.usual(self.order.by)
        values = {
            "q": self.q,
            "owner": self.owner,
            "pool": self.pool,
            "phase": self.phase,
            "holding": self.holding,
            "sort": "" if self.order.by is Sort.CREATED_AT else self.order.by.value,
            "order": "" if same else way,
        }
        return address("", values | changes) or "?"

    def sorted_by(self, by: Sort) -> str:
        """The other way round where it is sorted so already."""
        again = by is self.order.by
        descends = not self.order.is_descending if again else Order.usual(by).is_descending
        unusual = descends != Order.usual(by).is_descending
        way = ("desc" if descends else "asc") if unusual else ""
        return self.at(sort="" if by is Sort.CREATED_AT else by.value, order=way)

    def sort_of(self, by: Sort) -> str | None:
        """As aria-sort says it."""
        if by is not self.order.by:
            return None
        return "descending" if self.order.is_descending else "ascending"


async def page(request: Request, person: Person) -> Response:
    look, after = Look.of(request.query_params), request.query_params.get("after")
    found = await workspace_list.overview(
        context_of(request), person, look.wanted, look.order, after=after, limit=SHOWN
    )
    return shown(
        request,
        "admin/workspaces.html",
        look=look,
        rows=found.page.items,
        census=found.census,
        columns=COLUMNS,
        pools=[("", "All"), *((pool, pool) for pool in found.pools)],
        phases=[("", "All live"), *((phase.value, phase.value) for phase in Phase), (ANY, "Gone ones too")],
        holdings=[("", "Any"), (Holding.WARM.value, "Warm"), (Holding.CLAIMED.value, "Held by somebody")],
        first_url=look.at() if after else None,
        next_url=look.at(after=found.page.next) if found.page.next else None,
    )


async def ask(request: Request, person: Person) -> Response:
    """Stops nothing: a link may lead here."""
    ids = [WorkspaceId(one) for one in request.query_params.getlist("w") if is_id(one)]
    found = await stopping.foresee(context_of(request), person, ids)
    return shown(request, "admin/stop.html", found=found, back=_back(request.query_params.get("back")))


async def stop(request: Request, person: Person) -> Response:
    """Only what was on the page that asked."""
    fields = await form_of(request)
    ids = [WorkspaceId(one) for one in fields.get("workspaces", "").split() if is_id(one)]
    many = await stopping.stop_all(context_of(request), person, ids)
    back = _back(fields.get("back"))
    return led(f"{back}{'&' if '?' in back else '?'}done={'workspaces-stopped' if many else 'none-stopped'}")


def _back(query: str | None) -> str:
    """The list as it was looked at."""
    wish = f"{ADDRESS}{query}" if query and query.startswith("?") and len(query) > 1 else ADDRESS
    return wish if within_hub(wish) == wish else ADDRESS
