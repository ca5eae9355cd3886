"""/users: who may use this Carrel. A person sees themselves; the rest is for admins."""

from fastapi import APIRouter, Response

from carrel.domain.ids import UserId
from carrel.services import users
from carrel.web.api.answers import told, told_page
from carrel.web.api.asked import Asked, Question
from carrel.web.api.once import once
from carrel.web.api.paging import After, Limit
from carrel.web.api.v1 import render
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1
from carrel.wire.v1.shape import Id

router = APIRouter(prefix=PREFIX + "/users", tags=["users"])


@router.post(
    "",
    operation_id="users.create",
    response_model=v1.User,
    status_code=201,
    summary="Let somebody in, with a password",
)
async def create(asked: Asked, body: v1.UserRequest) -> Response:
    return await once(asked, body, lambda: _create(asked, body))


async def _create(asked: Question, body: v1.UserRequest) -> Response:
    user = await users.create(
        asked.context,
        asked.actor,
        name=body.name,
        password=body.password.get_secret_value(),
        display_name=body.display_name or body.name,
        role=body.role,
    )
    return told(render.user(user), 201, {"Location": f"{PREFIX}/users/{user.id}"})


@router.get("", operation_id="users.page", response_model=v1.Page[v1.User], summary="All users, by name")
async def page(asked: Asked, after: After = None, limit: Limit = 50) -> Response:
    return told_page(await users.page(asked.context, asked.actor, after=after, limit=limit), render.user)


@router.get("/{user_id}", operation_id="users.get", response_model=v1.User, summary="One user")
async def get(asked: Asked, user_id: Id) -> Response:
    return told(render.user(await users.get(asked.context, asked.actor, UserId(user_id))))


@router.patch(
    "/{user_id}",
    operation_id="users.change",
    response_model=v1.User,
    summary="Change role or password, disable or enable",
)
async def change(asked: Asked, user_id: Id, body: v1.UserChange) -> Response:
    ctx, actor, whose = asked.context, asked.actor, UserId(user_id)
    if body.password is not None:  # first: the only one that may be refused for what it is
        await users.set_password(ctx, actor, whose, body.password.get_secret_value())
    if body.role is not None:
        await users.set_role(ctx, actor, whose, body.role)
    if body.disabled is not None:
        await (users.disable if body.disabled else users.enable)(ctx, actor, whose)
    return told(render.user(await users.get(ctx, actor, whose)))


@router.delete(
    "/{user_id}",
    operation_id="users.disable",
    response_model=v1.User,
    summary="Disable: sessions end, tokens are revoked; files and history stay",
)
async def disable(asked: Asked, user_id: Id) -> Response:
    await users.disable(asked.context, asked.actor, UserId(user_id))
    return told(render.user(await users.get(asked.context, asked.actor, UserId(user_id))))
