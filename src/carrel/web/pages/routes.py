"""Every page's address."""

from pathlib import Path
from typing import Final

from fastapi import Request
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from carrel.domain.actor import Person
from carrel.web.auth import enter, sign_in
from carrel.web.navigation import wants_page
from carrel.web.pages import account, failed, holding, home, homes, opening, reports, waiting, workspace
from carrel.web.pages.admin import (
    audit,
    doctor,
    one_person,
    overview,
    people,
    pools,
    settings,
    templates,
    workspaces,
)
from carrel.web.pages.admin import reports as admin_reports
from carrel.web.pages.frame import for_people, forgiving, shown
from carrel.web.security import actor_of

_STATIC: Final = Path(__file__).parent.parent / "static"
_DAY: Final = "public, max-age=86400"


def hub_routes() -> list[BaseRoute]:
    """To be added after all others: the last one answers whatever page people ask for that is not there."""
    read, write = ["GET"], ["POST"]
    return [
        Route("/hub/", for_people(home.home), methods=read),
        Route("/hub/sign-in", forgiving(sign_in.ask), methods=read),
        Route("/hub/sign-in", forgiving(sign_in.sign_in), methods=write),
        Route("/hub/sign-out", for_people(sign_in.sign_out), methods=write),
        Route("/hub/enter", for_people(enter.enter), methods=read),
        Route("/hub/enter", for_people(enter.enter_meant), methods=write),
        *opening.routes(),
        *waiting.routes(),
        *failed.routes(),
        *holding.routes(),
        *workspace.routes(),
        *account.routes(),
        *homes.routes(),
        *reports.routes(),
        *admin_reports.routes(),
        *overview.routes(),
        *pools.routes(),
        *templates.routes(),
        *workspaces.routes(),
        *people.routes(),
        *one_person.routes(),
        *settings.routes(),
        *audit.routes(),
        *doctor.routes(),
        Mount("/hub/static", _Static(directory=_STATIC)),
        _NoSuchPage(),
    ]


class _Static(StaticFiles):
    """Addresses carry the version, so that browsers may keep the files for a while."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.setdefault("cache-control", _DAY)
        return response


class _NoSuchPage(BaseRoute):
    """Only for people: scripts get a problem, and addresses of the API keep their own answers."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        is_page = scope["type"] == "http" and scope["method"] == "GET" and wants_page(Headers(scope=scope))
        is_api = scope["path"].startswith("/hub/api/")
        return (Match.FULL if is_page and not is_api else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        actor = await actor_of(request)
        request.state.person = actor if isinstance(actor, Person) else None
        sentence = "There is nothing at this address. The link may be old, or have lost its end."
        answer = shown(request, "error.html", status=404, title="No such page", sentence=sentence)
        await answer(scope, receive, send)
