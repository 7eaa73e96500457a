"""The text everything else works on: turns in order, one stored text, offsets in code points."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ipt_nlp.errors import ReadError
from ipt_nlp.speakers import (
    Role,
    RoleSource,
    assign_roles,
    find_label,
    is_note_heading,
    speaker_labels,
)

Kind = Literal["transcript", "note", "text"]

GUESS_WARNING = (
    "who is the therapist was guessed (the one who asks more and speaks less); "
    "set it with --therapist NAME"
)
UNHEARD_WARNING = "--therapist was given, but no line begins with a speaker label: read as a note"
_HEADING_LINE = re.compile(r"#{1,6}[ \t]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Utterance:
    """What a reader found: words and, where the file says so, who spoke and when (seconds).

    ``role`` is set only where the file has a field for it; otherwise roles are decided here.
    """

    text: str
    speaker: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    role: Role | None = None


@dataclass(frozen=True)
class Turn:
    """A stretch of the stored text by one speaker; ``index`` is its place and never changes."""

    index: int
    speaker: str | None
    role: Role
    role_source: RoleSource
    start_char: int
    end_char: int
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True)
class Transcript:
    """One session, note or row of text.

    ``text`` is the turns joined by a line feed, line endings normalised once; offsets of turns
    and of everything downstream are code points into it. ``kind`` says what was read: turns
    between people, a therapist's note (a turn a paragraph), or one loose text. ``course_length`` is
    the number of sessions planned.
    """

    source: str
    text: str
    turns: tuple[Turn, ...]
    kind: Kind
    client_id: str | None = None
    session_number: int | None = None
    session_date: str | None = None
    course_length: int | None = None
    warnings: tuple[str, ...] = ()

    @property
    def text_sha256(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()

    def turn_text(self, turn: Turn) -> str:
        return self.text[turn.start_char : turn.end_char]

    @classmethod
    def from_utterances(
        cls,
        utterances: Iterable[Utterance],
        *,
        source: str,
        kind: Kind = "transcript",
        therapist: str | None = None,
        warnings: Sequence[str] = (),
    ) -> Transcript:
        """Join utterances into one text with a turn each.

        Utterances without words are left out. In a note every turn is by ``other`` (the writer),
        in a loose text by the client.

        Raises:
            ReadError: Nothing but white space.
            OptionError: ``therapist`` names no speaker.
        """
        kept = [replace(u, text=text) for u in utterances if (text := normalise(u.text).strip())]
        if not any(c.isalnum() for u in kept for c in u.text):
            raise ReadError(source, "no words in it")
        given = {u.speaker: u.role for u in kept if u.speaker is not None and u.role is not None}
        roles = assign_roles([(u.speaker, u.text) for u in kept], therapist, given)
        alone: Role = "client" if kind == "text" else "other"
        turns: list[Turn] = []
        offset = 0
        for i, u in enumerate(kept):
            role, origin = roles[u.speaker] if u.speaker is not None else (u.role or alone, "label")
            end = offset + len(u.text)
            turns.append(Turn(i, u.speaker, role, origin, offset, end, u.start_s, u.end_s))
            offset = end + 1
        noted = list(warnings)
        if any(origin == "guess" for _, origin in roles.values()):
            noted.append(GUESS_WARNING)
        return cls(
            source=source,
            text="\n".join(u.text for u in kept),
            turns=tuple(turns),
            kind=kind,
            warnings=tuple(noted),
        )

    @classmethod
    def from_text(
        cls,
        text: str,
        *,
        source: str = "text",
        therapist: str | None = None,
        warnings: Sequence[str] = (),
    ) -> Transcript:
        """A transcript from lines with speaker labels, or a note from paragraphs without.

        Lines before the first label become a turn without a speaker; lines without a label go on
        with the turn before them. A turn may be of any length.

        Raises:
            ReadError: No words in it.
            OptionError: ``therapist`` names no speaker.
        """
        lines = normalise(text).split("\n")
        labels = speaker_labels(lines, therapist)
        noted = [*warnings, *_kept_as_words(lines, labels)]
        if not labels:
            if therapist is not None:
                noted.append(UNHEARD_WARNING)
            return cls.from_utterances(
                (Utterance(p) for p in paragraphs(lines)),
                source=source,
                kind="note",
                warnings=noted,
            )
        utterances: list[Utterance] = []
        current: list[str] = []
        speaker: str | None = None
        start_s: float | None = None
        for line in lines:
            label = find_label(line)
            if label is not None and label.speaker in labels:
                utterances.append(Utterance("\n".join(current), speaker, start_s))
                current, speaker, start_s = [line[label.text_start :]], label.speaker, label.start_s
            else:
                current.append(line)
        utterances.append(Utterance("\n".join(current), speaker, start_s))
        return cls.from_utterances(utterances, source=source, therapist=therapist, warnings=noted)

    @classmethod
    def from_row(cls, text: str, *, source: str) -> Transcript:
        """One loose text (a post, an answer on a form) as a session of one turn by the client.

        Raises:
            ReadError: Nothing but white space.
        """
        return cls.from_utterances([Utterance(text)], source=source, kind="text")


def normalise(text: str) -> str:
    """Line endings as line feeds; unpaired surrogates, which no file can hold, as U+FFFD."""
    return _SURROGATE.sub("�", text.replace("\r\n", "\n").replace("\r", "\n"))


def paragraphs(lines: Iterable[str]) -> list[str]:
    """The paragraphs of a note, each with its lines joined by a line feed.

    A blank line ends a paragraph, and a heading ("Plan: ...", "## Plan") begins one; a heading
    that stands alone stays with the paragraph after it.
    """
    found: list[list[str]] = [[]]
    open_heading = False
    for line in lines:
        if not line.strip():
            if found[-1] and not open_heading:
                found.append([])
            continue
        heading = _is_heading(line)
        if heading and found[-1] and not open_heading:
            found.append([])
        found[-1].append(line)
        open_heading = heading and _stands_alone(line)
    return ["\n".join(p) for p in found if p]


def _is_heading(line: str) -> bool:
    if _HEADING_LINE.match(line):
        return True
    label = find_label(line)
    return label is not None and label.colon and is_note_heading(label.speaker)


def _stands_alone(line: str) -> bool:
    if _HEADING_LINE.match(line):
        return True
    label = find_label(line)
    return label is not None and label.text_start >= len(line)


def _kept_as_words(lines: Sequence[str], labels: frozenset[str]) -> list[str]:
    """A warning when lines that look like a speaker's were kept as words."""
    doubtful = [
        (number, label.speaker)
        for number, line in enumerate(lines, 1)
        if (label := find_label(line)) is not None
        and label.speaker not in labels
        and not is_note_heading(label.speaker)
    ]
    # One label in a note ("Mother: ...") is how notes are written, two lines of one are talk.
    if not doubtful or (not labels and len({name for _, name in doubtful}) == len(doubtful)):
        return []
    kept = "a turn" if labels else "a note"
    return [
        f"{len(doubtful)} line(s) that begin like a speaker's, the first on line {doubtful[0][0]}, "
        f"were read as words of {kept}; --therapist NAME settles who speaks"
    ]
