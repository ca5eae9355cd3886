"""What tickets say, and what old ones still prove."""

from datetime import UTC, datetime, timedelta

import pytest

from carrel.domain.ids import SessionId, UserId, WorkspaceId
from carrel.rules.ticket import (
    GRACE_LIFETIME,
    TICKET_LIFETIME,
    WITHDRAWN_FOR,
    DoorCookies,
    Proof,
    door_of,
    grace_claims,
    proof_of,
    ticket_claims,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=14)
ADA, SID = UserId("uadaadaadaadaada"), SessionId("sadaadaadaadaada")
DOOR = door_of(WorkspaceId("waaaaaaaaaaaaaaa"))


def test_a_ticket_says_who_may_go_through_which_door_for_a_minute() -> None:
    assert ticket_claims(ADA, SID, DOOR, NOW, over_at=LATER) == {
        "iss": "carrel",
        "aud": "carrel-workspace",
        "sub": ADA,
        "sid": SID,
        "door": "/w/waaaaaaaaaaaaaaa/",
        "exp": int(NOW.timestamp()) + 60,
    }


def test_finding_8_a_guests_ticket_bounds_how_long_a_stream_lives() -> None:
    assert ticket_claims(ADA, SID, DOOR, NOW, over_at=LATER, brief_ms=120_000)["brief_ms"] == 120_000


def test_a_grace_lives_for_a_quarter_of_an_hour_under_a_name_of_its_own() -> None:
    claims = grace_claims(ADA, SID, DOOR, NOW, over_at=LATER)
    assert claims["exp"] == int(NOW.timestamp()) + 900
    assert (claims["iss"], claims["aud"]) == ("carrel-grace", "carrel-grace")


def test_no_cookie_is_good_for_longer_than_its_session() -> None:
    soon = NOW + timedelta(seconds=30)
    for claims in (
        ticket_claims(ADA, SID, DOOR, NOW, over_at=soon),
        grace_claims(ADA, SID, DOOR, NOW, over_at=soon),
    ):
        assert claims["exp"] == int(soon.timestamp())


def test_a_withdrawal_outlives_every_cookie_signed_before_it() -> None:
    assert max(TICKET_LIFETIME, GRACE_LIFETIME) + timedelta(seconds=5) < WITHDRAWN_FOR


def test_both_kinds_prove_the_same() -> None:
    expected = Proof(ADA, SID, DOOR)
    assert proof_of(ticket_claims(ADA, SID, DOOR, NOW, over_at=LATER)) == expected
    assert proof_of(grace_claims(ADA, SID, DOOR, NOW, over_at=LATER)) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody"},
        {"aud": "carrel-grace"},
        {"aud": ["carrel-workspace"]},
        {"sub": None},
        {"sub": 7},
        {"sub": "not an id"},
        {"sid": ""},
        {"door": None},
    ],
)
def test_claims_that_are_not_whole_prove_nothing(change: dict[str, object]) -> None:
    assert proof_of({**ticket_claims(ADA, SID, DOOR, NOW, over_at=LATER), **change}) is None


def test_cookies_belong_to_one_door_and_no_domain() -> None:
    cookie = DoorCookies(DOOR, secure=True).kept("carrel-ticket", "x", timedelta(minutes=1))
    assert cookie == "carrel-ticket=x; Max-Age=60; Path=/w/waaaaaaaaaaaaaaa/; HttpOnly; SameSite=Lax; Secure"
    assert "Secure" not in DoorCookies(DOOR, secure=False).dropped("carrel-ticket")
