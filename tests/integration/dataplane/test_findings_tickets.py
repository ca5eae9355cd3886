"""Findings about tickets and graces: whom they let in, and for how long (docs/reference/findings.md)."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from carrel import mint
from carrel.clock import SystemClock
from carrel.dataplane.keys import jwks, verifying_key
from carrel.domain.ids import SessionId, WorkspaceId
from carrel.domain.route import Withdrawal

from .control import GRACE, TICKET, Signer
from .raw import Message, Reply
from .rig import Rig, Workspace, until

NOW = SystemClock().now


def epoch() -> int:
    return int(NOW().timestamp())


async def opens(rig: Rig, workspace: Workspace, ticket: str, path: str = "") -> bool:
    answer = await rig.enter(workspace, path, cookies={"carrel-ticket": ticket})
    assert answer.status in (200, 401), answer
    return answer.status == 200


@pytest.fixture
async def keys(rig: Rig, workspace: Workspace) -> AsyncIterator[None]:
    """Puts the rig's own key back."""
    yield
    await rig.files.trust([verifying_key(rig.signer.kid, rig.signer.pem)])
    await until(lambda: opens(rig, workspace, rig.signer.ticket(workspace.id)))


# -- E3: codes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["?carrel-code=x", "lab?a=b&carrel-code=x", "lab?carrel-code=x&a=b"])
async def test_finding_e3_a_code_reaches_no_app_whatever_ticket_comes_with_it(
    rig: Rig, workspace: Workspace, path: str
) -> None:
    seen = len(rig.control.asked)

    answer = await rig.enter(workspace, path, cookies={"carrel-ticket": rig.signer.ticket(workspace.id)})

    assert answer.status == 401, "as the control plane of this rig answers"
    assert [asked.target for asked in rig.control.asked[seen:]] == [
        f"/hub/internal/authorize{workspace.door}{path}"
    ]
    assert not workspace.app.seen


# -- 5: keys ---------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("keys")
async def test_finding_05_a_replaced_key_is_refused_at_once_and_streams_go_on(
    rig: Rig, workspace: Workspace
) -> None:
    old, new = rig.signer, Signer(*mint.new_signing_key())
    cached = old.ticket(workspace.id)
    assert await opens(rig, workspace, cached)

    async with rig.stream(workspace) as stream:
        await rig.files.trust([verifying_key(new.kid, new.pem)])
        await until(lambda: opens(rig, workspace, new.ticket(workspace.id)))

        assert not await opens(rig, workspace, cached)
        assert not await opens(rig, workspace, old.ticket(workspace.id))
        assert await stream.echoes(b"still here")


@pytest.mark.usefixtures("keys")
async def test_finding_05_while_keys_change_both_are_believed(rig: Rig, workspace: Workspace) -> None:
    old, new = rig.signer, Signer(*mint.new_signing_key())

    await rig.files.trust([verifying_key(key.kid, key.pem) for key in (old, new)])
    await until(lambda: opens(rig, workspace, new.ticket(workspace.id)))

    assert await opens(rig, workspace, old.ticket(workspace.id))


# -- 7: withdrawal ---------------------------------------------------------------------------------------------------------


def withdrawn(**subject: Any) -> Withdrawal:
    return Withdrawal(NOW() + timedelta(minutes=15), **subject)


async def test_finding_07_a_withdrawn_session_is_out_within_moments_of_the_write(
    rig: Rig, workspace: Workspace
) -> None:
    sid = mint.new_id()
    ticket, others = rig.signer.ticket(workspace.id, sid=sid), rig.signer.ticket(workspace.id)
    assert await opens(rig, workspace, ticket)

    await rig.files.withdraw([withdrawn(session_id=SessionId(sid))])
    began = SystemClock().monotonic()

    async def is_out() -> bool:
        return not await opens(rig, workspace, ticket)

    await until(is_out, every=0.001)
    assert SystemClock().monotonic() - began < 10, "moments, on a busy machine too"
    assert await opens(rig, workspace, others)


async def test_finding_07_a_withdrawn_door_asks_everybody_again_and_no_other_door_does(
    rig: Rig, workspace: Workspace
) -> None:
    shared = await rig.workspace()
    ticket = rig.signer.ticket(shared.id)

    await rig.files.withdraw([withdrawn(workspace_id=WorkspaceId(shared.id))])

    async def is_asked() -> bool:
        return not await opens(rig, shared, ticket)

    await until(is_asked)
    let_in = [("authorization", "Bearer crl_good")]
    assert (await rig.enter(shared, cookies={"carrel-ticket": ticket}, headers=let_in)).status == 200
    assert await opens(rig, workspace, rig.signer.ticket(workspace.id))


