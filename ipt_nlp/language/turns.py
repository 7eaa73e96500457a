"""Who speaks, on the tokens of a transcript: ``token._.speaker`` and ``token._.role``."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Protocol

from spacy.language import Language
from spacy.tokens import Doc, Token

from ipt_nlp.speakers import Role
from ipt_nlp.transcript import Transcript

for _name in ("speaker", "role"):
    if not Token.has_extension(_name):
        Token.set_extension(_name, default=None)


class Spoken(Protocol):
    """A turn, of a transcript or of a result document."""

    @property
    def speaker(self) -> str | None: ...
    @property
    def role(self) -> Role: ...
    @property
    def start_char(self) -> int: ...
    @property
    def end_char(self) -> int: ...


def mark_turns(doc: Doc, turns: Sequence[Spoken], offset: int = 0) -> Doc:
    """Set ``token._.speaker`` and ``token._.role`` on the document's tokens.

    A token belongs to the turn in which it begins. Tokens between turns (the line feed) and
    outside all of them keep None, and so does the speaker of a turn without a label. A sentence
    begins with every turn, where the document is not parsed yet: nobody's words end in another's
    mouth.

    Args:
        doc: A document whose text is ``transcript.text[offset:offset + len(doc.text)]``.
        turns: The turns of that transcript, in order; turns outside the document do no harm.
        offset: Code points of the transcript before the document.

    Returns:
        The same document.
    """
    parsed = doc.has_annotation("DEP")
    last = None
    for token in doc:
        begin = token.idx + offset
        place = bisect_right(turns, begin, key=lambda turn: turn.start_char) - 1
        if place >= 0 and begin < turns[place].end_char:
            if place != last and not parsed:
                token.is_sent_start = True
            last = place
            values = token._
            values.role = turns[place].role
            if turns[place].speaker is not None:
                values.speaker = turns[place].speaker
    return doc


def transcript_doc(
    nlp: Language, transcript: Transcript, start_char: int = 0, end_char: int | None = None
) -> Doc:
    """A transcript, or a stretch of it, as a document with speakers, read by the whole pipeline.

    Speakers are set before the components run, so that these may ask who speaks.

    Raises:
        ValueError: The text is longer than ``nlp.max_length``.
    """
    doc = nlp.make_doc(transcript.text[start_char:end_char])
    read: Doc = nlp(mark_turns(doc, transcript.turns, start_char))
    return read


def role_of(token: Token) -> str | None:
    """``"client"``, ``"therapist"``, ``"other"``, or None where turns were not marked."""
    role: str | None = token._.role
    return role
