"""Clauses -> communication patterns: a learned classifier, and rules and classifier in one result.

Two stages. The first reads each clause twice: its words and those around it (hashed, one logistic
regression a pattern) and its token states (one ridge regression for all patterns). The second
combines both with the rules that fired on the clause and with what the first stage says of the
clauses beside it (stacked generalisation, Wolpert 1992).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler
from spacy.tokens import Doc

from ipt_nlp.areas.encoder import EncodedText
from ipt_nlp.clauses.features import ClauseRows, clause_rows, rule_places
from ipt_nlp.clauses.scoring import LabelledSpan, overlaps
from ipt_nlp.codebook import PATTERN_INFO, PATTERNS, WHO, Who
from ipt_nlp.language.clauses import clauses_of
from ipt_nlp.language.patterns import SPANS_KEY, FoundPattern, found_patterns, pattern_rules
from ipt_nlp.transcript import Kind

Floats = NDArray[np.float64]

N_PATTERNS = len(PATTERNS)
_GRID = np.arange(0.06, 0.72, 0.03)
F1_TOLERANCE = 0.02
_SEED = 0


class PatternClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Probability of each pattern in each clause, and who shows it.

    Args:
        n_features: Columns that the words are hashed into.
        word_strength: Inverse of the regularisation of the words' classifier.
        state_penalty: Regularisation of the token states' regression.
        combine_strength: Inverse of the regularisation of the second stage.
        n_folds: Folds of the grouped cross-validation that the second stage and the thresholds
            are made with.
    """

    def __init__(
        self,
        n_features: int = 2**16,
        word_strength: float = 6.0,
        state_penalty: float = 30.0,
        combine_strength: float = 0.05,
        n_folds: int = 4,
    ) -> None:
        self.n_features = n_features
        self.word_strength = word_strength
        self.state_penalty = state_penalty
        self.combine_strength = combine_strength
        self.n_folds = n_folds

    def fit(
        self,
        X: Sequence[ClauseRows],
        y: Sequence[Sequence[LabelledSpan]],
        groups: Sequence[str] | None = None,
    ) -> PatternClassifier:
        """Learn from labelled texts.

        Args:
            X: Clauses of each text.
            y: Labelled spans of each text.
            groups: Client or writer of each text, kept on one side of every fold.

        Raises:
            ValueError: A pattern is in fewer than two groups, or no text has a clause.
        """
        rows = [np.flatnonzero(x.readable) for x in X]
        where = np.repeat(np.arange(len(X)), [len(r) for r in rows])
        words = [x.words[i] for x, kept in zip(X, rows, strict=True) for i in kept]
        states = np.concatenate([x.states[kept] for x, kept in zip(X, rows, strict=True)])
        targets = [clause_targets(x, spans) for x, spans in zip(X, y, strict=True)]
        labels = np.concatenate([t[0][kept] for t, kept in zip(targets, rows, strict=True)])
        weights = np.concatenate([t[1][kept] for t, kept in zip(targets, rows, strict=True)])
        names = np.arange(len(X)).astype(str) if groups is None else np.asarray(groups)
        hashed = self._hasher().transform(words)
        self.frequencies_ = TfidfTransformer(sublinear_tf=True).fit(hashed)
        weighted = self.frequencies_.transform(hashed)
        first = np.zeros((len(words), 2 * N_PATTERNS))
        splits = list(GroupKFold(self.n_folds).split(words, groups=names[where]))
        for train, test in splits:
            fitted = self._fit_first(weighted[train], states[train], labels[train], weights[train])
            first[test] = _first_scores(*fitted, weighted[test], states[test])
        self.word_coefficients_, self.word_intercepts_, self.state_model_ = self._fit_first(
            weighted, states, labels, weights
        )
        features = self._second_features(X, rows, first)
        out_of_fold = np.zeros((len(words), N_PATTERNS))
        for train, test in splits:
            stage = self._fit_second(features[train], labels[train], weights[train])
            out_of_fold[test] = _second_scores(*stage, features[test])
        self.scaler_, self.second_ = self._fit_second(features, labels, weights)
        probabilities = _spread(X, rows, out_of_fold)
        self.out_of_fold_ = probabilities
        self.thresholds_ = choose_thresholds(X, y, probabilities)
        self._fit_who(X, y)
        self.classes_ = np.arange(N_PATTERNS)
        return self

    def predict_proba(self, X: Sequence[ClauseRows]) -> list[Floats]:
        """Probabilities (n_clauses, n_patterns) of each text; 0 for what a therapist says."""
        rows = [np.flatnonzero(x.readable) for x in X]
        words = [x.words[i] for x, kept in zip(X, rows, strict=True) for i in kept]
        if not words:
            return [np.zeros((len(x), N_PATTERNS)) for x in X]
        states = np.concatenate([x.states[kept] for x, kept in zip(X, rows, strict=True)])
        weighted = self.frequencies_.transform(self._hasher().transform(words))
        first = _first_scores(
            self.word_coefficients_, self.word_intercepts_, self.state_model_, weighted, states
        )
        features = self._second_features(X, rows, first)
        return _spread(X, rows, _second_scores(self.scaler_, self.second_, features))

    def predict_who(self, rows: ClauseRows, clause: int, pattern: str) -> Who:
        """Who shows a pattern that begins in a clause."""
        found = self.who_model_.predict(
            self._who_hasher().transform([_who_words(rows, clause, pattern)])
        )
        return WHO[int(found[0])]

    def _hasher(self) -> FeatureHasher:
        return FeatureHasher(self.n_features, input_type="string", alternate_sign=False)

    @staticmethod
    def _who_hasher() -> FeatureHasher:
        return FeatureHasher(2**11, input_type="string", alternate_sign=False)

    def _fit_first(
        self, words: Any, states: NDArray[np.float32], labels: Floats, weights: Floats
    ) -> tuple[NDArray[np.float16], Floats, Ridge]:
        coefficients = np.zeros((words.shape[1], N_PATTERNS), dtype=np.float16)
        intercepts = np.zeros(N_PATTERNS)
        for column in range(N_PATTERNS):
            if not labels[:, column].any():
                raise ValueError(f"{PATTERNS[column]}: occurs in too few clients or writers")
            model = LogisticRegression(
                C=self.word_strength, solver="liblinear", max_iter=200, random_state=_SEED
            ).fit(words, labels[:, column], sample_weight=weights[:, column])
            # Half precision: the pickle is a quarter of the size and the scores are the same.
            coefficients[:, column] = model.coef_[0]
            intercepts[column] = model.intercept_[0]
        ridge = Ridge(alpha=self.state_penalty, solver="cholesky").fit(states, labels)
        return coefficients, intercepts, ridge

    def _second_features(
        self, X: Sequence[ClauseRows], rows: Sequence[NDArray[np.intp]], first: Floats
    ) -> Floats:
        bounds = np.cumsum([0, *(len(kept) for kept in rows)])
        made = []
        for i, (x, kept) in enumerate(zip(X, rows, strict=True)):
            own = first[bounds[i] : bounds[i + 1]]
            if not len(kept):
                continue
            same = np.diff(x.sentences[kept], prepend=-1, append=-2) == 0
            floor = np.full((1, own.shape[1]), -3.0)
            before = np.vstack([floor, own[:-1]])
            after = np.vstack([own[1:], floor])
            made.append(
                np.hstack(
                    [
                        own,
                        before[:, :N_PATTERNS],
                        after[:, :N_PATTERNS],
                        before[:, :N_PATTERNS] * same[:-1, None],
                        after[:, :N_PATTERNS] * same[1:, None],
                        np.repeat(own[:, :N_PATTERNS].max(axis=0)[None], len(kept), axis=0),
                        x.fired[kept],
                        x.base[kept],
                    ]
                )
            )
        return np.concatenate(made)

    def _fit_second(
        self, features: Floats, labels: Floats, weights: Floats
    ) -> tuple[StandardScaler, list[LogisticRegression]]:
        scaler = StandardScaler().fit(features)
        scaled = scaler.transform(features)
        models = [
            LogisticRegression(C=self.combine_strength, max_iter=300).fit(
                scaled, labels[:, column], sample_weight=weights[:, column]
            )
            for column in range(N_PATTERNS)
        ]
        return scaler, models

    def _fit_who(self, X: Sequence[ClauseRows], y: Sequence[Sequence[LabelledSpan]]) -> None:
        words, labels = [], []
        for x, spans in zip(X, y, strict=True):
            for span in spans:
                clause = _first_clause(x, span)
                if clause is not None and span.agreed:
                    words.append(_who_words(x, clause, span.pattern))
                    labels.append(WHO.index(span.who))
        self.who_model_ = LogisticRegression(C=3.0, max_iter=500).fit(
            self._who_hasher().transform(words), labels
        )


