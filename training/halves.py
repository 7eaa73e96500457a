"""Clients and writers in two halves, so that what one encoder learned from is new to another.

An encoder that was trained on labelled clauses (``training/encoder/clauses.py``) tells these apart
better than those of new text. Whatever is fitted on its states must be judged on states of texts
that it has not seen: two encoders, each trained on one half, give those for all texts
(cross-fitting). The encoder that is shipped is the mean of the two.

Two limits. Both start from weights that learned areas, risk and patterns of whole texts of both
halves, so texts are new to the last step alone. And the halves are drawn by name, not by kind: of
the open posts three quarters are in the first, of the rows about risk nine in ten in the second.
Risk is therefore fitted without them: with them it found no more in real posts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

HALF_FILE = "half.txt"
"""Beside the weights of an encoder: the half that it was trained on."""


def half_of(group: str) -> int:
    """0 or 1, always the same for a client or writer."""
    return crc32(group.encode()) % 2


def check_halves(folders: Sequence[Path]) -> None:
    """Make sure that each encoder was trained on the half whose place it is given in.

    Raises:
        ValueError: One was not, or does not say what it was trained on.
    """
    for half, folder in enumerate(folders):
        file = folder / HALF_FILE
        told = file.read_text(encoding="utf-8").strip() if file.is_file() else "nothing"
        if told != str(half):
            raise ValueError(f"{folder.name}: should be trained on half {half}, says {told}")
