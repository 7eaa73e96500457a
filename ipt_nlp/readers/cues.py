"""What timed formats (WebVTT, SRT, Whisper) have in common: cues that become turns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ipt_nlp.errors import ReadError
from ipt_nlp.speakers import find_label, speaker_labels
from ipt_nlp.transcript import UNHEARD_WARNING, Transcript, Utterance, normalise

NO_SPEAKERS_WARNING = (
    "no speakers in it: who says what is unknown, so it was read like a note, "
    "cut into paragraphs at pauses"
)
PAUSE_S = 2.0
"""Without speakers, a silence of this many seconds begins a new paragraph ..."""
PARAGRAPH_WORDS = 100
"""... and so does this many words."""


@dataclass(frozen=True)
class Cue:
    """Timed words. ``number`` is the cue's place in its file, from 1."""

    number: int
    text: str
    start_s: float | None
    end_s: float | None
    speaker: str | None = None


def transcript(
    cues: Sequence[Cue], *, source: str, therapist: str | None, warnings: Sequence[str] = ()
) -> Transcript:
    """Turns from cues, or paragraphs of a note where no cue has a speaker.

    A cue without a speaker goes on with the speaker before it, and consecutive cues of one speaker
    are one turn with the times of its first and last cue.

    Raises:
        ReadError: No cue has words.
        OptionError: ``therapist`` names no speaker.
    """
    named = [cue for cue in _split_labels(cues, therapist) if cue.text.strip()]
    noted = [*warnings, *_order_warnings(cues)]
    if not named:
        raise ReadError(source, "no cue has words in it")
    if all(c.speaker is None for c in named):
        if therapist is not None:
            noted.append(UNHEARD_WARNING)
        return Transcript.from_utterances(
            _paragraphs(named), source=source, kind="note", warnings=[*noted, NO_SPEAKERS_WARNING]
        )
    return Transcript.from_utterances(
        _turns(named), source=source, therapist=therapist, warnings=noted
    )


def _split_labels(cues: Sequence[Cue], therapist: str | None) -> Iterator[Cue]:
    """Cues cut where a line begins with a label that is a speaker (Zoom's ``Name: text``)."""
    plain = [normalise(c.text).split("\n") for c in cues if c.speaker is None]
    lines = [line for part in plain for line in part]
    labels = speaker_labels(lines, therapist) or _only_label(lines)
    for cue in cues:
        if cue.speaker is not None:
            yield cue
            continue
        current = replace(cue, text="")
        for line in normalise(cue.text).split("\n"):
            label = find_label(line)
            if label is not None and label.speaker in labels:
                if current.text.strip():
                    yield current
                current = replace(cue, text=line[label.text_start :], speaker=label.speaker)
            else:
                current = replace(current, text=f"{current.text}\n{line}".lstrip("\n"))
        yield current


def _only_label(lines: Iterable[str]) -> frozenset[str]:
    """The one label that begins every line there is: a recording of one voice."""
    found = set()
    for line in lines:
        if line.strip():
            label = find_label(line)
            if label is None or not label.colon:
                return frozenset()
            found.add(label.speaker)
    return frozenset(found) if len(found) == 1 else frozenset()


def _turns(cues: Iterable[Cue]) -> Iterator[Utterance]:
    group: list[Cue] = []
    for cue in cues:
        if group and cue.speaker not in (None, group[0].speaker):
            yield _joined(group)
            group = []
        group.append(cue)
    yield _joined(group)


def _paragraphs(cues: Iterable[Cue]) -> Iterator[Utterance]:
    group: list[Cue] = []
    words = 0
    for cue in cues:
        if group and (words >= PARAGRAPH_WORDS or _pauses(group[-1], cue)):
            yield _joined(group)
            group, words = [], 0
        group.append(cue)
        words += len(cue.text.split())
    yield _joined(group)


def _joined(group: Sequence[Cue]) -> Utterance:
    ends = [cue.end_s for cue in group if cue.end_s is not None]
    text = " ".join(cue.text.strip() for cue in group)
    return Utterance(text, group[0].speaker, group[0].start_s, ends[-1] if ends else None)


def _pauses(before: Cue, cue: Cue) -> bool:
    if before.end_s is None or cue.start_s is None:
        return False
    return cue.start_s - before.end_s >= PAUSE_S


def _order_warnings(cues: Sequence[Cue]) -> list[str]:
    backwards = [
        c.number
        for c in cues
        if c.start_s is not None and c.end_s is not None and c.end_s < c.start_s
    ]
    if not backwards:
        return []
    return [f"{len(backwards)} cue(s) end before they start, the first is cue {backwards[0]}"]
