from __future__ import annotations

import pytest

from ipt_nlp.areas.bundle import open_bundle, shipped_bundle
from ipt_nlp.areas.classifier import AreaClassifier
from ipt_nlp.areas.evidence import MAX_SPANS, Occlusion, find_evidence
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
    spans = [(text.index(s), text.index(s) + len(s)) for s in sentences]
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
