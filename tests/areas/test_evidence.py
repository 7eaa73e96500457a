from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipt_nlp.areas.bundle import open_bundle, shipped_bundle
from ipt_nlp.areas.classifier import AreaClassifier
from ipt_nlp.areas.encoder import EncodedText
from ipt_nlp.areas.evidence import (
    MAX_SPANS,
    Occlusion,
    estimated_drops,
    find_evidence,
    measured_drops,
)
from ipt_nlp.areas.views import ViewEncoder, view_array
from ipt_nlp.codebook import AREAS

GRIEF = AREAS.index("grief")
SENTENCES = [
    "I took the bus to town this morning.",
    "The shop had no bread left.",
    "My father died in March and I still cry every day because I miss him.",
    "Then I bought some milk.",
    "The weather was fine.",
]
TEXT = " ".join(SENTENCES)


Parts = tuple[ViewEncoder, AreaClassifier]


@pytest.fixture(scope="module")
def parts() -> Parts:
    bundle = open_bundle(shipped_bundle())
    return bundle.encoder, bundle.classifier.of_kind("text")


def occlusion(parts: Parts, sentences: list[str], columns: list[int]) -> Occlusion:
    encoder, classifier = parts
    text = " ".join(sentences)
    encoded = encoder.encode([text])
    spans, start = [], 0
    for sentence in sentences:
        spans.append((start, start + len(sentence)))
        start += len(sentence) + 1
    features = classifier.features(view_array([text], encoded))[0]
    return Occlusion(text, encoded[0], spans, columns, features)


def test_the_sentence_that_shows_it_comes_first(parts: Parts) -> None:
    found = find_evidence(*parts, [occlusion(parts, SENTENCES, [GRIEF])])[0]
    assert 1 <= len(found) <= MAX_SPANS
    assert TEXT[found[0].start_char : found[0].end_char] == SENTENCES[2]
    weights = [e.weight for e in found]
    assert weights == sorted(weights, reverse=True)
    assert all(0 < w <= 1 for w in weights)


def test_only_areas_that_were_asked_for(parts: Parts) -> None:
    found = find_evidence(
        *parts, [occlusion(parts, SENTENCES, []), occlusion(parts, SENTENCES, [GRIEF])]
    )
    assert found[0] == []
    assert {e.column for e in found[1]} == {GRIEF}


def test_the_weight_is_the_drop_of_the_probability(parts: Parts) -> None:
    asked = occlusion(parts, SENTENCES, [GRIEF])
    best = find_evidence(*parts, [asked])[0][0]
    without = TEXT[: best.start_char] + TEXT[best.end_char :]
    before, after = parts[1].predict_proba(parts[0].transform([TEXT, without]))[:, GRIEF]
    assert best.weight == pytest.approx(before - after)


CASES = {
    "grief": [
        "My mum died two years ago and I still cannot open her wardrobe.",
        "I miss her every day and I cry when I hear her song.",
    ],
    "role_transition": [
        "I retired in June and I do not know who I am without the job.",
        "Being a new father has turned everything in my life over.",
    ],
    "conflict": [
        "My husband and I argue about money and he never listens to me.",
        "My sister and I are fighting because she says I do nothing for the family.",
    ],
    "isolation": [
        "I have no friends here and I go whole weeks without talking to anyone.",
        "I feel lonely and I do not know how to start a conversation with people.",
    ],
}
FILLER = [
    "I took the bus to town this morning and it was late.",
    "The shop had no bread left so I bought some milk and eggs.",
    "It rained most of the week and the garden needs some work.",
]


@pytest.mark.parametrize(("area", "said"), [(a, s) for a, both in CASES.items() for s in both])
def test_without_evidence_less_is_left_than_without_other_words(
    parts: Parts, area: str, said: str
) -> None:
    """Faithful: what is shown carries the probability, what is not shown does not."""
    column = AREAS.index(area)
    sentences = [FILLER[0], said, *FILLER[1:]]
    asked = occlusion(parts, sentences, [column])
    best = find_evidence(*parts, [asked])[0][0]
    shown = (best.start_char, best.end_char)
    others = [span for span in asked.spans if span != shown]
    drops = measured_drops(*parts, [(asked, span) for span in [shown, *others]])[:, column]
    assert asked.text[slice(*shown)] == said
    assert drops[0] > 0.1
    assert drops[0] > drops[1:].max() + 0.05


def test_estimates_point_where_measuring_does(parts: Parts) -> None:
    asked = occlusion(parts, SENTENCES, [GRIEF])
    [estimated] = estimated_drops(parts[1], [(asked, asked.spans)])
    measured = measured_drops(*parts, [(asked, span) for span in asked.spans])
    assert estimated.shape == measured.shape == (len(SENTENCES), len(AREAS))
    assert estimated[:, GRIEF].argmax() == measured[:, GRIEF].argmax() == 2


def test_estimates_are_the_same_in_portions(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [occlusion(parts, s, [GRIEF]) for s in (SENTENCES, FILLER, SENTENCES * 3)]
    wanted = [(one, one.spans) for one in asked]
    whole = estimated_drops(parts[1], wanted)
    monkeypatch.setattr("ipt_nlp.areas.evidence.PARTS_AT_ONCE", 2)
    for one, other in zip(whole, estimated_drops(parts[1], wanted), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_nothing_to_explain(parts: Parts) -> None:
    assert find_evidence(*parts, []) == []
    assert find_evidence(*parts, [occlusion(parts, SENTENCES, [])]) == [[]]


def test_few_spans_are_encoded_again(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, classifier = parts
    asked = occlusion(parts, [*SENTENCES, *FILLER * 6], [GRIEF])
    encoded: list[str] = []
    plain = encoder.encode

    def counted(texts: Sequence[str]) -> list[EncodedText]:
        encoded.extend(texts)
        return plain(texts)

    monkeypatch.setattr(encoder, "encode", counted)
    find_evidence(encoder, classifier, [asked])
    assert 1 <= len(encoded) <= 2


@given(st.lists(st.sampled_from([*SENTENCES, "Ok.", "—", "I miss him 😔 so much."]), min_size=1))
@settings(max_examples=15, deadline=None)
def test_evidence_is_one_of_the_spans_given(parts: Parts, sentences: list[str]) -> None:
    asked = occlusion(parts, sentences, list(range(len(AREAS))))
    [found] = find_evidence(*parts, [asked])
    for column in range(len(AREAS)):
        mine = [e for e in found if e.column == column]
        assert len(mine) <= MAX_SPANS
        assert {(e.start_char, e.end_char) for e in mine} <= set(asked.spans)
