"""Whose session it is: said in the room, logged, and what ``forget`` goes by."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ipt_nlp import writers
from ipt_nlp.errors import ReviewError
from ipt_nlp.review import exports, forget, labels, server
from ipt_nlp.review.schema import blanked_changes, client_changes, sessions
from ipt_nlp.review.store import Change, StaleError
from ipt_nlp.review.traces.found import SAYS_ID
from tests.review.conftest import Rig
from tests.review.documents import PARTS, document

MOVED = 3
"""The session of c02 in the room."""


def said(rig: Rig, client: str, **form: Any) -> int:
    status, _ = rig.browser().post(f"/session/{MOVED}/client", client=client, **form)
    return status


def in_file(rig: Rig) -> list[tuple[str, str | None]]:
    lines = (rig.folder / "tagged.jsonl").read_text().split("\n")
    return [(d["source"], d["client_id"]) for d in map(json.loads, filter(None, lines))]


def in_room(rig: Rig) -> dict[int, str | None]:
    with rig.store.reading() as c:
        return dict(c.execute(sa.select(sessions.c.id, sessions.c.client)).all())


def files_with(folder: Path, word: str) -> list[str]:
    return [p.name for p in folder.rglob("*") if p.is_file() and word.encode() in p.read_bytes()]


def test_a_change_of_the_client_is_logged(rig: Rig) -> None:
    said(rig, "c09", number="4")
    said(rig, "c09", number="4")
    with rig.store.reading() as c:
        (entry,) = c.execute(sa.select(client_changes)).all()
    assert (entry.session_id, entry.reviewer) == (MOVED, "moss")
    assert (entry.client_before, entry.client_after) == ("c02", "c09")
    assert (entry.number_before, entry.number_after) == (1, 4)
    rig.browser().edit(1, "accept", 0)
    for path in ("/log", f"/session/{MOVED}"):
        text = re.sub(r"<[^>]+>", "", rig.browser().get(path))
        assert "client: c02 → c09, session number: 1 → 4" in text, path
    log = rig.browser().get("/log")
    assert "accept" in log
    assert "session 3" in log
    assert "c09" not in rig.browser().get("/log?reviewer=nobody")


def test_the_log_of_clients_is_append_only(rig: Rig) -> None:
    said(rig, "c09")
    for statement in (
        sa.delete(client_changes),
        sa.update(client_changes).values(reviewer="x"),
        sa.update(client_changes).values(client_before=""),
        sa.update(client_changes).values(client_after="c01"),
    ):
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), rig.store.writing() as c:
            c.execute(statement)


def test_two_supervisors_do_not_overwrite_each_other(rig: Rig) -> None:
    assert said(rig, "c09", seen="0") == 200
    status, text = rig.browser("ann").post(f"/session/{MOVED}/client", client="c10", seen=0)
    assert (status, "someone else changed" in text.lower()) == (400, True)
    assert in_room(rig)[MOVED] == "c09"
    with pytest.raises(StaleError):
        rig.store.assign(MOVED, "ann", client="c10", number=1, seen=0)


def test_what_is_no_session_or_number_is_told(rig: Rig) -> None:
    assert rig.browser().post("/session/99/client", client="c09")[0] == 400
    assert said(rig, "c09", number="many") == 400
    assert said(rig, "x" * 101) == 400
    assert in_room(rig)[MOVED] == "c02"
    said(rig, "c02", number="")
    with rig.store.reading() as c:
        assert c.scalar(sa.select(sessions.c.number).where(sessions.c.id == MOVED)) is None


def test_the_first_client_goes_and_the_moved_session_stays(rig: Rig) -> None:
    rig.store.change(9, "moss", "moss", 0, Change("accept", labels.decide))
    exports.make_export(rig.store, rig.room.folder, "csv", by="moss")
    said(rig, "c09")
    (rig.folder / "all.csv").write_text(
        "".join(writers.writer("csv", color=False)([document("c02-session-01.vtt", PARTS[:3],
                                                             client="c02", number=1)]))
    )  # fmt: skip
    done = forget.forget_client(rig.store, rig.room.folder, "c02")
    assert (done.sessions, done.moved, done.files) == (0, (MOVED,), ())
    assert done.renamed == ("all.csv", "tagged.jsonl")
    # The export from before gave the session to the first client.
    assert len(done.exports) == 1
    assert in_room(rig) == {1: "c01", 2: "c01", 3: "c09"}
    assert in_file(rig)[-1] == ("c02-session-01.vtt", "c09")
    assert ",c09," in (rig.folder / "all.csv").read_text()
    with rig.store.reading() as c:
        (entry,) = c.execute(sa.select(client_changes)).all()
        assert rig.store.session(c, MOVED).client_id == "c09"
    assert (entry.client_before, entry.client_after) == ("", "c09")
    log = re.sub(r"<[^>]+>", "", rig.browser().get("/log"))
    assert "client: forgotten → c09" in log
    again = server.add_documents(rig.store, rig.room.folder, by="tests", synthetic=True)
    assert (again.added, again.known) == (0, 3)
    with pytest.raises(ReviewError, match="no session of this client"):
        forget.forget_client(rig.store, rig.room.folder, "c02")


def test_the_second_client_goes_with_the_moved_session(rig: Rig) -> None:
    said(rig, "c09-new")
    done = forget.forget_client(rig.store, rig.room.folder, "c09-new")
    assert (done.sessions, done.moved) == (1, ())
    assert in_room(rig) == {1: "c01", 2: "c01"}
    assert [source for source, _ in in_file(rig)] == ["c01-session-01.vtt", "c01-session-02.vtt"]
    with rig.store.reading() as c:
        (entry,) = c.execute(sa.select(client_changes)).all()
        assert c.scalars(sa.select(blanked_changes.c.change_id)).all() == [entry.id]
    assert (entry.client_before, entry.client_after) == ("", "")
    assert entry.reviewer == "moss"
    rig.store.engine.dispose()
    assert files_with(rig.folder, "c09-new") == []


def test_a_session_that_was_taken_from_everybody_stays_and_is_told(rig: Rig) -> None:
    said(rig, "")
    done = forget.forget_client(rig.store, rig.room.folder, "c02")
    assert done.moved == (MOVED,)
    assert in_room(rig)[MOVED] is None
    assert in_file(rig)[-1] == ("c02-session-01.vtt", None)


def test_a_report_that_gives_the_first_client_is_named(rig: Rig) -> None:
    said(rig, "c09")
    made = document("c02-session-01.vtt", PARTS[:3], client="c02", number=1)
    (rig.folder / "report.html").write_text("".join(writers.writer("html", color=False)([made])))
    done = forget.forget_client(rig.store, rig.room.folder, "c02")
    assert [(left.file, left.why) for left in done.left] == [("report.html", SAYS_ID)]


def test_retention_blanks_the_log_of_clients_too(rig: Rig) -> None:
    said(rig, "c09")
    forget.forget_sessions(rig.store, rig.room.folder, [MOVED])
    with rig.store.reading() as c:
        (entry,) = c.execute(sa.select(client_changes)).all()
    assert (entry.client_before, entry.client_after) == ("", "")
