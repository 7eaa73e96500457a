"""SubRip captions (.srt)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ipt_nlp.errors import ReadError
from ipt_nlp.readers import captions, cues
from ipt_nlp.readers.cues import Cue
from ipt_nlp.readers.files import Raw, decode, limited
from ipt_nlp.transcript import Transcript, normalise

_TAG = re.compile(r"</?(?:b|i|u|s|font)(?:[ \t][^<>\n]*)?>|\{\\an?\d\}", re.IGNORECASE)
_COMMA = re.compile(r"(\d),(\d{1,3})")


def is_srt(text: str) -> bool:
    """Whether a text's first filled lines are a number and time stamps, or time stamps."""
    head = [line for line in normalise(text[:1000]).split("\n") if line.strip()][:2]
    return any(re.match(r"\s*\d+:\d{1,2}:\d{1,2}[,.]\d+\s*-->", line) for line in head)


def read(raw: Raw, *, therapist: str | None = None) -> Iterator[Transcript]:
    """One transcript; empty lines within a cue are not its end, as in most players.

    Raises:
        ReadError: No cue, too many of them, broken time stamps.
    """
    decoded = decode(raw)
    lines = normalise(decoded.text).removeprefix("\ufeff").split("\n")
    first, *rest = captions.blocks(lines, lambda line, _: line.strip().isdecimal())
    if not rest:
        raise ReadError(raw.source, "no cue in it (no line with time stamps)")
    limited(raw.source, len(rest), "cues")
    noted = list(decoded.warnings)
    before = [line for line in first.words if line.strip()]
    if before:
        noted.append("lines before the first cue were kept as words of it")
    found: list[Cue] = []
    for number, block in enumerate(rest, 1):
        block.timing = _COMMA.sub(r"\1.\2", block.timing)
        times = captions.times(block, raw.source)
        words = "\n".join(line for line in [*before, *block.words] if line.strip())
        before = []
        found.append(Cue(number, _TAG.sub("", words), times.start_s, times.end_s))
    yield cues.transcript(found, source=raw.source, therapist=therapist, warnings=noted)
