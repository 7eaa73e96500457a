"""WebVTT: Zoom's ``Name: text`` and the format's own voice tags, ``<v Name>text``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ipt_nlp.errors import ReadError
from ipt_nlp.readers import captions, cues
from ipt_nlp.readers.cues import Cue
from ipt_nlp.readers.files import Raw, decode, limited
from ipt_nlp.transcript import Transcript, normalise

# A name begins with what is no space: otherwise a row of spaces could be cut in two anywhere.
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^ \t\n<>][^<>\n]*)>")
_VOICE_END = re.compile(r"</v>")
# Only the format's own tags: "<laughs>" is something a transcriber wrote.
_TAG = re.compile(r"</?(?:c|i|b|u|ruby|rt|v|lang|font)(?:[. \t][^<>\n]*)?>|<\d[\d:.]*>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&nbsp;": "\xa0", "&lrm;": "\u200e", "&rlm;": "\u200f"}
_ASIDE = re.compile(r"(?:NOTE(?:[ \t]|$)|STYLE[ \t]*$|REGION[ \t]*$)")


def read(raw: Raw, *, therapist: str | None = None) -> Iterator[Transcript]:
    """One transcript.

    Comments (``NOTE``), styles and regions are left out. Lines outside any cue, which players
    skip, go on with the cue before them, with a warning.

    Raises:
        ReadError: No ``WEBVTT`` line, no cue, too many of them, broken time stamps.
    """
    decoded = decode(raw)
    lines = normalise(decoded.text).removeprefix("\ufeff").split("\n")
    if not re.match(r"WEBVTT(?:\s|$)", lines[0]):
        raise ReadError(raw.source, "a .vtt file begins with a line that says WEBVTT", 1)
    found: list[Cue] = []
    stray: list[int] = []
    first, *rest = captions.blocks(lines, _is_identifier)
    if not rest:
        raise ReadError(raw.source, "no cue in it (no line with time stamps)")
    limited(raw.source, len(rest), "cues")
    before = _without_asides(first.words[_header_lines(first.words) :])
    for number, block in enumerate(rest, 1):
        times = captions.times(block, raw.source)
        words = _cue_words(block)
        if words.stray_at is not None:
            stray.append(block.line + 1 + words.stray_at)
        text = "\n".join([*before, *words.lines])
        if before:
            stray.insert(0, 2)
            before = []
        found.extend(_voices(number, text, times))
    noted = list(decoded.warnings)
    if stray:
        noted.append(
            f"lines outside a cue were kept as words of the cue beside them, near line {stray[0]}"
            + (f" and in {len(stray) - 1} more place(s)" if len(stray) > 1 else "")
        )
    yield cues.transcript(found, source=raw.source, therapist=therapist, warnings=noted)


def _is_identifier(line: str, begins_block: bool) -> bool:
    # The format allows any line here; several words are more likely talk that lost its place.
    return begins_block and len(line.split()) == 1


class _Words:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.stray_at: int | None = None


def _header_lines(words: list[str]) -> int:
    """How many lines belong to the header, which ends at the first empty line."""
    return next((i for i, line in enumerate(words) if not line.strip()), len(words))


def _without_asides(lines: list[str]) -> list[str]:
    """Lines without the blocks that are comments, styles or regions, and without empty lines."""
    kept: list[str] = []
    begins, aside = True, False
    for line in lines:
        if not line.strip():
            begins, aside = True, False
            continue
        if begins:
            aside = _ASIDE.match(line) is not None
        begins = False
        if not aside:
            kept.append(line)
    return kept


def _cue_words(block: captions.Block) -> _Words:
    found = _Words()
    end = _header_lines(block.words)
    found.lines = block.words[:end]
    extra = _without_asides(block.words[end:])
    if extra:
        found.stray_at = block.words.index(extra[0], end)
        found.lines = [*found.lines, *extra]
    return found


def _voices(number: int, text: str, times: captions.Times) -> Iterator[Cue]:
    """A cue for every voice in a cue; what no voice tag covers has no speaker."""
    at, speaker = 0, None
    for voice in _VOICE.finditer(text):
        yield from _spoken(number, text[at : voice.start()], speaker, times)
        at, speaker = voice.end(), _unescape(voice[1]).strip() or None
    yield from _spoken(number, text[at:], speaker, times)


def _spoken(number: int, text: str, speaker: str | None, times: captions.Times) -> Iterator[Cue]:
    inside, *after = _VOICE_END.split(text, maxsplit=1) if speaker is not None else [text]
    for part, who in ((inside, speaker), *((rest, None) for rest in after)):
        words = _unescape(_TAG.sub("", part)).strip()
        if words:
            yield Cue(number, words, times.start_s, times.end_s, who)


def _unescape(text: str) -> str:
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    return text.replace("&amp;", "&")
