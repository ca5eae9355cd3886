"""/templates: the recipes on offer."""

from fastapi import APIRouter, Response

from carrel.services import templates
from carrel.web.api.answers import told, told_list
from carrel.web.api.asked import Asked
from carrel.web.api.v1 import render_template as render
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1
from carrel.wire.v1.shape import Name

router = APIRouter(prefix=PREFIX + "/templates", tags=["templates"])


@router.get(
    "", operation_id="templates.page", response_model=v1.Page[v1.Template], summary="All templates, by name"
)
async def page(asked: Asked) -> Response:
    return told_list(await templates.page(asked.context, asked.actor), render.template)


@router.get("/{name}", operation_id="templates.get", response_model=v1.Template, summary="One template")
async def get(asked: Asked, name: Name) -> Response:
    return told(render.template(await templates.get(asked.context, asked.actor, name)))