def _first_scores(
    coefficients: NDArray[np.float16], intercepts: Floats, ridge: Ridge, words: Any, states: Any
) -> Floats:
    by_words = np.clip(words @ coefficients.astype(np.float32) + intercepts, -8.0, 8.0)
    return np.hstack([by_words, 10.0 * ridge.predict(states)])


def _second_scores(
    scaler: StandardScaler, models: Sequence[LogisticRegression], features: Floats
) -> Floats:
    scaled = scaler.transform(features)
    return np.column_stack([m.predict_proba(scaled)[:, 1] for m in models])


def _spread(
    X: Sequence[ClauseRows], rows: Sequence[NDArray[np.intp]], values: Floats
) -> list[Floats]:
    """Values of the readable clauses back to all clauses of each text."""
    found, at = [], 0
    for x, kept in zip(X, rows, strict=True):
        made = np.zeros((len(x), N_PATTERNS))
        made[kept] = values[at : at + len(kept)]
        at += len(kept)
        found.append(made)
    return found


def _who_words(rows: ClauseRows, clause: int, pattern: str) -> list[str]:
    words = [
        w
        for w in rows.words[clause]
        if w.startswith(("sj", "doer", "^", "kind", "role", "ps", "p1h"))
    ]
    doer, kind = rows.doers[clause], next(w for w in words if w.startswith("kind"))
    before = rows.doers[clause - 1] if clause else "none"
    return [
        *words,
        pattern,
        f"{doer}_{pattern}",
        f"{doer}_{kind}",
        f"before:{before}",
        f"{doer}_{before}_{kind}",
        *(
            w
            for w in rows.words[clause]
            if w in {"quoted", "u:YOU", "u:I", "u:WE", "u:KIN", "u:CLIENT"}
        ),
    ]


