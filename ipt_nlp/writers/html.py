"""One self-contained HTML file: no scripts, nothing loaded, a policy that forbids both.

Every value a template writes passes ``display.visible`` and is escaped; the templates mark
nothing as safe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment

from ipt_nlp import codebook
from ipt_nlp.result import FlagSpan, ResultSegment, TaggedSession
from ipt_nlp.urgency import flag_rank
from ipt_nlp.writers import display
from ipt_nlp.writers.marked import Piece, lines
from ipt_nlp.writers.pages import page_environment

STATUS_UNKNOWN = "status unknown"


@dataclass(frozen=True)
class Section:
    """One session of a report; ``key`` begins every id in it."""

    key: str
    session: TaggedSession

    @property
    def risks(self) -> list[FlagSpan]:
        return [flag for s in self.session.segments for flag in display.risk_flags(s)]

    @property
    def to_review(self) -> list[ResultSegment]:
        return [s for s in self.session.segments if s.needs_review]

    def anchor(self, segment: ResultSegment) -> str:
        return f"{self.key}-segment-{segment.index + 1}"


Risk = tuple[Section, ResultSegment, FlagSpan]


def write(sessions: Iterable[TaggedSession]) -> Iterator[str]:
    """The report, in pieces; it begins once every session is there."""
    sections = [Section(f"s{number}", session) for number, session in enumerate(sessions, 1)]
    risks = _risks(sections)
    page = (
        _environment()
        .get_template("report.html.j2")
        .stream(
            sections=sections,
            risks=risks,
            risk_counts=_risk_counts(risks),
            harm_by_other=any(flag.flag == codebook.HARM_BY_OTHER for _, _, flag in risks),
            patterns_used=_patterns_used(sections),
            made_by=_made_by(sections),
        )
    )
    page.enable_buffering(1000)
    yield from page


@cache
def _environment() -> Environment:
    environment = page_environment("ipt_nlp.writers")
    environment.globals.update(display=display, codebook=codebook, lines=lines)
    environment.filters.update(mark_classes=_mark_classes)
    return environment


def _mark_classes(piece: Piece) -> str:
    """CSS classes of the marks on a piece, the weightiest first; empty where there is none."""
    found = []
    if any(display.is_risk(f.flag) for f in piece.marks.flags):
        found.append("risk")
    if any(not display.is_risk(f.flag) for f in piece.marks.flags):
        found.append("flag")
    if piece.marks.patterns:
        found.append("pattern")
    if len(piece.marks.patterns) > 1:
        found.append("several")
    if piece.marks.goals:
        found.append("goal")
    return " ".join(found)


def _risks(sections: Iterable[Section]) -> list[Risk]:
    """The risk flags of every session, in the order in which they should be read."""
    found = [
        (section, segment, flag)
        for section in sections
        for segment in section.session.segments
        for flag in display.risk_flags(segment)
    ]
    return sorted(found, key=lambda risk: flag_rank(risk[2], risk[1].text))


def _risk_counts(risks: Iterable[Risk]) -> list[tuple[str, int]]:
    """Passages by flag and status."""
    return list(
        Counter(
            f"{display.flag_name(flag.flag)}, {flag.status or STATUS_UNKNOWN}"
            for _, _, flag in risks
        ).items()
    )


def _patterns_used(sections: Iterable[Section]) -> list[codebook.Pattern]:
    used = {p.pattern for c in sections for s in c.session.segments for p in s.patterns}
    return [pattern for key, pattern in codebook.PATTERN_INFO.items() if key in used]


def _made_by(sections: Iterable[Section]) -> list[TaggedSession]:
    """One session for each way in which those of the report were made; nearly always one."""
    ways: dict[object, TaggedSession] = {}
    for section in sections:
        s = section.session
        ways.setdefault((s.model, s.language, s.codebook, tuple(s.thresholds.items())), s)
    return list(ways.values())
