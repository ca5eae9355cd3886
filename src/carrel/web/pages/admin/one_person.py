"""One person, for admins: what they have and may, and what can be changed about it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person, Role
from carrel.domain.errors import CarrelError, Conflict, Invalid
from carrel.domain.ids import HomeId, TokenId, UserId
from carrel.mint import new_password
from carrel.services import homes, invitations, people, tokens, users
from carrel.services.context import Context
from carrel.services.user_changes import Change
from carrel.web import download
from carrel.web.pages.admin.people import ADDRESS
from carrel.web.pages.frame import context_of, for_admins, form_of, led, shown
from carrel.web.problems import KINDS

Do = Callable[[Context, Person, UserId], Awaitable[object]]

_CHANGES: Final[Mapping[str, Do]] = {
    "sign-out": users.sign_out,
    "disable": users.disable,
    "enable": users.enable,
    "make-admin": lambda ctx, person, whose: users.set_role(ctx, person, whose, Role.ADMIN),
    "make-user": lambda ctx, person, whose: users.set_role(ctx, person, whose, Role.USER),
}
"""The end of the address → what it does. The same word with "person-" before it is what the page then says."""


def routes() -> list[BaseRoute]:
    write, one = ["POST"], f"{ADDRESS}/{{user_id}}"
    return [
        Route(one, for_admins(show), methods=["GET"]),
        Route(f"{one}/password", for_admins(password), methods=write),
        Route(f"{one}/link", for_admins(link), methods=write),
        Route(f"{one}/name", for_admins(rename), methods=write),
        Route(f"{one}/tokens/{{token_id}}/revoke", for_admins(revoke), methods=write),
        Route(f"{one}/homes/{{home_id}}/archive", for_admins(archive), methods=write),
        Route(f"{one}/{{change}}", for_admins(change), methods=write),
    ]


async def show(request: Request, person: Person) -> Response:
    return await _shown(request, person)


async def password(request: Request, person: Person) -> Response:
    """One made here when none is typed; shown in this answer and nowhere else."""
    fields = await form_of(request)
    typed = fields.get("password", "")
    chosen = typed or new_password()
    try:
        _not_oneself(person, _whose(request))
        await users.set_password(context_of(request), person, _whose(request), chosen)
    except (Invalid, Conflict) as error:
        return await _shown(request, person, error=error)
    if typed:
        return led(f"{ADDRESS}/{_whose(request)}?done=person-password")
    return await _shown(request, person, told=chosen)


async def link(request: Request, person: Person) -> Response:
    await form_of(request)
    try:
        made = await invitations.invite(context_of(request), person, _whose(request))
    except Conflict as error:
        return await _shown(request, person, error=error)
    return await _shown(request, person, link=made)


async def rename(request: Request, person: Person) -> Response:
    fields = await form_of(request)
    wanted = Change(display_name=fields.get("display_name", ""))
    try:
        await users.change(context_of(request), person, _whose(request), wanted)
    except Invalid as error:
        return await _shown(request, person, error=error)
    return led(f"{ADDRESS}/{_whose(request)}?done=person-name")


async def revoke(request: Request, person: Person) -> Response:
    await form_of(request)
    await tokens.revoke(context_of(request), person, TokenId(request.path_params["token_id"]))
    return led(f"{ADDRESS}/{_whose(request)}?done=revoked")


async def archive(request: Request, person: Person) -> Response:
    """By a form, so that no link on another page makes it look as if an admin wanted to read somebody's files."""
    await form_of(request)
    ctx, home_id = context_of(request), HomeId(request.path_params["home_id"])
    view, chunks = await homes.archive(ctx, person, home_id)
    downloads = request.app.state.downloads
    return await download.archive(chunks, name=view.name, who=person.user_id, downloads=downloads)


async def change(request: Request, person: Person) -> Response:
    await form_of(request)
    word = request.path_params["change"]
    if word not in _CHANGES:
        raise Invalid("There is no such change. Go back, reload the page and try again.")
    try:
        await _CHANGES[word](context_of(request), person, _whose(request))
    except Conflict as error:
        return await _shown(request, person, error=error)
    return led(f"{ADDRESS}/{_whose(request)}?done=person-{word}")


def _whose(request: Request) -> UserId:
    return UserId(request.path_params["user_id"])


def _not_oneself(person: Person, whose: UserId) -> None:
    """It would sign oneself out, in the middle of work."""
    if person.user_id == whose:
        raise Conflict("Change your own password on your account page.")


async def _shown(
    request: Request,
    person: Person,
    *,
    error: CarrelError | None = None,
    told: str | None = None,
    link: invitations.Invitation | None = None,
) -> Response:
    found = await people.get(context_of(request), person, _whose(request))
    kept = await homes.page(context_of(request), person, user_id=found.user.id)
    return shown(
        request,
        "admin/person.html",
        status=KINDS[error.code].status if error else 200,
        one=found,
        homes=kept,
        error=error.sentence if error else "",
        told=told,
        link=link,
        is_oneself=found.user.id == person.user_id,
        address=f"{ADDRESS}/{found.user.id}",
    )
