"""People, for admins: a list to search, letting somebody or a whole class in, and the page of one person."""

from collections.abc import Mapping
from typing import Final

from fastapi import Request
from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person, Role
from carrel.domain.errors import CarrelError, Conflict, Invalid
from carrel.mint import new_password
from carrel.rules import roster
from carrel.services import invitations, newcomers, people, users
from carrel.services.newcomers import Newcomer
from carrel.services.people import Sought
from carrel.web.pages.admin.listing import address, one_of, said
from carrel.web.pages.frame import context_of, for_admins, form_of, shown
from carrel.web.problems import KINDS

ADDRESS: Final = "/hub/admin/people"
SHOWN: Final = 50
ROLES: Final = [(Role.USER.value, "User"), (Role.ADMIN.value, "Admin: sees and changes everything")]
WAYS: Final = [
    ("generated", "With a password made here, shown once"),
    ("typed", "With the password typed below"),
    ("link", "With a link that signs them in once, to choose a password"),
]
_KINDS: Final = {"user": "Users", "admin": "Admins", "disabled": "Disabled"}


def routes() -> list[BaseRoute]:
    return [
        Route(ADDRESS, for_admins(page), methods=["GET"]),
        Route(f"{ADDRESS}/new", for_admins(new), methods=["GET"]),
        Route(f"{ADDRESS}/new", for_admins(create), methods=["POST"]),
        Route(f"{ADDRESS}/class", for_admins(create_class), methods=["POST"]),
    ]


async def page(request: Request, person: Person) -> Response:
    query, after = request.query_params, request.query_params.get("after")
    q, kind = said(query, "q"), one_of(query, "kind", _KINDS)
    found = await people.page(context_of(request), person, _sought(q, kind), after=after, limit=SHOWN)
    look = {"q": q, "kind": kind}
    return shown(
        request,
        "admin/people.html",
        people=found.items,
        q=q,
        kind=kind,
        kinds=[("", "Everybody"), *_KINDS.items()],
        first_url=address(ADDRESS, look) if after else None,
        next_url=address(ADDRESS, look | {"after": found.next}) if found.next else None,
    )


def _sought(q: str, kind: str) -> Sought:
    if kind == "disabled":
        return Sought(q, is_disabled=True)
    return Sought(q, role=Role(kind) if kind else None)


async def new(request: Request, person: Person) -> Response:
    return _form(request, QueryParams())


async def create(request: Request, person: Person) -> Response:
    """What is made is shown in the answer and nowhere else: neither password nor link is in any address."""
    fields, ctx = await form_of(request), context_of(request)
    try:
        way = fields.get("way", "")
        password = {"generated": new_password(), "link": None}.get(way, fields.get("password", ""))
        user = await users.create(
            ctx,
            person,
            name=fields.get("name", ""),
            password=password,
            display_name=fields.get("display_name", "").strip() or None,
            role=_role(fields),
        )
    except (Invalid, Conflict) as error:
        return _form(request, fields, error=error)
    link = await invitations.invite(ctx, person, user.id) if way == "link" else None
    told = password if way == "generated" else None
    return shown(request, "admin/let_in.html", made=[(user, told)], link=link, hub=ctx.addresses.hub_page())


async def create_class(request: Request, person: Person) -> Response:
    """All of them or none."""
    fields, ctx = await form_of(request), context_of(request)
    try:
        lines = roster.read(fields.get("people", ""))
        wanted = [Newcomer(line.name, line.display_name) for line in lines]
        made = await newcomers.create(ctx, person, wanted)
    except (Invalid, Conflict) as error:
        return _form(request, fields, class_error=error)
    return shown(request, "admin/let_in.html", made=made, link=None, hub=ctx.addresses.hub_page())


def _role(fields: Mapping[str, str]) -> Role:
    return Role.ADMIN if fields.get("role") == Role.ADMIN else Role.USER


def _form(
    request: Request,
    fields: Mapping[str, str],
    *,
    error: CarrelError | None = None,
    class_error: CarrelError | None = None,
) -> Response:
    """As it was typed, but for the password."""
    wrong = error or class_error
    return shown(
        request,
        "admin/new_people.html",
        status=KINDS[wrong.code].status if wrong else 200,
        fields=fields,
        roles=ROLES,
        ways=WAYS,
        most=newcomers.MOST,
        error=error.sentence if error else "",
        class_error=class_error.sentence if class_error else "",
    )
