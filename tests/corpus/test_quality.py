from __future__ import annotations

import json
from pathlib import Path

import pytest

from ipt_nlp.corpus.quality import (
    Shared,
    measure,
    overused_words,
    read_reference,
    repeated_openings,
    shared_phrases,
    style,
    tell_apart,
)
from ipt_nlp.errors import CorpusError

CALM = [f"The garden is quiet today and I sit there with tea number {i}." for i in range(20)]
LOUD = [f"My boss shouts at work, every meeting ends in a fight {i}!" for i in range(20)]


def test_style_is_counted_by_hand() -> None:
    found = style(["I don't know. I’m tired!", "Well, I left"])
    assert (found.texts, found.words) == (2, 8)
    assert found.sentence_words_mean == pytest.approx(8 / 3)
    assert found.sentence_words_median == 3
    assert found.words_per_text[4] == 4
    assert found.type_token_ratio == 7 / 8
    assert found.function_words["I, me, my"] == pytest.approx(1000 * 3 / 8)
    assert found.function_words["not, no, never"] == pytest.approx(1000 / 8)


def test_the_type_token_ratio_does_not_fall_with_size() -> None:
    text = " ".join(f"w{i}" for i in range(500)) + " " + " ".join(["same"] * 500)
    assert style([text]).type_token_ratio == style([text] * 5).type_token_ratio == 501 / 1000


def test_no_texts_are_no_error() -> None:
    assert style([]).words == 0
    assert measure(["..."]).style.words_per_text == (0.0,) * 9


def test_a_phrase_counts_once_a_text_and_is_listed_above_the_limit() -> None:
    text = "all day long I wait, all day long I wait"
    assert shared_phrases([text] * 3) == []
    assert Shared("all day long i wait", 4) in shared_phrases([text] * 4)


def test_openings_are_the_first_four_words_only() -> None:
    texts = [f"How do I stop {thing}" for thing in ("this", "that", "him", "her")]
    assert repeated_openings(texts) == [Shared("how do i stop", 4)]
    assert repeated_openings([f"Well. {text}" for text in texts], size=5) != []
    assert repeated_openings(["How do I"] * 9) == []


def test_words_stand_out_beside_a_reference_only_when_they_are_rarer_there() -> None:
    found = {w.word: w for w in overused_words(CALM, LOUD)}
    assert "garden" in found
    assert found["garden"].reference_rate == 0
    assert "boss" not in found
    assert overused_words(CALM, CALM) == []
    assert "the" not in {w.word for w in overused_words(CALM)}


def test_the_diagnostic_tells_different_texts_apart_and_quotes_only_the_corpus() -> None:
    found = tell_apart(CALM, LOUD)
    assert found is not None
    assert found.auc > 0.95
    assert "garden" in found.telling
    assert not {"boss", "shouts", "fight"} & set(" ".join(found.telling).split())


def test_a_short_list_of_telling_phrases_is_not_filled_up_from_the_reference() -> None:
    found = tell_apart(["sun shines"] * 12, ["boss shouts"] * 12)
    assert found is not None
    assert set(found.telling) == {"sun", "shines", "sun shines"}


def test_the_diagnostic_cannot_tell_texts_of_one_kind() -> None:
    mixed = [text for pair in zip(CALM, LOUD, strict=True) for text in pair]
    found = tell_apart(mixed[::2] + mixed[1::2], mixed)
    assert found is not None
    assert found.auc < 0.7


def test_too_few_texts_have_no_diagnostic() -> None:
    assert tell_apart(CALM, LOUD[:9]) is None


def test_a_reference_is_read_and_its_words_stay_out_of_errors(tmp_path: Path) -> None:
    path = tmp_path / "real.jsonl"
    path.write_text(json.dumps({"text": "secret", "more": 1}) + "\n", encoding="utf-8")
    assert read_reference(path) == ["secret"]
    path.write_text(json.dumps({"text": "a"}) + '\n{"post": "secret"}\n', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"real\.jsonl:2") as caught:
        read_reference(path)
    assert "secret" not in str(caught.value)
