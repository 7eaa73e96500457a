"""Whisper and WhisperX JSON: ``segments`` with ``text``, ``start``, ``end`` and a ``speaker``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ipt_nlp.errors import ReadError
from ipt_nlp.readers import cues
from ipt_nlp.readers.cues import Cue
from ipt_nlp.readers.files import Raw, decode, limited, parse_json, printable
from ipt_nlp.readers.values import number, refuse_result, words
from ipt_nlp.transcript import Transcript

_EXPECTED = "JSON, but not a transcript: expected an object with a list called 'segments'"


def read(raw: Raw, *, therapist: str | None = None) -> Iterator[Transcript]:
    """One transcript; without any speaker a note (see :func:`ipt_nlp.readers.cues.transcript`).

    A bare list of segments is read too, and an object that has only ``text``. Word times, token
    ids and all other fields are not used.

    Raises:
        ReadError: Not JSON, not a transcript; a segment's error names the segment's number.
    """
    decoded = decode(raw)
    found = parse_json(decoded.text.removeprefix("\ufeff"), raw.source)
    if isinstance(found, dict):
        refuse_result(found, raw.source)
        segments = found.get("segments")
        if not segments and isinstance(found.get("text"), str):
            yield Transcript.from_text(
                found["text"], source=raw.source, therapist=therapist, warnings=decoded.warnings
            )
            return
    else:
        segments = found
    if not isinstance(segments, list):
        raise ReadError(raw.source, _EXPECTED)
    if not segments:
        raise ReadError(raw.source, "'segments' is empty: no words in it")
    limited(raw.source, len(segments), "segments")
    yield cues.transcript(
        [_cue(i, segment, raw.source) for i, segment in enumerate(segments, 1)],
        source=raw.source,
        therapist=therapist,
        warnings=decoded.warnings,
    )


def _cue(place: int, segment: Any, source: str) -> Cue:
    where = f"segment {place}: "
    if not isinstance(segment, dict):
        raise ReadError(source, f"{where}not an object with a 'text'")
    return Cue(
        place,
        words(segment, "text", source, where=where),
        number(segment.get("start"), "start", source, where=where),
        number(segment.get("end"), "end", source, where=where),
        printable(words(segment, "speaker", source, where=where, needed=False)).strip() or None,
    )