def _shares(clause: tuple[int, int], span: LabelledSpan) -> bool:
    shared = min(clause[1], span.end_char) - max(clause[0], span.start_char)
    return shared > 0 and 2 * shared >= min(clause[1] - clause[0], span.end_char - span.start_char)


def _first_clause(rows: ClauseRows, span: LabelledSpan) -> int | None:
    return next((i for i, clause in enumerate(rows.spans) if _shares(clause, span)), None)


def clause_targets(rows: ClauseRows, spans: Sequence[LabelledSpan]) -> tuple[Floats, Floats]:
    """What each clause should be told to be, and how much that counts: (n_clauses, n_patterns).

    A clause shows a pattern when it shares half of the shorter with a labelled span. Spans that
    only one pass has count for nothing.
    """
    labels = np.zeros((len(rows), N_PATTERNS))
    weights = np.ones((len(rows), N_PATTERNS))
    for span in spans:
        column = PATTERNS.index(span.pattern)
        for i, clause in enumerate(rows.spans):
            if _shares(clause, span):
                if span.agreed:
                    labels[i, column] = 1.0
                else:
                    weights[i, column] = 0.0
    return labels, weights


def joined_spans(rows: ClauseRows, on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs (first, last) of clauses that are on, each inside one sentence."""
    runs: list[tuple[int, int]] = []
    for i in np.flatnonzero(on).tolist():
        if runs and runs[-1][1] == i - 1 and rows.sentences[i] == rows.sentences[i - 1]:
            runs[-1] = (runs[-1][0], i)
        else:
            runs.append((i, i))
    return runs


def choose_thresholds(
    X: Sequence[ClauseRows],
    y: Sequence[Sequence[LabelledSpan]],
    probabilities: Sequence[Floats],
) -> Floats:
    """For each pattern the lowest threshold whose F1 over spans is within a tolerance of the best.

    The lowest, as for the areas: text unlike the training text is scored lower than it should be.
    F1 is smoothed over neighbouring thresholds.
    """
    found = np.zeros(N_PATTERNS)
    for column, pattern in enumerate(PATTERNS):
        wanted = [[s for s in spans if s.pattern == pattern] for spans in y]
        scores = np.zeros(len(_GRID))
        for k, cut in enumerate(_GRID):
            matched = spurious = missed = 0
            for x, spans, p in zip(X, wanted, probabilities, strict=True):
                if not len(p) or (not spans and p[:, column].max() < cut):
                    continue
                made = [
                    LabelledSpan(x.spans[a][0], x.spans[b][1], pattern, "client")
                    for a, b in joined_spans(x, p[:, column] >= cut)
                ]
                met = {j for m in made for j, s in enumerate(spans) if overlaps(m, s)}
                right = sum(spans[j].agreed for j in met)
                matched += right
                spurious += sum(not any(overlaps(m, s) for s in spans) for m in made)
                missed += sum(s.agreed for s in spans) - right
            scores[k] = 2 * matched / max(1, 2 * matched + spurious + missed)
        smooth = np.convolve(np.pad(scores, 1, mode="edge"), np.ones(3) / 3, "valid")
        near = np.flatnonzero(smooth >= smooth.max() - F1_TOLERANCE)
        found[column] = _GRID[int(near[0])]
    return found


@dataclass(frozen=True)
class PatternReader:
    """Rules and classifier in one: what the tagger calls.

    Args:
        classifier: Fitted; without one, rules alone.
        rule_share: A rule stands where the classifier gives its pattern at least this share of
            the pattern's threshold.
    """

    classifier: PatternClassifier | None
    rule_share: float = 0.5

    def find(
        self, docs: Sequence[Doc], encoded: Sequence[EncodedText], kind: Kind
    ) -> list[list[FoundPattern]]:
        """Patterns of each document, in order.

        Args:
            docs: Parsed, through ``ipt_patterns``, with ``mark_turns`` where they are parts of a
                transcript.
            encoded: The same texts.
            kind: What they are parts of.
        """
        if self.classifier is None:
            return [found_patterns(doc) for doc in docs]
        rows = [clause_rows(d, e, kind) for d, e in zip(docs, encoded, strict=True)]
        probabilities = self.classifier.predict_proba(rows)
        return [self.combine(*parts) for parts in zip(docs, rows, probabilities, strict=True)]

    def combine(self, doc: Doc, rows: ClauseRows, probabilities: Floats) -> list[FoundPattern]:
        """Spans of one document from its rules and the classifier's probabilities."""
        if self.classifier is None or not len(rows):
            return found_patterns(doc)
        clauses = clauses_of(doc)
        found: list[FoundPattern] = []
        for column, pattern in enumerate(PATTERNS):
            cut = self.classifier.thresholds_[column]
            ruled = rows.fired[:, _rule_columns(pattern)] > 0
            here = probabilities[:, column]
            on = (here >= cut) | (ruled.any(axis=1) & (here >= self.rule_share * cut))
            for first, last in joined_spans(rows, on & rows.readable):
                span = doc[clauses[first].start : clauses[last].end]
                names = _rules_in(doc, clauses[first].start, clauses[last].end, pattern)
                source = (
                    f"rule:{names[0]}" if names else f"model:{here[first : last + 1].max():.2f}"
                )
                who = self.classifier.predict_who(rows, first, pattern)
                found.append(FoundPattern(span, pattern, who, source))
        return sorted(found, key=lambda f: (f.start_char, f.end_char, f.pattern))


def _rule_columns(pattern: str) -> list[int]:
    places = rule_places()
    return [
        places[name] for name, rule in sorted(pattern_rules().items()) if rule.pattern == pattern
    ]


def _rules_in(doc: Doc, start: int, end: int, pattern: str) -> list[str]:
    return [
        s.id_
        for s in doc.spans.get(SPANS_KEY, ())
        if s.label_ == pattern and s.start < end and start < s.end
    ]


def helpful_here(pattern: str, *, harm_by_other: bool) -> bool | None:
    """Whether a pattern helps; unknown where violence or coercion by the other is flagged."""
    return None if harm_by_other else PATTERN_INFO[pattern].helpful
