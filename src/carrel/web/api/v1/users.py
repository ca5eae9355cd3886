"""/users: who may use this Carrel. A person sees themselves; the rest is for admins."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from carrel.domain.ids import UserId
from carrel.services import invitations, newcomers, users
from carrel.services.newcomers import Newcomer
from carrel.services.user_changes import Change
from carrel.web.api.answers import told, told_list, told_page
from carrel.web.api.asked import Asked, Question
from carrel.web.api.once import once
from carrel.web.api.paging import After, Limit
from carrel.web.api.v1 import render
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1
from carrel.wire.v1.shape import Id, Line

router = APIRouter(prefix=PREFIX + "/users", tags=["users"])

_SHOWN_ONCE: Final = "This key was used before: they were made, and passwords are told only once. Set new ones where they were lost."
_LINK_SHOWN_ONCE: Final = (
    "This key was used before: the link was made, and is told only once. Ask with a fresh key."
)


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


@router.post(
    "/batch",
    operation_id="users.batch",
    response_model=v1.Page[v1.NewUser],
    status_code=201,
    summary="Let a whole class in: everybody gets a password, told this once; all of them or none",
)
async def create_many(asked: Asked, body: v1.UsersRequest) -> Response:
    return await once(asked, body, lambda: _create_many(asked, body), secret=_SHOWN_ONCE)


async def _create_many(asked: Question, body: v1.UsersRequest) -> Response:
    wanted = [Newcomer(one.name, one.display_name, one.role) for one in body.people]
    made = await newcomers.create(asked.context, asked.actor, wanted)
    return told_list(made, lambda pair: v1.NewUser(password=pair[1], **dict(render.user(pair[0]))), 201)


@router.post(
    "/{user_id}/invitation",
    operation_id="users.invite",
    response_model=v1.Invitation,
    status_code=201,
    summary="A link that signs them in once, to choose a password; the one they had is dropped",
)
async def invite(asked: Asked, user_id: Id) -> Response:
    return await once(asked, None, lambda: _invite(asked, UserId(user_id)), secret=_LINK_SHOWN_ONCE)


async def _invite(asked: Question, user_id: UserId) -> Response:
    made = await invitations.invite(asked.context, asked.actor, user_id)
    return told(v1.Invitation(url=made.url, expires_at=made.expires_at), 201)


@router.delete(
    "/{user_id}/sessions",
    operation_id="users.signout",
    response_model=v1.User,
    summary="Sign them out everywhere: every browser, and every workspace open in one",
)
async def sign_out(asked: Asked, user_id: Id) -> Response:
    return told(render.user(await users.sign_out(asked.context, asked.actor, UserId(user_id))))


@router.get("", operation_id="users.page", response_model=v1.Page[v1.User], summary="All users, by name")
async def page(
    asked: Asked,
    *,
    name: Annotated[Line | None, Query(max_length=100, description="Exactly what they sign in with.")] = None,
    q: Annotated[
        Line | None, Query(max_length=100, description="How their name begins, or what they are called.")
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    found = await users.page(asked.context, asked.actor, name=name, text=q, after=after, limit=limit)
    return told_page(found, render.user)


@router.get("/{user_id}", operation_id="users.get", response_model=v1.User, summary="One user")
async def get(asked: Asked, user_id: Id) -> Response:
    return told(render.user(await users.get(asked.context, asked.actor, UserId(user_id))))


@router.patch(
    "/{user_id}",
    operation_id="users.change",
    response_model=v1.User,
    summary="Change role, password, display name or e-mail address, disable or enable: all of it or nothing",
)
async def change(asked: Asked, user_id: Id, body: v1.UserChange) -> Response:
    wanted = Change(
        role=body.role,
        disabled=body.disabled,
        display_name=body.display_name,
        email=body.email,
        password=body.password.get_secret_value() if body.password is not None else None,
    )
    return told(render.user(await users.change(asked.context, asked.actor, UserId(user_id), wanted)))


@router.delete(
    "/{user_id}",
    operation_id="users.disable",
    response_model=v1.User,
    summary="Disable: sessions end, tokens are revoked; files and history stay",
)
async def disable(asked: Asked, user_id: Id) -> Response:
    await users.disable(asked.context, asked.actor, UserId(user_id))
    return told(render.user(await users.get(asked.context, asked.actor, UserId(user_id))))
