"""Caption files cut into blocks, so that an error can name a line and nothing drops out.

webvtt-py reads time stamps and cue settings; but, as players do, it skips what it cannot read. A
skipped cue is a lost answer here, so it is given one cue at a time and what is left over is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from ipt_nlp.errors import ReadError

ARROW = "-->"


@dataclass
class Block:
    """One cue as the file has it; ``line`` is the 1-based line of its time stamps."""

    line: int
    timing: str
    words: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Times:
    """When a cue is spoken."""

    start_s: float
    end_s: float


def blocks(lines: list[str], is_identifier: Callable[[str, bool], bool]) -> Iterator[Block]:
    """Cues with all the lines up to the next one; the first has what stands before any cue.

    ``is_identifier`` is asked whether the line above a cue's time stamps names the cue, and told
    whether that line stands after an empty one or begins the file.
    """
    current = Block(0, "")
    for number, line in enumerate(lines, 1):
        if ARROW not in line:
            current.words.append(line)
            continue
        if current.words and is_identifier(current.words[-1], _begins_block(current)):
            current.words.pop()
        yield current
        current = Block(number, line)
    yield current


def _begins_block(block: Block) -> bool:
    if len(block.words) == 1:
        return not block.line
    return not block.words[-2].strip()


def times(block: Block, source: str) -> Times:
    """The times of a cue, in seconds.

    Raises:
        ReadError: The time stamps are broken; it names their line.
    """
    try:
        found = webvtt.from_string(f"WEBVTT\n\n{block.timing}\nx\n").captions
    except (MalformedCaptionError, MalformedFileError):
        found = []
    if len(found) != 1:
        raise ReadError(source, "broken time stamps of a cue", block.line)
    start, end = found[0].start_time, found[0].end_time
    return Times(start.in_milliseconds() / 1000, end.in_milliseconds() / 1000)
