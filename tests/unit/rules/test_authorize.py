"""Who may go through a workspace's door: every row of the decision, and what must hold for any request at all."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import hypothesis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carrel.domain.account import Session, User
from carrel.domain.actor import Person, Role, Scope, TokenHolder
from carrel.domain.address import Addresses
from carrel.domain.ids import (
    BackendName,
    ClaimId,
    PoolName,
    SessionId,
    TemplateName,
    TokenId,
    UserId,
    WorkspaceId,
)
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.rules.authorize import (
    COMING,
    NO_COOKIES,
    NO_SUCH,
    OVER,
    SIGN_IN,
    UNKNOWN_TOKEN,
    WRONG_HOST,
    Admission,
    Code,
    Denied,
    EntryFacts,
    EntryRequest,
    Go,
    Redirect,
    Standing,
    authorize,
    workspace_in,
)
from carrel.rules.ticket import Proof

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WS, OTHER = WorkspaceId("waaaaaaaaaaaaaaa"), WorkspaceId("wbbbbbbbbbbbbbbb")
DOOR = f"/w/{WS}/"
CLAIM = ClaimId("caaaaaaaaaaaaaaa")
ADA = User(UserId("uadaadaadaadaada"), "ada", "Ada", Role.USER, NOW)
BOB = User(UserId("ubobbobbobbobbob"), "bob", "Bob", Role.USER, NOW)
EVE = User(UserId("ueveeveeveeveeve"), "eve", "Eve", Role.ADMIN, NOW)
HUB = Addresses("http://localhost:8000", "http", "localhost", 8001)
PATHS = replace(HUB, path_mode=True)
OWN, SHARED, FOREIGN = HUB.workspace_host(WS), "localhost:8001", HUB.workspace_host(OTHER)
FRESH = "f" * 64


def session(user: User) -> tuple[Session, User]:
    return Session(SessionId("s" + user.id[1:]), user.id, NOW, NOW + timedelta(days=1)), user


def proof(user: User, door: str = DOOR) -> Proof:
    return Proof(user.id, session(user)[0].id, door)


def holder(user: User, *scopes: Scope) -> TokenHolder:
    return TokenHolder(
        user.id, user.name, user.role, TokenId("taaaaaaaaaaaaaaa"), frozenset(scopes or {Scope.USE})
    )


def code(user: User, door: str = DOOR, nonce: str = "n1") -> Code:
    return Code(door, user.id, session(user)[0].id, nonce)


READY = Workspace(
    WS,
    PoolName("lab"),
    TemplateName("lab"),
    "1",
    BackendName("local"),
    Phase.READY,
    Desired.RUNNING,
    NOW,
    NOW,
    claim_id=CLAIM,
    owner=ADA.id,
    attached_at=NOW,
)
LIVE = {session(user)[0].id: session(user) for user in (ADA, BOB, EVE)}
VISIT = EntryRequest(f"{DOOR}lab", host=OWN, is_navigation=True, fresh_nonce=FRESH)
FETCH = replace(VISIT, is_navigation=False)
FACTS = EntryFacts(READY, LIVE)


def decide(request: EntryRequest, facts: EntryFacts = FACTS, addresses: Addresses = HUB) -> object:
    return authorize(request, facts, addresses, NOW)


# --- who


def test_an_old_ticket_of_this_door_lets_its_owner_go_on() -> None:
    for request in (VISIT, FETCH):
        verdict = decide(replace(request, proofs=(proof(ADA),)))
        assert verdict == Go(DOOR, Admission(ADA.id, proof(ADA).session_id, with_grace=True))


def test_finding_25_a_ticket_of_another_door_proves_nothing() -> None:
    request = replace(FETCH, proofs=(proof(ADA, f"/w/{OTHER}/"),))
    assert decide(request) == SIGN_IN


def test_a_ticket_of_somebody_else_at_this_door_is_refused() -> None:
    assert decide(replace(FETCH, proofs=(proof(BOB),))) == Denied(
        403, "forbidden", "This workspace belongs to somebody else."
    )


def test_a_ticket_whose_session_is_another_persons_proves_nothing() -> None:
    swapped = Proof(ADA.id, session(BOB)[0].id, DOOR)
    assert decide(replace(FETCH, proofs=(swapped,))) == SIGN_IN


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {proof(ADA).session_id: (replace(session(ADA)[0], ended_at=NOW), ADA)},
        {proof(ADA).session_id: (replace(session(ADA)[0], expires_at=NOW), ADA)},
        {proof(ADA).session_id: (session(ADA)[0], replace(ADA, disabled_at=NOW))},
    ],
    ids=["unknown", "signed out", "run out", "disabled"],
)
def test_a_ticket_of_a_session_that_does_not_live_proves_nothing(
    changed: dict[SessionId, tuple[Session, User]],
) -> None:
    assert decide(replace(FETCH, proofs=(proof(ADA),)), EntryFacts(READY, changed)) == SIGN_IN


def test_a_live_ticket_beside_dead_and_foreign_ones_is_enough() -> None:
    request = replace(FETCH, proofs=(proof(BOB), proof(ADA, f"/w/{OTHER}/"), proof(ADA)))
    assert isinstance(decide(request), Go)


def test_an_admin_who_was_let_in_goes_on_without_grace() -> None:
    verdict = decide(replace(FETCH, proofs=(proof(EVE),)))
    assert verdict == Go(DOOR, Admission(EVE.id, proof(EVE).session_id, with_grace=False))


# --- scripts with a token


def test_an_owners_token_goes_in_and_gets_no_cookies() -> None:
    request = replace(FETCH, has_token=True)
    facts = replace(FACTS, holder=holder(ADA))
    assert decide(request, facts) == Go(DOOR, None)
    assert decide(replace(request, host=SHARED), facts) == Go(DOOR, None)
    assert decide(replace(request, host="127.0.0.1:8001"), facts) == Go(DOOR, None)


@pytest.mark.parametrize("host", [OWN, SHARED])
def test_another_persons_token_is_refused_even_an_admins(host: str) -> None:
    request = replace(FETCH, has_token=True, host=host)
    for user in (BOB, EVE):
        verdict = decide(request, replace(FACTS, holder=holder(user, *Scope)))
        assert isinstance(verdict, Denied)
        assert verdict.status == 403


def test_a_token_that_may_only_read_is_refused() -> None:
    verdict = decide(replace(FETCH, has_token=True), replace(FACTS, holder=holder(ADA, Scope.READ)))
    assert isinstance(verdict, Denied)
    assert "scope" in verdict.sentence


def test_a_wrong_token_is_refused_whatever_cookies_come_with_it() -> None:
    assert decide(replace(VISIT, has_token=True, proofs=(proof(ADA),))) == UNKNOWN_TOKEN


def test_a_token_at_another_workspaces_name_is_refused() -> None:
    request = replace(FETCH, has_token=True, host=FOREIGN)
    assert decide(request, replace(FACTS, holder=holder(ADA))) == WRONG_HOST


# --- where


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/w/",
        f"/w/{WS}",
        "/w/short/lab",
        f"/w/{WS.upper()}/",
        f"//w/{WS}/",
        "/hub/",
        f"{DOOR}../../hub/",
        f"{DOOR}a/%2E%2e/b",
    ],
)
def test_what_is_no_place_in_a_workspace_does_not_exist(path: str) -> None:
    assert decide(replace(VISIT, path=path, proofs=(proof(ADA),))) == NO_SUCH


def test_a_workspace_that_nobody_knows_does_not_exist() -> None:
    assert decide(replace(VISIT, proofs=(proof(ADA),)), EntryFacts(None, LIVE)) == NO_SUCH


def test_facts_about_another_workspace_are_not_believed() -> None:
    facts = replace(FACTS, workspace=replace(READY, id=OTHER))
    assert decide(replace(VISIT, proofs=(proof(ADA),)), facts) == NO_SUCH


@pytest.mark.parametrize("host", [SHARED, FOREIGN, "evil.example", ""])
def test_finding_e4_a_link_to_the_wrong_name_leads_to_the_right_one(host: str) -> None:
    request = replace(VISIT, host=host, query="a=1&carrel-code=x", proofs=(proof(ADA),))
    assert decide(request) == Redirect(f"http://{WS}.localhost:8001{DOOR}lab?a=1")


def test_finding_e4_a_script_of_a_page_at_the_wrong_name_is_refused_even_with_a_ticket() -> None:
    assert decide(replace(FETCH, host=FOREIGN, proofs=(proof(ADA),))) == WRONG_HOST
    assert decide(replace(FETCH, host=SHARED, proofs=(proof(ADA),))) == SIGN_IN


def test_in_path_mode_owners_go_in_under_the_shared_name() -> None:
    request = replace(FETCH, host=SHARED, proofs=(proof(ADA),))
    assert isinstance(decide(request, addresses=PATHS), Go)


def test_finding_a1_in_path_mode_nobody_goes_into_somebody_elses_not_even_an_admin() -> None:
    for user in (BOB, EVE):
        verdict = decide(replace(FETCH, host=SHARED, proofs=(proof(user),)), addresses=PATHS)
        assert isinstance(verdict, Denied)
        assert verdict.status == 403


def test_in_path_mode_a_code_leaves_a_clean_address_under_the_same_name() -> None:
    request = replace(VISIT, host=SHARED, query="carrel-code=x", nonces=("n1",))
    verdict = decide(request, replace(FACTS, code=code(ADA)), PATHS)
    assert isinstance(verdict, Redirect)
    assert verdict.location == f"http://localhost:8001{DOOR}lab"


# --- the detour to sign in


def test_a_stranger_who_follows_a_link_is_led_to_the_hub_with_a_nonce() -> None:
    verdict = decide(replace(VISIT, query="a=1&b=%2F"))
    assert isinstance(verdict, Redirect)
    target = urlsplit(verdict.location)
    assert (target.scheme, target.netloc, target.path) == ("http", "localhost:8000", "/hub/enter")
    assert parse_qs(target.query) == {"workspace": [WS], "nonce": [FRESH], "next": ["lab?a=1&b=%2F"]}
    assert verdict.nonce == FRESH
    assert verdict.admission is None


def test_tabs_on_their_way_at_once_share_one_nonce() -> None:
    verdict = decide(replace(VISIT, nonces=("n1",)))
    assert isinstance(verdict, Redirect)
    assert verdict.nonce == "n1"


def test_a_strangers_script_is_refused() -> None:
    assert decide(FETCH) == SIGN_IN


def test_finding_3_a_way_back_that_is_too_long_to_carry_is_forgotten() -> None:
    for request in (replace(VISIT, query='"' * 30_000), replace(VISIT, path=DOOR + "x" * 30_000)):
        verdict = decide(request)
        assert isinstance(verdict, Redirect)
        assert len(verdict.location) < 400
        elsewhere = decide(replace(request, host=SHARED))
        assert elsewhere == Redirect(f"http://{WS}.localhost:8001{DOOR}")


def test_what_came_in_a_path_cannot_split_a_header_or_leave_the_workspace() -> None:
    verdict = decide(replace(VISIT, path=f"{DOOR}/evil.example/\r\nSet-Cookie: a=b", host=SHARED))
    assert isinstance(verdict, Redirect)
    assert verdict.location.startswith(f"http://{WS}.localhost:8001{DOOR}evil.example")
    assert verdict.location.isprintable()
    assert " " not in verdict.location


# --- codes


def test_finding_e3_a_code_of_this_door_person_and_browser_leads_to_the_clean_address_with_cookies() -> None:
    request = replace(VISIT, query="a=1&carrel-code=secret", nonces=("n1",))
    assert decide(request, replace(FACTS, code=code(ADA))) == Redirect(
        f"http://{WS}.localhost:8001{DOOR}lab?a=1", Admission(ADA.id, proof(ADA).session_id, with_grace=True)
    )


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        code(ADA, nonce="another browser's"),
        code(ADA, door=f"/w/{OTHER}/"),
        replace(code(ADA), user_id=BOB.id),
        replace(code(ADA), session_id=SessionId("sdeaddeaddeaddea")),
    ],
    ids=["spent", "nonce", "door", "person", "session"],
)
def test_finding_e3_a_code_that_does_not_fit_leads_back_to_the_hub(wrong: Code | None) -> None:
    request = replace(VISIT, query="carrel-code=secret", nonces=("n1",))
    verdict = decide(request, replace(FACTS, code=wrong))
    assert isinstance(verdict, Redirect)
    assert verdict.location.startswith("http://localhost:8000/hub/enter?")
    assert verdict.admission is None
    assert "secret" not in verdict.location


def test_a_code_is_worth_nothing_to_somebody_who_may_not_enter() -> None:
    request = replace(VISIT, query="carrel-code=secret", nonces=("n1",))
    verdict = decide(request, replace(FACTS, code=code(BOB)))
    assert isinstance(verdict, Denied)
    assert verdict.status == 403


def test_a_browser_that_keeps_no_cookies_is_told_so_instead_of_going_in_circles() -> None:
    assert decide(replace(VISIT, query="carrel-code=secret")) == NO_COOKIES


def test_whoever_is_inside_already_gets_the_clean_address_too() -> None:
    verdict = decide(replace(VISIT, query="carrel-code=spent", proofs=(proof(ADA),)))
    assert isinstance(verdict, Redirect)
    assert verdict.location == f"http://{WS}.localhost:8001{DOOR}lab"


# --- what is behind the door

STANDINGS = [
    (READY, "open"),
    (replace(READY, phase=Phase.STARTING), "coming"),
    (replace(READY, phase=Phase.PENDING), "coming"),
    (replace(READY, attached_at=None), "coming"),
    (replace(READY, phase=Phase.DRAINING), "inside only"),
    (replace(READY, phase=Phase.STOPPING), "over"),
    (replace(READY, phase=Phase.GONE), "over"),
    (replace(READY, phase=Phase.FAILED), "over"),
    (replace(READY, desired=Desired.GONE), "over"),
    (replace(READY, claim_id=None), "over"),
]


@pytest.mark.parametrize(("workspace", "standing"), STANDINGS)
def test_people_inside_are_led_to_where_they_can_wait_or_read_why(
    workspace: Workspace, standing: str
) -> None:
    facts = replace(FACTS, workspace=workspace)
    verdict = decide(replace(VISIT, proofs=(proof(ADA),)), facts)
    script = decide(replace(FETCH, proofs=(proof(ADA),)), facts)
    match standing:
        case "open" | "inside only":
            assert isinstance(verdict, Go)
            assert isinstance(script, Go)
        case "coming":
            assert verdict == Redirect(f"http://localhost:8000/hub/claims/{CLAIM}")
            assert script == COMING
        case _:
            assert verdict == Redirect(f"http://localhost:8000/hub/workspaces/{WS}")
            assert script == OVER


def test_a_draining_workspace_takes_nobody_new() -> None:
    request = replace(VISIT, query="carrel-code=x", nonces=("n1",))
    facts = EntryFacts(replace(READY, phase=Phase.DRAINING), LIVE, code=code(ADA))
    assert decide(request, facts) == Redirect(f"http://localhost:8000/hub/workspaces/{WS}")


@pytest.mark.parametrize(("workspace", "standing"), STANDINGS)
def test_strangers_learn_nothing_of_what_is_behind_the_door(workspace: Workspace, standing: str) -> None:
    assert decide(FETCH, replace(FACTS, workspace=workspace)) == decide(FETCH)
    assert decide(VISIT, replace(FACTS, workspace=workspace)) == decide(VISIT)


# --- for any request at all

USERS = [ADA, BOB, EVE, replace(ADA, disabled_at=NOW)]
proofs = st.builds(
    Proof,
    st.sampled_from([user.id for user in USERS]),
    st.sampled_from([*LIVE, SessionId("sdeaddeaddeaddea")]),
    st.sampled_from([DOOR, f"/w/{OTHER}/", "/"]),
)
codes = st.none() | st.builds(
    Code,
    st.sampled_from([DOOR, f"/w/{OTHER}/"]),
    st.sampled_from([user.id for user in USERS]),
    st.sampled_from(list(LIVE)),
    st.sampled_from(["n1", "n2"]),
)
requests = st.builds(
    EntryRequest,
    path=st.sampled_from([f"{DOOR}lab", DOOR, f"/w/{OTHER}/", "/hub/"])
    | st.text().map(DOOR.__add__)
    | st.text(),
    query=st.sampled_from(["", "carrel-code=x", "a=1&carrel-code=x"]) | st.text(),
    host=st.sampled_from([OWN, SHARED, FOREIGN, "127.0.0.1:8001"]) | st.text(max_size=10),
    is_navigation=st.booleans(),
    proofs=st.lists(proofs, max_size=3).map(tuple),
    has_token=st.booleans(),
    nonces=st.sampled_from([(), ("n1",), ("n2", "n1")]),
    fresh_nonce=st.just(FRESH),
)
likely_requests = st.builds(
    EntryRequest,
    path=st.just(f"{DOOR}lab"),
    query=st.sampled_from(["", "carrel-code=x"]),
    host=st.sampled_from([OWN, SHARED]),
    is_navigation=st.booleans(),
    proofs=st.sampled_from([(), *((proof(user),) for user in USERS)]),
    has_token=st.booleans(),
    nonces=st.just(("n1",)),
    fresh_nonce=st.just(FRESH),
)
sessions = st.dictionaries(
    st.sampled_from(list(LIVE)),
    st.tuples(
        st.builds(
            Session,
            st.sampled_from(list(LIVE)),
            st.sampled_from([user.id for user in USERS]),
            st.just(NOW),
            st.sampled_from([NOW, NOW + timedelta(days=1)]),
            st.sampled_from([None, NOW]),
        ),
        st.sampled_from(USERS),
    ),
) | st.just(LIVE)
holders = st.none() | st.builds(
    TokenHolder,
    st.sampled_from([user.id for user in USERS]),
    st.just("x"),
    st.sampled_from(Role),
    st.just(TokenId("taaaaaaaaaaaaaaa")),
    st.frozensets(st.sampled_from(Scope)),
)
workspaces = (
    st.none()
    | st.sampled_from([workspace for workspace, _ in STANDINGS])
    | st.just(replace(READY, owner=None))
)
facts = st.builds(EntryFacts, workspace=workspaces, sessions=sessions, holder=holders, code=codes)
likely_facts = st.builds(
    EntryFacts,
    workspace=st.sampled_from([READY, READY, replace(READY, owner=None), *(one for one, _ in STANDINGS)]),
    sessions=st.just(LIVE),
    holder=holders,
    code=st.sampled_from([None, *(code(user) for user in USERS)]),
)
anything = (likely_requests | requests, likely_facts | facts, st.sampled_from([HUB, PATHS]))


def vouched_for(request: EntryRequest, known: EntryFacts, user_id: UserId) -> bool:
    """Written apart from the rule on purpose: is there anything at all that proves this person at this door?"""
    claimed = {(one.user_id, one.session_id) for one in request.proofs if one.door == DOOR}
    if known.code and known.code.door == DOOR and known.code.nonce in request.nonces:
        claimed.add((known.code.user_id, known.code.session_id))
    return any(
        person == user_id
        and sid in known.sessions
        and known.sessions[sid][0].user_id == known.sessions[sid][1].id == user_id
        and known.sessions[sid][0].id == sid
        and known.sessions[sid][0].ended_at is None
        and known.sessions[sid][0].expires_at > NOW
        and known.sessions[sid][1].disabled_at is None
        for person, sid in claimed
    )


STEADY = settings(derandomize=True, database=None, deadline=None, max_examples=500)


def nobody_is_let_in_who_may_not(request: EntryRequest, known: EntryFacts, addresses: Addresses) -> None:
    verdict = authorize(request, known, addresses, NOW)
    if isinstance(verdict, Denied) or (isinstance(verdict, Redirect) and verdict.admission is None):
        return
    workspace = known.workspace
    assert workspace is not None
    assert request.path.startswith(f"/w/{workspace.id}/")
    assert workspace.phase in (Phase.READY, Phase.DRAINING)
    assert workspace.claim_id is not None
    assert workspace.attached_at is not None
    if verdict.admission is None:
        assert request.has_token
        assert known.holder is not None
        assert known.holder.user_id == workspace.owner
        return
    assert not request.has_token
    admitted = verdict.admission
    assert vouched_for(request, known, admitted.user_id)
    role = known.sessions[admitted.session_id][1].role
    assert admitted.user_id == workspace.owner or (role is Role.ADMIN and request.host == OWN)
    assert admitted.with_grace == (admitted.user_id == workspace.owner)
    assert request.host == OWN or addresses.path_mode


@STEADY
@given(*anything)
def test_nobody_is_let_in_who_may_not(request: EntryRequest, known: EntryFacts, addresses: Addresses) -> None:
    nobody_is_let_in_who_may_not(request, known, addresses)


@STEADY
@given(*anything)
def test_every_answer_is_whole(request: EntryRequest, known: EntryFacts, addresses: Addresses) -> None:
    verdict = authorize(request, known, addresses, NOW)
    match verdict:
        case Go(door=door):
            assert door == DOOR
        case Redirect(location=location):
            assert location.isascii()
            assert location.isprintable()
            assert len(location) < 8192
            assert location.startswith(
                ("http://localhost:8000/hub/", f"http://{OWN}{DOOR}", f"http://{SHARED}{DOOR}")
            )
            assert request.is_navigation or request.has_code
        case Denied(status=status, sentence=sentence):
            assert 400 <= status < 500
            assert sentence.endswith(".")
        case _:
            raise AssertionError(verdict)


def test_the_workspace_a_path_names_is_read_as_the_rule_reads_it() -> None:
    assert workspace_in(f"{DOOR}a/b") == WS
    assert workspace_in(DOOR) == WS
    assert workspace_in(f"/w/{WS}") is None
    assert workspace_in(f"/w/{WS}x/") is None


# --- the property above is worth something only if it sees these mistakes


@pytest.mark.parametrize(
    ("mistake", "instead"),
    [
        ("may", lambda *_, **__: True),
        ("_people", lambda visit: [(_anybody(visit), True)]),
        ("owns", lambda *_: True),
        ("standing", lambda *_, **__: Standing.OPEN),
    ],
    ids=[
        "asks no permission",
        "believes anybody",
        "takes everybody for the owner",
        "opens what is not there",
    ],
)
def test_the_property_sees_a_mistake(
    monkeypatch: pytest.MonkeyPatch, mistake: str, instead: Callable[..., object]
) -> None:
    monkeypatch.setattr(f"carrel.rules.authorize.{mistake}", instead)
    hurried = settings(
        STEADY, report_multiple_bugs=False, phases=[hypothesis.Phase.generate], max_examples=3000
    )
    with pytest.raises(AssertionError):
        hurried(given(*anything)(nobody_is_let_in_who_may_not))()


def _anybody(visit: object) -> Person:
    return Person(ADA.id, ADA.name, ADA.role, session(ADA)[0].id)
