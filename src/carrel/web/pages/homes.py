"""One's files apart from every workspace: each home with its size, last use and where it is, to download, name, delete and have back."""

from typing import Any

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.domain.errors import CarrelError, Conflict, Exhausted, Invalid
from carrel.domain.ids import HomeId
from carrel.services import homes
from carrel.web import download
from carrel.web.pages.frame import context_of, for_people, form_of, led, shown
from carrel.web.problems import KINDS

ADDRESS = "/hub/homes"
DELETED_SHOWN = 20
"""The newest."""


def routes() -> list[BaseRoute]:
    one = f"{ADDRESS}/{{home_id}}"
    return [
        Route(ADDRESS, for_people(show), methods=["GET"]),
        Route(ADDRESS, for_people(create), methods=["POST"]),
        Route(f"{one}/archive", for_people(archive), methods=["GET"]),
        Route(f"{one}/rename", for_people(rename), methods=["POST"]),
        Route(f"{one}/delete", for_people(delete), methods=["POST"]),
        Route(f"{one}/restore", for_people(restore), methods=["POST"]),
    ]


async def show(request: Request, person: Person) -> Response:
    return await _page(request, person)


async def create(request: Request, person: Person) -> Response:
    fields = await form_of(request)
    name = fields.get("name", "").strip()
    try:
        await homes.create(context_of(request), person, name)
    except (Invalid, Conflict, Exhausted) as error:
        return await _page(request, person, error=error, name=name)
    return led(f"{ADDRESS}?done=home-made")


async def rename(request: Request, person: Person) -> Response:
    fields = await form_of(request)
    try:
        await homes.rename(context_of(request), person, _which(request), fields.get("name", "").strip())
    except (Invalid, Conflict) as error:
        return await _page(request, person, error=error)
    return led(f"{ADDRESS}?done=home-named")


async def delete(request: Request, person: Person) -> Response:
    """The page it leads to offers to undo it."""
    await form_of(request)
    try:
        deleted = await homes.delete(context_of(request), person, _which(request))
    except Conflict as error:
        return await _page(request, person, error=error)
    return led(f"{ADDRESS}?deleted={deleted.home.id}")


async def restore(request: Request, person: Person) -> Response:
    await form_of(request)
    try:
        await homes.restore(context_of(request), person, _which(request))
    except (Conflict, Exhausted) as error:
        return await _page(request, person, error=error)
    return led(f"{ADDRESS}?done=home-back")


async def archive(request: Request, person: Person) -> Response:
    """One's own: a link of a stranger may lead here."""
    view, chunks = await homes.archive(context_of(request), person, _which(request), is_meant=False)
    downloads = request.app.state.downloads
    return await download.archive(chunks, name=view.name, who=person.user_id, downloads=downloads)


async def _page(
    request: Request, person: Person, *, error: CarrelError | None = None, name: str = ""
) -> Response:
    """Which one was just deleted stands in the address, and is looked for among one's own only."""
    found = await homes.page(context_of(request), person)
    deleted = [one for one in reversed(found) if one.home.deleted_at is not None]
    just_now = request.query_params.get("deleted")
    values: dict[str, Any] = {
        "kept": [one for one in found if one.home.deleted_at is None],
        "deleted": deleted[:DELETED_SHOWN],
        "more_deleted": len(deleted[DELETED_SHOWN:]),
        "just_deleted": next((one for one in deleted if one.home.id == just_now), None),
        "chosen": request.query_params.get("change"),
        "error": error.sentence if error is not None else "",
        "name": name[:60],
    }
    return shown(request, "homes.html", status=KINDS[error.code].status if error else 200, **values)


def _which(request: Request) -> HomeId:
    return HomeId(request.path_params["home_id"])
