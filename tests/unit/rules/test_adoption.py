"""Which volumes of an older system become whose homes, and which do not."""

from carrel.domain.ids import HomeId, UserId
from carrel.rules.adoption import Found, Known, Outcome, Proposal, Wish, propose
from carrel.rules.escape import Rule
from carrel.rules.volume_names import USUAL_PATTERN, pattern

ADA, ALICE = UserId("u-ada"), UserId("u-alice")
USUAL = Wish(pattern(USUAL_PATTERN))


def found(user: str, obstacle: str = "") -> Found:
    return Found(f"jupyterhub-user-{user}", HomeId(f"home-of-{user}"), obstacle)


def known(
    people: dict[str, UserId] | None = None,
    homes: dict[tuple[UserId, str], HomeId] | None = None,
    ids: set[HomeId] | None = None,
) -> Known:
    return Known(people or {}, homes or {}, ids or set())


def one(volume: Found, there: Known, wish: Wish = USUAL) -> Proposal:
    (proposal,) = propose([volume], wish, there)
    return proposal


def test_a_persons_volume_becomes_their_usual_home() -> None:
    told = one(found("alice-40example-2ecom"), known({"alice@example.com": ALICE}))
    assert (told.outcome, told.person, told.user_id, told.home) == (
        Outcome.ADOPT,
        "alice@example.com",
        ALICE,
        "default",
    )
    other = one(found("ada"), known({"ada": ADA}), Wish(pattern(USUAL_PATTERN), home="old"))
    assert other.home == "old"


def test_a_name_is_spelled_as_people_sign_in_with_it() -> None:
    assert one(found("Ada"), known({"ada": ADA})).user_id == ADA


def test_volumes_of_another_pattern_are_left_out() -> None:
    assert propose([Found("jupyterhub-data", HomeId("h"))], USUAL, known()) == []


def test_nobody_of_that_name_is_said_and_made_only_where_that_is_wished() -> None:
    told = one(found("bob"), known({"ada": ADA}))
    assert (told.outcome, told.person, told.user_id) == (Outcome.NOBODY, "bob", None)
    made = one(found("bob"), known({"ada": ADA}), Wish(pattern(USUAL_PATTERN), creates_people=True))
    assert (made.outcome, made.person, made.user_id) == (Outcome.ADOPT, "bob", None)


def test_of_two_readings_the_one_that_is_somebody_here_counts() -> None:
    there = known({"ann-lee": ADA})
    assert one(found("ann-2dlee"), there).person == "ann-lee"
    wish = Wish(pattern(USUAL_PATTERN), creates_people=True)
    assert one(found("ann-2dlee"), there, wish).user_id == ADA


def test_two_readings_that_are_both_somebody_are_not_guessed() -> None:
    there = known({"ann-lee": ADA, "ann-2dlee": ALICE})
    told = one(found("ann-2dlee"), there)
    assert told.outcome is Outcome.AMBIGUOUS
    assert "ann-2dlee or ann-lee" in told.sentence
    by_rule = Wish(pattern(USUAL_PATTERN), rules=(Rule.NEW,))
    assert one(found("ann-2dlee"), there, by_rule).user_id == ADA
    nobody = Wish(pattern(USUAL_PATTERN), creates_people=True)
    assert one(found("ann-2dlee"), known(), nobody).outcome is Outcome.AMBIGUOUS
    assert one(found("ann-2dlee"), known()).outcome is Outcome.NOBODY


def test_a_home_that_is_there_is_never_replaced() -> None:
    there = known({"ada": ADA}, {(ADA, "default"): HomeId("another")})
    assert one(found("ada"), there).outcome is Outcome.TAKEN


def test_what_was_taken_over_before_is_not_taken_over_again() -> None:
    there = known({"ada": ADA}, {(ADA, "default"): HomeId("home-of-ada")}, {HomeId("home-of-ada")})
    assert one(found("ada"), there).outcome is Outcome.ALREADY
    deleted = known({"ada": ADA}, {}, {HomeId("home-of-ada")})
    assert one(found("ada"), deleted).outcome is Outcome.ALREADY


def test_what_the_old_system_still_runs_with_is_left_to_it() -> None:
    told = one(found("ada", "It is in use by jupyter-ada."), known({"ada": ADA}))
    assert told.outcome is Outcome.BLOCKED
    assert told.sentence == "It is in use by jupyter-ada."


def test_two_volumes_for_one_home_are_both_left() -> None:
    told = propose([found("a-40b"), found("a_40b"), found("ada")], USUAL, known({"a@b": ALICE, "ada": ADA}))
    assert [each.outcome for each in told] == [Outcome.AMBIGUOUS, Outcome.AMBIGUOUS, Outcome.ADOPT]


def test_names_that_nobody_can_have_are_said_to_be_so() -> None:
    assert one(found("-0a"), known()).outcome is Outcome.NOBODY
    wish = Wish(pattern("jupyterhub-user-{username}--{servername}"), rules=(Rule.NEW,))
    assert one(found("ada---2d"), known({"ada": ADA}), wish).outcome is Outcome.NOBODY


def test_named_servers_become_homes_of_their_names() -> None:
    wish = Wish(pattern("jupyterhub-user-{username}--{servername}"))
    told = propose([found("ada--gpu"), found("ada--")], wish, known({"ada": ADA}))
    assert sorted(each.home for each in told) == ["default", "gpu"]
    assert {each.outcome for each in told} == {Outcome.ADOPT}