async def test_finding_07_two_sign_outs_at_once_do_not_undo_each_other(
    rig: Rig, workspace: Workspace
) -> None:
    sids = [mint.new_id() for _ in range(8)]

    await asyncio.gather(*(rig.files.withdraw([withdrawn(session_id=SessionId(sid))]) for sid in sids))

    async def all_are_out() -> bool:
        tickets = [rig.signer.ticket(workspace.id, sid=sid) for sid in sids]
        return not any([await opens(rig, workspace, ticket) for ticket in tickets])

    await until(all_are_out)


# -- 8: guests -------------------------------------------------------------------------------------------------------------


async def test_finding_08_a_guests_stream_ends_when_its_ticket_says_and_an_owners_does_not(
    rig: Rig, workspace: Workspace
) -> None:
    guest = {"carrel-ticket": rig.signer.ticket(workspace.id, brief_ms=400)}
    async with rig.stream(workspace) as owners, rig.stream(workspace, cookies=guest) as guests:
        assert await guests.echoes(b"hello")
        assert await guests.is_cut()
        assert await owners.echoes(b"hello")


async def test_finding_08_the_authorizer_may_say_how_long_a_stream_lives(
    rig: Rig, workspace: Workspace
) -> None:
    async def decide(_: Message) -> Reply:
        brief = ("x-envoy-upstream-stream-duration-ms", "400")
        return Reply(headers=(("x-carrel-door", workspace.door), brief))

    rig.control.decide = decide
    async with rig.stream(workspace, cookies={}) as visitors:
        assert await visitors.echoes(b"hello")
        assert await visitors.is_cut()


async def test_finding_08_a_client_cannot_say_how_long_its_stream_may_live(
    rig: Rig, workspace: Workspace
) -> None:
    guest = {"carrel-ticket": rig.signer.ticket(workspace.id, brief_ms="400")}
    longer = [("x-envoy-upstream-stream-duration-ms", "600000"), ("x-envoy-upstream-rq-timeout-ms", "600000")]
    async with rig.stream(workspace, cookies=guest, headers=longer) as guests:
        assert await guests.is_cut()


# -- 12: one ticket, one door ----------------------------------------------------------------------------------------------


async def test_finding_12_a_ticket_of_one_workspace_opens_no_other(
    rig: Rig, workspace: Workspace, other: Workspace
) -> None:
    ticket = rig.signer.ticket(workspace.id)

    assert not await opens(rig, other, ticket)

    assert not workspace.app.seen
    assert not other.app.seen
    (asked,) = rig.control.asked
    assert other.door in asked.target


@pytest.mark.parametrize(
    "path",
    [
        "{mine}../{other}/",
        "{mine}..%2f{other}/",
        "{mine}%2e%2e/{other}/",
        "{mine}/../../w/{other}/",
        "{mine}x/../../{other}/x",
        "{mine}..;/{other}/",
        "{mine}\\..\\{other}/",
        "/w/{other}/..{mine}",
        "/w/./{other}/",
        "/w//{other}/",
        "/w/%00{other}/",
    ],
)
async def test_finding_12_no_spelling_of_a_path_leads_from_one_door_to_another(
    rig: Rig, workspace: Workspace, other: Workspace, path: str
) -> None:
    target = path.format(mine=workspace.door, other=other.id)

    answer = await rig.enter(workspace, target)

    assert not other.app.seen
    assert answer.status in (200, 302, 400, 401, 403, 404)
    for message in workspace.app.seen:
        assert message.target.startswith(workspace.door)
        assert "/../" not in message.target


async def test_finding_12_an_answer_go_opens_only_the_door_it_names_on_its_own_path(
    rig: Rig, workspace: Workspace, other: Workspace
) -> None:
    async def goes_elsewhere(_: Message) -> Reply:
        return Reply(headers=(("x-carrel-door", other.door),))

    async def goes_nowhere(_: Message) -> Reply:
        return Reply()

    for decide in (goes_elsewhere, goes_nowhere):
        rig.control.decide = decide
        grace = {"carrel-grace": rig.signer.grace(other.id)}
        assert (await rig.enter(workspace, cookies={})).status == 403
        assert (await rig.enter(workspace, cookies=grace)).status == 403

    assert not workspace.app.seen
    assert not other.app.seen


async def test_finding_12_a_door_that_is_none_opens_nothing(rig: Rig, workspace: Workspace) -> None:
    for door in (
        "/",
        "/w/",
        f"/w/{workspace.id}",
        f"/w/{workspace.id[:-1]}",
        "",
        None,
        "*",
        1,
        [workspace.door],
    ):
        answer = await rig.enter(workspace, cookies={"carrel-ticket": rig.signer.sign(TICKET, door)})
        assert answer.status in (401, 403), door

    assert not workspace.app.seen


# -- 26: lifetimes and audiences -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": 0},
        {"iat": 0, "exp": 10**10},
        {"exp_in": 315_000_000},
        {"exp_in": 400},
        {"exp_in": -10},
        {"nbf_in": 60},
        {"aud": None},
        {"aud": "carrel-grace"},
        {"aud": "somebody"},
        {"iss": None},
        {"iss": "carrel-grace"},
        {"iss": "evil"},
    ],
)
async def test_finding_26_a_ticket_has_a_short_life_and_one_audience(
    rig: Rig, workspace: Workspace, claims: dict[str, Any]
) -> None:
    said = {
        name.removesuffix("_in"): epoch() + value if name.endswith("_in") else value
        for name, value in claims.items()
    }

    assert not await opens(rig, workspace, rig.signer.ticket(workspace.id, **said))
    assert not workspace.app.seen


