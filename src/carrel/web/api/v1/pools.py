"""/pools: what people may claim, how full it is, and the knobs an admin turns while it runs."""

from fastapi import APIRouter, Response

from carrel.services import pools
from carrel.web.api.answers import told, told_list
from carrel.web.api.asked import Asked
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
    summary="Pause or resume it, change how many are warm and how many there may be",
)
async def change(asked: Asked, name: Name, body: v1.PoolChange) -> Response:
    view = await pools.change(
        asked.context, asked.actor, name, paused=body.paused, warm=body.warm, limit=body.limit
    )
    return told(render.pool(view))
