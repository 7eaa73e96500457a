"""Whether a text is English, the one language that is read here.

The share of function words ("the", "was", "you") among a text's words tells: of 5,550 stretches of
fifty words in IPT-Synth the lowest has 14 %, and texts in 29 other languages have up to 4 %. Those
of one or two letters ("a", "in", "so") are words elsewhere too and do not count. spaCy's list of
them is here already, so no model of language identification is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from spacy.lang.en.stop_words import STOP_WORDS

NOT_ENGLISH_WARNING = (
    "about {share} of the words look like another language; the tool reads English, so labels, "
    "flags and identifiers there are missing or wrong"
)
STRETCH_WORDS = 50
"""A text is judged in stretches of this many words: one that changes languages is heard too."""
MIN_WORDS = 30
"""A shorter text, or the end of one, is not judged: it may be a list of names."""
_FUNCTION_SHARE, _FUNCTION_SHARE_OF_FEW = 0.09, 0.05
_MIN_SHARE = 0.1
"""A proverb or a song's lines in a long session are no reason to warn."""

_FUNCTION_WORDS = frozenset(word for word in STOP_WORDS if len(word) > 2)

# Languages that put no space between words are counted by character.
_WORD = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
    r"|[^\W\d_]+(?:['\u2019][^\W\d_]+)*"
)


def language_warnings(text: str) -> tuple[str, ...]:
    """A warning when part of a text is not English; none for a text of under ``MIN_WORDS`` words.

    >>> language_warnings("Wir haben uns gestritten.")
    ()
    """
    judged = foreign = 0
    for n_words, n_function in _stretches(text):
        if n_words < MIN_WORDS:
            continue
        judged += n_words
        few = n_words < STRETCH_WORDS
        if n_function < n_words * (_FUNCTION_SHARE_OF_FEW if few else _FUNCTION_SHARE):
            foreign += n_words
    if not foreign or foreign < judged * _MIN_SHARE:
        return ()
    return (NOT_ENGLISH_WARNING.format(share=f"{foreign / judged:.0%}"),)


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """The words and the function words in each stretch; numbers and signs are no words."""
    found = _WORD.finditer(text)
    while words := [m[0].replace("\u2019", "'").casefold() for m in islice(found, STRETCH_WORDS)]:
        yield len(words), sum(map(_is_function_word, words))


def _is_function_word(word: str) -> bool:
    stem, apostrophe, _ = word.partition("'")
    # "I'm", "he's", "it'll": short stems count with what English alone hangs on them.
    return stem in (STOP_WORDS if apostrophe else _FUNCTION_WORDS)
