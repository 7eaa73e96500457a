"""Files as pieces of text that can be searched and put back: one module a family of formats.

Unlike :mod:`ipt_nlp.readers`, which keeps what was said, these see everything in a file: headers,
comments, names of fields' owners, document properties. A piece put back unchanged leaves the
file's bytes around it as they were.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ipt_nlp.errors import ReadError
from ipt_nlp.readers.files import Raw

_MODULES = {
    ".txt": "text", ".text": "text", ".md": "text", ".markdown": "text",
    ".vtt": "text", ".srt": "text", ".docx": "docx",
    ".json": "json", ".jsonl": "json", ".ndjson": "json", ".csv": "table", ".tsv": "table",
}  # fmt: skip


AUTHOR = "author"
"""How ``where`` begins for a piece that holds nothing but who wrote something."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a file's text.

    ``where`` is a place for people ("line 12", "comment 2"). Pieces of one ``group`` are searched
    as one text. A ``code`` piece holds no sentence (an id, an author): only names, numbers to call
    and addresses count in it. A ``bare`` piece takes no brackets: they would break its format.
    """

    text: str
    where: str
    group: int = 0
    code: bool = False
    spoken: bool = True
    bare: bool = False


class Opened(Protocol):
    """A file's pieces, and the file again with other texts in their places."""

    pieces: Sequence[Piece]
    warnings: Sequence[str]

    def rebuild(self, texts: Sequence[str]) -> bytes:
        """The file with ``texts`` instead of its pieces', and without metadata."""
        ...


def renamed(changed: Mapping[str, str], kept: Iterable[str] = ()) -> dict[str, str]:
    """New names of things that a file tells apart by name, each with a number where it is taken.

    >>> renamed({"Anna": "PERSON_1", "Smith": "PERSON_1"}, ["text"])
    {'Anna': 'PERSON_1', 'Smith': 'PERSON_1_2'}
    """
    taken = {name.casefold() for name in kept}
    made: dict[str, str] = {}
    for old, wanted in changed.items():
        new, number = wanted, 2
        while new.casefold() in taken:
            new = f"{wanted}_{number}"
            number += 1
        taken.add(new.casefold())
        made[old] = new
    return made


def open_pieces(raw: Raw) -> Opened:
    """The pieces of a file.

    Raises:
        ReadError: An unknown suffix, or a file that cannot be read.
    """
    module = _MODULES.get(Path(raw.source).suffix.casefold())
    if module is None:
        raise ReadError(raw.source, "unknown kind of file")
    opened: Opened = importlib.import_module(f"{__name__}.{module}").open_pieces(raw)
    return opened
