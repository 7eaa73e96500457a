"""Keys, numbers and text as people read them; shared by the writers for people."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter

from ipt_nlp import codebook
from ipt_nlp.result import (
    FlagSpan,
    PatternSpan,
    Person,
    ResultSegment,
    ResultTurn,
    Summary,
    TaggedSession,
)
from ipt_nlp.summary import has_clear_lead
from ipt_nlp.transcript import Kind

# Terminal escapes and other control characters, and the two overrides that reverse what is read.
_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]")

WHO_WORDS = {"client": "client", "other": "other person", "both": "both"}

RISK_NOTICE = (
    "Found by a program that misses passages and marks many that are none. The figure is how sure "
    "it is, not how grave it is. Read the words in their place, and ask. Reporting duties differ "
    "by place; it knows none of them."
)
HARM_NOTICE = (
    "Where someone may be harmed by another person, silence and hiding may protect, and exercises "
    "in open communication with that person may be unsafe."
)
NO_CLEAR_LEAD = "no clear lead"
CONFIDENCE_MEANS = "how far the first leads, 0 to 1"
SHORT_ANSWER = 6
"""Words: a denial of no more cannot be read without what was asked."""

OFTEN_HELPFUL, OFTEN_UNHELPFUL = "often helpful", "often unhelpful"
NOT_JUDGED = "not judged, someone may be harmed"
SIDES = {False: OFTEN_UNHELPFUL, True: OFTEN_HELPFUL, None: NOT_JUDGED}
"""What a pattern's ``helpful`` says in words, in the order in which they are counted."""

SUBJECT_WORDS = {"speaker": "the client", "other": "someone else"}


def visible(text: str) -> str:
    """The text with characters that would act on the screen shown as code points instead."""
    return _ACTING.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def area_letter(area: str) -> str:
    """The letter that stands for an area where colour alone would not do."""
    return area[0].upper()


def area_name(area: str) -> str:
    return codebook.AREA_INFO[area].name


def pattern_name(pattern: str) -> str:
    return codebook.PATTERN_INFO[pattern].name


def flag_name(flag: str) -> str:
    """The name of a flag or reason for review."""
    return codebook.FLAG_INFO[flag].name


def probability(value: float) -> str:
    """Two decimals, never rounded to certainty."""
    if value > 0.99:
        return ">0.99"
    return "<0.01" if value < 0.01 else f"{value:.2f}"


def percent(share: float) -> str:
    if 0 < share < 0.005:
        return "<1 %"
    return f"{100 * share:.0f} %"


def clock(seconds: float) -> str:
    """``m:ss``, with hours once there are any."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def is_risk(flag: str) -> bool:
    return codebook.FLAG_INFO[flag].risk


def flag_details(flag: FlagSpan, kind: Kind) -> tuple[str, ...]:
    """What is known of a flag besides its name, in words.

    Args:
        flag: A risk flag or an identifier.
        kind: Of the text that it stands in: only who wrote a loose text is no client.
    """
    is_writer = flag.subject == "speaker" and kind == "text"
    subject = "the writer" if is_writer else SUBJECT_WORDS.get(flag.subject or "")
    found = (
        flag.status,
        f"at risk: {subject}" if subject else None,
        flag.kind,
        flag.level,
        probability(flag.score) if flag.score is not None else None,
    )
    return tuple(detail for detail in found if detail)


def risk_flags(segment: ResultSegment) -> list[FlagSpan]:
    """Risk flags of a segment; a risk among the reasons for review that marks no words is one."""
    marked = [f for f in segment.flags if is_risk(f.flag)]
    known = {f.flag for f in marked}
    start = segment.start_char
    return marked + [
        FlagSpan(start_char=start, end_char=start, quote="", flag=reason)
        for reason in segment.review_reasons
        if is_risk(reason) and reason not in known
    ]


def asked_before(session: TaggedSession, flag: FlagSpan) -> str:
    """The therapist's words before a short denial ("No."), which says nothing without them."""
    if flag.status != "denied" or len(flag.quote.split()) > SHORT_ANSWER:
        return ""
    place = bisect_right(session.turns, flag.start_char, key=lambda turn: turn.start_char) - 1
    before = session.turns[place - 1] if place > 0 else None
    if before is None or before.role != "therapist":
        return ""
    return session.text[before.start_char : before.end_char].strip()


