"""Tables of the review room. ``migrations/`` makes them; a test holds the two together.

Times are ISO 8601 in UTC. Labels and documents are JSON text. ``decisions`` is append-only:
triggers refuse every deletion, and every change but the blanking of a forgotten session.
``client_changes`` is so too: only ids of a client who was forgotten are ever blanked in it.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

sessions = Table(
    "sessions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("client", Text),
    Column("number", Integer),
    Column("date", Text),
    Column("phase", Text),
    Column("kind", Text, nullable=False),
    Column("text_sha256", String(64), nullable=False),
    Column("model_name", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("model_sha256", String(64), nullable=False),
    Column("codebook", Text, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("added_at", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    UniqueConstraint("source", "text_sha256", name="uq_sessions_source_text"),
    Index("ix_sessions_client", "client", "number"),
)

segments = Table(
    "segments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("session_id", ForeignKey("sessions.id"), nullable=False),
    Column("idx", Integer, nullable=False),
    # Place of the segment's reason in the queue (`ipt_nlp.review.queue.Reason`).
    Column("priority", Integer, nullable=False),
    # Drawn from [0, 1) by the text alone: segments below the sampling share are controls.
    Column("draw", Float, nullable=False),
    Column("primary_area", Text),
    UniqueConstraint("session_id", "idx", name="uq_segments_place"),
    Index("ix_segments_queue", "priority", "session_id", "idx"),
)

segment_labels = Table(
    "segment_labels",
    metadata,
    Column("segment_id", ForeignKey("segments.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Index("ix_segment_labels_key", "kind", "key", "segment_id"),
)

reviews = Table(
    "reviews",
    metadata,
    Column("segment_id", ForeignKey("segments.id"), primary_key=True),
    Column("lane", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("decided", Boolean, nullable=False),
    Column("discuss", Boolean, nullable=False),
    Column("blind", Boolean, nullable=False),
    Column("labels", Text, nullable=False),
    Column("at", Text, nullable=False),
    Index("ix_reviews_lane", "lane", "decided", "segment_id"),
)

# No foreign keys: the log outlives what it is about.
decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("segment_id", Integer, nullable=False),
    Column("session_id", Integer, nullable=False),
    Column("lane", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("blind", Boolean, nullable=False),
    Column("model_name", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("model_sha256", String(64), nullable=False),
    Column("codebook", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("reason", Text),
    Column("undoes", Integer),
    # Two writers that both saw version n cannot both write n + 1.
    UniqueConstraint("segment_id", "lane", "version", name="uq_decisions_version"),
    Index("ix_decisions_session", "session_id"),
    Index("ix_decisions_reviewer", "reviewer", "id"),
)

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password_hash", Text),
    Column("role", Text, nullable=False),
    Column("created_at", Text, nullable=False),
)

# Cookies that hold: one whose row is gone is refused, however well it is signed.
sign_ins = Table(
    "sign_ins",
    metadata,
    Column("key_sha256", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("at", Text, nullable=False),
    Index("ix_sign_ins_name", "name"),
)

# Whose session it was said to be, and which one; the id of a client who was forgotten is empty,
# that of no client NULL. No foreign keys, as in the log of decisions.
client_changes = Table(
    "client_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("session_id", Integer, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("client_before", Text),
    Column("client_after", Text),
    Column("number_before", Integer),
    Column("number_after", Integer),
    Index("ix_client_changes_session", "session_id"),
)

# Entries of that log from which an id was blanked; the only ones of which that is allowed.
blanked_changes = Table(
    "blanked_changes",
    metadata,
    Column("change_id", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

exports = Table(
    "exports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("sessions", Text, nullable=False),
)

bundles = Table(
    "bundles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("at", Text, nullable=False),
    Column("sessions", Text, nullable=False),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("session_id", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("decisions", Integer, nullable=False),
)
