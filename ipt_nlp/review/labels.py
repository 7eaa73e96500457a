"""What a reviewer says of one segment, and the edits that lead there. No database in here.

Offsets are code points into the session's text, as in the result document. Every edit is a
function ``Labels -> Labels`` that refuses what the codebook or the segment does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ipt_nlp import codebook
from ipt_nlp.codebook import RiskStatus, RiskSubject, Who
from ipt_nlp.errors import ReviewError
from ipt_nlp.result import (
    AreaKey,
    AreaScore,
    FlagKey,
    FlagSpan,
    PatternKey,
    PatternSpan,
    ResultSegment,
)

Verdict = Literal["open", "confirmed", "dismissed"]

MAX_MEMO = 4000
MAX_REASON = 500
BY_REVIEWER = "reviewer"
"""``source`` of a pattern that a reviewer marked."""


class _Label(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PatternLabel(_Label):
    """A communication pattern on words of the text."""

    start_char: int
    end_char: int
    quote: str
    pattern: PatternKey
    who: Who
    source: str = BY_REVIEWER

    @property
    def key(self) -> str:
        """What names it on the screen: no two patterns of a segment share it."""
        return f"{self.start_char}-{self.end_char}-{self.pattern}-{self.who}"


class FlagLabel(_Label):
    """A flag on words of the text, with what the reviewer made of it."""

    start_char: int
    end_char: int
    quote: str
    flag: FlagKey
    status: RiskStatus | None = None
    subject: RiskSubject | None = None
    kind: str | None = None
    verdict: Verdict = "open"
    reason: str = ""
    source: str = BY_REVIEWER

    @property
    def key(self) -> str:
        """What names it on the screen."""
        return f"{self.start_char}-{self.end_char}-{self.flag}"


class Labels(_Label):
    """Everything a reviewer says of a segment. ``areas`` are in the order of the codebook."""

    areas: tuple[AreaKey, ...] = ()
    primary: AreaKey | None = None
    patterns: tuple[PatternLabel, ...] = ()
    flags: tuple[FlagLabel, ...] = ()
    memo: str = ""
    discuss: bool = False
    decided: bool = False

    @property
    def standing_flags(self) -> tuple[FlagLabel, ...]:
        """Flags that were not dismissed."""
        return tuple(f for f in self.flags if f.verdict != "dismissed")

    @property
    def harm_by_other(self) -> bool:
        """Whether somebody harms the client, as far as it was not dismissed."""
        return any(f.flag == codebook.HARM_BY_OTHER for f in self.standing_flags)


def of_model(segment: ResultSegment) -> Labels:
    """What the model says, as labels to start from."""
    patterns: dict[str, PatternLabel] = {}
    for p in segment.patterns:
        label = PatternLabel(**_shared(p, PatternLabel))
        patterns.setdefault(label.key, label)
    flags: dict[str, FlagLabel] = {}
    for f in segment.flags:
        flag = FlagLabel(**_shared(f, FlagLabel), source="model")
        flags.setdefault(flag.key, flag)
    return Labels(
        areas=tuple(a for a in codebook.AREAS if a in segment.areas and segment.areas[a].present),
        primary=segment.primary,
        patterns=tuple(patterns.values()),
        flags=tuple(flags.values()),
    )


def _shared(label: BaseModel, of: type[BaseModel]) -> dict[str, Any]:
    """The fields that a mark on words has as a label of ours and as a span of the document."""
    own = type(label).model_fields
    return {name: getattr(label, name) for name in of.model_fields if name in own}


def as_segment(segment: ResultSegment, labels: Labels) -> ResultSegment:
    """The segment with a reviewer's labels in place of the model's, for the writers' code."""
    standing = labels.standing_flags
    reasons = [r for r in codebook.REVIEW_REASONS if any(f.flag == r for f in standing)]
    return segment.model_copy(
        update={
            "areas": {
                a: AreaScore(probability=s.probability, present=a in labels.areas)
                for a, s in segment.areas.items()
            },
            "primary": labels.primary,
            "patterns": tuple(
                PatternSpan(
                    **_shared(p, PatternSpan),
                    helpful=codebook.helpful_here(p.pattern, harm_by_other=labels.harm_by_other),
                )
                for p in labels.patterns
            ),
            "flags": tuple(FlagSpan(**_shared(f, FlagSpan)) for f in standing),
            "review_reasons": tuple(reasons),
            "needs_review": bool(reasons),
        }
    )


def toggle_area(labels: Labels, area: str) -> Labels:
    """Add the area, or take it away. The first one there is primary."""
    _known(area, codebook.AREAS, "an area")
    there = set(labels.areas) ^ {area}
    areas = tuple(a for a in codebook.AREAS if a in there)
    primary = labels.primary if labels.primary in there else (areas[0] if areas else None)
    if primary is None or labels.primary is None:
        primary = area if area in there else primary
    return labels.model_copy(update={"areas": areas, "primary": primary})


def set_primary(labels: Labels, area: str) -> Labels:
    """Make an area primary; one that was not there is added."""
    _known(area, codebook.AREAS, "an area")
    there = {*labels.areas, area}
    areas = tuple(a for a in codebook.AREAS if a in there)
    return labels.model_copy(update={"areas": areas, "primary": area})


def no_area(labels: Labels) -> Labels:
    """Take every area away."""
    return labels.model_copy(update={"areas": (), "primary": None})


