"""Signing in by password or by a one-time link, and signing out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from starlette.responses import Response

from carrel.domain.actor import Person
from carrel.domain.errors import CarrelError, Exhausted, Forbidden, Unauthenticated
from carrel.mint import new_secret
from carrel.rules.way_back import HUB, within_hub
from carrel.services import sessions
from carrel.services.context import Context
from carrel.services.sessions import SignedIn
from carrel.web import cookies
from carrel.web.pages.frame import context_of, form_key, form_of, led, shown
from carrel.web.problems import KINDS
from carrel.web.security import actor_of

LONGEST_NAME: Final = 100
_NO_COOKIE: Final = "Your browser kept no cookie. Allow cookies for this address and try again."


@dataclass(frozen=True, slots=True)
class _Wanted:
    next_page: str = HUB
    link: str | None = None
    name: str = ""
    """As typed, so that a wrong password need not cost typing it again."""


async def ask(request: Request) -> Response:
    """Spends nothing: link previews and prefetching browsers read pages, too."""
    next_page = within_hub(request.query_params.get("next"))
    link = request.query_params.get("link")
    if link is None and isinstance(await actor_of(request), Person):
        return led(next_page)
    return _form(request, _Wanted(next_page, link))


async def sign_in(request: Request) -> Response:
    ctx = context_of(request)
    found = cookies.probe(request.headers, secure=ctx.addresses.secure)
    if found is None:
        return _form(request, error=Forbidden(_NO_COOKIE))
    secret, is_strong = found
    wanted = _Wanted()
    try:
        fields = await form_of(request, secret)
        wanted = _Wanted(
            within_hub(fields.get("next")), fields.get("link"), fields.get("name", "")[:LONGEST_NAME]
        )
        signed_in = await _signed_in(ctx, fields, address_of(request))
        await _end_former(request)
    except (Unauthenticated, Exhausted, Forbidden) as error:
        return _form(request, wanted, error=error)
    answer = led(wanted.next_page)
    for cookie in cookies.keep_session(
        signed_in.secret, signed_in.lifetime, is_strong=is_strong, secure=ctx.addresses.secure
    ):
        answer.headers.append("set-cookie", cookie)
    return answer


async def sign_out(request: Request, person: Person) -> Response:
    await form_of(request)
    ctx = context_of(request)
    await sessions.sign_out(ctx, person)
    answer = led("/hub/sign-in")
    for cookie in cookies.drop_session(secure=ctx.addresses.secure):
        answer.headers.append("set-cookie", cookie)
    return answer


async def _signed_in(ctx: Context, fields: Mapping[str, str], address: str) -> SignedIn:
    if "link" in fields:
        return await sessions.sign_in_by_link(ctx, code=fields["link"], address=address)
    return await sessions.sign_in(
        ctx, name=fields.get("name", ""), password=fields.get("password", ""), address=address
    )


async def _end_former(request: Request) -> None:
    """Whoever was signed in with this browser is out, with all their tickets."""
    former = await actor_of(request)
    if isinstance(former, Person):
        await sessions.sign_out(context_of(request), former)


def _form(request: Request, wanted: _Wanted | None = None, *, error: CarrelError | None = None) -> Response:
    ctx = context_of(request)
    found = cookies.probe(request.headers, secure=ctx.addresses.secure)
    secret = found[0] if found is not None else new_secret()
    kind = KINDS[error.code] if error is not None else None
    answer = shown(
        request,
        "sign_in.html",
        status=kind.status if kind else 200,
        probe_key=form_key(request, secret),
        wanted=wanted or _Wanted(),
        sentence=error.sentence if error is not None else None,
    )
    if kind is not None and kind.status == 429:
        answer.headers.update(kind.headers)
    for cookie in cookies.keep_probes(secret, secure=ctx.addresses.secure):
        answer.headers.append("set-cookie", cookie)
    return answer


def address_of(request: Request) -> str:
    """Who connects, as the data plane saw it: it writes the last entry; before that come the proxies that are trusted."""
    told = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",")]
    hops = context_of(request).trusted_hops
    seen = told[-1 - hops] if len(told) > hops else told[0]
    return seen[:45] or (request.client.host if request.client else "")
