"""The classifier of communication patterns, from IPT-Synth.

    python -m training.patterns --output FILE [--encoder DIR] [--halves DIR DIR] [--without-rules]

Learns from the train and validation splits (``training/pattern_texts.py``). Clients and writers
stay on one side of every fold. An encoder that was fine-tuned on labelled clauses needs
``--halves``: what the second stage trusts is then judged on texts new to that fine-tuning.
The threshold for loose texts is chosen on open posts, which were written life first and read most
like real ones; those of one writer are left out and measured on. The same input gives the same
bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import joblib
import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ipt_nlp.areas.bundle import shipped_bundle
from ipt_nlp.areas.encoder import Array, EncodedText, SentenceEncoder
from ipt_nlp.clauses.features import ClauseRows, clause_rows, clause_states
from ipt_nlp.clauses.pattern_model import PatternClassifier, Unseen
from ipt_nlp.language.pipeline import load_language
from training.halves import check_halves, half_of
from training.pattern_texts import (
    CORPUS,
    PATTERN_PARTS,
    POSTS,
    PatternText,
    part_texts,
    post_texts,
    read_docs,
)

OPEN_WRITERS = ("p23", "p25")
"""Writers of the open posts that thresholds are chosen on."""
YARDSTICK = "p24"
"""The writer whose open posts are measured on and never learned from."""


def training_texts(corpus: Path = CORPUS, posts: Path = POSTS) -> list[PatternText]:
    """Labelled texts of the train and validation splits."""
    texts = [
        text
        for part in PATTERN_PARTS
        for text in part_texts(part, "train", "validation", corpus=corpus)
    ]
    return [*texts, *(t for t in post_texts(corpus, posts) if t.group != YARDSTICK)]


def read_clauses(
    texts: Sequence[PatternText], encoder: SentenceEncoder, nlp: Language
) -> Iterator[tuple[Doc, EncodedText, ClauseRows]]:
    """Document, encoding and clauses of each text, in order."""
    for text, doc in zip(texts, read_docs(texts, nlp), strict=True):
        encoded = encoder.encode([text.text])[0]
        yield doc, encoded, clause_rows(doc, encoded, text.kind)


@dataclass(frozen=True)
class ReadTexts:
    """Labelled texts with their clauses, and their states by encoders that did not learn them."""

    texts: Sequence[PatternText]
    clauses: Sequence[ClauseRows]
    unseen: Sequence[Unseen]

    def without_rules(self) -> ReadTexts:
        """The same as if no rule had fired."""
        return replace(self, clauses=[without_rules(c) for c in self.clauses])


def read_texts(
    texts: Sequence[PatternText],
    encoder: SentenceEncoder,
    nlp: Language,
    halves: Sequence[SentenceEncoder] = (),
) -> ReadTexts:
    """Read texts to learn from.

    Args:
        texts: With their spans.
        encoder: The encoder of the bundle that the classifier will be part of.
        nlp: Loaded with everything: tags, parse, rules.
        halves: Encoders that were trained on the first and the second half of the groups.
    """
    clauses: list[ClauseRows] = []
    states: list[list[Array]] = [[] for _ in halves]
    for text, (doc, _, rows) in zip(texts, read_clauses(texts, encoder, nlp), strict=True):
        clauses.append(rows)
        for half, found in zip(halves, states, strict=True):
            found.append(clause_states(doc, half.encode([text.text])[0]))
    sides = np.array([half_of(t.group) for t in texts])
    unseen = [Unseen(found, sides != half) for half, found in enumerate(states)]
    return ReadTexts(texts, clauses, unseen)


def without_rules(rows: ClauseRows) -> ClauseRows:
    """The same clauses as if no rule had fired."""
    return replace(rows, fired=rows.fired * 0.0)


def fit_patterns(read: ReadTexts) -> PatternClassifier:
    """A classifier fitted on labelled texts."""
    classifier = PatternClassifier().fit(
        read.clauses,
        [t.spans for t in read.texts],
        groups=[t.group for t in read.texts],
        calibrate=[t.kind != "text" or t.group in OPEN_WRITERS for t in read.texts],
        unseen=read.unseen,
    )
    del classifier.out_of_fold_
    return classifier


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, default=shipped_bundle() / "encoder")
    parser.add_argument("--halves", type=Path, nargs=2, help="encoders trained on half 0 and 1")
    parser.add_argument("--without-rules", action="store_true", help="for the table of figures")
    options = parser.parse_args()
    check_halves(options.halves or ())
    encoder, *halves = (
        SentenceEncoder(folder, n_threads=1)
        for folder in (options.encoder, *(options.halves or ()))
    )
    read = read_texts(training_texts(), encoder, load_language(everything=True), halves)
    classifier = fit_patterns(read.without_rules() if options.without_rules else read)
    joblib.dump(classifier, options.output, compress=3)


if __name__ == "__main__":
    main()
