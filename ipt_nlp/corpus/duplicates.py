"""Texts that are nearly the same: MinHash finds candidates, exact Jaccard decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ipt_nlp.corpus.words import words_of

MIN_WORDS = 12
"""Shorter texts are left alone: short turns repeat each other in any conversation."""
SHINGLE = 3
JACCARD = 0.6
_BANDS, _ROWS = 42, 3
"""With these bands a pair at ``JACCARD`` is missed once in some 28,000 times."""


@dataclass(frozen=True)
class NearDuplicate:
    """Two texts by their places in what was compared, and the Jaccard index of their shingles."""

    first: int
    second: int
    jaccard: float


def near_duplicates(
    texts: Sequence[str], against: Sequence[str] | None = None
) -> Iterator[NearDuplicate]:
    """Pairs whose word 3-shingles have a Jaccard index of at least ``JACCARD``.

    Without ``against``, pairs within ``texts``, the earlier text first. With it, ``first`` is a
    place in ``against`` and ``second`` a place in ``texts``; pairs within either are left out.
    Texts of fewer than ``MIN_WORDS`` words are never compared.
    """
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=_BANDS * _ROWS, params=(_BANDS, _ROWS))
    blank = MinHash(num_perm=_BANDS * _ROWS, seed=1)
    indexed: dict[int, frozenset[str]] = {}
    if against is not None:
        for place, found in _shingled(against):
            indexed[place] = found
            index.insert(place, _sketch(blank, found))
    for place, found in _shingled(texts):
        sketch = _sketch(blank, found)
        for other in sorted(index.query(sketch)):
            jaccard = len(found & indexed[other]) / len(found | indexed[other])
            if jaccard >= JACCARD:
                yield NearDuplicate(other, place, jaccard)
        if against is None:
            indexed[place] = found
            index.insert(place, sketch)


def _shingled(texts: Sequence[str]) -> Iterator[tuple[int, frozenset[str]]]:
    for place, text in enumerate(texts):
        words = words_of(text)
        if len(words) >= MIN_WORDS:
            cuts = zip(*(words[i:] for i in range(SHINGLE)), strict=False)
            yield place, frozenset(map(" ".join, cuts))


def _sketch(blank: object, shingles: frozenset[str]) -> object:
    sketch = blank.copy()  # type: ignore[attr-defined]
    sketch.update_batch([shingle.encode("utf-8") for shingle in shingles])
    return sketch
