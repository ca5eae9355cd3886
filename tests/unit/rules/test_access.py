"""The permission rule as a table: who, what, whose."""

import pytest

from carrel.domain.actor import Actor, Person, Role, Scope, System, TokenHolder
from carrel.domain.errors import Forbidden
from carrel.domain.ids import SessionId, TokenId, UserId
from carrel.rules.access import Action, effective_scopes, may, owner_filter, require

ADA, BOB = UserId("uadaadaadaadaada"), UserId("ubobbobbobbobbob")
SID, TID = SessionId("s000000000000000"), TokenId("t000000000000000")

PERSON = Person(ADA, "ada", Role.USER, SID)
ADMIN = Person(ADA, "ada", Role.ADMIN, SID)
SYSTEM = System()


def script(*scopes: Scope, role: Role = Role.USER) -> TokenHolder:
    return TokenHolder(ADA, "ada", role, TID, frozenset(scopes))


OWN_THINGS = [
    Action.SEE,
    Action.SEE_LOG,
    Action.CLAIM,
    Action.RELEASE,
    Action.RESTART,
    Action.EXTEND,
    Action.KEEP_HOMES,
    Action.KEEP_VARIABLES,
]


@pytest.mark.parametrize("action", [*OWN_THINGS, Action.KEEP_TOKENS, Action.ENTER])
def test_people_may_do_to_their_own_things_what_they_may_not_do_to_others(action: Action) -> None:
    assert may(PERSON, action, owner=ADA)
    assert not may(PERSON, action, owner=BOB)
    assert not may(PERSON, action, owner=None)


@pytest.mark.parametrize("action", [*OWN_THINGS, Action.KEEP_TOKENS, Action.ENTER])
def test_admins_may_do_it_to_everybodys(action: Action) -> None:
    assert may(ADMIN, action, owner=BOB)


def test_only_admins_administer() -> None:
    assert may(ADMIN, Action.ADMINISTER)
    assert may(SYSTEM, Action.ADMINISTER)
    assert not may(PERSON, Action.ADMINISTER)
    assert not may(script(*Scope), Action.ADMINISTER)
    assert not may(script(Scope.READ, Scope.USE, role=Role.ADMIN), Action.ADMINISTER)
    assert may(script(Scope.ADMIN, role=Role.ADMIN), Action.ADMINISTER)


@pytest.mark.parametrize("actor", [PERSON, ADMIN, SYSTEM, script(Scope.READ)])
def test_everybody_known_sees_the_pools(actor: Actor) -> None:
    assert may(actor, Action.SEE_POOLS)


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        ((), set()),
        ((Scope.READ,), {Action.SEE, Action.SEE_LOG}),
        ((Scope.USE,), set(OWN_THINGS)),
        ((Scope.ADMIN,), set()),
    ],
    ids=["none", "read", "use", "admin of somebody who is none"],
)
def test_scopes_bound_what_a_token_may_do_to_its_own_persons_things(
    scopes: tuple[Scope, ...], allowed: set[Action]
) -> None:
    assert {action for action in OWN_THINGS if may(script(*scopes), action, owner=ADA)} == allowed


def test_the_admin_scope_counts_only_while_its_person_is_an_admin() -> None:
    assert effective_scopes(Role.ADMIN, frozenset({Scope.ADMIN})) == frozenset(Scope)
    assert effective_scopes(Role.USER, frozenset({Scope.ADMIN})) == frozenset()
    assert effective_scopes(Role.USER, frozenset({Scope.ADMIN, Scope.READ})) == {Scope.READ}


def test_an_admins_token_without_the_admin_scope_reaches_only_their_own_things() -> None:
    narrow = script(Scope.READ, Scope.USE, role=Role.ADMIN)
    assert may(narrow, Action.RELEASE, owner=ADA)
    assert not may(narrow, Action.RELEASE, owner=BOB)


def test_a_token_cannot_make_itself_a_successor_unless_it_is_an_admins() -> None:
    assert not may(script(Scope.READ, Scope.USE), Action.KEEP_TOKENS, owner=ADA)
    assert may(script(Scope.ADMIN, role=Role.ADMIN), Action.KEEP_TOKENS, owner=BOB)


def test_no_token_and_no_system_enters_somebody_elses_workspace() -> None:
    assert not may(script(*Scope, role=Role.ADMIN), Action.ENTER, owner=BOB)
    assert not may(SYSTEM, Action.ENTER, owner=BOB)
    assert may(script(Scope.USE), Action.ENTER, owner=ADA)
    assert not may(script(Scope.READ), Action.ENTER, owner=ADA)


def test_nobody_enters_a_workspace_that_nobody_holds() -> None:
    assert not any(may(actor, Action.ENTER, owner=None) for actor in (PERSON, ADMIN, SYSTEM, script(*Scope)))


def test_a_refusal_tells_a_script_which_scope_it_lacks_and_never_whose_the_thing_is() -> None:
    with pytest.raises(Forbidden, match='scope "use"'):
        require(script(Scope.READ), Action.RELEASE, owner=ADA)
    with pytest.raises(Forbidden) as refused:
        require(PERSON, Action.RELEASE, owner=BOB)
    assert BOB not in refused.value.sentence


def test_lists_show_people_their_own_and_admins_what_they_ask_for() -> None:
    assert owner_filter(PERSON, None) == ADA
    assert owner_filter(ADMIN, None) is None
    assert owner_filter(ADMIN, BOB) == BOB
    assert owner_filter(SYSTEM, None) is None
    with pytest.raises(Forbidden):
        owner_filter(PERSON, BOB)


def test_somebodys_files_are_downloaded_by_themselves_by_an_admin_in_person_and_by_whoever_owns_the_disk() -> (
    None
):
    assert may(PERSON, Action.TAKE_FILES, owner=ADA)
    assert may(script(Scope.USE), Action.TAKE_FILES, owner=ADA)
    assert may(ADMIN, Action.TAKE_FILES, owner=BOB)
    assert may(SYSTEM, Action.TAKE_FILES, owner=BOB)
    assert not may(PERSON, Action.TAKE_FILES, owner=BOB)
    assert not may(script(Scope.READ), Action.TAKE_FILES, owner=ADA)
    assert not may(script(*Scope, role=Role.ADMIN), Action.TAKE_FILES, owner=BOB)
