"""Who may go through the door of a workspace: the one decision behind every request without a valid ticket.

Pure: whoever calls has verified signatures, looked up sessions and spent the code. It signs nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final, Literal
from urllib.parse import quote

from carrel.domain.account import Session, User
from carrel.domain.actor import Actor, Person, TokenHolder
from carrel.domain.address import Addresses
from carrel.domain.ids import SessionId, UserId, WorkspaceId
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.rules.access import Action, may, owns, refusal
from carrel.rules.ticket import VISIT_STREAM, Proof, door_of
from carrel.rules.way_back import within_door

CODE_PARAMETER: Final = "carrel-code"
_PLACE: Final = re.compile(r"/w/([a-z][a-z0-9]{15})/(.*)", re.DOTALL)
_KEPT: Final = "/%:@!$&'()*+,;=~-._?"
"""Signs of an address that stay as they came; all others are encoded, so that no Location can be split."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a one-time code was given out for, at the hub, to somebody signed in."""

    door: str
    user_id: UserId
    session_id: SessionId
    nonce: str
    """Fingerprint of the nonce cookie of the browser that asked."""


@dataclass(frozen=True, slots=True)
class EntryRequest:
    """What the browser or script sent, as the data plane passed it on."""

    path: str
    """Normalised and still encoded, without the query."""
    query: str = ""
    host: str = ""
    is_navigation: bool = False
    """A person follows a link: an answer may lead them elsewhere. False for fetch, WebSocket, frames and scripts."""
    proofs: tuple[Proof, ...] = ()
    """Out of tickets and graces whose signature holds, however old."""
    has_token: bool = False
    nonces: tuple[str, ...] = ()
    """Fingerprints of the nonce cookies that came along."""
    fresh_nonce: str = ""
    """Fingerprint of one that may be set now."""

    @property
    def has_code(self) -> bool:
        return any(part.startswith(CODE_PARAMETER + "=") for part in self.query.split("&"))


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What the store knows about the request, read in one go."""

    workspace: Workspace | None = None
    sessions: Mapping[SessionId, tuple[Session, User]] = field(default_factory=dict)
    """Of the sessions that proofs and code name: those that exist."""
    holder: TokenHolder | None = None
    code: Code | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """Whom fresh cookies are for. No grace for those who only visit."""

    user_id: UserId
    session_id: SessionId
    with_grace: bool

    @property
    def brief_ms(self) -> int | None:
        """How long each of their streams may live; None for owners."""
        return None if self.with_grace else VISIT_STREAM // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Go:
    door: str
    admission: Admission | None
    """None for scripts: an answer to a token sets no cookies."""


@dataclass(frozen=True, slots=True)
class Redirect:
    location: str
    admission: Admission | None = None
    nonce: str | None = None
    """Fingerprint of the nonce cookie that must go along, to bind the way back to this browser."""


@dataclass(frozen=True, slots=True)
class Denied:
    status: Literal[401, 403, 404, 409, 410]
    code: str
    sentence: str


Verdict = Go | Redirect | Denied

NO_SUCH: Final = Denied(404, "not_found", "There is no such workspace. See yours in the hub.")
UNKNOWN_TOKEN: Final = Denied(
    401, "unauthenticated", "This token is unknown, expired or revoked. Use another."
)
SIGN_IN: Final = Denied(401, "unauthenticated", "Sign in at the hub, or send an API token as a bearer token.")
WRONG_HOST: Final = Denied(
    403, "forbidden", "This address belongs to another workspace. Use the workspace's own."
)
NO_COOKIES: Final = Denied(
    403,
    "forbidden",
    "Your browser kept no cookie on the way here. Allow cookies for this address, then open it again.",
)
COMING: Final = Denied(409, "conflict", "This workspace is not ready yet. Try again in a moment.")
OVER: Final = Denied(410, "not_found", "This workspace has stopped. Ask for another in the hub.")


class Standing(Enum):
    """What somebody who may enter finds behind the door."""

    OPEN = auto()
    COMING = auto()
    OVER = auto()


@dataclass(frozen=True, slots=True)
class _Visit:
    request: EntryRequest
    facts: EntryFacts
    workspace: Workspace
    rest: str
    addresses: Addresses
    now: datetime

    @property
    def door(self) -> str:
        return door_of(self.workspace.id)

    @property
    def is_at_own_host(self) -> bool:
        return self.request.host == self.addresses.workspace_host(self.workspace.id)

    @property
    def is_at_shared_host(self) -> bool:
        return self.request.host in self.addresses.shared_hosts


def authorize(request: EntryRequest, facts: EntryFacts, addresses: Addresses, now: datetime) -> Verdict:
    visit = _visit(request, facts, addresses, now)
    if visit is None:
        return NO_SUCH
    if request.has_token:
        return _by_token(visit, facts.holder)
    if not visit.is_at_own_host and not (visit.is_at_shared_host and addresses.path_mode):
        return _at_wrong_host(visit)
    people = _people(visit)
    if not people:
        return _stranger(visit)
    return _known(visit, people)


def _visit(request: EntryRequest, facts: EntryFacts, addresses: Addresses, now: datetime) -> _Visit | None:
    place = _PLACE.fullmatch(request.path)
    if place is None or facts.workspace is None or facts.workspace.id != place[1]:
        return None
    if any(_is_dots(segment) for segment in place[2].split("/")):
        return None
    return _Visit(request, facts, facts.workspace, place[2], addresses, now)


def workspace_in(path: str) -> WorkspaceId | None:
    """Which workspace a path names, if its shape is right."""
    place = _PLACE.fullmatch(path)
    return WorkspaceId(place[1]) if place else None


def _is_dots(segment: str) -> bool:
    return segment.lower().replace("%2e", ".") in (".", "..")


def _by_token(visit: _Visit, holder: TokenHolder | None) -> Verdict:
    """A token is answered by itself alone: cookies beside it count for nothing, and none are set."""
    if holder is None:
        return UNKNOWN_TOKEN
    if not (visit.is_at_own_host or visit.is_at_shared_host):
        return WRONG_HOST
    if not may(holder, Action.ENTER, owner=visit.workspace.owner):
        return _forbidden(holder)
    match standing(visit.workspace, is_inside=True):
        case Standing.OPEN:
            return Go(visit.door, None)
        case Standing.COMING:
            return COMING
        case Standing.OVER:
            return OVER


def _at_wrong_host(visit: _Visit) -> Verdict:
    if visit.request.is_navigation:
        return Redirect(_own_address(visit))
    return SIGN_IN if visit.is_at_shared_host else WRONG_HOST


def _people(visit: _Visit) -> list[tuple[Person, bool]]:
    """Everybody this browser proves to be at this door, and whether they were inside before (else a code brought them)."""
    known = [(proof, True) for proof in visit.request.proofs if proof.door == visit.door]
    code = visit.facts.code
    if code is not None and code.door == visit.door and code.nonce in visit.request.nonces:
        known.append((Proof(code.user_id, code.session_id, code.door), False))
    people = [(_person(visit, proof), was_inside) for proof, was_inside in known]
    return [(person, was_inside) for person, was_inside in people if person is not None]


def _person(visit: _Visit, proof: Proof) -> Person | None:
    found = visit.facts.sessions.get(proof.session_id)
    if found is None:
        return None
    session, user = found
    if session.id != proof.session_id or not session.user_id == user.id == proof.user_id:
        return None
    if session.ended_at is not None or session.expires_at <= visit.now or user.disabled_at is not None:
        return None
    return Person(user.id, user.name, user.role, session.id)


def _known(visit: _Visit, people: list[tuple[Person, bool]]) -> Verdict:
    for person, was_inside in people:
        if _may_come(visit, person):
            return _let_in(visit, person, was_inside=was_inside)
    return _forbidden(people[0][0])


def _may_come(visit: _Visit, person: Person) -> bool:
    """On the shared host no wall stands between workspaces, so that nobody may go into somebody else's there."""
    if visit.is_at_shared_host and not owns(person, visit.workspace.owner):
        return False
    return may(person, Action.ENTER, owner=visit.workspace.owner)


