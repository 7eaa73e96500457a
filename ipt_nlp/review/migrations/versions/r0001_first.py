"""The first tables, and the triggers that make the decision log append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# What may ever change in the log: the content of a session that has a tombstone, to nothing.
_KEPT = (
    "id segment_id session_id lane version reviewer action at blind model_name model_version "
    "model_sha256 codebook"
).split()


def upgrade() -> None:
    """Make everything."""
    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("client", sa.Text),
        sa.Column("number", sa.Integer),
        sa.Column("date", sa.Text),
        sa.Column("phase", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text_sha256", sa.String(64), nullable=False),
        sa.Column("model_name", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("model_sha256", sa.String(64), nullable=False),
        sa.Column("codebook", sa.Text, nullable=False),
        sa.Column("synthetic", sa.Boolean, nullable=False),
        sa.Column("segments", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("added_at", sa.Text, nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.UniqueConstraint("source", "text_sha256", name="uq_sessions_source_text"),
        # A new session never gets the number of a forgotten one, whose log entries remain.
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sessions_client", "sessions", ["client", "number"])
    op.create_table(
        "segments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("session_id", sa.Integer, sa.ForeignKey("sessions.id"), nullable=False),
        sa.Column("idx", sa.Integer, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("draw", sa.Float, nullable=False),
        sa.Column("primary_area", sa.Text),
        sa.UniqueConstraint("session_id", "idx", name="uq_segments_place"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_segments_queue", "segments", ["priority", "session_id", "idx"])
    op.create_table(
        "segment_labels",
        sa.Column("segment_id", sa.Integer, sa.ForeignKey("segments.id"), primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
    )
    op.create_index("ix_segment_labels_key", "segment_labels", ["kind", "key", "segment_id"])
    op.create_table(
        "reviews",
        sa.Column("segment_id", sa.Integer, sa.ForeignKey("segments.id"), primary_key=True),
        sa.Column("lane", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("decided", sa.Boolean, nullable=False),
        sa.Column("discuss", sa.Boolean, nullable=False),
        sa.Column("blind", sa.Boolean, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )
    op.create_index("ix_reviews_lane", "reviews", ["lane", "decided", "segment_id"])
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("segment_id", sa.Integer, nullable=False),
        sa.Column("session_id", sa.Integer, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("reviewer", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("blind", sa.Boolean, nullable=False),
        sa.Column("model_name", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("model_sha256", sa.String(64), nullable=False),
        sa.Column("codebook", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("undoes", sa.Integer),
        sa.UniqueConstraint("segment_id", "lane", "version", name="uq_decisions_version"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decisions_session", "decisions", ["session_id"])
    op.create_index("ix_decisions_reviewer", "decisions", ["reviewer", "id"])
    op.create_table(
        "users",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("password_hash", sa.Text),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.create_table(
        "settings",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "exports",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("sessions", sa.Text, nullable=False),
    )
    op.create_table(
        "bundles",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("sessions", sa.Text, nullable=False),
    )
    op.create_table(
        "tombstones",
        sa.Column("session_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("segments", sa.Integer, nullable=False),
        sa.Column("decisions", sa.Integer, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        _postgresql_triggers()
    else:
        _sqlite_triggers()


def _sqlite_triggers() -> None:
    same = " AND ".join(f"NEW.{c} IS OLD.{c}" for c in _KEPT)
    op.execute(
        "CREATE TRIGGER decisions_keep BEFORE DELETE ON decisions "
        "BEGIN SELECT RAISE(ABORT, 'the decision log is append-only'); END"
    )
    op.execute(
        "CREATE TRIGGER decisions_fixed BEFORE UPDATE ON decisions "
        f"WHEN NOT (NEW.before IS NULL AND NEW.after IS NULL AND NEW.reason IS NULL AND {same} "
        "AND EXISTS (SELECT 1 FROM tombstones t WHERE t.session_id = OLD.session_id)) "
        "BEGIN SELECT RAISE(ABORT, 'the decision log is append-only'); END"
    )
    op.execute(
        "CREATE TRIGGER tombstones_keep BEFORE DELETE ON tombstones "
        "BEGIN SELECT RAISE(ABORT, 'a tombstone stays'); END"
    )


def _postgresql_triggers() -> None:
    same = " AND ".join(f"NEW.{c} IS NOT DISTINCT FROM OLD.{c}" for c in _KEPT)
    op.execute(
        "CREATE FUNCTION ipt_append_only() RETURNS trigger AS $$ BEGIN "
        "IF TG_OP = 'UPDATE' THEN "
        f"IF NEW.before IS NULL AND NEW.after IS NULL AND NEW.reason IS NULL AND {same} "
        "AND EXISTS (SELECT 1 FROM tombstones t WHERE t.session_id = OLD.session_id) "
        "THEN RETURN NEW; END IF; END IF; "
        "RAISE EXCEPTION 'the decision log is append-only'; END $$ LANGUAGE plpgsql"
    )
    op.execute(
        "CREATE TRIGGER decisions_fixed BEFORE UPDATE OR DELETE ON decisions "
        "FOR EACH ROW EXECUTE FUNCTION ipt_append_only()"
    )
    op.execute(
        "CREATE FUNCTION ipt_keep() RETURNS trigger AS $$ BEGIN "
        "RAISE EXCEPTION 'a tombstone stays'; END $$ LANGUAGE plpgsql"
    )
    op.execute(
        "CREATE TRIGGER tombstones_keep BEFORE DELETE ON tombstones "
        "FOR EACH ROW EXECUTE FUNCTION ipt_keep()"
    )


def downgrade() -> None:
    """There is nothing before the first."""
    raise NotImplementedError("the first migration cannot be undone")
