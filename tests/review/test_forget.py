"""The right to be forgotten: nothing of a client is left in any file, and the others stay."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ipt_nlp.errors import ReviewError
from ipt_nlp.review import exports, forget, labels, server
from ipt_nlp.review.schema import bundles, decisions, sessions, tombstones
from ipt_nlp.review.store import Change
from tests.review.conftest import Rig
from tests.review.documents import Part, document

ACCEPT = Change("accept", labels.decide, "because of the zanzibar voyage")
SECRET_PARTS = (
    Part(
        "About the quixotic lighthouse?",
        "He yelled about the xylophone all night.",
        {"conflict": 0.9},
        (("yelled about the xylophone", "hostility", "other"),),
    ),
)
WORDS = ("quixotic", "xylophone", "zanzibar", "marzipan", "c66-client")


@pytest.fixture
def client(rig: Rig) -> int:
    """A client with words that occur nowhere else, decided, remarked on and exported."""
    made = document("secret.vtt", SECRET_PARTS, client="c66-client", people=())
    with (rig.folder / "tagged.jsonl").open("a") as file:
        file.write(made.to_json() + "\n")
    (rig.folder / "only.jsonl").write_text(made.to_json() + "\n")
    (rig.folder / "c66-client.key").write_text("marzipan")
    server.add_documents(rig.store, rig.room.folder, by="tests", synthetic=False)
    with rig.store.reading() as c:
        session = c.scalar(sa.select(sessions.c.id).where(sessions.c.client == "c66-client"))
    assert session is not None
    memo = Change("memo", lambda b: labels.set_memo(b, "marzipan"))
    rig.store.change(12, "moss", "moss", 0, memo)
    rig.store.change(12, "moss", "moss", 1, ACCEPT)
    rig.store.change(1, "moss", "moss", 0, Change("accept", labels.decide, "kept"))
    exports.make_export(rig.store, rig.room.folder, "csv", by="moss")
    return int(session)


def files_with(folder: Path, word: str) -> list[str]:
    return [p.name for p in folder.rglob("*") if p.is_file() and word.encode() in p.read_bytes()]


def test_nothing_is_left_in_any_file(rig: Rig, client: int) -> None:
    assert all(files_with(rig.folder, word) for word in WORDS[:4])
    done = forget.forget_client(rig.store, rig.room.folder, "c66-client")
    assert (done.sessions, done.segments, done.decisions) == (1, 1, 2)
    assert sorted(done.files) == ["only.jsonl", "tagged.jsonl"]
    assert done.keys == ("c66-client.key",)
    assert len(done.exports) == 1
    rig.store.engine.dispose()
    for word in WORDS:
        assert files_with(rig.folder, word) == [], word


def test_who_decided_when_stays_without_content(rig: Rig, client: int) -> None:
    forget.forget_client(rig.store, rig.room.folder, "c66-client")
    with rig.store.reading() as c:
        entries = c.execute(sa.select(decisions).where(decisions.c.session_id == client)).all()
        (stone,) = c.execute(sa.select(tombstones)).all()
        kept = rig.store.log(c, segment_id=1)
    assert [e.reviewer for e in entries] == ["moss", "moss"]
    assert all(e.before is e.after is e.reason is None for e in entries)
    assert (stone.session_id, stone.segments, stone.decisions) == (client, 1, 2)
    assert kept[0].reason == "kept"
    text = rig.browser().get("/log")
    assert "no content" in text


def test_the_others_stay_and_the_client_does_not_come_back(rig: Rig, client: int) -> None:
    forget.forget_client(rig.store, rig.room.folder, "c66-client")
    again = server.add_documents(rig.store, rig.room.folder, by="tests", synthetic=False)
    assert (again.added, again.known) == (0, 3)
    assert rig.store.undo("moss", "moss") is not None
    with pytest.raises(ReviewError, match="no session of this client"):
        forget.forget_client(rig.store, rig.room.folder, "c66-client")


def test_the_log_lets_nothing_else_go(rig: Rig, client: int) -> None:
    forget.forget_client(rig.store, rig.room.folder, "c66-client")
    for statement in (
        sa.delete(decisions).where(decisions.c.session_id == client),
        sa.update(decisions).where(decisions.c.session_id == client).values(reviewer="x"),
        sa.update(decisions).where(decisions.c.session_id == 1).values(after=None, before=None),
        sa.delete(tombstones),
    ):
        with pytest.raises(sa.exc.DatabaseError), rig.store.writing() as c:
            c.execute(statement)


def test_bundles_that_learned_from_the_client_are_named(rig: Rig, client: int) -> None:
    with rig.store.writing() as c:
        for path, learned in (("old", [client, 1]), ("other", [1])):
            c.execute(
                sa.insert(bundles).values(
                    path=path, digest="ab" * 32, at="2026-01-01", sessions=json.dumps(learned)
                )
            )
    done = forget.forget_client(rig.store, rig.room.folder, "c66-client")
    assert done.bundles == (f"old ({'ab' * 6})",)


def test_retention_names_what_is_due(rig: Rig) -> None:
    assert forget.expired(rig.store, 30) == []
    later = datetime.now(UTC) + timedelta(days=31)
    due = forget.expired(rig.store, 30, today=later)
    assert due == [1, 2, 3]
    done = forget.forget_sessions(rig.store, rig.room.folder, due)
    assert (done.sessions, done.files) == (3, ("tagged.jsonl",))
    assert not (rig.folder / "tagged.jsonl").exists()


def test_transcripts_of_others_are_named_and_left(rig: Rig, client: int) -> None:
    (rig.folder / "raw.vtt").write_text("WEBVTT\n")
    done = forget.forget_client(rig.store, rig.room.folder, "c66-client")
    assert [left.file for left in done.left] == ["raw.vtt"]
    assert (rig.folder / "raw.vtt").exists()