async def test_finding_26_clocks_may_differ_by_a_few_seconds(rig: Rig, workspace: Workspace) -> None:
    assert await opens(rig, workspace, rig.signer.ticket(workspace.id, iat=epoch() - 60, exp=epoch() - 2))


# -- C: what never worked and must not start to ------------------------------------------------------------------------------


def encoded(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def hs256(rig: Rig, claims: dict[str, Any], secret: bytes) -> str:
    unsigned = encoded({"alg": "HS256", "kid": rig.signer.kid}, claims).rstrip(".")
    signature = base64.urlsafe_b64encode(hmac.new(secret, unsigned.encode(), hashlib.sha256).digest()).rstrip(
        b"="
    )
    return f"{unsigned}.{signature.decode()}"


def forgeries(rig: Rig, workspace: Workspace) -> dict[str, str]:
    good = rig.signer.ticket(workspace.id)
    claims = jwt.decode(good, options={"verify_signature": False})
    head, body, signature = good.split(".")
    public = load_pem_private_key(rig.signer.pem.encode(), None).public_key()
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    foreign = Signer(*mint.new_signing_key())
    stranger = Ed25519PrivateKey.generate()
    own_jwk = json.loads(jwks([verifying_key(foreign.kid, foreign.pem)]))["keys"][0]
    signed = {"algorithm": "EdDSA"}
    return {
        **{
            f"alg {alg!r}": encoded({"alg": alg, "kid": rig.signer.kid}, claims)
            for alg in ("none", "None", "NONE", "")
        },
        "no alg": encoded({"kid": rig.signer.kid}, claims),
        "HS256 with the raw public key": hs256(rig, claims, raw),
        "HS256 with the public key as PEM": hs256(rig, claims, pem),
        "HS256 with the public key as DER": hs256(rig, claims, der),
        "HS256 with the public key in base64": hs256(rig, claims, base64.b64encode(raw)),
        "a foreign key under its own name": foreign.ticket(workspace.id),
        "a foreign key under our name": Signer(rig.signer.kid, foreign.pem).ticket(workspace.id),
        "a foreign key without a name": jwt.encode(claims, stranger, **signed),
        "a key that it brings along": jwt.encode(
            claims, foreign.pem, headers={"kid": foreign.kid, "jwk": own_jwk}, **signed
        ),
        "an address of a key": jwt.encode(
            claims, foreign.pem, headers={"jku": "http://127.0.0.1:1/jwks"}, **signed
        ),
        "a name like a path": jwt.encode(claims, foreign.pem, headers={"kid": "../../dev/null"}, **signed),
        "a critical extension": jwt.encode(
            claims, foreign.pem, headers={"kid": rig.signer.kid, "crit": ["x"]}, **signed
        ),
        "another curve": jwt.encode(claims, generate_private_key(SECP256R1()), algorithm="ES256"),
        "no signature": f"{head}.{body}.",
        "half a token": f"{head}.{body}",
        "a signature of zeros": f"{head}.{body}.{'A' * len(signature)}",
        "another body": f"{head}.{encoded({}, {**claims, 'sub': 'root'}).split('.')[1]}.{signature}",
        "a grace as a ticket": rig.signer.grace(workspace.id),
        "nothing": "",
        "garbage": "x.y.z",
    }


async def test_c_no_forged_ticket_opens_a_door(rig: Rig, workspace: Workspace) -> None:
    for name, token in forgeries(rig, workspace).items():
        assert not await opens(rig, workspace, token), name

    assert not workspace.app.seen
    assert await opens(rig, workspace, rig.signer.ticket(workspace.id))


async def test_c_a_ticket_counts_only_as_its_cookie(rig: Rig, workspace: Workspace) -> None:
    ticket, grace = rig.signer.ticket(workspace.id), rig.signer.sign(GRACE, workspace.door)

    said = [
        await rig.enter(workspace, cookies={}, headers=[("authorization", f"Bearer {ticket}")]),
        await rig.enter(workspace, f"?access_token={ticket}&carrel-ticket={ticket}", cookies={}),
        await rig.enter(
            workspace, cookies={}, headers=[("carrel-ticket", ticket), ("x-carrel-ticket", ticket)]
        ),
        await rig.enter(workspace, cookies={"carrel-grace": ticket}),
        await rig.enter(workspace, cookies={"Carrel-Ticket": ticket}),
        await rig.enter(workspace, cookies={"carrel-grace": grace}),
    ]

    assert [answer.status for answer in said] == [401] * len(said)
    assert not workspace.app.seen
