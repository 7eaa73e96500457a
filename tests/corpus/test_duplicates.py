from __future__ import annotations

import pytest

from ipt_nlp.corpus.duplicates import near_duplicates

LONG = "my sister and i have not talked since the summer and i do not know how to begin again"
CHANGED = LONG.replace("begin again", "start again")
OTHER = "the new job in the other town is fine but every evening i sit alone and wait for a call"


def test_a_text_with_one_changed_word_is_found_with_its_jaccard_index() -> None:
    [pair] = near_duplicates([OTHER, LONG, CHANGED])
    assert (pair.first, pair.second) == (1, 2)
    # 19 words make 17 shingles; the changed word, one before the last, is in two of them.
    assert pair.jaccard == pytest.approx(15 / 19)


def test_case_and_punctuation_do_not_hide_a_duplicate() -> None:
    [pair] = near_duplicates([LONG, LONG.upper().replace(" SINCE", "; SINCE") + "!!"])
    assert pair.jaccard == 1


def test_half_a_text_is_not_a_near_duplicate() -> None:
    half = " ".join(LONG.split()[:10])
    assert list(near_duplicates([LONG, f"{half} {OTHER}"])) == []


@pytest.mark.parametrize(("words", "found"), [(11, 0), (12, 1)])
def test_texts_under_twelve_words_are_left_alone(words: int, found: int) -> None:
    text = " ".join(LONG.split()[:words])
    assert len(list(near_duplicates([text, text]))) == found


def test_against_a_reference_only_pairs_across_count() -> None:
    [pair] = near_duplicates([OTHER, OTHER, LONG], [CHANGED, CHANGED.replace("summer", "winter")])
    assert (pair.first, pair.second) == (0, 2)
