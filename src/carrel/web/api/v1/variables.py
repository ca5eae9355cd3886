"""/variables: what somebody keeps for their workspaces. Values are taken and never told."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from carrel.domain.ids import UserId
from carrel.domain.variable import Variable
from carrel.services import variables
from carrel.web.api.answers import told, told_list
from carrel.web.api.asked import Asked
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1
from carrel.wire.v1.shape import Id

router = APIRouter(prefix=PREFIX + "/variables", tags=["variables"])

Called = Annotated[str, Path(max_length=100, pattern="^[A-Za-z_][A-Za-z0-9_]*$")]
Whose = Annotated[Id | None, Query(description="Whose; only an admin may name somebody else.")]


@router.get(
    "",
    operation_id="variables.page",
    response_model=v1.Page[v1.Variable],
    summary="Somebody's variables by name, without their values",
)
async def page(asked: Asked, user: Whose = None) -> Response:
    found = await variables.page(asked.context, asked.actor, user_id=_id(user))
    return told_list(found, render)


@router.put(
    "/{name}",
    operation_id="variables.put",
    response_model=v1.Variable,
    summary="Set one; workspaces opened from now on have it",
)
async def put(asked: Asked, name: Called, body: v1.VariableValue, user: Whose = None) -> Response:
    value = body.value.get_secret_value()
    return told(render(await variables.put(asked.context, asked.actor, name, value, user_id=_id(user))))


@router.delete(
    "/{name}",
    operation_id="variables.delete",
    status_code=204,
    response_class=Response,
    summary="Forget it; what runs keeps it",
)
async def delete(asked: Asked, name: Called, user: Whose = None) -> Response:
    await variables.delete(asked.context, asked.actor, name, user_id=_id(user))
    return Response(status_code=204)


def _id(user: str | None) -> UserId | None:
    return UserId(user) if user else None


def render(found: Variable) -> v1.Variable:
    return v1.Variable(name=found.name, changed_at=found.changed_at)
