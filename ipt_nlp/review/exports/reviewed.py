"""The segments that were decided, with the verdict on each: what every export is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from ipt_nlp.result import ResultSegment, TaggedSession
from ipt_nlp.review.course import session_rows
from ipt_nlp.review.schema import reviews, segments
from ipt_nlp.review.store import Store
from ipt_nlp.review.verdicts import Verdict, session_verdicts


@dataclass(frozen=True)
class Reviewed:
    """A decided segment of a session."""

    session_id: int
    client: str | None
    number: int | None
    synthetic: bool
    session: TaggedSession
    segment: ResultSegment
    verdict: Verdict

    @property
    def id(self) -> str:
        """Names the segment by its text, not by a file or a client."""
        return f"{self.session.text_sha256[:16]}-{self.segment.index}"

    @property
    def has_identifier(self) -> bool:
        return any(f.flag == "identifier" for f in self.verdict.labels.standing_flags)


def reviewed_segments(store: Store) -> Iterator[Reviewed]:
    """Every decided segment, session by session."""
    with store.reading() as c:
        begun = set(
            c.scalars(
                sa.select(segments.c.session_id)
                .join(reviews, reviews.c.segment_id == segments.c.id)
                .where(reviews.c.decided)
                .distinct()
            )
        )
        for row in session_rows(c):
            if row.id not in begun:
                continue
            session = store.session(c, row.id)
            for idx, verdict in sorted(session_verdicts(store, c, row.id).items()):
                yield Reviewed(
                    row.id,
                    row.client,
                    row.number,
                    row.synthetic,
                    session,
                    session.segments[idx],
                    verdict,
                )
