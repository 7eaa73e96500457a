"""What several reviewers together say of a segment, and where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ipt_nlp import codebook
from ipt_nlp.review.labels import FlagLabel, Labels
from ipt_nlp.review.schema import reviews, segments
from ipt_nlp.review.store import ADJUDICATED, Review, Store


@dataclass(frozen=True)
class Verdict:
    """The labels that hold for a segment.

    ``unscored_areas`` and ``unscored_flags`` are those on which reviewers differ and nobody
    has settled it; ``patterns_settled`` is false where they differ on patterns.
    """

    labels: Labels
    by: tuple[str, ...]
    adjudicated: bool = False
    unscored_areas: tuple[str, ...] = ()
    unscored_flags: tuple[str, ...] = ()
    patterns_settled: bool = True

    @property
    def disputed(self) -> bool:
        return bool(self.unscored_areas or self.unscored_flags)


def settle(lanes: Iterable[Review]) -> Verdict | None:
    """The verdict of the lanes that have decided: what was adjudicated, else what all agree on.

    None where nobody has decided.
    """
    decided = [r for r in lanes if r.labels.decided]
    ruling = next((r for r in decided if r.lane == ADJUDICATED), None)
    by = tuple(r.lane for r in decided if r.lane != ADJUDICATED)
    if ruling is not None:
        return Verdict(ruling.labels, by, adjudicated=True)
    if not decided:
        return None
    every = [r.labels for r in decided]
    if len(every) == 1:
        return Verdict(every[0], by)
    areas = tuple(a for a in codebook.AREAS if all(a in x.areas for x in every))
    open_areas = tuple(a for a in codebook.AREAS if len({a in x.areas for x in every}) > 1)
    primaries = {x.primary for x in every}
    primary = primaries.pop() if len(primaries) == 1 else None
    names = [{f.flag for f in x.standing_flags} for x in every]
    labels = Labels(
        areas=areas,
        primary=primary if primary in areas else (areas[0] if areas else None),
        patterns=tuple(
            p for p in every[0].patterns if all(p.key in {q.key for q in x.patterns} for x in every)
        ),
        # Of flags the union: a risk that one of two saw is still a risk.
        flags=_union(x.standing_flags for x in every),
        memo="\n\n".join(x.memo for x in every if x.memo),
        discuss=any(x.discuss for x in every),
        decided=True,
    )
    return Verdict(
        labels,
        by,
        unscored_areas=open_areas,
        unscored_flags=tuple(f for f in codebook.FLAGS if len({f in found for found in names}) > 1),
        patterns_settled=len({frozenset(p.key for p in x.patterns) for x in every}) == 1,
    )


def _union(flags: Iterable[Sequence[FlagLabel]]) -> tuple[FlagLabel, ...]:
    found: dict[str, FlagLabel] = {}
    for some in flags:
        for flag in some:
            found.setdefault(flag.key, flag)
    return tuple(sorted(found.values(), key=lambda f: (f.start_char, f.end_char)))


def differ(a: Labels, b: Labels) -> bool:
    """Whether two readings differ in what counts: areas, primary, flags, patterns by name."""
    return (
        set(a.areas) != set(b.areas)
        or a.primary != b.primary
        or {f.flag for f in a.standing_flags} != {f.flag for f in b.standing_flags}
        or {p.pattern for p in a.patterns} != {p.pattern for p in b.patterns}
    )


def session_verdicts(store: Store, c: sa.Connection, session_id: int) -> dict[int, Verdict]:
    """Verdicts by the index of the segment."""
    rows = c.execute(
        sa.select(reviews, segments.c.idx)
        .join(segments, segments.c.id == reviews.c.segment_id)
        .where(segments.c.session_id == session_id, reviews.c.decided)
        .order_by(reviews.c.lane)
    ).all()
    lanes: dict[int, list[Review]] = {}
    for row in rows:
        labels = Labels.model_validate_json(row.labels)
        lanes.setdefault(row.idx, []).append(
            Review(row.segment_id, row.lane, row.version, labels, row.blind, row.at)
        )
    return {idx: v for idx, found in lanes.items() if (v := settle(found)) is not None}


def to_adjudicate(store: Store, c: sa.Connection) -> Iterator[tuple[int, Mapping[str, Review]]]:
    """Segments on which at least two reviewers decided and differ, those settled left out."""
    several = (
        sa.select(reviews.c.segment_id)
        .where(reviews.c.decided)
        .group_by(reviews.c.segment_id)
        .having(sa.func.count() > 1)
    )
    rows = c.execute(
        sa.select(reviews)
        .where(reviews.c.segment_id.in_(several), reviews.c.decided)
        .order_by(reviews.c.segment_id, reviews.c.lane)
    ).all()
    by_segment: dict[int, dict[str, Review]] = {}
    for row in rows:
        labels = Labels.model_validate_json(row.labels)
        by_segment.setdefault(row.segment_id, {})[row.lane] = Review(
            row.segment_id, row.lane, row.version, labels, row.blind, row.at
        )
    for segment_id, lanes in by_segment.items():
        if ADJUDICATED in lanes:
            continue
        first, *rest = lanes.values()
        if any(differ(first.labels, r.labels) for r in rest):
            yield segment_id, lanes