def pattern_side(pattern: PatternSpan) -> str:
    """Whether a pattern often helps, in words; where someone may be harmed it is not judged."""
    silent = pattern.pattern in codebook.MAY_PROTECT and pattern.who != "other"
    return "may protect" if silent and pattern.helpful is None else SIDES[pattern.helpful]


def pattern_counts(session: TaggedSession) -> list[tuple[str, list[tuple[str, int]]]]:
    """Names and counts of a session's patterns, in groups: unhelpful, helpful, not judged."""
    groups: dict[bool | None, Counter[str]] = {helpful: Counter() for helpful in SIDES}
    for segment in session.segments:
        for pattern in segment.patterns:
            groups[pattern.helpful][pattern.pattern] += 1
    return [
        (SIDES[helpful], [(pattern_name(k), found[k]) for k in codebook.PATTERNS if found[k]])
        for helpful, found in groups.items()
        if found
    ]


def focus_areas(summary: Summary) -> tuple[str, ...]:
    """The areas that the main focus may be: one that leads, two that are close, or none."""
    if summary.primary is None:
        return ()
    if summary.runner_up is None or has_clear_lead(summary):
        return (summary.primary,)
    return (summary.primary, summary.runner_up)


def focus_words(summary: Summary) -> str:
    """The main focus in one line: "Isolation", "Isolation or Grief and loss: no clear lead"."""
    areas = focus_areas(summary)
    words = " or ".join(area_name(area) for area in areas) or "no area"
    return f"{words}: {NO_CLEAR_LEAD}" if len(areas) > 1 else words


def focus_note(session: TaggedSession) -> str:
    """Why the main focus need not have the longest bar; empty where every area counts alike."""
    if session.kind != "transcript":
        return ""
    return (
        "The main focus weighs how sure each area is. Conflict counts half, since quarrels are "
        "told in most sessions; words in which the client states a goal count double."
    )


def person_facts(person: Person) -> list[str]:
    """What is known of a person, in words, and what is said in the same segments and sentences."""
    areas = ", ".join(area_name(a) for a in person.areas)
    patterns = ", ".join(pattern_name(p).lower() for p in person.patterns)
    return [
        *(name for name in person.names if name != person.mention),
        *([person.relation] if person.relation and person.relation != person.mention else []),
        *(["deceased"] if person.deceased else []),
        counted(person.count, "mention"),
        *([f"in segments with {areas}"] if areas else []),
        *([f"in sentences with {patterns}"] if patterns else []),
    ]


def speaker_name(turn: ResultTurn, session: TaggedSession) -> str:
    """The label as the file gives it; empty in notes and loose texts, where nobody speaks."""
    if turn.speaker is not None:
        return turn.speaker
    return "(unnamed)" if session.kind == "transcript" else ""


def speakers(session: TaggedSession) -> list[str]:
    """Each speaker with the role, and whether that was guessed."""
    found: dict[str, str] = {}
    for turn in session.turns:
        name = speaker_name(turn, session)
        if name and name not in found:
            guess = ", guessed" if turn.role_source == "guess" else ""
            same = name.casefold() == turn.role and not guess
            found[name] = name if same else f"{name} ({turn.role}{guess})"
    return list(found.values())


def segment_start(session: TaggedSession, segment: ResultSegment) -> str:
    """When the segment begins, empty where the file has no times.

    Inside a long turn no more is known than when that turn began.
    """
    turn = session.turns[segment.turns[0]]
    if turn.start_s is None:
        return ""
    return ("after " if turn.start_char < segment.start_char else "") + clock(turn.start_s)


def words_counted(session: TaggedSession) -> str:
    """What the shares of areas are shares of (see ``ipt_nlp.summary``)."""
    has_client = any(turn.role == "client" for turn in session.turns)
    return "the client's words" if has_client else "all words"


def size(session: TaggedSession) -> str:
    counts = [
        counted(len(session.text.split()), "word"),
        counted(len(session.turns), "turn" if session.kind == "transcript" else "paragraph"),
        counted(len(session.segments), "segment"),
    ]
    return " · ".join(counts[:1] if session.kind == "text" else counts)


def session_facts(session: TaggedSession) -> list[str]:
    """Client, number, date and phase, where they are known."""
    return [
        words
        for words, known in (
            (f"client {session.client_id}", session.client_id),
            (f"session {session.session_number}", session.session_number is not None),
            (f"{session.session_date}", session.session_date),
            (f"{session.phase} phase", session.phase),
        )
        if known
    ]
