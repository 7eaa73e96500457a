"""What the database promises: an append-only log, no silent overwriting, private files."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from ipt_nlp.errors import ReviewError
from ipt_nlp.review import database, labels, schema
from ipt_nlp.review.labels import Labels
from ipt_nlp.review.schema import decisions, segments, sessions
from ipt_nlp.review.store import Change, StaleError, Store
from tests.review.conftest import Rig
from tests.review.documents import document


def toggle(area: str) -> Change:
    return Change("area", lambda before: labels.toggle_area(before, area))


ACCEPT = Change("accept", labels.decide)


def test_migrations_make_the_tables_of_the_schema(rig: Rig) -> None:
    with rig.store.reading() as c:
        assert compare_metadata(MigrationContext.configure(c), schema.metadata) == []


def test_files_are_the_owners_alone(rig: Rig) -> None:
    rig.store.change(1, "moss", "moss", 0, ACCEPT)
    room = rig.folder / database.ROOM
    assert stat.S_IMODE(room.stat().st_mode) == 0o700
    for path in room.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_a_session_is_added_once(rig: Rig) -> None:
    again = document("c01-session-01.vtt", client="c01", number=1)
    assert rig.store.add([again, again], by="tests") == []
    other = document("another.vtt", client="c01", number=1)
    assert len(rig.store.add([other, other], by="tests")) == 1


@pytest.mark.parametrize(
    "statement",
    [
        sa.delete(decisions),
        sa.update(decisions).values(reason="rewritten"),
        sa.update(decisions).values(reviewer="someone else"),
        sa.update(decisions).values(before=None, after=None, reason=None),
    ],
)
def test_the_log_is_append_only(rig: Rig, statement: sa.Update | sa.Delete) -> None:
    rig.store.change(1, "moss", "moss", 0, toggle("isolation"))
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), rig.store.writing() as c:
        c.execute(statement)


def test_the_log_says_who_when_which_model_before_and_after(rig: Rig) -> None:
    rig.store.change(1, "moss", "moss", 0, Change("accept", labels.decide, "clear"))
    with rig.store.reading() as c:
        (entry,) = rig.store.log(c, segment_id=1)
    assert (entry.reviewer, entry.action, entry.reason) == ("moss", "accept", "clear")
    assert (entry.model_name, entry.model_sha256) == ("made-by-hand", "0" * 64)
    assert not Labels.model_validate_json(entry.before).decided
    assert Labels.model_validate_json(entry.after).decided
    assert entry.at.endswith("+00:00")


def test_a_stale_version_writes_nothing(rig: Rig) -> None:
    rig.store.change(1, "moss", "moss", 0, toggle("isolation"))
    with pytest.raises(StaleError):
        rig.store.change(1, "moss", "moss", 0, toggle("conflict"))
    with rig.store.reading() as c:
        assert len(rig.store.log(c)) == 1
        assert "conflict" not in rig.store.lanes(c, 1)["moss"].labels.areas


def test_reviewers_have_lanes_of_their_own(rig: Rig) -> None:
    rig.store.change(1, "moss", "moss", 0, toggle("isolation"))
    rig.store.change(1, "ray", "ray", 0, toggle("conflict"))
    with rig.store.reading() as c:
        lanes = rig.store.lanes(c, 1)
    assert lanes["moss"].labels.areas == ("grief", "isolation")
    assert lanes["ray"].labels.areas == ("grief", "conflict")


def test_undo_walks_back_and_stays_in_the_log(rig: Rig) -> None:
    rig.store.change(1, "moss", "moss", 0, toggle("isolation"))
    rig.store.change(1, "moss", "moss", 1, ACCEPT)
    rig.store.change(2, "moss", "moss", 0, toggle("isolation"))
    back = [rig.store.undo("moss", "moss") for _ in range(4)]
    assert [r.segment_id if r else None for r in back] == [2, 1, 1, None]
    with rig.store.reading() as c:
        assert rig.store.lanes(c, 1)["moss"].labels == labels.of_model(
            rig.store.place(c, 1).segment
        )
        assert [e.action for e in rig.store.log(c)][:3] == ["undo"] * 3


def test_undo_never_overwrites_someone_else(rig: Rig) -> None:
    rig.store.change(1, "(adjudicated)", "moss", 0, toggle("isolation"))
    rig.store.change(1, "(adjudicated)", "ray", 1, toggle("conflict"))
    with pytest.raises(StaleError):
        rig.store.undo("(adjudicated)", "moss")


def test_a_blind_lane_begins_empty_and_stops_being_blind_once_decided(rig: Rig) -> None:
    first = rig.store.change(1, "moss", "moss", 0, toggle("isolation"), blind=True)
    assert first.labels.areas == ("isolation",)
    decided = rig.store.change(1, "moss", "moss", 1, ACCEPT, blind=True)
    assert decided.blind
    assert not rig.store.change(1, "moss", "moss", 2, toggle("grief"), blind=True).blind


def test_ids_of_erased_sessions_are_never_given_again(rig: Rig) -> None:
    with rig.store.writing() as c:
        last = c.scalar(sa.select(sa.func.max(sessions.c.id)))
        own = sa.select(segments.c.id).where(segments.c.session_id == last)
        c.execute(
            sa.delete(schema.segment_labels).where(schema.segment_labels.c.segment_id.in_(own))
        )
        c.execute(sa.delete(segments).where(segments.c.session_id == last))
        c.execute(sa.delete(sessions).where(sessions.c.id == last))
    (new,) = rig.store.add([document("new.vtt")], by="tests")
    assert last is not None
    assert new > last


def test_problems_are_told_without_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(ReviewError, match="no such folder"):
        database.room_folder(tmp_path / "missing")
    room = database.room_folder(tmp_path)
    (room / database.FILE).write_bytes(b"this is no database, whatever its name says" * 40)
    with pytest.raises(ReviewError, match="cannot be opened"):
        database.open_database(room)
    with pytest.raises(ReviewError, match="cannot be opened"):
        database.open_database(room, "nonsense")


def test_a_newer_database_is_refused(rig: Rig) -> None:
    with rig.store.writing() as c:
        c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ReviewError, match="newer"):
        Store(database.open_database(rig.folder / database.ROOM))


def test_of_several_writers_at_once_one_is_taken(rig: Rig) -> None:
    told: list[str] = []

    def write(name: str) -> None:
        try:
            rig.store.change(2, "(adjudicated)", name, 0, toggle("isolation"))
        except StaleError:
            told.append(name)

    threads = [threading.Thread(target=write, args=(f"r{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 5
    with rig.store.reading() as c:
        (entry,) = rig.store.log(c, segment_id=2)
    assert entry.reviewer not in told


def test_a_database_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    room = database.room_folder(tmp_path)
    engine = database._sqlite(room / database.FILE)
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    with database.writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with database.writing(engine) as connection:
        connection.execute(sa.insert(schema.settings).values(key="share", value="0.5"))
    store = Store(database.open_database(room))
    assert store.share == 0.5
    with store.reading() as c:
        assert compare_metadata(MigrationContext.configure(c), schema.metadata) == []
        assert store.whole_log(c) == []


def test_the_most_pressing_of_very_many_are_listed(rig: Rig) -> None:
    from ipt_nlp.review import queue

    with rig.store.reading() as c:
        found = queue.most_pressing(c, [*range(1, 40_000)], 2)
        everything = queue.most_pressing(c, [*range(1, 40_000)], 100)
    assert len(everything) == 11
    assert found == everything[:2]
    with rig.store.reading() as c:
        reasons = [i.reason for i in queue.items(c, everything, "moss")]
    assert reasons == sorted(reasons)
