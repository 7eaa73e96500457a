"""The order in which segments are read, what is in the queue, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from urllib.parse import urlencode

import sqlalchemy as sa

from ipt_nlp import codebook
from ipt_nlp.result import FlagSpan, ResultSegment
from ipt_nlp.review.schema import reviews, segment_labels, segments, sessions

PAGE = 50
_IDS = 1000


class Reason(IntEnum):
    """Why a segment is where it is in the queue; lower comes first."""

    current_risk = 0
    current_risk_other = 1
    unwanted_risk = 2
    past_risk = 3
    denied_risk = 4
    identifier = 5
    mixed = 6
    low_confidence = 7
    chosen = 8
    rest = 9


REASON_NAMES = {
    Reason.current_risk: "Current risk",
    Reason.current_risk_other: "Current risk, someone else",
    Reason.unwanted_risk: "Risk, disowned",
    Reason.past_risk: "Past risk",
    Reason.denied_risk: "Risk, denied",
    Reason.identifier: "Identifier",
    Reason.mixed: "Mixed",
    Reason.low_confidence: "Low confidence",
    Reason.chosen: "Chosen to learn from",
    Reason.rest: "Random sample",
}

STATUSES = {
    "open": "Open for me",
    "mine": "Decided by me",
    "decided": "Decided by anyone",
    "undecided": "Decided by no one",
    "discuss": "To discuss",
}


def reason_of(segment: ResultSegment) -> Reason:
    """The most pressing reason to read a segment.

    Unknown status counts as current. Risk to the speaker or to a child or dependant (whom the
    harm done by the speaker falls on) comes before risk to others.
    """
    found = [_risk_reason(f) for f in segment.flags if codebook.FLAG_INFO[f.flag].risk]
    named = set(segment.review_reasons) | {f.flag for f in segment.flags}
    if not found and any(codebook.FLAG_INFO[r].risk for r in named):
        found = [Reason.current_risk]
    for key in ("identifier", "mixed", "low_confidence"):
        if key in named:
            found.append(Reason[key])
    return min(found, default=Reason.rest)


def _risk_reason(flag: FlagSpan) -> Reason:
    match flag.status:
        case "denied":
            return Reason.denied_risk
        case "past":
            return Reason.past_risk
        case "unwanted":
            return Reason.unwanted_risk
        case _:
            first = flag.subject != "other" or flag.flag == "risk_harm_to_other"
            return Reason.current_risk if first else Reason.current_risk_other


@dataclass(frozen=True)
class Filters:
    """What a list of segments is narrowed to; empty values do not narrow."""

    area: str = ""
    pattern: str = ""
    flag: str = ""
    client: str = ""
    session: str = ""
    reviewer: str = ""
    status: str = "open"
    everything: str = ""

    @classmethod
    def from_query(cls, query: dict[str, str]) -> Filters:
        """Filters of an address; unknown values are left out."""
        known = {f.name for f in fields(cls)}
        given = {k: v.strip()[:200] for k, v in query.items() if k in known}
        if given.get("status", "open") not in {*STATUSES, "all"}:
            given["status"] = "open"
        return cls(**given)

    @property
    def query(self) -> str:
        """The filters for an address, without those at their default."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        return urlencode({k: v for k, v in given.items() if v and (k, v) != ("status", "open")})

    @property
    def narrowed(self) -> bool:
        return bool(self.query)


@dataclass(frozen=True)
class Item:
    """A line of the queue."""

    id: int
    session_id: int
    idx: int
    source: str
    client: str | None
    number: int | None
    reason: Reason
    primary: str | None
    areas: tuple[str, ...]
    decided_by: tuple[str, ...]
    discuss: bool
    mine_started: bool

    @property
    def reason_name(self) -> str:
        return REASON_NAMES[self.reason]


@dataclass(frozen=True)
class Progress:
    """How far a reviewer is: segments of the queue, and those decided."""

    total: int
    done: int
    by_reason: tuple[tuple[Reason, int, int], ...] = ()

    @property
    def left(self) -> int:
        return self.total - self.done


def _in_queue(share: float) -> sa.ColumnElement[bool]:
    return sa.or_(segments.c.priority < Reason.rest, segments.c.draw < share)


def _mine(lane: str) -> sa.Subquery:
    return (
        sa.select(reviews.c.segment_id, reviews.c.decided, reviews.c.discuss)
        .where(reviews.c.lane == lane)
        .subquery("mine")
    )


def _has_label(kind: str, key: str) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        segment_labels.c.segment_id == segments.c.id,
        segment_labels.c.kind == kind,
        segment_labels.c.key == key,
    )


