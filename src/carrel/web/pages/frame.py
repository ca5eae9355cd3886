"""What all pages share: templates, the person who looks, forms that only our own pages can send, and errors people can read."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from carrel import __version__
from carrel.domain.actor import Person
from carrel.domain.errors import CarrelError, Forbidden, Internal
from carrel.domain.units import rough_size
from carrel.rules.access import Action, require
from carrel.rules.last_words import unquoted
from carrel.services.context import Context
from carrel.web import cookies, problems
from carrel.web.navigation import READING
from carrel.web.pages.notices import NOTICES
from carrel.web.pages.words import about, ago, brief, expected, moment, ordinal, readable
from carrel.web.security import actor_of

_pages: Final = Environment(
    loader=PackageLoader("carrel.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ADMIN_PAGES: Final = {
    "overview": ("Overview", "/hub/admin/"),
    "pools": ("Pools", "/hub/admin/pools"),
    "templates": ("Templates", "/hub/admin/templates"),
    "workspaces": ("Workspaces", "/hub/admin/workspaces"),
    "people": ("People", "/hub/admin/people"),
    "reports": ("Reports", "/hub/admin/reports"),
    "doctor": ("Checks", "/hub/admin/doctor"),
    "settings": ("Settings", "/hub/admin/settings"),
    "audit": ("Audit", "/hub/admin/audit"),
}
"""What a page calls itself with `here` → its words in the navigation, and its address."""

_pages.filters.update(
    about=about,
    ago=ago,
    brief=brief,
    expected=expected,
    moment=moment,
    ordinal=ordinal,
    readable=readable,
    rough_size=rough_size,
    unquoted=unquoted,
)
_pages.globals.update(version=__version__, admin_pages=_ADMIN_PAGES)

_STALE: Final = "This page was too old, or came from somewhere else. Go back, reload it and try again."

Page = Callable[[Request], Awaitable[Response]]
PersonsPage = Callable[[Request, Person], Awaitable[Response]]


def context_of(request: Request) -> Context:
    ctx: Context = request.app.state.context
    return ctx


def shown(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """`done` in the query names what was just done; only what stands in NOTICES is ever shown."""
    given = {
        "person": getattr(request.state, "person", None),
        "form_key": form_key(request),
        "now": context_of(request).clock.now(),
        "done": NOTICES.get(request.query_params.get("done", "")),
    }
    return HTMLResponse(_pages.get_template(template).render(given | values), status)


def led(location: str) -> Response:
    """Go on there, by reading. Never with what came in a request: see rules.way_back."""
    return RedirectResponse(location, 303)


def forgiving(page: Page) -> Page:
    """Errors that are meant for people become pages."""

    @wraps(page)
    async def wrapped(request: Request) -> Response:
        try:
            return await page(request)
        except CarrelError as error:
            return error_page(request, error)

    return wrapped


def for_people(page: PersonsPage) -> Page:
    """Only for somebody signed in with a browser; everybody else is led to sign in first, and back."""

    @forgiving
    @wraps(page)
    async def wrapped(request: Request) -> Response:
        actor = await actor_of(request)
        if not isinstance(actor, Person):
            return led(_sign_in_first(request))
        request.state.person = actor
        return await page(request, actor)

    return wrapped


def for_admins(page: PersonsPage) -> Page:
    """As `for_people`; somebody who is no admin is told so."""

    @wraps(page)
    async def wrapped(request: Request, person: Person) -> Response:
        require(person, Action.ADMINISTER)
        return await page(request, person)

    return for_people(wrapped)


def _sign_in_first(request: Request) -> str:
    if request.method not in READING:
        return "/hub/sign-in"
    query = f"?{request.url.query}" if request.url.query else ""
    return f"/hub/sign-in?next={quote(request.url.path + query, safe='')}"


def error_page(request: Request, error: CarrelError) -> Response:
    kind = problems.KINDS[error.code]
    if isinstance(error, Internal):
        return problems.of_error(error)
    answer = shown(request, "error.html", status=kind.status, title=kind.title, sentence=error.sentence)
    answer.headers.update(kind.headers)
    return answer


def form_key(request: Request, secret: str | None = None) -> str:
    """What a form must carry besides the cookie it was made for; another site cannot know it. Empty for strangers."""
    known = cookies.session_secrets(request.headers, secure=context_of(request).addresses.secure)
    secret = secret or (known[0] if len(known) == 1 else "")
    return hmac.new(secret.encode(), b"form", "sha256").hexdigest() if secret else ""


async def form_of(request: Request, secret: str | None = None) -> Mapping[str, str]:
    """The fields of a form of ours. Raises Forbidden for any other."""
    async with request.form(max_files=0, max_fields=20) as sent:
        fields = {name: value for name, value in sent.items() if isinstance(value, str)}
    expected = form_key(request, secret)
    if not expected or not hmac.compare_digest(fields.get("form_key", "").encode(), expected.encode()):
        raise Forbidden(_STALE)
    return fields
