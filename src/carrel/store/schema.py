"""Every table, with the constraints that hold whatever the code does. A change here needs a migration; a test compares the two."""

import sqlalchemy as sa

from carrel.domain.actor import Role
from carrel.domain.claim import ClaimState
from carrel.domain.workspace import Desired, Phase
from carrel.store.columns import NUMBER, Moment, identifier, moment, one_of

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

installation = sa.Table(
    "installation",
    metadata,
    sa.Column("one", sa.Integer(), primary_key=True, autoincrement=False),
    identifier("id", nullable=False),
    moment("created_at"),
    sa.CheckConstraint("one = 1", name="only_one"),
)

template_versions = sa.Table(
    "template_versions",
    metadata,
    identifier("name", primary_key=True),
    identifier("version", primary_key=True),
    sa.Column("definition", sa.JSON(), nullable=False),
    moment("created_at"),
)

templates = sa.Table(
    "templates",
    metadata,
    identifier("name", primary_key=True),
    identifier("version", nullable=False),
    sa.Column("is_offered", sa.Boolean(), nullable=False),
    moment("changed_at"),
    sa.ForeignKeyConstraint(["name", "version"], ["template_versions.name", "template_versions.version"]),
)

pools = sa.Table(
    "pools",
    metadata,
    identifier("name", primary_key=True),
    sa.Column("definition", sa.JSON(), nullable=False),
    sa.Column("live_limit", sa.Integer(), nullable=False),
    sa.Column("live", sa.Integer(), nullable=False),
    moment("created_at"),
    moment("changed_at"),
    moment("removed_at", nullable=True),
    sa.CheckConstraint("live >= 0", name="live"),
)

users = sa.Table(
    "users",
    metadata,
    identifier("id", primary_key=True),
    sa.Column("name", sa.Text(), nullable=False, unique=True),
    sa.Column("display_name", sa.Text(), nullable=False),
    sa.Column("role", sa.Text(), nullable=False),
    moment("created_at"),
    moment("disabled_at", nullable=True),
    moment("last_seen_at", nullable=True),
    sa.Column("email", sa.Text()),
    one_of("role", Role),
)

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("provider", sa.Text(), primary_key=True),
    sa.Column("subject", sa.Text(), primary_key=True),
    identifier("user_id", sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("credential", sa.Text()),
)

