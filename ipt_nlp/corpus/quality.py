"""How the texts of a corpus read, alone and beside reference texts.

Readability is not measured: `textstat` fetches a dictionary from the network at run time. Sentence
and word length, which readability formulas are made of, are.
No words of reference texts are in any result: lists come from the corpus, and the reference adds
figures.
"""

from __future__ import annotations

import json
import random
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ipt_nlp.corpus.words import ALL_FUNCTION_WORDS, FUNCTION_WORDS, sentences_of, words_of
from ipt_nlp.errors import CorpusError

SHARED_BY = 3
"""Phrases and openings are listed when more texts than this share them."""
LISTED = 20
TYPE_TOKEN_WORDS = 1000
MOST_COMPARED = 3000
_FOLDS = 5


@dataclass(frozen=True)
class Style:
    """Figures of a collection of texts.

    ``type_token_ratio`` is the mean over stretches of ``TYPE_TOKEN_WORDS`` words, so that
    collections of different size compare. ``function_words`` is a rate per 1,000 words.
    """

    texts: int
    words: int
    words_per_text: tuple[float, ...]
    """The nine deciles."""
    sentence_words_mean: float
    sentence_words_median: float
    letters_per_word: float
    type_token_ratio: float
    function_words: dict[str, float]


@dataclass(frozen=True)
class Shared:
    """A word or phrase of the corpus and the number of texts that have it."""

    phrase: str
    texts: int


@dataclass(frozen=True)
class Overused:
    """A word of the corpus: rates per 1,000 words here and (where given) in the reference."""

    word: str
    texts: int
    rate: float
    reference_rate: float | None


@dataclass(frozen=True)
class Diagnostic:
    """How well a TF-IDF logistic regression tells corpus from reference, and by which phrases.

    ``auc`` is the mean over folds; 0.5 says that it cannot. ``telling`` holds phrases of the
    corpus only, the most telling first.
    """

    auc: float
    telling: tuple[str, ...]


@dataclass(frozen=True)
class Quality:
    """All measures of one collection. Lists are cut at ``LISTED``, counts are not."""

    style: Style
    shared_phrases: tuple[Shared, ...]
    shared_phrase_count: int
    openings: tuple[Shared, ...]
    opening_count: int
    overused: tuple[Overused, ...]
    diagnostic: Diagnostic | None


def measure(texts: Sequence[str], reference: Sequence[str] = ()) -> Quality:
    """Every measure of a collection; comparisons only where there are reference texts."""
    phrases = shared_phrases(texts)
    starts = repeated_openings(texts)
    return Quality(
        style=style(texts),
        shared_phrases=tuple(phrases[:LISTED]),
        shared_phrase_count=len(phrases),
        openings=tuple(starts[:LISTED]),
        opening_count=len(starts),
        overused=tuple(overused_words(texts, reference)[:LISTED]),
        diagnostic=tell_apart(texts, reference),
    )


