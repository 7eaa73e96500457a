"""Keys, numbers and text as people read them; shared by the writers for people."""

from __future__ import annotations

import re

from ipt_nlp import codebook
from ipt_nlp.result import FlagSpan, ResultSegment, ResultTurn, TaggedSession

# Terminal escapes and other control characters, and the two overrides that reverse what is read.
_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]")

WHO_WORDS = {"client": "client", "other": "other person", "both": "both"}


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


def flag_details(flag: FlagSpan) -> tuple[str, ...]:
    """What is known of a flag besides its name, in words."""
    subject = {"speaker": "the speaker", "other": "someone else", None: None}[flag.subject]
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
