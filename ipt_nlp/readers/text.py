"""Plain text and Markdown: lines with speaker labels, or a note."""

from __future__ import annotations

from collections.abc import Iterator

from ipt_nlp.readers.files import Raw, decode, limited
from ipt_nlp.transcript import Transcript


def read(raw: Raw, *, therapist: str | None = None) -> Iterator[Transcript]:
    """One transcript or note, see :meth:`ipt_nlp.transcript.Transcript.from_text`.

    Markdown is kept as it stands, but for the marks around a speaker label.

    Raises:
        ReadError: Not text, no words in it, or too many lines.
    """
    decoded = decode(raw)
    limited(raw.source, decoded.text.count("\n") + decoded.text.count("\r"), "lines")
    yield Transcript.from_text(
        decoded.text, source=raw.source, therapist=therapist, warnings=decoded.warnings
    )