def read_reference(path: Path) -> list[str]:
    """The ``text`` of every row of a JSON Lines file.

    Raises:
        CorpusError: Not such a file; names the line, never its words.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise CorpusError(f"{path.name}: cannot be read as UTF-8 text") from None
    texts = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                text = json.loads(line)["text"]
            except (ValueError, LookupError, TypeError):
                text = None
            if not isinstance(text, str):
                raise CorpusError(f"{path.name}:{number}: not a JSON row with a text")
            texts.append(text)
    if not texts:
        raise CorpusError(f"{path.name}: no rows")
    return texts


def style(texts: Sequence[str]) -> Style:
    """Figures of the texts; all zero when they hold no words."""
    by_text = [words_of(text) for text in texts]
    words = [word for found in by_text for word in found]
    sentences = [len(words_of(s)) for text in texts for s in sentences_of(text)] or [0]
    total = max(1, len(words))
    counts = Counter(words)
    return Style(
        texts=len(texts),
        words=len(words),
        words_per_text=_deciles([len(found) for found in by_text]),
        sentence_words_mean=statistics.fmean(sentences),
        sentence_words_median=float(statistics.median(sentences)),
        letters_per_word=sum(map(len, words)) / total,
        type_token_ratio=_type_token_ratio(words),
        function_words={
            name: 1000 * sum(counts[word] for word in members) / total
            for name, members in FUNCTION_WORDS.items()
        },
    )


def shared_phrases(texts: Sequence[str], more_than: int = SHARED_BY, size: int = 5) -> list[Shared]:
    """Word sequences of this size that more than ``more_than`` texts share, most shared first."""
    counts: Counter[str] = Counter()
    for text in texts:
        words = words_of(text)
        counts.update({" ".join(words[i : i + size]) for i in range(len(words) - size + 1)})
    return _ranked(counts, more_than)


def repeated_openings(
    texts: Sequence[str], more_than: int = SHARED_BY, size: int = 4
) -> list[Shared]:
    """First words that more than ``more_than`` texts share, most shared first."""
    starts = (words_of(text)[:size] for text in texts)
    return _ranked(Counter(" ".join(s) for s in starts if len(s) == size), more_than)


def overused_words(
    texts: Sequence[str], reference: Sequence[str] = (), *, ratio: float = 3, share: float = 0.01
) -> list[Overused]:
    """Content words of the texts that stand out.

    With a reference: those used at least ``ratio`` times as often as there, by at least ``share``
    of the texts, the widest ratio first (half a use is added on both sides). Without: those that
    most texts use.
    """
    counts: Counter[str] = Counter()
    by_text: Counter[str] = Counter()
    for text in texts:
        words = words_of(text)
        counts.update(words)
        by_text.update(set(words) - ALL_FUNCTION_WORDS)
    there = Counter(word for text in reference for word in words_of(text))
    total, total_there = max(1, counts.total()), there.total()
    found: list[tuple[float, Overused]] = []
    for word, n in by_text.items():
        if n <= SHARED_BY or n < share * len(texts) or word.isdigit():
            continue
        rate = 1000 * counts[word] / total
        if not total_there:
            found.append((n, Overused(word, n, rate, None)))
            continue
        wider = (counts[word] + 0.5) / total * total_there / (there[word] + 0.5)
        if wider >= ratio:
            found.append((wider, Overused(word, n, rate, 1000 * there[word] / total_there)))
    return [entry for _, entry in sorted(found, key=lambda pair: (-pair[0], pair[1].word))]


def tell_apart(texts: Sequence[str], reference: Sequence[str]) -> Diagnostic | None:
    """Cross-validated AUC of telling the texts from the reference; ``None`` with too few texts.

    At most ``MOST_COMPARED`` texts a side are drawn, always the same.
    """
    if min(len(texts), len(reference)) < 2 * _FOLDS:
        return None
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline

    ours, theirs = _drawn(texts), _drawn(reference)
    both = ours + theirs
    is_ours = np.array([1] * len(ours) + [0] * len(theirs))
    model = make_pipeline(
        TfidfVectorizer(
            tokenizer=words_of, token_pattern=None, lowercase=False, ngram_range=(1, 2),
            min_df=2, sublinear_tf=True,
        ),
        LogisticRegression(C=10, max_iter=1000, class_weight="balanced"),
    )  # fmt: skip
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    try:
        scores = cross_val_score(model, both, is_ours, cv=folds, scoring="roc_auc")
    except ValueError:  # no word is shared by two texts: nothing to tell by
        return None
    vectors = model[0].fit_transform(both)
    weights = model[1].fit(vectors, is_ours).coef_[0]
    in_ours = np.asarray(vectors[is_ours == 1].sum(axis=0)).ravel() > 0
    names = model[0].get_feature_names_out()
    order = [i for i in np.argsort(-weights, kind="stable") if in_ours[i] and weights[i] > 0]
    return Diagnostic(float(scores.mean()), tuple(str(names[i]) for i in order[:LISTED]))


def _drawn(texts: Sequence[str]) -> list[str]:
    if len(texts) <= MOST_COMPARED:
        return list(texts)
    return random.Random(0).sample(list(texts), MOST_COMPARED)


def _ranked(counts: Counter[str], more_than: int) -> list[Shared]:
    found = [Shared(phrase, n) for phrase, n in counts.items() if n > more_than]
    return sorted(found, key=lambda shared: (-shared.texts, shared.phrase))


def _deciles(values: Sequence[int]) -> tuple[float, ...]:
    if len(values) < 2:
        return tuple(map(float, values)) * 9
    return tuple(statistics.quantiles(values, n=10, method="inclusive"))


def _type_token_ratio(words: Sequence[str]) -> float:
    ratios = [len(set(chunk)) / len(chunk) for chunk in _chunks(words)]
    return statistics.fmean(ratios) if ratios else 0.0


def _chunks(words: Sequence[str]) -> Iterator[Sequence[str]]:
    """Whole stretches; all words when there are fewer than one stretch holds."""
    whole = len(words) // TYPE_TOKEN_WORDS
    if words and not whole:
        yield words
    for i in range(whole):
        yield words[i * TYPE_TOKEN_WORDS : (i + 1) * TYPE_TOKEN_WORDS]
