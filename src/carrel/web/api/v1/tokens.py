"""/tokens: credentials for scripts. A secret is told once, when its token is made."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from carrel.domain.ids import TokenId, UserId
from carrel.services import tokens
from carrel.web.api.answers import told, told_list
from carrel.web.api.asked import Asked, Question
from carrel.web.api.once import once
from carrel.web.api.v1 import render
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1
from carrel.wire.v1.shape import Id

router = APIRouter(prefix=PREFIX + "/tokens", tags=["tokens"])

_SHOWN_ONCE = (
    "This key was used before: the token was made, and its secret is shown only once. "
    "If it was lost, revoke the token and make another one with a fresh key."
)


@router.post(
    "",
    operation_id="tokens.create",
    response_model=v1.NewToken,
    status_code=201,
    summary="Make a token for a script",
)
async def create(asked: Asked, body: v1.TokenRequest) -> Response:
    return await once(asked, body, lambda: _create(asked, body), secret=_SHOWN_ONCE)


async def _create(asked: Question, body: v1.TokenRequest) -> Response:
    secret, token = await tokens.create(
        asked.context,
        asked.actor,
        label=body.label,
        scopes=frozenset(body.scopes),
        lifetime=timedelta(days=body.days) if body.days else None,
        user_id=UserId(body.user) if body.user else None,
    )
    made = v1.NewToken(secret=secret, **render.token(token).model_dump())
    return told(made, 201, {"Location": f"{PREFIX}/tokens/{token.id}"})


@router.get(
    "",
    operation_id="tokens.page",
    response_model=v1.Page[v1.Token],
    summary="Somebody's tokens, newest first",
)
async def page(asked: Asked, user: Annotated[Id | None, Query()] = None) -> Response:
    found = await tokens.page(asked.context, asked.actor, user_id=UserId(user) if user else None)
    return told_list(found, render.token)


@router.delete(
    "/{token_id}", operation_id="tokens.revoke", status_code=204, response_class=Response, summary="Revoke it"
)
async def revoke(asked: Asked, token_id: Id) -> Response:
    await tokens.revoke(asked.context, asked.actor, TokenId(token_id))
    return Response(status_code=204)