def _let_in(visit: _Visit, person: Person, *, was_inside: bool) -> Verdict:
    found = standing(visit.workspace, is_inside=was_inside)
    if found is not Standing.OPEN:
        return _not_open(visit, found)
    admission = Admission(person.user_id, person.session_id, with_grace=owns(person, visit.workspace.owner))
    if visit.request.has_code:
        return Redirect(_here(visit), admission)
    return Go(visit.door, admission)


def _not_open(visit: _Visit, found: Standing) -> Verdict:
    if not visit.request.is_navigation:
        return COMING if found is Standing.COMING else OVER
    return Redirect(visit.addresses.hub_page(instead_of(visit.workspace, found)))


def instead_of(workspace: Workspace, found: Standing) -> str:
    """The hub's page about a workspace that cannot be entered: where to wait, or why it stopped."""
    if found is Standing.COMING and workspace.claim_id is not None:
        return f"claims/{workspace.claim_id}"
    return f"workspaces/{workspace.id}"


def standing(workspace: Workspace, *, is_inside: bool) -> Standing:
    over = workspace.phase in (Phase.STOPPING, Phase.GONE, Phase.FAILED)
    if over or workspace.desired is Desired.GONE or workspace.claim_id is None:
        return Standing.OVER
    if workspace.attached_at is None:
        return Standing.COMING
    match workspace.phase:
        case Phase.READY:
            return Standing.OPEN
        case Phase.DRAINING:
            return Standing.OPEN if is_inside else Standing.OVER
        case _:
            return Standing.COMING


def _stranger(visit: _Visit) -> Verdict:
    request = visit.request
    if not request.is_navigation:
        return SIGN_IN
    if request.has_code and not request.nonces:
        return NO_COOKIES
    # Several tabs on their way at once share one nonce; a fresh one each would undo the others'.
    nonce = request.nonces[0] if request.nonces else request.fresh_nonce
    way_back = quote(_way_back(visit), safe="")
    place = f"enter?workspace={visit.workspace.id}&nonce={quote(nonce, safe='')}&next={way_back}"
    return Redirect(visit.addresses.hub_page(place), nonce=nonce)


def _forbidden(actor: Actor) -> Denied:
    return Denied(403, "forbidden", refusal(actor, Action.ENTER))


def _way_back(visit: _Visit) -> str:
    """Where the visitor wanted to go, relative to the door, without a code; nothing if that is too long to carry: a Location over
    Envoy's limit counts as a failed check (finding 3).
    """
    query = "&".join(
        part for part in visit.request.query.split("&") if part and not part.startswith(CODE_PARAMETER + "=")
    )
    return within_door(quote(visit.rest + (f"?{query}" if query else ""), safe=_KEPT))


def _own_address(visit: _Visit) -> str:
    return visit.addresses.workspace_page(visit.workspace.id, _way_back(visit))


def _here(visit: _Visit) -> str:
    """The clean address of this very visit, on whichever host it is at; out of configuration, never out of the Host header."""
    if visit.is_at_own_host:
        return _own_address(visit)
    shared = f"{visit.addresses.workspaces_scheme}://{visit.addresses.shared_host}"
    return shared + visit.door + _way_back(visit)
