"""A session and a course of sessions as a whole, with reviewers' verdicts in place of the model's.

Shares are of the client's words, or of all words where nobody is the client, as in
``ipt_nlp.summary``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ipt_nlp import codebook
from ipt_nlp.phase import phase
from ipt_nlp.result import PatternSpan, Person, Phase, ResultSegment, TaggedSession
from ipt_nlp.review.labels import as_segment
from ipt_nlp.review.schema import segments, sessions
from ipt_nlp.review.store import Store
from ipt_nlp.review.verdicts import Verdict, session_verdicts
from ipt_nlp.writers import display

PHASE_NAMES: dict[Phase | None, str] = {
    "initial": "Initial phase",
    "middle": "Middle phase",
    "ending": "Ending",
    None: "Phase not known",
}


@dataclass(frozen=True)
class ShownSegment:
    """A segment with the labels that hold now."""

    id: int
    segment: ResultSegment
    verdict: Verdict | None

    @property
    def risk(self) -> bool:
        return bool(display.risk_flags(self.segment))


@dataclass(frozen=True)
class ShownSession:
    """A session as it stands after review; ``areas`` are shares of words by area."""

    id: int
    client: str | None
    number: int | None
    phase: Phase | None
    session: TaggedSession
    segments: tuple[ShownSegment, ...]
    areas: Mapping[str, float]
    patterns: Mapping[str, int]
    flags: Mapping[str, int]
    main: str | None

    @property
    def name(self) -> str:
        return f"Session {self.number}" if self.number is not None else self.session.source

    @property
    def reviewed(self) -> int:
        return sum(s.verdict is not None for s in self.segments)

    @property
    def helpful(self) -> int:
        return sum(p.helpful is True for p in self._spans())

    @property
    def unhelpful(self) -> int:
        """Neither these nor the helpful ones where the other person is a danger."""
        return sum(p.helpful is False for p in self._spans())

    def patterns_by(self, who: str) -> int:
        """Patterns of the client or of the other; those of both count for each."""
        return sum(p.who in (who, "both") for p in self._spans())

    def _spans(self) -> Iterator[PatternSpan]:
        return (p for s in self.segments for p in s.segment.patterns)


@dataclass(frozen=True)
class CoursePerson:
    """Someone in the client's life over the course: in which sessions, in which areas."""

    mention: str
    relation: str | None
    deceased: bool
    count: int
    sessions: tuple[int, ...]
    areas: tuple[str, ...]
    patterns: tuple[str, ...]


def shown_session(store: Store, c: sa.Connection, row: sa.Row[tuple[object, ...]]) -> ShownSession:
    """A session with verdicts laid over the model's labels."""
    session = store.session(c, row.id)
    verdicts = session_verdicts(store, c, row.id)
    ids = {
        idx: i
        for i, idx in c.execute(
            sa.select(segments.c.id, segments.c.idx).where(segments.c.session_id == row.id)
        )
    }
    shown = tuple(
        ShownSegment(
            ids[s.index],
            as_segment(s, verdicts[s.index].labels) if s.index in verdicts else s,
            verdicts.get(s.index),
        )
        for s in session.segments
    )
    held = [s.segment for s in shown]
    areas = area_shares(session, held)
    best = max(areas, key=lambda a: areas[a])
    return ShownSession(
        id=row.id,
        client=row.client,
        number=row.number,
        phase=row.phase or _phase_of(row.number),
        session=session,
        segments=shown,
        areas=areas,
        patterns=_counted(codebook.PATTERNS, (p.pattern for s in held for p in s.patterns)),
        flags=_counted(codebook.FLAGS, (f.flag for s in held for f in s.flags)),
        main=best if areas[best] > 0 else None,
    )


def _phase_of(number: int | None) -> Phase | None:
    return phase(number) if number is not None and number >= 1 else None


def _counted(keys: Sequence[str], found: Iterable[str]) -> dict[str, int]:
    counts = Counter(found)
    return {key: counts[key] for key in keys if counts[key]}


def area_shares(session: TaggedSession, held: Sequence[ResultSegment]) -> dict[str, float]:
    """Share of the words that count (0 to 1) in segments with each area."""
    has_client = any(t.role == "client" for t in session.turns)
    totals = dict.fromkeys(codebook.AREAS, 0)
    every = 0
    for segment in held:
        words = 0
        for turn in session.turns[segment.turns[0] : segment.turns[1] + 1]:
            if turn.role == "client" or not has_client:
                start = max(turn.start_char, segment.start_char)
                end = min(turn.end_char, segment.end_char)
                words += len(session.text[start:end].split())
        every += words
        for key, score in segment.areas.items():
            if score.present:
                totals[key] += words
    return {key: n / max(1, every) for key, n in totals.items()}


def session_row(c: sa.Connection, session_id: int) -> sa.Row[tuple[object, ...]] | None:
    """The row of a session without its document."""
    return c.execute(_rows().where(sessions.c.id == session_id)).first()


def session_rows(
    c: sa.Connection, client: str | None = None
) -> Sequence[sa.Row[tuple[object, ...]]]:
    """Rows of all sessions, or of a client's, in the order of the course."""
    chosen = _rows().order_by(
        sessions.c.client,
        sessions.c.number.is_(None),
        sessions.c.number,
        sessions.c.date,
        sessions.c.id,
    )
    if client is not None:
        chosen = chosen.where(sessions.c.client == client)
    return c.execute(chosen).all()


def _rows() -> sa.Select[tuple[object, ...]]:
    return sa.select(*(column for column in sessions.c if column.name != "document"))


def clients(c: sa.Connection) -> list[tuple[str, int]]:
    """Clients with the number of their sessions."""
    rows = c.execute(
        sa.select(sessions.c.client, sa.func.count())
        .where(sessions.c.client.is_not(None))
        .group_by(sessions.c.client)
        .order_by(sessions.c.client)
    )
    return [(str(client), int(n)) for client, n in rows]


def by_phase(found: Sequence[ShownSession]) -> list[tuple[str, list[ShownSession]]]:
    """The sessions under the name of their phase, phases in order, empty ones left out."""
    grouped = [(name, [s for s in found if s.phase == key]) for key, name in PHASE_NAMES.items()]
    return [(name, group) for name, group in grouped if group]


def people(found: Sequence[ShownSession]) -> list[CoursePerson]:
    """People of the course, those mentioned most first; one person is who is called the same."""
    merged: dict[str, list[tuple[int, Person]]] = {}
    for place, shown in enumerate(found, 1):
        for person in shown.session.summary.people:
            merged.setdefault(person.mention.casefold(), []).append((shown.number or place, person))
    result = []
    for mentions in merged.values():
        each = [p for _, p in mentions]
        result.append(
            CoursePerson(
                mention=each[0].mention,
                relation=next((p.relation for p in each if p.relation), None),
                deceased=any(p.deceased for p in each),
                count=sum(p.count for p in each),
                sessions=tuple(sorted({n for n, _ in mentions})),
                areas=tuple(a for a in codebook.AREAS if any(a in p.areas for p in each)),
                patterns=tuple(x for x in codebook.PATTERNS if any(x in p.patterns for p in each)),
            )
        )
    return sorted(result, key=lambda p: (-p.count, p.mention.casefold()))
