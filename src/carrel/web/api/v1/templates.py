"""/templates: the recipes on offer, their versions, and how another one takes over."""

from fastapi import APIRouter, Response

from carrel.domain.errors import Invalid
from carrel.services import template_preview as previews
from carrel.services import templates
from carrel.web.api.answers import told, told_list
from carrel.web.api.asked import Asked
from carrel.web.api.v1 import render_template as render
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1
from carrel.wire.v1.shape import Name
from carrel.wire.v1.template import Version

router = APIRouter(prefix=PREFIX + "/templates", tags=["templates"])


@router.get(
    "", operation_id="templates.page", response_model=v1.Page[v1.Template], summary="All templates, by name"
)
async def page(asked: Asked) -> Response:
    return told_list(await templates.page(asked.context, asked.actor), render.template)


@router.get("/{name}", operation_id="templates.get", response_model=v1.Template, summary="One template")
async def get(asked: Asked, name: Name) -> Response:
    return told(render.template(await templates.get(asked.context, asked.actor, name)))


@router.get(
    "/{name}/versions",
    operation_id="templates.versions",
    response_model=v1.Page[v1.TemplateVersion],
    summary="Every version it had, with how many workspaces run from each; the current one first",
)
async def versions(asked: Asked, name: Name) -> Response:
    return told_list(await templates.versions(asked.context, asked.actor, name), render.version)


@router.get(
    "/{name}/versions/{version}",
    operation_id="templates.version",
    response_model=v1.WholeTemplateVersion,
    summary="What one version says, and how it differs from the current one",
)
async def version(asked: Asked, name: Name, version: Version) -> Response:
    return told(render.whole_version(await templates.whole(asked.context, asked.actor, name, version)))


@router.post(
    "/{name}/preview",
    operation_id="templates.preview",
    response_model=v1.TemplatePreview,
    summary="What such a change, or going back to a version, would do; changes nothing",
)
async def preview(asked: Asked, name: Name, body: v1.TemplatePreviewRequest) -> Response:
    if (body.definition is None) == (body.version is None):
        raise Invalid("Send either a definition or a version to go back to.")
    if body.version is not None:
        found = await previews.preview_of_version(asked.context, asked.actor, name, body.version)
    else:
        found = await previews.preview(asked.context, asked.actor, name, body.definition or {})
    return told(render.preview(found))


@router.put(
    "/{name}",
    operation_id="templates.apply",
    response_model=v1.Template,
    summary="Make this its current version. Its command runs as whoever the backend runs workspaces as",
)
async def apply(asked: Asked, name: Name, body: v1.TemplateChange) -> Response:
    found = await templates.apply(
        asked.context, asked.actor, name, body.definition, base_version=body.expected_version
    )
    return told(render.template(found))


@router.post(
    "/{name}/rollback",
    operation_id="templates.rollback",
    response_model=v1.Template,
    summary="Make a former version current again",
)
async def roll_back(asked: Asked, name: Name, body: v1.TemplateRollbackRequest) -> Response:
    found = await templates.roll_back(
        asked.context, asked.actor, name, body.version, base_version=body.expected_version
    )
    return told(render.template(found))
