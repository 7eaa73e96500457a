from __future__ import annotations

import numpy as np
import pytest

from ipt_nlp.areas.bundle import open_bundle, shipped_bundle
from ipt_nlp.areas.classifier import AreaClassifier
from ipt_nlp.areas.encoder import SentenceEncoder
from ipt_nlp.areas.evidence import MAX_SPANS, Occlusion, find_evidence
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


@pytest.fixture(scope="module")
def parts() -> tuple[SentenceEncoder, AreaClassifier]:
    steps = open_bundle(shipped_bundle()).pipeline.named_steps
    return steps["encoder"], steps["classifier"]


def occlusion(
    parts: tuple[SentenceEncoder, AreaClassifier], sentences: list[str], columns: list[int]
) -> Occlusion:
    text = " ".join(sentences)
    encoded = parts[0].encode([text])[0]
    spans = [(text.index(s), text.index(s) + len(s)) for s in sentences]
    probabilities = parts[1].predict_proba(encoded.embedding[np.newaxis])[0]
    return Occlusion(text, encoded, spans, columns, probabilities)


def test_the_sentence_that_shows_it_comes_first(
    parts: tuple[SentenceEncoder, AreaClassifier],
) -> None:
    found = find_evidence(*parts, [occlusion(parts, SENTENCES, [GRIEF])])[0]
    assert 1 <= len(found) <= MAX_SPANS
    assert TEXT[found[0].start_char : found[0].end_char] == SENTENCES[2]
    weights = [e.weight for e in found]
    assert weights == sorted(weights, reverse=True)
    assert all(0 < w <= 1 for w in weights)


def test_only_areas_that_were_asked_for(parts: tuple[SentenceEncoder, AreaClassifier]) -> None:
    found = find_evidence(
        *parts, [occlusion(parts, SENTENCES, []), occlusion(parts, SENTENCES, [GRIEF])]
    )
    assert found[0] == []
    assert {e.column for e in found[1]} == {GRIEF}


def test_the_weight_is_the_drop_of_the_probability(
    parts: tuple[SentenceEncoder, AreaClassifier],
) -> None:
    asked = occlusion(parts, SENTENCES, [GRIEF])
    best = find_evidence(*parts, [asked])[0][0]
    without = TEXT[: best.start_char] + TEXT[best.end_char :]
    after = parts[1].predict_proba(parts[0].transform([without]))[0, GRIEF]
    assert best.weight == pytest.approx(asked.probabilities[GRIEF] - after)