sessions = sa.Table(
    "sessions",
    metadata,
    identifier("id", primary_key=True),
    identifier("user_id", sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("secret_hash", sa.Text(), nullable=False, unique=True),
    moment("created_at"),
    moment("expires_at"),
    moment("ended_at", nullable=True),
)

tokens = sa.Table(
    "tokens",
    metadata,
    identifier("id", primary_key=True),
    identifier("user_id", sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("secret_hash", sa.Text(), nullable=False, unique=True),
    sa.Column("label", sa.Text(), nullable=False),
    sa.Column("scopes", sa.Text(), nullable=False),
    identifier("made_by"),
    moment("created_at"),
    moment("expires_at", nullable=True),
    moment("last_used_at", nullable=True),
    moment("revoked_at", nullable=True),
)

codes = sa.Table(
    "codes",
    metadata,
    sa.Column("code_hash", sa.Text(), primary_key=True),
    sa.Column("kind", sa.Text(), nullable=False),
    sa.Column("payload", sa.Text(), nullable=False),
    moment("expires_at"),
    sa.Index(None, "expires_at"),
)

homes = sa.Table(
    "homes",
    metadata,
    identifier("id", primary_key=True),
    identifier("user_id", sa.ForeignKey("users.id"), nullable=False),
    sa.Column("name", sa.Text(), nullable=False),
    moment("created_at"),
    sa.Column("place", sa.Text()),
    identifier("workspace_id"),
    moment("used_at", nullable=True),
    sa.Column("size_bytes", sa.BigInteger()),
    moment("measured_at", nullable=True),
    moment("deleted_at", nullable=True),
    sa.UniqueConstraint("user_id", "name"),
    sa.Index(None, "workspace_id"),
    sa.Index(None, "deleted_at"),
)

variables = sa.Table(
    "variables",
    metadata,
    identifier("user_id", sa.ForeignKey("users.id"), primary_key=True),
    identifier("name", primary_key=True),
    sa.Column("value", sa.Text(), nullable=False),
    moment("changed_at"),
)

holdings = sa.Table(
    "holdings",
    metadata,
    identifier("user_id", sa.ForeignKey("users.id"), primary_key=True),
    identifier("pool", sa.ForeignKey("pools.name"), primary_key=True),
    sa.Column("used", sa.Integer(), nullable=False),
    sa.CheckConstraint("used >= 0", name="used"),
)

claims = sa.Table(
    "claims",
    metadata,
    identifier("id", primary_key=True),
    identifier("user_id", sa.ForeignKey("users.id"), nullable=False),
    identifier("pool", sa.ForeignKey("pools.name"), nullable=False),
    sa.Column("name", sa.Text(), nullable=False),
    sa.Column("state", sa.Text(), nullable=False),
    sa.Column("version", sa.Integer(), nullable=False),
    moment("created_at"),
    moment("watched_at"),
    moment("held_at", nullable=True),
    moment("released_at", nullable=True),
    moment("release_at", nullable=True),
    identifier("home_id"),
    sa.Column("parameters", sa.JSON()),
    sa.Column("reason", sa.Text()),
    sa.Column("reason_code", sa.Text()),
    one_of("state", ClaimState),
    sa.Index(None, "user_id", "created_at"),
    sa.Index(None, "created_at", "id"),
)

_LIVE_CLAIM = sa.text("state <> 'released'")
_WAITING_CLAIM = sa.text("state = 'waiting'")
sa.Index(
    "uq_claims_live",
    claims.c.user_id,
    claims.c.pool,
    claims.c.name,
    unique=True,
    sqlite_where=_LIVE_CLAIM,
    postgresql_where=_LIVE_CLAIM,
)
_LIVE_CLAIM_WITH_HOME = sa.text("state <> 'released' AND home_id IS NOT NULL")
sa.Index(
    "uq_claims_live_home",
    claims.c.home_id,
    unique=True,
    sqlite_where=_LIVE_CLAIM_WITH_HOME,
    postgresql_where=_LIVE_CLAIM_WITH_HOME,
)
sa.Index("ix_claims_live_pool", claims.c.pool, sqlite_where=_LIVE_CLAIM, postgresql_where=_LIVE_CLAIM)
sa.Index(
    "ix_claims_queue",
    claims.c.pool,
    claims.c.created_at,
    claims.c.id,
    sqlite_where=_WAITING_CLAIM,
    postgresql_where=_WAITING_CLAIM,
)

workspaces = sa.Table(
    "workspaces",
    metadata,
    identifier("id", primary_key=True),
    identifier("pool", sa.ForeignKey("pools.name"), nullable=False),
    identifier("template", nullable=False),
    identifier("template_version", nullable=False),
    identifier("backend", nullable=False),
    sa.Column("phase", sa.Text(), nullable=False),
    sa.Column("desired", sa.Text(), nullable=False),
    sa.Column("version", sa.Integer(), nullable=False),
    sa.Column("secret", sa.Text(), nullable=False),
    identifier("claim_id", sa.ForeignKey("claims.id")),
    identifier("owner", sa.ForeignKey("users.id")),
    identifier("home_id", sa.ForeignKey("homes.id")),
    sa.Column("endpoint_scheme", sa.Text()),
    sa.Column("endpoint_host", sa.Text()),
    sa.Column("endpoint_port", sa.Integer()),
    sa.Column("endpoint_name", sa.Text()),
    sa.Column("handle", sa.Text()),
    moment("created_at"),
    moment("phase_at"),
    moment("ready_at", nullable=True),
    moment("assigned_at", nullable=True),
    moment("attached_at", nullable=True),
    moment("entered_at", nullable=True),
    moment("last_active_at", nullable=True),
    sa.Column("active_because", sa.Text()),
    moment("observed_at", nullable=True),
    moment("warned_at", nullable=True),
    moment("kept_until", nullable=True),
    moment("stops_at", nullable=True),
    moment("gone_at", nullable=True),
    sa.Column("reason", sa.Text()),
    sa.Column("reason_code", sa.Text()),
    sa.Column("price_per_hour", sa.Double()),
    one_of("phase", Phase),
    one_of("desired", Desired),
    sa.CheckConstraint("phase <> 'gone' OR gone_at IS NOT NULL", name="gone_at"),
    sa.CheckConstraint("claim_id IS NULL OR owner IS NOT NULL", name="owner"),
    sa.Index(None, "owner", "created_at"),
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "gone_at"),
    sa.Index(None, "pool", "ready_at"),
)

_CLAIMED = sa.text("claim_id IS NOT NULL")
_LIVE_WORKSPACE = sa.text("phase <> 'gone'")
_WARM = sa.text("phase = 'ready' AND desired = 'running' AND claim_id IS NULL")
sa.Index(
    "uq_workspaces_claim",
    workspaces.c.claim_id,
    unique=True,
    sqlite_where=_CLAIMED,
    postgresql_where=_CLAIMED,
)
sa.Index(
    "ix_workspaces_live",
    workspaces.c.pool,
    workspaces.c.phase,
    sqlite_where=_LIVE_WORKSPACE,
    postgresql_where=_LIVE_WORKSPACE,
)
sa.Index(
    "ix_workspaces_warm",
    workspaces.c.pool,
    workspaces.c.ready_at,
    workspaces.c.id,
    sqlite_where=_WARM,
    postgresql_where=_WARM,
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("subject", sa.Text(), primary_key=True),
    sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
    moment("at"),
    sa.Column("kind", sa.Text(), nullable=False),
    sa.Column("sentence", sa.Text(), nullable=False),
    identifier("workspace_id"),
    identifier("claim_id"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", NUMBER, primary_key=True),
    moment("at"),
    sa.Column("actor", sa.Text(), nullable=False),
    sa.Column("action", sa.Text(), nullable=False),
    sa.Column("target", sa.Text(), nullable=False),
    sa.Column("detail", sa.Text(), nullable=False),
)

withdrawals = sa.Table(
    "withdrawals",
    metadata,
    sa.Column("id", NUMBER, primary_key=True),
    moment("until"),
    identifier("session_id"),
    identifier("workspace_id"),
    sa.Index(None, "until"),
)

signing_keys = sa.Table(
    "signing_keys",
    metadata,
    sa.Column("kid", sa.Text(), primary_key=True),
    sa.Column("private_pem", sa.Text(), nullable=False),
    moment("created_at"),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("key", sa.Text(), primary_key=True),
    sa.Column("actor", sa.Text(), primary_key=True),
    sa.Column("fingerprint", sa.Text(), nullable=False),
    moment("begun_at"),
    sa.Column("status_code", sa.Integer()),
    sa.Column("headers", sa.JSON()),
    sa.Column("body", sa.LargeBinary()),
    sa.Index(None, "begun_at"),
)

samples = sa.Table(
    "samples",
    metadata,
    identifier("pool", sa.ForeignKey("pools.name"), primary_key=True),
    sa.Column("at", Moment(), primary_key=True),
    sa.Column("ready", sa.Integer(), nullable=False),
    sa.Column("starting", sa.Integer(), nullable=False),
    sa.Column("claimed", sa.Integer(), nullable=False),
    sa.Column("waiting", sa.Integer(), nullable=False),
    sa.Column("failed", sa.Integer(), nullable=False),
    sa.Index(None, "at"),
)

reports = sa.Table(
    "reports",
    metadata,
    identifier("id", primary_key=True),
    moment("at"),
    identifier("user_id", sa.ForeignKey("users.id"), nullable=False),
    identifier("pool", nullable=False),
    identifier("claim_id"),
    identifier("workspace_id"),
    sa.Column("message", sa.Text(), nullable=False),
    sa.Column("attached", sa.Text(), nullable=False),
    moment("done_at", nullable=True),
    sa.Column("done_by", sa.Text()),
    sa.Index(None, "at", "id"),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    sa.Column("holder", sa.Text(), nullable=False),
    moment("expires_at"),
)
