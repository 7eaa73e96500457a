from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ipt_nlp.areas.views import MAX_WORDS, MIN_WORDS, part_spans


@given(st.text("ab .!?\n\u00e9\U0001f600", max_size=400))
def test_every_word_lies_in_one_part(text: str) -> None:
    spans = part_spans(text)
    assert all(a < b for a, b in spans)
    assert all(b <= c for (_, b), (c, _) in pairwise(spans))
    assert [w for a, b in spans for w in text[a:b].split()] == text.split()


def test_short_sentences_are_joined_and_endless_ones_cut() -> None:
    text = "No. Not really. I do not know what to do about it any more. " + "word " * 90
    parts = [text[a:b] for a, b in part_spans(text)]
    assert parts[0].startswith("No. Not really. I do")
    assert all(MIN_WORDS <= len(p.split()) <= MAX_WORDS for p in parts)
