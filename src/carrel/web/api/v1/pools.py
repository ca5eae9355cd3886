"""/pools: what people may claim, how full it is, and the knobs an admin turns while it runs."""

from fastapi import APIRouter, Response

from carrel.domain.sample import Span
from carrel.rules.policy import PolicyChange, read
from carrel.services import pools, samples
from carrel.services import preview as previews
from carrel.web.api.answers import told, told_list
from carrel.web.api.asked import Asked, Question
from carrel.web.api.v1 import render
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1
from carrel.wire.v1.shape import Name

router = APIRouter(prefix=PREFIX + "/pools", tags=["pools"])


@router.get("", operation_id="pools.page", response_model=v1.Page[v1.Pool], summary="All pools, by name")
async def page(asked: Asked) -> Response:
    return told_list(await pools.page(asked.context, asked.actor), render.pool)


@router.get("/{name}", operation_id="pools.get", response_model=v1.Pool, summary="One pool and what is in it")
async def get(asked: Asked, name: Name) -> Response:
    return told(render.pool(await pools.get(asked.context, asked.actor, name)))


@router.patch(
    "/{name}",
    operation_id="pools.change",
    response_model=v1.Pool,
    summary="Pause, resume or drain it, change its numbers and times",
)
async def change(asked: Asked, name: Name, body: v1.PoolChange) -> Response:
    return told(render.pool(await pools.change(asked.context, asked.actor, name, _wanted(asked, body))))


@router.post(
    "/{name}/preview",
    operation_id="pools.preview",
    response_model=v1.PoolPreview,
    summary="What the planner would do after such a change; changes nothing",
)
async def preview(asked: Asked, name: Name, body: v1.PoolChange) -> Response:
    found = await previews.preview(asked.context, asked.actor, name, _wanted(asked, body))
    return told(render.preview(found))


@router.get(
    "/{name}/samples",
    operation_id="pools.samples",
    response_model=v1.Page[v1.PoolSample],
    summary="How full it was, oldest first",
)
async def history(asked: Asked, name: Name, span: Span = Span.HOURS) -> Response:
    return told_list(await samples.of_pool(asked.context, asked.actor, name, span), render.sample)


def _wanted(asked: Question, body: v1.PoolChange) -> PolicyChange:
    return read(body.model_dump(exclude_none=True), str(asked.context.zone))
