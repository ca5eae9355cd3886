"""`Idempotency-Key`: the same request under the same key is done once and answered the same again.

Keys belong to the person who sent them. Secrets are neither fingerprinted nor kept.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.responses import Response

from carrel.domain.errors import CarrelError, Conflict, Exhausted, Forbidden, Internal, Invalid, Unavailable
from carrel.services import idempotency
from carrel.services.idempotency import Stored
from carrel.web import problems
from carrel.web.api.asked import Question
from carrel.wire.v1.shape import Asking

HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_KEPT_HEADERS: Final = ("content-type", "location", "retry-after")
_MAY_PASS: Final = (Unavailable, Internal, Exhausted, Conflict, Forbidden)
"""Refusals that depend on more than the request: on the moment, or on the token it came with."""


async def once(
    asked: Question,
    body: Asking | None,
    work: Callable[[], Awaitable[Response]],
    *,
    secret: str | None = None,
) -> Response:
    """`secret`: the sentence for a repetition of what answers with a secret, which can be told once only."""
    key = asked.request.headers.get(HEADER)
    if key is None:
        return await work()
    if _KEY.fullmatch(key) is None:
        raise Invalid(f"{HEADER} is 1 to 200 visible ASCII characters. Take a fresh random one.")
    who = asked.name
    earlier = await idempotency.begin(asked.context, who=who, key=key, fingerprint=_fingerprint(asked, body))
    if earlier is not None:
        return Response(earlier.body, earlier.status, {**earlier.headers, "Cache-Control": "no-store"})
    answer = await _done(asked, work, who=who, key=key)
    kept = problems.problem("conflict", secret) if secret and answer.status_code < 300 else answer
    await idempotency.finish(asked.context, who=who, key=key, answer=_stored(kept))
    return answer


async def _done(asked: Question, work: Callable[[], Awaitable[Response]], *, who: str, key: str) -> Response:
    """Refusals are answers too; what may go better the next time is not kept."""
    try:
        return await work()
    except _MAY_PASS:
        await idempotency.abandon(asked.context, who=who, key=key)
        raise
    except CarrelError as error:
        return problems.of_error(error)
    except BaseException:
        await idempotency.abandon(asked.context, who=who, key=key)
        raise


def _fingerprint(asked: Question, body: Asking | None) -> str:
    """Passwords are masked by their type: a quick hash of a known body with a password in it would give the password away."""
    meant = json.dumps(body.model_dump(mode="json"), sort_keys=True) if body else ""
    request = asked.request
    return hashlib.sha256(f"{request.method} {request.url.path}\n{meant}".encode()).hexdigest()


def _stored(answer: Response) -> Stored:
    headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    return Stored(status=answer.status_code, headers=headers, body=bytes(answer.body))
