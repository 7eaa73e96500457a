"""Scores of pattern spans against labelled ones, as ``shared/data/README.md`` sets them.

A found span matches a labelled one of the same pattern when they share at least half of the
shorter; matches are one to one. Labelled spans that only one pass has (``agreed`` false) are
neutral: not required, and whatever matches them is not wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ipt_nlp import codebook
from ipt_nlp.codebook import Who


@dataclass(frozen=True)
class LabelledSpan:
    """Words of a text (code points, end not included) with a pattern; ``agreed`` by both passes."""

    start_char: int
    end_char: int
    pattern: str
    who: Who
    agreed: bool = True


@dataclass
class Counts:
    """Spans of one pattern: matched, found without a match, labelled without a match."""

    matched: int = 0
    spurious: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return self.matched / max(1, self.matched + self.spurious)

    @property
    def recall(self) -> float:
        return self.matched / max(1, self.matched + self.missed)

    @property
    def f1(self) -> float:
        return 2 * self.matched / max(1, 2 * self.matched + self.spurious + self.missed)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.matched + other.matched,
            self.spurious + other.spurious,
            self.missed + other.missed,
        )


@dataclass
class PatternScores:
    """Counts by pattern; ``who_right`` of the matches; texts with any helpful or unhelpful one."""

    by_pattern: dict[str, Counts] = field(
        default_factory=lambda: {p: Counts() for p in codebook.PATTERNS}
    )
    who_right: int = 0
    helpful: Counts = field(default_factory=Counts)
    unhelpful: Counts = field(default_factory=Counts)

    @property
    def micro(self) -> Counts:
        return sum(self.by_pattern.values(), Counts())

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the patterns that are labelled at all."""
        seen = [c.f1 for c in self.by_pattern.values() if c.matched + c.missed]
        return sum(seen) / max(1, len(seen))

    @property
    def who_accuracy(self) -> float:
        return self.who_right / max(1, self.micro.matched)


def score_patterns(
    found: Iterable[Sequence[LabelledSpan]], labelled: Iterable[Sequence[LabelledSpan]]
) -> PatternScores:
    """Score the spans found in each text against those labelled in it, in the same order."""
    scores = PatternScores()
    for ours, theirs in zip(found, labelled, strict=True):
        _score_text(scores, ours, theirs)
    return scores


def _score_text(
    scores: PatternScores, ours: Sequence[LabelledSpan], theirs: Sequence[LabelledSpan]
) -> None:
    pairs = matches(ours, theirs)
    taken = {i for i, j in pairs if theirs[j].agreed}
    excused = {i for i, j in pairs if not theirs[j].agreed}
    met = {j for _, j in pairs}
    scores.who_right += sum(ours[i].who == theirs[j].who for i, j in pairs if theirs[j].agreed)
    for i, span in enumerate(ours):
        if i in taken:
            scores.by_pattern[span.pattern].matched += 1
        elif i not in excused:
            scores.by_pattern[span.pattern].spurious += 1
    for j, span in enumerate(theirs):
        if span.agreed and j not in met:
            scores.by_pattern[span.pattern].missed += 1
    for side, counts in ((True, scores.helpful), (False, scores.unhelpful)):
        is_found = any(_helpful(s) == side for s in ours)
        if any(_helpful(s) == side and s.agreed for s in theirs):
            counts.matched += is_found
            counts.missed += not is_found
        elif not any(_helpful(s) == side for s in theirs):
            counts.spurious += is_found


def matches(ours: Sequence[LabelledSpan], theirs: Sequence[LabelledSpan]) -> list[tuple[int, int]]:
    """Places (found, labelled) of one-to-one matches; agreed spans and the closest come first."""
    candidates = sorted(
        (not theirs[j].agreed, -_closeness(ours[i], theirs[j]), i, j)
        for i in range(len(ours))
        for j in range(len(theirs))
        if ours[i].pattern == theirs[j].pattern and overlaps(ours[i], theirs[j])
    )
    found: list[tuple[int, int]] = []
    used: Counter[tuple[str, int]] = Counter()
    for *_, i, j in candidates:
        if not used["ours", i] and not used["theirs", j]:
            used["ours", i] = used["theirs", j] = 1
            found.append((i, j))
    return found


ERROR_KINDS = (
    "spurious: other pattern labelled",
    "spurious: same pattern elsewhere",
    "spurious: other words labelled",
    "spurious: nothing labelled",
    "missed: other pattern found",
    "missed: same pattern elsewhere",
    "missed: nothing found",
)
"""What goes wrong with a span: on the same words another pattern, in the same text the same pattern
on other words, in the text anything at all, or nothing."""


def error_kinds(
    found: Iterable[Sequence[LabelledSpan]], labelled: Iterable[Sequence[LabelledSpan]]
) -> dict[str, Counter[str]]:
    """For each pattern how many errors of each of ``ERROR_KINDS``; no words are kept."""
    kinds: dict[str, Counter[str]] = {p: Counter() for p in codebook.PATTERNS}
    for ours, theirs in zip(found, labelled, strict=True):
        pairs = matches(ours, theirs)
        met_ours, met_theirs = {i for i, _ in pairs}, {j for _, j in pairs}
        for i, span in enumerate(ours):
            if i not in met_ours:
                kinds[span.pattern][ERROR_KINDS[_nearest(span, theirs)]] += 1
        for j, span in enumerate(theirs):
            if span.agreed and j not in met_theirs:
                # "Other words" and "nothing" are one kind of miss.
                kinds[span.pattern][ERROR_KINDS[4 + min(2, _nearest(span, ours))]] += 1
    return kinds


def _nearest(span: LabelledSpan, others: Sequence[LabelledSpan]) -> int:
    if any(overlaps(span, o) and o.pattern != span.pattern for o in others):
        return 0
    if any(o.pattern == span.pattern for o in others):
        return 1
    return 2 if others else 3


def overlaps(a: LabelledSpan, b: LabelledSpan) -> bool:
    """Whether two spans share at least half of the shorter."""
    return share_half((a.start_char, a.end_char), (b.start_char, b.end_char))


def share_half(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """The same of two stretches (start, end)."""
    shorter = min(a[1] - a[0], b[1] - b[0])
    return 0 < shorter <= 2 * (min(a[1], b[1]) - max(a[0], b[0]))


def _shared(a: LabelledSpan, b: LabelledSpan) -> int:
    return max(0, min(a.end_char, b.end_char) - max(a.start_char, b.start_char))


def _closeness(a: LabelledSpan, b: LabelledSpan) -> float:
    whole = max(a.end_char, b.end_char) - min(a.start_char, b.start_char)
    return _shared(a, b) / max(1, whole)


def _helpful(span: LabelledSpan) -> bool:
    return codebook.PATTERN_INFO[span.pattern].helpful