def add_pattern(
    labels: Labels, segment: ResultSegment, start: int, end: int, pattern: str, who: str
) -> Labels:
    """Mark words as a pattern; the same mark twice is one.

    Raises:
        ReviewError: No words there, or no such pattern.
    """
    _known(pattern, codebook.PATTERNS, "a pattern")
    _known(who, codebook.WHO, "a person")
    quote = _words(segment, start, end)
    label = PatternLabel.model_validate(
        {"start_char": start, "end_char": end, "quote": quote, "pattern": pattern, "who": who}
    )
    if any(p.key == label.key for p in labels.patterns):
        return labels
    patterns = sorted([*labels.patterns, label], key=lambda p: (p.start_char, p.end_char))
    return labels.model_copy(update={"patterns": tuple(patterns)})


def remove_pattern(labels: Labels, key: str) -> Labels:
    """Take a pattern away.

    Raises:
        ReviewError: It is not there (any more).
    """
    kept = tuple(p for p in labels.patterns if p.key != key)
    if len(kept) == len(labels.patterns):
        raise ReviewError("this pattern is not there any more")
    return labels.model_copy(update={"patterns": kept})


def add_flag(
    labels: Labels,
    segment: ResultSegment,
    start: int,
    end: int,
    flag: str,
    status: str | None = None,
    subject: str | None = None,
) -> Labels:
    """Mark words as a flag that the model missed; it counts as confirmed.

    Raises:
        ReviewError: No words there, no such flag, or a risk without status and subject.
    """
    _known(flag, codebook.FLAGS, "a flag")
    risk = codebook.FLAG_INFO[flag].risk
    if risk:
        _known(status or "", codebook.RISK_STATUSES, "a status")
        _known(subject or "", codebook.RISK_SUBJECTS, "a subject")
    label = FlagLabel.model_validate(
        {
            "start_char": start,
            "end_char": end,
            "quote": _words(segment, start, end),
            "flag": flag,
            "status": status if risk else None,
            "subject": subject if risk else None,
            "verdict": "confirmed",
        }
    )
    others = [f for f in labels.flags if f.key != label.key]
    flags = sorted([*others, label], key=lambda f: (f.start_char, f.end_char))
    return labels.model_copy(update={"flags": tuple(flags)})


def judge_flag(labels: Labels, key: str, verdict: Verdict, reason: str) -> Labels:
    """Confirm or dismiss a flag.

    Raises:
        ReviewError: The flag is not there, or a risk is dismissed without a reason.
    """
    reason = reason.strip()[:MAX_REASON]
    found = next((f for f in labels.flags if f.key == key), None)
    if found is None:
        raise ReviewError("this flag is not there any more")
    if verdict == "dismissed" and codebook.FLAG_INFO[found.flag].risk and not reason:
        raise ReviewError("a risk is dismissed with a reason only: say why")
    judged = found.model_copy(update={"verdict": verdict, "reason": reason})
    flags = tuple(judged if f.key == key else f for f in labels.flags)
    return labels.model_copy(update={"flags": flags})


def set_memo(labels: Labels, memo: str) -> Labels:
    """Write the memo; empty takes it away.

    Raises:
        ReviewError: It is too long; nothing of it is cut off.
    """
    text = as_memo(memo)
    if len(text) > MAX_MEMO:
        raise ReviewError(
            f"a memo has at most {MAX_MEMO:,} characters, and this one {len(text):,}: shorten it"
        )
    return labels.model_copy(update={"memo": text})


def as_memo(typed: str) -> str:
    """A memo as it is stored: browsers send other line ends."""
    return typed.replace("\r\n", "\n").strip()


def toggle_discuss(labels: Labels) -> Labels:
    """Mark the segment for discussion, or take the mark away."""
    return labels.model_copy(update={"discuss": not labels.discuss})


def decide(labels: Labels) -> Labels:
    """Settle the segment. Flags that were left open are confirmed by it."""
    flags = tuple(
        f.model_copy(update={"verdict": "confirmed"}) if f.verdict == "open" else f
        for f in labels.flags
    )
    return labels.model_copy(update={"decided": True, "flags": flags})


def reopen(labels: Labels) -> Labels:
    """Take the decision back and keep the labels."""
    return labels.model_copy(update={"decided": False})


def from_utf16(text: str, offset: int) -> int:
    """The code point at a browser's offset, which counts UTF-16 units.

    An offset inside a pair of surrogates belongs to the character that the pair is.
    """
    units = 0
    for index, character in enumerate(text):
        units += 2 if ord(character) > 0xFFFF else 1
        if units > offset:
            return index
    return len(text)


def to_utf16(text: str, offset: int) -> int:
    """How many UTF-16 units the first ``offset`` code points are."""
    return offset + sum(ord(character) > 0xFFFF for character in text[:offset])


def selected_words(text: str, start: int, end: int) -> tuple[int, int]:
    """A selection, code points into ``text``, grown to whole words and without outer space.

    Raises:
        ReviewError: No word in it.
    """
    start, end = max(0, min(start, end)), min(len(text), max(start, end))
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start == end or not any(c.isalnum() for c in text[start:end]):
        raise ReviewError("no words are selected")
    while start > 0 and _inside_word(text, start):
        start -= 1
    while end < len(text) and _inside_word(text, end):
        end += 1
    return start, end


def _inside_word(text: str, border: int) -> bool:
    return all(c.isalnum() or c in "'’_" for c in text[border - 1 : border + 1])


def _words(segment: ResultSegment, start: int, end: int) -> str:
    if not segment.start_char <= start < end <= segment.end_char:
        raise ReviewError("the words lie outside the segment")
    quote = segment.text[start - segment.start_char : end - segment.start_char]
    if not quote.strip():
        raise ReviewError("no words are selected")
    return quote


def _known(key: str, keys: Iterable[str], what: str) -> None:
    if key not in set(keys):
        raise ReviewError(f"not {what} of the codebook")
