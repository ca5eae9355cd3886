"""/links: a way in for the owner of the state directory, who has no password. Answered at the owner's socket only."""

from datetime import timedelta

from fastapi import APIRouter, Response

from carrel.services import links
from carrel.web.api.answers import told
from carrel.web.api.asked import Asked, Question
from carrel.web.api.once import once
from carrel.web.api.v1 import render
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1

router = APIRouter(prefix=PREFIX + "/links", tags=["links"])

_SHOWN_ONCE = "This key was used before: the link was made, and is told only once. Ask with a fresh key."


@router.post(
    "",
    operation_id="links.make",
    response_model=v1.Link,
    status_code=201,
    summary="A one-time link that signs the first admin in; at the owner's socket only",
)
async def make(asked: Asked, body: v1.LinkRequest) -> Response:
    return await once(asked, body, lambda: _make(asked, body), secret=_SHOWN_ONCE)


async def _make(asked: Question, body: v1.LinkRequest) -> Response:
    made = await links.make(
        asked.context,
        asked.actor,
        lifetime=timedelta(minutes=body.minutes),
        next_page=body.next,
        replaces=body.replace,
    )
    return told(v1.Link(url=made.url, user=render.user(made.user), expires_at=made.expires_at), 201)
