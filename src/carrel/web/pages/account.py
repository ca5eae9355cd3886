"""One's own account: who one is, what workspaces are given, the password, tokens for scripts, and signing out everywhere."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.account import Token
from carrel.domain.actor import Person, Role, Scope
from carrel.domain.errors import CarrelError, Conflict, Exhausted, Invalid
from carrel.domain.ids import TokenId
from carrel.services import account, tokens, variables
from carrel.web import cookies
from carrel.web.pages.frame import context_of, for_people, form_of, led, shown
from carrel.web.problems import KINDS

LIFETIMES: Final = {
    "1": "A day",
    "30": "30 days",
    "90": "90 days",
    "365": "A year",
    "": "Until it is revoked",
}
USUAL_LIFETIME: Final = "90"
SCOPES: Final = {
    Scope.READ: "Read: see pools, and what you have",
    Scope.USE: "Use: open, enter, extend, restart and release workspaces as well",
    Scope.ADMIN: "Administer: everything you may as an admin",
}
MISMATCH: Final = "The two new passwords are not the same. Type the new one twice."


def routes() -> list[BaseRoute]:
    write = ["POST"]
    return [
        Route("/hub/account", for_people(show), methods=["GET"]),
        Route("/hub/account/profile", for_people(change_profile), methods=write),
        Route("/hub/account/variables", for_people(keep_variable), methods=write),
        Route("/hub/account/variables/{name}/forget", for_people(forget_variable), methods=write),
        Route("/hub/account/password", for_people(change_password), methods=write),
        Route("/hub/account/tokens", for_people(make_token), methods=write),
        Route("/hub/account/tokens/{token_id}/revoke", for_people(revoke_token), methods=write),
        Route("/hub/account/sign-out-everywhere", for_people(sign_out_everywhere), methods=write),
    ]


async def show(request: Request, person: Person) -> Response:
    return await _page(request, person)


async def change_profile(request: Request, person: Person) -> Response:
    fields = await form_of(request)
    called, email = fields.get("display_name", ""), fields.get("email", "")
    try:
        await account.change_profile(context_of(request), person, display_name=called, email=email)
    except Invalid as error:
        typed = {"display_name": called[:200], "email": email[:254]}
        return await _page(request, person, error=error, form="profile", typed=typed)
    return led("/hub/account?done=profile")


async def keep_variable(request: Request, person: Person) -> Response:
    """A page never gets the value back, not even to say what is wrong with it."""
    fields = await form_of(request)
    name, value = fields.get("name", "").strip(), fields.get("value", "").replace("\r\n", "\n")
    try:
        await variables.put(context_of(request), person, name, value)
    except (Invalid, Exhausted) as error:
        return await _page(request, person, error=error, form="variable", typed={"name": name[:100]})
    return led("/hub/account?done=variable-kept")


async def forget_variable(request: Request, person: Person) -> Response:
    await form_of(request)
    await variables.delete(context_of(request), person, request.path_params["name"])
    return led("/hub/account?done=variable-gone")


async def change_password(request: Request, person: Person) -> Response:
    fields = await form_of(request)
    new = fields.get("new", "")
    if new != fields.get("again", ""):
        return await _page(request, person, error=Invalid(MISMATCH), form="password")
    try:
        await account.change_password(context_of(request), person, old=fields.get("old", ""), new=new)
    except (Invalid, Exhausted, Conflict) as error:
        return await _page(request, person, error=error, form="password")
    return led("/hub/account?done=password")


async def make_token(request: Request, person: Person) -> Response:
    """Its secret is on the page that answers, and nowhere else ever again."""
    fields = await form_of(request)
    try:
        secret, token = await tokens.create(
            context_of(request),
            person,
            label=fields.get("label", ""),
            scopes=frozenset({_scope(fields.get("scope", ""))}),
            lifetime=_lifetime(fields.get("days", USUAL_LIFETIME)),
        )
    except Invalid as error:
        return await _page(
            request, person, error=error, form="token", typed={"label": fields.get("label", "")[:200]}
        )
    answer = await _page(request, person, made=(secret, token))
    answer.headers["cache-control"] = "no-store"
    return answer


async def revoke_token(request: Request, person: Person) -> Response:
    await form_of(request)
    await tokens.revoke(context_of(request), person, TokenId(request.path_params["token_id"]))
    return led("/hub/account?done=revoked")


async def sign_out_everywhere(request: Request, person: Person) -> Response:
    await form_of(request)
    ctx = context_of(request)
    await account.sign_out_everywhere(ctx, person)
    answer = led("/hub/sign-in")
    for cookie in cookies.drop_session(secure=ctx.addresses.secure):
        answer.headers.append("set-cookie", cookie)
    return answer


async def _page(
    request: Request,
    person: Person,
    *,
    error: CarrelError | None = None,
    form: str = "",
    typed: Mapping[str, str] | None = None,
    made: tuple[str, Token] | None = None,
) -> Response:
    """`form` says which of the forms `error` belongs to, `typed` what is to stand in it again."""
    ctx = context_of(request)
    kept = await tokens.page(ctx, person)
    values: dict[str, Any] = {
        "account": await account.get(ctx, person),
        "tokens": [token for token in kept if token.revoked_at is None],
        "makers": await tokens.makers(ctx, person, person.user_id),
        "scopes": [(scope, words) for scope, words in SCOPES.items() if _may_have(person, scope)],
        "lifetimes": list(LIFETIMES.items()),
        "usual": USUAL_LIFETIME,
        "made": made,
        "errors": {form: error.sentence} if error is not None else {},
        "variables": await variables.page(ctx, person),
        "typed": typed or {},
    }
    return shown(request, "account.html", status=KINDS[error.code].status if error else 200, **values)


def _may_have(person: Person, scope: Scope) -> bool:
    return scope is not Scope.ADMIN or person.role is Role.ADMIN


def _scope(text: str) -> Scope:
    """The wider ones hold the narrower."""
    try:
        return Scope(text)
    except ValueError as error:
        raise Invalid("Choose what the token may be used for.") from error


def _lifetime(text: str) -> timedelta | None:
    if text not in LIFETIMES:
        raise Invalid("Choose how long the token is to be valid.")
    return timedelta(days=int(text)) if text else None
