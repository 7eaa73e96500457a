"""Sessions in the review room: added, read back, and what reviewers say of their segments."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

import sqlalchemy as sa

from ipt_nlp.errors import ReviewError
from ipt_nlp.phase import phase
from ipt_nlp.result import ResultSegment, TaggedSession
from ipt_nlp.review import database, queue
from ipt_nlp.review.labels import Labels, of_model
from ipt_nlp.review.records import drawn, label_keys, session_row
from ipt_nlp.review.schema import (
    client_changes,
    decisions,
    reviews,
    segment_labels,
    segments,
    sessions,
    settings,
)

ADJUDICATED = "(adjudicated)"
"""Lane of what was settled between reviewers; no user can have this name."""

STALE = "changed elsewhere since this page was shown"
_CACHED_SESSIONS = 64


class StaleError(ReviewError):
    """Someone else changed the labels since they were shown."""


@dataclass(frozen=True)
class Review:
    """Where a lane stands on a segment; version 0 is what nobody has touched."""

    segment_id: int
    lane: str
    version: int
    labels: Labels
    blind: bool = False
    at: str = ""


@dataclass(frozen=True)
class Place:
    """A segment with its session, and the row of both."""

    id: int
    session_id: int
    session: TaggedSession
    segment: ResultSegment
    reason: queue.Reason
    client: str | None


@dataclass(frozen=True)
class Change:
    """An edit to be written: ``action`` names it in the log."""

    action: str
    edit: Callable[[Labels], Labels]
    reason: str = ""
    undoes: int | None = None


class Store:
    """The room's data. Methods are safe to call from several threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._documents: OrderedDict[int, TaggedSession] = OrderedDict()
        self._lock = Lock()

    def reading(self) -> AbstractContextManager[sa.Connection]:
        return database.reading(self.engine)

    def writing(self) -> AbstractContextManager[sa.Connection]:
        return database.writing(self.engine)

    # Settings

    def setting(self, key: str, default: str = "") -> str:
        with self.reading() as c:
            found = c.scalar(sa.select(settings.c.value).where(settings.c.key == key))
        return default if found is None else found

    def set_setting(self, key: str, value: str) -> None:
        with self.writing() as c:
            c.execute(sa.delete(settings).where(settings.c.key == key))
            c.execute(sa.insert(settings).values(key=key, value=value))

    @property
    def share(self) -> float:
        """Share of the segments without a reason that are read as controls."""
        return float(self.setting("share", "0.05"))

    @property
    def blind(self) -> bool:
        """Whether the model's labels are hidden until a segment is decided."""
        return self.setting("blind", "0") == "1"

    # Sessions

    def add(
        self,
        found: Iterable[TaggedSession],
        *,
        by: str,
        synthetic: bool = False,
        client: str | None = None,
        chosen: frozenset[int] = frozenset(),
    ) -> list[int]:
        """Add sessions; one that is here already (source and text) is left as it is.

        Args:
            found: Result documents.
            by: Who adds them.
            synthetic: Whether their texts are synthetic; decides what the export says.
            client: Client of sessions that name none.
            chosen: Places in ``found`` whose segments are worth reading to learn from.

        Returns:
            Ids of the sessions that are new.
        """
        added: list[int] = []
        at = database.now()
        with self.writing() as c:
            known = {
                (source, digest)
                for source, digest in c.execute(
                    sa.select(sessions.c.source, sessions.c.text_sha256)
                )
            }
            for place, session in enumerate(found):
                if (session.source, session.text_sha256) in known:
                    continue
                known.add((session.source, session.text_sha256))
                row = session_row(session, by, at, synthetic, client)
                insert = sa.insert(sessions).values(row).returning(sessions.c.id)
                session_id = int(c.execute(insert).scalar_one())
                self._add_segments(c, session_id, session, place in chosen)
                added.append(session_id)
        return added

    def _add_segments(
        self, c: sa.Connection, session_id: int, session: TaggedSession, chosen: bool
    ) -> None:
        rows = []
        for s in session.segments:
            reason = queue.reason_of(s)
            if chosen:
                reason = min(reason, queue.Reason.chosen)
            rows.append(
                {
                    "session_id": session_id,
                    "idx": s.index,
                    "priority": int(reason),
                    "draw": drawn(session.text_sha256, s.index),
                    "primary_area": s.primary,
                }
            )
        c.execute(sa.insert(segments), rows)
        ids: dict[int, int] = {
            idx: i
            for i, idx in c.execute(
                sa.select(segments.c.id, segments.c.idx).where(segments.c.session_id == session_id)
            )
        }
        labels = [
            {"segment_id": ids[s.index], "kind": kind, "key": key}
            for s in session.segments
            for kind, keys in label_keys(s).items()
            for key in sorted(keys)
        ]
        if labels:
            c.execute(sa.insert(segment_labels), labels)

    def session(self, c: sa.Connection, session_id: int) -> TaggedSession:
        """The result document of a session.

        Raises:
            ReviewError: No such session.
        """
        with self._lock:
            if session_id in self._documents:
                self._documents.move_to_end(session_id)
                return self._documents[session_id]
        raw = c.scalar(sa.select(sessions.c.document).where(sessions.c.id == session_id))
        if raw is None:
            raise ReviewError("no such session")
        session = TaggedSession.from_json(raw, source="the database")
        with self._lock:
            self._documents[session_id] = session
            while len(self._documents) > _CACHED_SESSIONS:
                self._documents.popitem(last=False)
        return session

    def assign(
        self,
        session_id: int,
        reviewer: str,
        *,
        client: str | None,
        number: int | None,
        seen: int | None = None,
    ) -> None:
        """Say whose session it is and which one, and log it; nothing is logged where it is so.

        Args:
            session_id: The session.
            reviewer: Who says it.
            client: Id of the client; None for nobody's.
            number: Number of the session in its course; None for not known.
            seen: The last change of it (:meth:`last_assignment`) that the reviewer saw.

        Raises:
            StaleError: Someone else said otherwise since.
            ReviewError: No such session.
        """
        with self.writing() as c:
            before = c.execute(
                sa.select(sessions.c.client, sessions.c.number).where(sessions.c.id == session_id)
            ).first()
            if before is None:
                raise ReviewError("no such session")
            if seen is not None and seen != self.last_assignment(c, session_id):
                raise StaleError(
                    "someone else changed whose session this is since you opened its page: go "
                    "back, reload it, and look whether it is right now; nothing of yours was "
                    "written"
                )
            if (client, number) == (before.client, before.number):
                return
            values: dict[str, object] = {"client": client, "number": number}
            if number != before.number:
                # The phase that the file came with was that of its old number.
                values["phase"] = phase(number) if number else None
            c.execute(sa.update(sessions).where(sessions.c.id == session_id).values(values))
            c.execute(
                sa.insert(client_changes).values(
                    session_id=session_id,
                    reviewer=reviewer,
                    at=database.now(),
                    client_before=before.client,
                    client_after=client,
                    number_before=before.number,
                    number_after=number,
                )
            )

    def last_assignment(self, c: sa.Connection, session_id: int) -> int:
        """Id of the last entry of the log on whose session it is; 0 where there is none."""
        found = sa.select(sa.func.max(client_changes.c.id))
        return c.scalar(found.where(client_changes.c.session_id == session_id)) or 0

    def assignments(self, c: sa.Connection, session_id: int) -> list[sa.Row[Any]]:
        """Entries of the log on whose session it is, the latest first."""
        of_session = client_changes.c.session_id == session_id
        chosen = sa.select(client_changes).where(of_session).order_by(client_changes.c.id.desc())
        return list(c.execute(chosen).all())

    def forget_cached(self) -> None:
        """Drop every document from memory."""
        with self._lock:
            self._documents.clear()

    def place(self, c: sa.Connection, segment_id: int) -> Place:
        """A segment with its session.

        Raises:
            ReviewError: No such segment.
        """
        row = c.execute(
            sa.select(segments, sessions.c.client)
            .join(sessions, sessions.c.id == segments.c.session_id)
            .where(segments.c.id == segment_id)
        ).first()
        if row is None:
            raise ReviewError("no such segment")
        session = self.session(c, row.session_id)
        return Place(
            id=row.id,
            session_id=row.session_id,
            session=session,
            segment=session.segments[row.idx],
            reason=queue.Reason(row.priority),
            client=row.client,
        )

    # Reviews

    def review(self, c: sa.Connection, place: Place, lane: str, *, blind: bool = False) -> Review:
        """Where a lane stands; a lane that has not begun stands at the model's labels.

        In blind mode it begins with nothing instead.
        """
        row = c.execute(
            sa.select(reviews).where(reviews.c.segment_id == place.id, reviews.c.lane == lane)
        ).first()
        if row is None:
            start = Labels() if blind else of_model(place.segment)
            return Review(place.id, lane, 0, start, blind)
        labels = Labels.model_validate_json(row.labels)
        return Review(place.id, lane, row.version, labels, row.blind, row.at)

    def lanes(self, c: sa.Connection, segment_id: int) -> dict[str, Review]:
        """Every lane that has begun on a segment."""
        rows = c.execute(
            sa.select(reviews).where(reviews.c.segment_id == segment_id).order_by(reviews.c.lane)
        )
        return {r.lane: _as_review(r) for r in rows}

    def all_reviews(self, c: sa.Connection) -> Iterator[tuple[int, Review]]:
        """(session id, review) of every decided review, in the order of sessions."""
        rows = c.execute(
            sa.select(reviews, segments.c.session_id)
            .join(segments, segments.c.id == reviews.c.segment_id)
            .where(reviews.c.decided)
            .order_by(segments.c.session_id, segments.c.idx, reviews.c.lane)
        )
        for row in rows:
            yield row.session_id, _as_review(row)

    def change(
        self,
        segment_id: int,
        lane: str,
        reviewer: str,
        version: int,
        change: Change,
        *,
        blind: bool = False,
    ) -> Review:
        """Write an edit to the log and the lane, both or neither, on disk when this returns.

        Args:
            segment_id: The segment.
            lane: The reviewer's name, or ``ADJUDICATED``.
            reviewer: Who edits.
            version: The version of the lane that the reviewer saw.
            change: The edit.
            blind: Whether a lane that begins now begins without the model's labels.

        Raises:
            StaleError: The lane has moved on since that version.
            ReviewError: No such segment, or the edit refuses.
        """
        with self._writing_a_version() as c:
            place = self.place(c, segment_id)
            before = self.review(c, place, lane, blind=blind)
            if before.version != version:
                raise StaleError(STALE)
            after = change.edit(before.labels)
            return self._write(c, place, before, after, reviewer, change)

    @contextmanager
    def _writing_a_version(self) -> Iterator[sa.Connection]:
        """A writing transaction; another writer of the same version makes it a stale one."""
        try:
            with self.writing() as c:
                yield c
        except sa.exc.IntegrityError:
            raise StaleError(STALE) from None

    def _write(
        self,
        c: sa.Connection,
        place: Place,
        before: Review,
        after: Labels,
        reviewer: str,
        change: Change,
    ) -> Review:
        at = database.now()
        version = before.version + 1
        # Deciding uncovers the model's labels: what is changed after it is no longer blind.
        blind = before.blind and not before.labels.decided
        model = place.session.model
        c.execute(
            sa.insert(decisions).values(
                segment_id=place.id,
                session_id=place.session_id,
                lane=before.lane,
                version=version,
                reviewer=reviewer,
                action=change.action,
                at=at,
                blind=blind,
                model_name=model.name,
                model_version=model.version,
                model_sha256=model.sha256,
                codebook=place.session.codebook,
                before=before.labels.model_dump_json(),
                after=after.model_dump_json(),
                reason=change.reason or None,
                undoes=change.undoes,
            )
        )
        row = {
            "version": version,
            "decided": after.decided,
            "discuss": after.discuss,
            "blind": blind,
            "labels": after.model_dump_json(),
            "at": at,
        }
        where = {"segment_id": place.id, "lane": before.lane}
        if before.version:
            c.execute(sa.update(reviews).filter_by(**where).values(row))
        else:
            c.execute(sa.insert(reviews).values(where | row))
        return Review(place.id, before.lane, version, after, blind, at)

    def undo(self, lane: str, reviewer: str) -> Review | None:
        """Take back the reviewer's last change in a lane; again takes back the one before.

        Undoing is a change of its own: the log keeps both. None when nothing is left to undo.

        Raises:
            StaleError: Someone else changed the segment after it.
        """
        undone = sa.select(decisions.c.undoes).where(decisions.c.undoes.is_not(None))
        with self._writing_a_version() as c:
            last = c.execute(
                sa.select(decisions)
                .where(
                    decisions.c.reviewer == reviewer,
                    decisions.c.lane == lane,
                    decisions.c.undoes.is_(None),
                    decisions.c.before.is_not(None),
                    decisions.c.id.not_in(undone),
                )
                .order_by(decisions.c.id.desc())
                .limit(1)
            ).first()
            if last is None:
                return None
            place = self.place(c, last.segment_id)
            here = self.review(c, place, lane)
            if here.labels != Labels.model_validate_json(last.after):
                raise StaleError("changed by someone else since: undo would overwrite it")
            before = Labels.model_validate_json(last.before)
            change = Change("undo", lambda _: before, undoes=last.id)
            return self._write(c, place, here, before, reviewer, change)

    def log(
        self,
        c: sa.Connection,
        *,
        segment_id: int | None = None,
        reviewer: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[sa.Row[Any]]:
        """Entries of the decision log, the latest first."""
        chosen = sa.select(decisions).order_by(decisions.c.id.desc()).limit(limit).offset(offset)
        if segment_id is not None:
            chosen = chosen.where(decisions.c.segment_id == segment_id)
        if reviewer:
            chosen = chosen.where(decisions.c.reviewer == reviewer)
        return list(c.execute(chosen).all())

    def whole_log(
        self, c: sa.Connection, *, reviewer: str | None = None, limit: int = 100, offset: int = 0
    ) -> list[sa.Row[Any]]:
        """Decisions and changes of whose session it is, the latest first.

        A row is one of ``decisions`` or of ``client_changes``; only the latter have a
        ``client_after``.
        """
        tables = (decisions, client_changes)
        keys = sa.union_all(
            *(
                sa.select(sa.literal(place).label("place"), table.c.id, table.c.at).where(
                    sa.true() if not reviewer else table.c.reviewer == reviewer
                )
                for place, table in enumerate(tables)
            )
        ).subquery()
        chosen = c.execute(
            sa.select(keys.c.place, keys.c.id)
            .order_by(keys.c.at.desc(), keys.c.place, keys.c.id.desc())
            .limit(limit)
            .offset(offset)
        ).all()
        found: dict[tuple[int, int], sa.Row[Any]] = {}
        for place, table in enumerate(tables):
            ids = [i for p, i in chosen if p == place]
            for row in c.execute(sa.select(table).where(table.c.id.in_(ids))):
                found[place, row.id] = row
        return [found[place, i] for place, i in chosen]


def _as_review(row: sa.Row[Any]) -> Review:
    labels = Labels.model_validate_json(row.labels)
    return Review(row.segment_id, row.lane, row.version, labels, row.blind, row.at)
