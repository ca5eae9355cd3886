"""Old tickets are believed for what they say, and only if we signed them."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from carrel.domain.ids import SessionId, UserId
from carrel.mint import new_signing_key
from carrel.rules.ticket import Proof, grace_claims, ticket_claims
from carrel.services.signing import Signer

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=14)
ADA, SID, DOOR = UserId("uadaadaadaadaada"), SessionId("sadaadaadaadaada"), "/w/waaaaaaaaaaaaaaa/"
KID, PEM = new_signing_key()
SIGNER = Signer(KID, PEM)
CLAIMS = ticket_claims(ADA, SID, DOOR, NOW, over_at=LATER)


def test_a_ticket_is_read_back_long_after_it_ended() -> None:
    token = SIGNER.sign(CLAIMS)
    for age in (timedelta(0), timedelta(hours=8), timedelta(days=13)):
        assert SIGNER.proof(token, NOW + age) == Proof(ADA, SID, DOOR)
    assert SIGNER.proof(token, NOW + timedelta(days=15)) is None


def test_a_visitors_ticket_is_forgotten_soon_however_long_its_cookie_was_kept() -> None:
    token = SIGNER.sign(ticket_claims(ADA, SID, DOOR, NOW, over_at=LATER, brief_ms=600_000))
    assert SIGNER.proof(token, NOW + timedelta(minutes=15)) == Proof(ADA, SID, DOOR)
    assert SIGNER.proof(token, NOW + timedelta(minutes=17)) is None


def test_a_grace_is_as_good() -> None:
    assert SIGNER.proof(SIGNER.sign(grace_claims(ADA, SID, DOOR, NOW, over_at=LATER)), NOW) == Proof(
        ADA, SID, DOOR
    )


def test_an_older_key_is_still_believed_and_no_longer_used() -> None:
    newer = Signer(*new_signing_key(), older={KID: PEM})
    assert newer.proof(SIGNER.sign(CLAIMS), NOW) is not None
    assert SIGNER.proof(newer.sign(CLAIMS), NOW) is None
    assert jwt.get_unverified_header(newer.sign(CLAIMS))["kid"] != KID


def forged() -> list[object]:
    key = load_pem_private_key(PEM.encode(), None)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    header, payload, signature = SIGNER.sign(CLAIMS).split(".")

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    stranger = Signer(KID, new_signing_key()[1])
    return [
        ("foreign key, our kid", stranger.sign(CLAIMS)),
        ("no signature", f"{header}.{payload}."),
        ("alg none", f"{part({'alg': 'none', 'kid': KID})}.{payload}."),
        ("alg none with signature", f"{part({'alg': 'none', 'kid': KID})}.{payload}.{signature}"),
        ("HS256 with the raw public key", jwt.encode(CLAIMS, raw, "HS256", {"kid": KID})),
        ("HS256 with the PEM", hs256(part, payload, public)),
        ("other claims", f"{header}.{part({**CLAIMS, 'sub': 'uevilevilevilevi'})}.{signature}"),
        ("no kid", jwt.encode(CLAIMS, key, "EdDSA")),
        ("odd kid", jwt.encode(CLAIMS, key, "EdDSA", {"kid": "../../etc/passwd"})),
        ("crit", jwt.encode(CLAIMS, key, "EdDSA", {"kid": KID, "crit": ["x"], "x": 1})),
        ("no exp", SIGNER.sign({name: value for name, value in CLAIMS.items() if name != "exp"})),
        ("exp is a word", f"{header}.{part({**CLAIMS, 'exp': 'soon'})}.{signature}"),
        ("empty", ""),
        ("dots", ".." * 100),
        ("too long", "x" * 100_000),
        ("two in one", SIGNER.sign(CLAIMS) + "." + SIGNER.sign(CLAIMS)),
    ]


def hs256(part: object, payload: str, key: bytes) -> str:
    """As a forger would, by hand: libraries refuse to."""
    import hashlib
    import hmac

    assert callable(part)
    signing_input = f"{part({'alg': 'HS256', 'kid': KID})}.{payload}"
    digest = hmac.new(key, signing_input.encode(), hashlib.sha256).digest()
    return f"{signing_input}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize(("name", "token"), forged(), ids=[str(one[0]) for one in forged()])  # type: ignore[index]
def test_what_we_did_not_sign_proves_nothing(name: str, token: str) -> None:
    assert SIGNER.proof(token, NOW) is None


@given(
    st.text()
    | st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}", fullmatch=True)
)
def test_nothing_a_stranger_sends_makes_it_raise(token: str) -> None:
    assert SIGNER.proof(token, NOW) is None
