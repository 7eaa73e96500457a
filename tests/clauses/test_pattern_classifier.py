"""The classifier of patterns on made-up clauses, and the union of rules and classifier."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from spacy.language import Language

from ipt_nlp.areas.encoder import EncodedText
from ipt_nlp.clauses.features import ClauseRows, clause_rows, rule_places
from ipt_nlp.clauses.pattern_model import (
    PatternClassifier,
    Unseen,
    choose_thresholds,
    clause_targets,
    joined_spans,
)
from ipt_nlp.clauses.pattern_pairs import N_PATTERNS, Floats
from ipt_nlp.clauses.patterns import PatternReader
from ipt_nlp.clauses.scoring import LabelledSpan
from ipt_nlp.codebook import PATTERNS, WHO, Who
from ipt_nlp.language.clauses import clauses_of
from ipt_nlp.language.pipeline import load_language

Labelled = tuple[list[ClauseRows], list[list[LabelledSpan]], list[str]]


def made_rows(pattern: int, draw: np.random.Generator) -> ClauseRows:
    """Three clauses in two sentences; the second shows the pattern, the third is a therapist's."""
    states = draw.normal(size=(3, 12)).astype(np.float32)
    states[1, pattern % 12] += 3.0
    return ClauseRows(
        spans=((0, 10), (12, 20), (22, 30)),
        sentences=np.array([0, 0, 1]),
        states=states,
        words=(
            ("u:plain", "kind:text", "sj:I"),
            (f"u:word{pattern}", "kind:text", "sj:HE"),
            (f"u:word{pattern}", "kind:text", "sj:I"),
        ),
        fired=np.zeros((3, len(rule_places())), dtype=np.float32),
        base=np.zeros((3, 7), dtype=np.float32),
        doers=("client", "other", "client"),
        readable=np.array([True, True, False]),
    )


@pytest.fixture(scope="module")
def labelled() -> Labelled:
    draw = np.random.default_rng(0)
    rows, spans, groups = [], [], []
    for i in range(120):
        pattern = i % N_PATTERNS
        rows.append(made_rows(pattern, draw))
        who = WHO[i % 3]
        spans.append([LabelledSpan(12, 20, PATTERNS[pattern], who)])
        groups.append(f"g{i // N_PATTERNS}")
    return rows, spans, groups


@pytest.fixture(scope="module")
def fitted(labelled: Labelled) -> PatternClassifier:
    return PatternClassifier(n_features=2**10).fit(*labelled)


@pytest.fixture(scope="module")
def nlp() -> Language:
    return load_language(everything=True)


def test_it_learns_and_leaves_the_therapist_out(
    fitted: PatternClassifier, labelled: Labelled
) -> None:
    for pattern, p in enumerate(fitted.predict_proba(labelled[0][:N_PATTERNS])):
        assert p.shape == (3, N_PATTERNS)
        assert int(p[1].argmax()) == pattern
        assert p[1, pattern] > p[0, pattern]
        assert not p[2].any()


def test_probabilities_do_not_depend_on_the_batch(
    fitted: PatternClassifier, labelled: Labelled
) -> None:
    rows = labelled[0][:20]
    together = fitted.predict_proba(rows)
    for row, p in zip(rows, together, strict=True):
        np.testing.assert_allclose(fitted.predict_proba([row])[0], p, atol=1e-5)


def test_the_same_input_gives_the_same_bytes(fitted: PatternClassifier, labelled: Labelled) -> None:
    again = PatternClassifier(n_features=2**10).fit(*labelled)
    assert pickle.dumps(again) == pickle.dumps(fitted)


def test_a_pattern_that_is_missing_is_an_error(labelled: Labelled) -> None:
    rows, spans, groups = labelled
    fewer = [[s for s in found if s.pattern != "repair"] for found in spans]
    with pytest.raises(ValueError, match="repair"):
        PatternClassifier(n_features=2**10).fit(rows, fewer, groups)


def test_states_that_saw_the_labels_are_not_believed(labelled: Labelled) -> None:
    """States that give the labels away teach to trust them; those of new texts do not."""
    plain = (("u:plain", "kind:text", "sj:I"),) * 3
    rows = [replace(r, words=plain) for r in labelled[0]]
    _, spans, groups = labelled
    new = np.array([i % 2 == 0 for i in range(len(rows))])
    noise = np.random.default_rng(1)
    blind = [noise.normal(size=r.states.shape).astype(np.float32) for r in rows]
    unseen = [Unseen(blind, new), Unseen(blind, ~new)]
    wary = PatternClassifier(n_features=2**10).fit(rows, spans, groups, unseen=unseen)
    trusting = PatternClassifier(n_features=2**10).fit(rows, spans, groups)

    def told(classifier: PatternClassifier) -> float:
        found = classifier.predict_proba(rows)
        return float(np.mean([p[1, i % N_PATTERNS] for i, p in enumerate(found)]))

    assert told(wary) < 0.8 * told(trusting)


