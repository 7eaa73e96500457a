"""Who is signed in, so that it can be taken back; and a log of whose session it was said to be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# What may ever change in this log: the ids of a client who was forgotten, to empty ones.
_KEPT = "id session_id reviewer at number_before number_after".split()
_GIVEN = "client_before client_after".split()


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "sign_ins",
        sa.Column("key_sha256", sa.String(64), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )
    op.create_index("ix_sign_ins_name", "sign_ins", ["name"])
    op.create_table(
        "client_changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("session_id", sa.Integer, nullable=False),
        sa.Column("reviewer", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("client_before", sa.Text),
        sa.Column("client_after", sa.Text),
        sa.Column("number_before", sa.Integer),
        sa.Column("number_after", sa.Integer),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_client_changes_session", "client_changes", ["session_id"])
    op.create_table(
        "blanked_changes",
        sa.Column("change_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        _postgresql_triggers()
    else:
        _sqlite_triggers()


def _sqlite_triggers() -> None:
    same = " AND ".join(f"NEW.{c} IS OLD.{c}" for c in _KEPT)
    blank = " AND ".join(f"(NEW.{c} = '' OR NEW.{c} IS OLD.{c})" for c in _GIVEN)
    op.execute(
        "CREATE TRIGGER client_changes_keep BEFORE DELETE ON client_changes "
        "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
    )
    op.execute(
        "CREATE TRIGGER client_changes_fixed BEFORE UPDATE ON client_changes "
        f"WHEN NOT ({blank} AND {same} "
        "AND EXISTS (SELECT 1 FROM blanked_changes b WHERE b.change_id = OLD.id)) "
        "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
    )
    op.execute(
        "CREATE TRIGGER blanked_changes_keep BEFORE DELETE ON blanked_changes "
        "BEGIN SELECT RAISE(ABORT, 'a tombstone stays'); END"
    )


def _postgresql_triggers() -> None:
    same = " AND ".join(f"NEW.{c} IS NOT DISTINCT FROM OLD.{c}" for c in _KEPT)
    blank = " AND ".join(f"(NEW.{c} = '' OR NEW.{c} IS NOT DISTINCT FROM OLD.{c})" for c in _GIVEN)
    op.execute(
        "CREATE FUNCTION ipt_client_changes_fixed() RETURNS trigger AS $$ BEGIN "
        "IF TG_OP = 'UPDATE' THEN "
        f"IF {blank} AND {same} "
        "AND EXISTS (SELECT 1 FROM blanked_changes b WHERE b.change_id = OLD.id) "
        "THEN RETURN NEW; END IF; END IF; "
        "RAISE EXCEPTION 'the log is append-only'; END $$ LANGUAGE plpgsql"
    )
    op.execute(
        "CREATE TRIGGER client_changes_fixed BEFORE UPDATE OR DELETE ON client_changes "
        "FOR EACH ROW EXECUTE FUNCTION ipt_client_changes_fixed()"
    )
    op.execute(
        "CREATE TRIGGER blanked_changes_keep BEFORE DELETE ON blanked_changes "
        "FOR EACH ROW EXECUTE FUNCTION ipt_keep()"
    )


def downgrade() -> None:
    """A log is not taken away."""
    raise NotImplementedError("the log of clients cannot be undone")
