"""Result documents made by hand: invented words, every kind of label, no model."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from ipt_nlp import codebook
from ipt_nlp.result import (
    AreaScore,
    EvidenceSpan,
    FlagSpan,
    LanguageInfo,
    ModelInfo,
    PatternSpan,
    Person,
    ResultSegment,
    ResultTurn,
    Summary,
    TaggedSession,
)
from ipt_nlp.speakers import Role

THRESHOLD = 0.5


@dataclass(frozen=True)
class Part:
    """One segment: what the therapist asks, what the client says, and the labels by quote."""

    asks: str
    says: str
    areas: dict[str, float] = field(default_factory=dict)
    patterns: tuple[tuple[str, str, str], ...] = ()
    """(quote, pattern, who)"""
    flags: tuple[tuple[str, str, str | None, str | None], ...] = ()
    """(quote, flag, status, subject; the kind in place of the status for identifiers)"""
    reasons: tuple[str, ...] = ()


PARTS = (
    Part(
        "How was the week?",
        "It will be a year on Sunday since my dad died. I miss him all the time. "
        "I still keep his voicemail and I cannot delete it.",
        {"grief": 0.94, "isolation": 0.12},
    ),
    Part(
        "Have you told your sister?",
        "I told her how I feel and she never listens, she just hung up on me. "
        "Some nights I think everyone would be better off without me 💔. "
        "Then I lie there until it gets light.",
        {"conflict": 0.81, "grief": 0.55},
        (
            ("I told her how I feel", "direct_expression", "client"),
            ("she just hung up on me", "withdrawal", "other"),
        ),
        (("everyone would be better off without me", "risk_self_harm", "current", "speaker"),),
        ("mixed",),
    ),
    Part(
        "And at work?",
        "Since they made me team leader I do not know what I am doing. "
        "My manager Karen Whitfield says it takes a year. I used to be one of them.",
        {"role_transition": 0.77},
        (),
        (("Karen Whitfield", "identifier", "person", None),),
    ),
    Part(
        "Who do you see at the weekend?",
        "Nobody really. Since we moved I have not got one friend in this town. "
        "I eat by the window and watch people go past.",
        {"isolation": 0.52, "role_transition": 0.49},
        (),
        (),
        ("low_confidence",),
    ),
    Part(
        "What would you like to try?",
        "I am going to tell her on Sunday that I need more time with his things. "
        "I could say sorry for shouting as well.",
        {"conflict": 0.66},
        (
            ("I am going to tell her on Sunday", "direct_expression", "client"),
            ("I could say sorry for shouting", "repair", "client"),
        ),
    ),
)

PEOPLE = (
    Person(mention="my dad", relation="father", deceased=True, count=3, areas=("grief",)),
    Person(
        mention="my sister",
        relation="sister",
        count=4,
        areas=("conflict",),
        patterns=("withdrawal",),
    ),
)


def document(
    source: str = "session-01.vtt",
    parts: tuple[Part, ...] = PARTS,
    *,
    client: str | None = "c01",
    number: int | None = 1,
    people: tuple[Person, ...] = PEOPLE,
) -> TaggedSession:
    """A checked result document with a segment for each part."""
    text = ""
    turns: list[ResultTurn] = []
    segments: list[tuple[int, int, Part]] = []
    for index, part in enumerate(parts):
        begin = len(text)
        said: tuple[tuple[Role, str], ...] = (("therapist", part.asks), ("client", part.says))
        for role, words in said:
            start = len(text)
            text += words
            turns.append(_turn(len(turns), role, start, len(text)))
            if (index, role) != (len(parts) - 1, "client"):
                text += "\n"
        segments.append((begin, len(text), part))
    built = tuple(_segment(text, i, *s) for i, s in enumerate(segments))
    return TaggedSession(
        source=source,
        kind="transcript",
        text_sha256=hashlib.sha256(text.encode()).hexdigest(),
        client_id=client,
        session_number=number,
        model=ModelInfo(name="made-by-hand", version="1", sha256="0" * 64),
        language=LanguageInfo(name="en_none", version="1"),
        codebook=codebook.VERSION,
        thresholds=dict.fromkeys(codebook.AREAS, THRESHOLD),
        text=text,
        turns=tuple(turns),
        segments=built,
        summary=Summary(
            primary="grief",
            runner_up="conflict",
            confidence=0.2,
            areas=dict.fromkeys(codebook.AREAS, 0.25),
            patterns={},
            flags={},
            people=people,
        ),
    )


def _turn(index: int, role: Role, start: int, end: int) -> ResultTurn:
    return ResultTurn(
        index=index,
        speaker=role.capitalize(),
        role=role,
        role_source="label",
        start_char=start,
        end_char=end,
    )


def _segment(text: str, index: int, start: int, end: int, part: Part) -> ResultSegment:
    present = {a: p for a, p in part.areas.items() if p >= THRESHOLD}
    flags = tuple(_flag(text, start, *f) for f in part.flags)
    reasons = [r for r in codebook.REVIEW_REASONS if any(f.flag == r for f in flags)]
    return ResultSegment(
        index=index,
        turns=(2 * index, 2 * index + 1),
        start_char=start,
        end_char=end,
        text=text[start:end],
        areas={
            a: AreaScore(probability=part.areas.get(a, 0.03), present=a in present)
            for a in codebook.AREAS
        },
        primary=max(present, key=lambda a: present[a]) if present else None,
        evidence=tuple(_evidence(text, part, area) for area in present),
        patterns=tuple(
            PatternSpan(
                start_char=(at := text.index(quote, start)),
                end_char=at + len(quote),
                quote=quote,
                pattern=pattern,
                helpful=codebook.PATTERN_INFO[pattern].helpful,
                who=who,
                source="rule:made_by_hand",
            )
            for quote, pattern, who in part.patterns
        ),
        flags=flags,
        needs_review=bool(reasons or part.reasons),
        review_reasons=(*reasons, *part.reasons),
    )


def _evidence(text: str, part: Part, area: str) -> EvidenceSpan:
    quote = part.says.split(". ")[0]
    at = text.index(quote)
    return EvidenceSpan(
        start_char=at, end_char=at + len(quote), quote=quote, area=area, weight=0.31
    )


def _flag(
    text: str, start: int, quote: str, flag: str, status: str | None, subject: str | None
) -> FlagSpan:
    at = text.index(quote, start)
    risk = codebook.FLAG_INFO[flag].risk
    return FlagSpan(
        start_char=at,
        end_char=at + len(quote),
        quote=quote,
        flag=flag,
        status=status if risk else None,
        subject=subject if risk else None,
        kind=None if risk else status,
        score=None if risk else 0.91,
        level=None if risk else "direct",
    )