def test_each_encoder_teaches_from_its_own_texts(
    labelled: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, spans, groups = labelled
    fitted_on: list[set[int]] = []
    fit_states = PatternClassifier._fit_states

    def spy(self: PatternClassifier, states: Any, labels: Any, weights: Any) -> Any:
        fitted_on.append(set(states[:, 0].astype(int).tolist()))
        return fit_states(self, states, labels, weights)

    monkeypatch.setattr(PatternClassifier, "_fit_states", spy)
    new = np.array([i % 3 == 0 for i in range(len(rows))])
    named = [np.full_like(r.states, i) for i, r in enumerate(rows)]
    unseen = [Unseen(named, new), Unseen([s + 1000 for s in named], ~new)]
    PatternClassifier(n_features=2**10).fit(rows, spans, groups, unseen=unseen)
    assert fitted_on[0] == set(np.flatnonzero(~new).tolist())
    assert fitted_on[1] == set((1000 + np.flatnonzero(new)).tolist())
    with pytest.raises(ValueError, match="each text has to be new to one encoder"):
        PatternClassifier().fit(rows, spans, groups, unseen=unseen[:1])


def test_agreed_spans_win_over_what_one_pass_says(labelled: Labelled) -> None:
    rows, spans, _ = labelled
    [agreed] = spans[0]
    both = [agreed, replace(agreed, agreed=False)]
    labels, weights = clause_targets(rows[0].spans, both)
    assert labels.sum() == 1
    assert weights.all()


def test_texts_without_clauses(fitted: PatternClassifier, nlp: Language) -> None:
    doc = nlp("...")
    none = clause_rows(doc, encoded(doc.text), "text")
    assert fitted.predict_proba([none])[0].shape == (0, N_PATTERNS)


def test_spans_of_one_pass_weigh_nothing() -> None:
    rows = made_rows(0, np.random.default_rng(0))
    labels, weights = clause_targets(
        rows.spans, [LabelledSpan(12, 20, "blame", "other", agreed=False)]
    )
    assert not labels.any()
    assert weights[1, PATTERNS.index("blame")] == 0.0
    assert weights.sum() == weights.size - 1


def test_neighbours_join_inside_a_sentence_only() -> None:
    rows = made_rows(0, np.random.default_rng(0))
    assert joined_spans(rows, np.array([True, True, True])) == [(0, 1), (2, 2)]
    assert joined_spans(rows, np.array([True, False, True])) == [(0, 0), (2, 2)]


def test_the_threshold_parts_what_can_be_parted() -> None:
    rows = [made_rows(0, np.random.default_rng(i)) for i in range(40)]
    pattern = PATTERNS[0]
    spans = [[LabelledSpan(12, 20, pattern, "other")] if i % 2 else [] for i in range(40)]
    found = [np.zeros((3, N_PATTERNS)) for _ in rows]
    for i, p in enumerate(found):
        p[1, 0] = 0.44 if i % 2 else 0.3
    everything = np.ones(40, dtype=bool)
    (first, *_) = choose_thresholds(rows, spans, found, everything)
    assert 0.3 < first <= 0.44


def encoded(text: str) -> EncodedText:
    words = text.split()
    starts = np.cumsum([0, *(len(w) + 1 for w in words)])[:-1]
    offsets = np.array(
        [[s, s + len(w)] for s, w in zip(starts, words, strict=True)], dtype=np.int64
    ).reshape(-1, 2)
    states = np.ones((len(words), 4), dtype=np.float32)
    return EncodedText(np.ones(4, dtype=np.float32), states, offsets)


def test_rows_of_a_document(nlp: Language) -> None:
    text = "My husband ignores me when I ask him to talk."
    rows = clause_rows(nlp(text), encoded(text), "text")
    assert [text[a:b] for a, b in rows.spans] == ["My husband ignores me", "I ask him to talk"]
    assert rows.fired[0, rule_places()["ignoring"]] == 1.0
    assert rows.doers == ("other", "client")
    assert rows.states.shape == (2, 12)
    assert "sj:KIN" in rows.words[0]


class Fixed(PatternClassifier):
    """Knows one pattern."""

    def __init__(self, probabilities: list[list[float]]) -> None:
        super().__init__()
        self.thresholds_ = np.full(3, 0.4)
        self.fixed = np.array(probabilities)

    def predict_proba(self, X: object) -> list[Floats]:
        return [self.fixed]

    def predict_who(self, rows: ClauseRows, clause: int, pattern: str) -> Who:
        return rows.doers[clause]


def one_hot(pattern: str, value: float) -> list[float]:
    return [value if p == pattern else 0.0 for p in PATTERNS]


def test_sources_say_what_found_a_span(nlp: Language) -> None:
    text = "My husband ignores me when I paint the fence."
    doc = nlp(text)
    classifier = Fixed([one_hot("withdrawal", 0.3), one_hot("direct_expression", 0.834)])
    (found,) = PatternReader(classifier).find([doc], [encoded(text)], "text")
    assert [(f.pattern, f.who, f.source) for f in found] == [
        ("withdrawal", "other", "rule:ignoring"),
        ("direct_expression", "client", "model:0.83"),
    ]
    assert all(text[f.start_char : f.end_char] == f.span.text for f in found)


def test_what_the_classifier_alone_sees_in_a_part_of_a_longer_span_is_left_out(
    nlp: Language,
) -> None:
    text = "She said I was selfish and that I never help."
    doc = nlp(text)
    n = len(clauses_of(doc))
    rows = [
        [
            max(a, b)
            for a, b in zip(one_hot("blame", 0.6), one_hot("defensiveness", inner), strict=True)
        ]
        for inner in [0.0] * (n - 1) + [0.5]
    ]
    assert n > 1
    (found,) = PatternReader(Fixed(rows)).find([doc], [encoded(text)], "text")
    assert [(f.pattern, f.span.text) for f in found] == [("blame", text[:-1])]


def test_a_rule_falls_when_the_classifier_is_sure_of_the_contrary(nlp: Language) -> None:
    text = "My husband ignores me when I ask him to talk."
    classifier = Fixed([one_hot("withdrawal", 0.05), one_hot("withdrawal", 0.0)])
    assert PatternReader(classifier).find([nlp(text)], [encoded(text)], "text") == [[]]


def test_without_a_classifier_rules_alone(nlp: Language) -> None:
    text = "My husband ignores me."
    (found,) = PatternReader(None).find([nlp(text)], [encoded(text)], "text")
    assert [f.source for f in found] == ["rule:ignoring"]
