"""Templates for admins: what each says as text that can be changed, what a change would do, its versions, and the way back."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.domain.errors import CarrelError, Conflict, Invalid
from carrel.services import pools, templates
from carrel.services.template_preview import TemplatePreview, preview, preview_of_version
from carrel.settings.template_reading import text_of
from carrel.web import problems
from carrel.web.pages.frame import context_of, for_admins, form_of, led, shown

ADDRESS: Final = "/hub/admin/templates"


def routes() -> list[BaseRoute]:
    return [
        Route(ADDRESS, for_admins(page), methods=["GET"]),
        Route(f"{ADDRESS}/{{name}}", for_admins(show), methods=["GET"]),
        Route(f"{ADDRESS}/{{name}}", for_admins(change), methods=["POST"]),
        Route(f"{ADDRESS}/{{name}}/rollback", for_admins(roll_back), methods=["POST"]),
    ]


async def page(request: Request, person: Person) -> Response:
    ctx = context_of(request)
    views = await pools.counted(ctx, person)
    found = [
        (template, [view for view in views if view.pool.template == template.name])
        for template in await templates.page(ctx, person)
    ]
    return shown(request, "admin/templates.html", found=found)


async def show(request: Request, person: Person) -> Response:
    """With `?version=` also what going back to that one would do."""
    name, version = request.path_params["name"], request.query_params.get("version")
    found = await preview_of_version(context_of(request), person, name, version) if version else None
    return await _shown(request, person, back=found)


async def change(request: Request, person: Person) -> Response:
    """Preview or apply what was typed."""
    fields, ctx, name = await form_of(request), context_of(request), request.path_params["name"]
    text, base = fields.get("text", ""), fields.get("base", "")
    try:
        if fields.get("do") == "apply":
            await templates.apply(ctx, person, name, text, base)
            return led(f"{ADDRESS}/{name}?done=template-applied")
        found = await preview(ctx, person, name, text, base)
    except (Invalid, Conflict) as error:
        return await _shown(request, person, typed=fields, error=error)
    return await _shown(request, person, typed=fields, found=found)


async def roll_back(request: Request, person: Person) -> Response:
    fields, name = await form_of(request), request.path_params["name"]
    base = fields.get("base") or None
    await templates.roll_back(context_of(request), person, name, fields.get("version", ""), base)
    return led(f"{ADDRESS}/{name}?done=template-back")


async def _shown(
    request: Request,
    person: Person,
    *,
    typed: Mapping[str, str] | None = None,
    found: TemplatePreview | None = None,
    back: TemplatePreview | None = None,
    error: CarrelError | None = None,
) -> Response:
    """What was typed began with the version that its form names, which need not be the current one by now."""
    versions = await templates.versions(context_of(request), person, request.path_params["name"])
    current = versions[0].template
    values: dict[str, Any] = {
        "current": current,
        "versions": versions,
        "text": typed.get("text", "") if typed is not None else text_of(current),
        "base": typed.get("base", "") if typed is not None else current.version,
        "found": found,
        "back": back,
        "errors": error.sentence.splitlines() if error else [],
    }
    return shown(
        request, "admin/template.html", status=problems.KINDS[error.code].status if error else 200, **values
    )