def _reviewed(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(reviews.c.segment_id == segments.c.id, *conditions)


def _narrow(filters: Filters, lane: str, share: float, hidden: bool) -> sa.Select[int]:
    """Ids of the segments that the filters leave; ``hidden``: the model's labels are not shown."""
    mine = _mine(lane)
    chosen = (
        sa.select(segments.c.id)
        .join(sessions, sessions.c.id == segments.c.session_id)
        .outerjoin(mine, mine.c.segment_id == segments.c.id)
    )
    if not filters.everything:
        chosen = chosen.where(_in_queue(share))
    # In blind mode a filter by label would tell the label.
    for kind in () if hidden else ("area", "pattern", "flag"):
        if key := getattr(filters, kind):
            chosen = chosen.where(_has_label("reason" if kind == "flag" else kind, key))
    if filters.client:
        chosen = chosen.where(sessions.c.client == filters.client)
    if filters.session.isdecimal() and len(filters.session) < 10:
        chosen = chosen.where(segments.c.session_id == int(filters.session))
    if filters.reviewer and not hidden:
        chosen = chosen.where(_reviewed(reviews.c.lane == filters.reviewer, reviews.c.decided))
    match filters.status:
        case "open":
            chosen = chosen.where(sa.func.coalesce(mine.c.decided, sa.false()) == sa.false())
        case "mine":
            chosen = chosen.where(mine.c.decided == sa.true())
        case "decided":
            chosen = chosen.where(_reviewed(reviews.c.decided))
        case "undecided":
            chosen = chosen.where(~_reviewed(reviews.c.decided))
        case "discuss":
            chosen = chosen.where(_reviewed(reviews.c.discuss))
    return chosen


_ORDER = (segments.c.priority, segments.c.session_id, segments.c.idx)


def page(
    connection: sa.Connection,
    filters: Filters,
    lane: str,
    share: float,
    number: int = 1,
    *,
    hidden: bool = False,
) -> tuple[list[Item], int]:
    """One page of the list, and how many segments the filters leave."""
    narrowed = _narrow(filters, lane, share, hidden)
    total = connection.scalar(sa.select(sa.func.count()).select_from(narrowed.subquery())) or 0
    ids = connection.scalars(
        narrowed.order_by(*_ORDER).limit(PAGE).offset(PAGE * (max(1, number) - 1))
    ).all()
    return items(connection, ids, lane), total


def most_pressing(connection: sa.Connection, ids: Sequence[int], limit: int) -> list[int]:
    """Of these segments the first so many, in the order in which they are read."""
    found: list[tuple[int, int, int, int]] = []
    # A database takes only so many values in one statement.
    for start in range(0, len(ids), _IDS):
        chosen = sa.select(*_ORDER, segments.c.id)
        rows = connection.execute(chosen.where(segments.c.id.in_(ids[start : start + _IDS])))
        found += [(r.priority, r.session_id, r.idx, r.id) for r in rows]
    return [i for *_, i in sorted(found)[:limit]]


def items(connection: sa.Connection, ids: Sequence[int], lane: str) -> list[Item]:
    """The lines for these segments, in this order."""
    rows = connection.execute(
        sa.select(segments, sessions.c.source, sessions.c.client, sessions.c.number)
        .join(sessions, sessions.c.id == segments.c.session_id)
        .where(segments.c.id.in_(ids))
    ).all()
    labels: dict[int, list[str]] = {i: [] for i in ids}
    for segment_id, key in connection.execute(
        sa.select(segment_labels.c.segment_id, segment_labels.c.key).where(
            segment_labels.c.segment_id.in_(ids), segment_labels.c.kind == "area"
        )
    ):
        labels[segment_id].append(key)
    lanes: dict[int, list[sa.Row[int, str, bool, bool]]] = {i: [] for i in ids}
    for review in connection.execute(
        sa.select(reviews.c.segment_id, reviews.c.lane, reviews.c.decided, reviews.c.discuss).where(
            reviews.c.segment_id.in_(ids)
        )
    ):
        lanes[review.segment_id].append(review)
    by_id = {
        row.id: Item(
            id=row.id,
            session_id=row.session_id,
            idx=row.idx,
            source=row.source,
            client=row.client,
            number=row.number,
            reason=Reason(row.priority),
            primary=row.primary_area,
            areas=tuple(a for a in codebook.AREAS if a in labels[row.id]),
            decided_by=tuple(sorted(r.lane for r in lanes[row.id] if r.decided)),
            discuss=any(r.discuss for r in lanes[row.id]),
            mine_started=any(r.lane == lane and not r.decided for r in lanes[row.id]),
        )
        for row in rows
    }
    return [by_id[i] for i in ids if i in by_id]


def neighbour(
    connection: sa.Connection,
    filters: Filters,
    lane: str,
    share: float,
    current: int | None,
    *,
    back: bool = False,
    hidden: bool = False,
) -> int | None:
    """The segment after (or before) the current one in the list, round its end; else None.

    What was decided meanwhile is no longer in a list of open segments: the next is found by place.
    """
    narrowed = _narrow(filters, lane, share, hidden)
    order = [c.desc() for c in _ORDER] if back else list(_ORDER)
    if current is not None:
        narrowed = narrowed.where(segments.c.id != current)
        place = connection.execute(sa.select(*_ORDER).where(segments.c.id == current)).first()
        if place is not None:
            here, there = sa.tuple_(*_ORDER), sa.tuple_(*(sa.literal(v) for v in place))
            beyond = here < there if back else here > there
            found = connection.scalar(narrowed.where(beyond).order_by(*order).limit(1))
            if found is not None:
                return found
    return connection.scalar(narrowed.order_by(*order).limit(1))


def progress(connection: sa.Connection, lane: str, share: float) -> Progress:
    """How much of the queue a reviewer has decided, in all and by reason."""
    mine = _mine(lane)
    rows = connection.execute(
        sa.select(
            segments.c.priority,
            sa.func.count(),
            sa.func.sum(sa.case((mine.c.decided == sa.true(), 1), else_=0)),
        )
        .outerjoin(mine, mine.c.segment_id == segments.c.id)
        .where(_in_queue(share))
        .group_by(segments.c.priority)
        .order_by(segments.c.priority)
    ).all()
    by_reason = tuple((Reason(p), int(n), int(d or 0)) for p, n, d in rows)
    return Progress(sum(n for _, n, _ in by_reason), sum(d for *_, d in by_reason), by_reason)
