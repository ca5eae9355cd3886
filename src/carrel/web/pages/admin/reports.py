"""What people told the admins: the open ones first, each with what came along, and the button that says it was seen to."""

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.domain.ids import ReportId
from carrel.services import reports
from carrel.web.pages.frame import context_of, for_admins, form_of, led, shown

SHOWN = 50
DONE_SHOWN = 10
"""On the first page, below the open ones."""


def routes() -> list[BaseRoute]:
    return [
        Route("/hub/admin/reports", for_admins(page), methods=["GET"]),
        Route("/hub/admin/reports/{report_id}", for_admins(one), methods=["GET"]),
        Route("/hub/admin/reports/{report_id}/done", for_admins(done), methods=["POST"]),
    ]


async def page(request: Request, person: Person) -> Response:
    """Open ones first; `?show=done` lists the others alone."""
    ctx, after = context_of(request), request.query_params.get("after")
    shows_done = request.query_params.get("show") == "done"
    listed = await reports.page(ctx, person, is_open=not shows_done, after=after, limit=SHOWN)
    is_first = not shows_done and after is None
    lately = (await reports.page(ctx, person, is_open=False, limit=DONE_SHOWN)).items if is_first else []
    return shown(
        request,
        "admin/reports.html",
        reports=listed.items,
        lately=lately,
        shows_done=shows_done,
        first_url=_address(shows_done=shows_done) if after else None,
        next_url=_address(shows_done=shows_done, after=listed.next) if listed.next else None,
    )


async def one(request: Request, person: Person) -> Response:
    found = await reports.get(context_of(request), person, ReportId(request.path_params["report_id"]))
    return shown(request, "admin/report.html", report=found.report, user_name=found.user_name)


async def done(request: Request, person: Person) -> Response:
    await form_of(request)
    await reports.done(context_of(request), person, ReportId(request.path_params["report_id"]))
    return led("/hub/admin/reports?done=report-done")


def _address(*, shows_done: bool, after: str | None = None) -> str:
    query = [*(["show=done"] if shows_done else []), *([f"after={after}"] if after else [])]
    return "/hub/admin/reports" + (f"?{'&'.join(query)}" if query else "")
