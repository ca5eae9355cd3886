"""What homes, delivery and the idle verdict need: whose home is where, what is delivered, and what is known of use."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.add_column("users", sa.Column("email", sa.Text(), nullable=True))
    _homes()
    _claims()
    op.add_column("workspaces", sa.Column("active_because", sa.Text(), nullable=True))
    for name in ("observed_at", "warned_at", "kept_until"):
        op.add_column("workspaces", sa.Column(name, MOMENT, nullable=True))
    op.create_table(
        "variables",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_variables_user_id")),
        sa.PrimaryKeyConstraint("user_id", "name", name=op.f("pk_variables")),
    )
    _note_who_has_what()


def _note_who_has_what() -> None:
    """What people hold while Carrel is upgraded has their files in it. Where two workspaces of one person have the same home, as was
    possible before, the first one is noted; the other keeps it until it ends.
    """
    op.execute(
        "UPDATE homes SET workspace_id = (SELECT min(w.id) FROM workspaces w"
        " WHERE w.home_id = homes.id AND w.phase <> 'gone')"
        " WHERE id IN (SELECT home_id FROM workspaces WHERE phase <> 'gone')"
    )
    op.execute(
        "UPDATE claims SET home_id = (SELECT h.id FROM homes h JOIN workspaces w ON w.id = h.workspace_id"
        " WHERE w.claim_id = claims.id) WHERE state = 'held'"
    )


def _homes() -> None:
    op.add_column("homes", sa.Column("place", sa.Text(), nullable=True))
    op.add_column("homes", sa.Column("workspace_id", sa.Text(), nullable=True))
    op.add_column("homes", sa.Column("used_at", MOMENT, nullable=True))
    op.add_column("homes", sa.Column("size_bytes", sa.BigInteger(), nullable=True))
    op.add_column("homes", sa.Column("measured_at", MOMENT, nullable=True))
    op.add_column("homes", sa.Column("deleted_at", MOMENT, nullable=True))
    op.create_index(op.f("ix_homes_workspace_id"), "homes", ["workspace_id"], unique=False)
    op.create_index(op.f("ix_homes_deleted_at"), "homes", ["deleted_at"], unique=False)


def _claims() -> None:
    op.add_column("claims", sa.Column("parameters", sa.JSON(), nullable=True))
    op.add_column("claims", sa.Column("home_id", sa.Text(), nullable=True))
    with_home = sa.text("state <> 'released' AND home_id IS NOT NULL")
    op.create_index(
        "uq_claims_live_home",
        "claims",
        ["home_id"],
        unique=True,
        sqlite_where=with_home,
        postgresql_where=with_home,
    )


def downgrade() -> None:
    raise NotImplementedError("Carrel goes back by a backup, not by a downgrade.")
