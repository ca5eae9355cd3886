"""Many people with a workspace each, put straight into the store: what pages are weighed with."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from carrel.domain.account import Token, User
from carrel.domain.actor import Role, Scope
from carrel.domain.claim import Claim
from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import ClaimId, HomeId, TokenId, UserId, WorkspaceId
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.sample import Sample
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.mint import fingerprint, new_id, new_secret
from carrel.store import audit, claims, homes, samples, tokens, users, workspaces

AUDIT_EACH = 5
CRASHED = Reason(ReasonCode.CRASHED, "Its app ended by itself with exit status 137.")
GIVEN_BACK = Reason(ReasonCode.RELEASED, "You gave it back.")


def arrive(conn: Connection, pool: Pool, count: int, now: datetime) -> None:
    """So many people more, each with a workspace; of ten, one crashed and one was given back. All wrote into the audit."""
    for number in range(count):
        at = now - timedelta(seconds=7 * number)
        person = newcomer(conn, f"{new_id()}@students.example", at)
        claim, workspace = settled(conn, pool, person, at)
        if number % 10 == 3:
            workspaces.move(conn, workspace.id, workspace.version, Phase.FAILED, at, reason=CRASHED)
            claims.release(conn, claim.id, CRASHED, at)
        if number % 10 == 7:
            claims.release(conn, claim.id, GIVEN_BACK, at)
        for _ in range(AUDIT_EACH):
            audit.add(conn, at, person.name, "claim", f"claim:{claim.id}", f"pool {pool.name}")


def come_and_go(conn: Connection, pool: Pool, person: User, count: int, now: datetime) -> None:
    """So many workspaces that this person had."""
    for number in range(count):
        claim, _ = settled(conn, pool, person, now, f"day-{new_id()}")
        claims.release(conn, claim.id, GIVEN_BACK, now - timedelta(hours=number))


def sampled(conn: Connection, pool: Pool, minutes: int, now: datetime) -> None:
    """How full it was, minute by minute."""
    for minute in range(minutes):
        counts = {"ready": minute % 5, "starting": minute % 7, "claimed": minute % 11, "waiting": minute % 13}
        samples.add(
            conn, Sample(pool.name, now - timedelta(minutes=minute), **counts, failed=minute % 17 == 0)
        )


def newcomer(conn: Connection, name: str, now: datetime, role: Role = Role.USER) -> User:
    person = User(UserId(new_id()), name, "Somebody With a Middle Name", role, now, last_seen_at=now)
    users.add(conn, person)
    scopes = frozenset({Scope.READ, Scope.USE})
    tokens.add(conn, Token(TokenId(new_id()), person.id, "notebook", scopes, now), fingerprint(new_secret()))
    return person


def settled(
    conn: Connection, pool: Pool, person: User, now: datetime, name: str = "default"
) -> tuple[Claim, Workspace]:
    """They asked, and are in a workspace of their own."""
    new = Workspace(
        WorkspaceId(new_id()), pool.name, pool.template, "1", pool.backend, Phase.PENDING, Desired.RUNNING, now, now,
        secret=new_secret(), price_per_hour=0.04,
    )  # fmt: skip
    assert workspaces.intend(conn, new)
    starting = workspaces.move(conn, new.id, new.version, Phase.STARTING, now)
    assert starting is not None
    place = Endpoint("127.0.0.1", 8888)
    assert workspaces.move(conn, new.id, starting.version, Phase.READY, now, endpoint=place)
    claim = waits(conn, pool, person, now, name)
    held = workspaces.of_claim(conn, claim.id)
    assert held is not None
    home = homes.ensure(conn, HomeId(new_id()), person.id, "default", now)
    attached = workspaces.attached(conn, held.id, held.version, home.id, now)
    assert attached is not None
    workspaces.entered(conn, attached.id, now)
    found = workspaces.get(conn, attached.id)
    assert found is not None
    return claim, found


def waits(conn: Connection, pool: Pool, person: User, now: datetime, name: str = "default") -> Claim:
    return claims.take(
        conn, claim_id=ClaimId(new_id()), user_id=person.id, pool=pool, name=name, now=now
    ).claim
