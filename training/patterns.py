"""The classifier of communication patterns, from IPT-Synth.

    python -m training.patterns --output FILE [--without-rules]

Learns from the train and validation splits: turns of sessions (cut into segments as the tagger
cuts them), paragraphs of notes, first posts with pattern spans, and later and open posts whose
spans are in ``training/pattern_posts.jsonl``. Clients and writers stay on one side of every fold.
The threshold for loose texts is chosen on open posts, which were written life first and read most
like real ones; those of one writer are left out and measured on. The same input gives the same
bytes.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import joblib
from spacy.language import Language
from spacy.tokens import Doc

from ipt_nlp.areas.bundle import shipped_bundle
from ipt_nlp.areas.encoder import EncodedText, SentenceEncoder
from ipt_nlp.clauses.features import ClauseRows, clause_rows
from ipt_nlp.clauses.pattern_model import PatternClassifier
from ipt_nlp.clauses.scoring import LabelledSpan
from ipt_nlp.corpus.rows import CorpusRow, Problem, read_rows
from ipt_nlp.errors import CorpusError
from ipt_nlp.language.pipeline import load_language
from ipt_nlp.language.turns import mark_turns
from ipt_nlp.segments import segment
from ipt_nlp.transcript import Kind, Transcript, Turn, Utterance

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "corpora" / "ipt-synth"
POSTS = Path(__file__).parent / "pattern_posts.jsonl"
"""Pattern spans of 496 later and 680 open posts, labelled in one pass by the codebook."""
OPEN_WRITERS = ("p23", "p25")
"""Writers of the open posts that are learned from."""
YARDSTICK = "p24"
"""The writer whose open posts are measured on and never learned from."""


@dataclass(frozen=True)
class PatternText:
    """A text as the tagger would see it, with its labelled spans.

    ``turns`` have offsets into the text; ``group`` is the client or writer.
    """

    text: str
    kind: Kind
    turns: tuple[Turn, ...]
    spans: tuple[LabelledSpan, ...]
    group: str


def pattern_texts(rows: Sequence[CorpusRow]) -> list[PatternText]:
    """Texts of rows whose patterns are labelled; turns of sessions become segments."""
    found: list[PatternText] = []
    sessions: defaultdict[tuple[str, str], list[CorpusRow]] = defaultdict(list)
    for row in rows:
        if not row.patterns_labelled:
            continue
        if row.genre == "session" and row.client and row.session:
            sessions[row.client, row.session].append(row)
        else:
            kind: Kind = "note" if row.genre == "note" else "text"
            group = row.client or row.writer
            found.append(PatternText(row.text, kind, (), _spans(row), group))
    for (client, _), turns in sessions.items():
        found += _segments(sorted(turns, key=lambda r: r.turn_index or 0), client)
    return found


def _spans(row: CorpusRow, offset: int = 0) -> tuple[LabelledSpan, ...]:
    return tuple(
        LabelledSpan(offset + p.start_char, offset + p.end_char, p.pattern, p.who)
        for p in row.patterns
    )


def _segments(rows: Sequence[CorpusRow], client: str) -> Iterator[PatternText]:
    transcript = Transcript.from_utterances(
        [Utterance(r.text, (r.role or "client").capitalize()) for r in rows], source=client
    )
    spans = [
        span
        for turn, row in zip(transcript.turns, rows, strict=True)
        for span in _spans(row, turn.start_char)
    ]
    for cut in segment(transcript, _sentence_starts):
        start, end = cut.start_char, cut.end_char
        yield PatternText(
            text=transcript.text[start:end],
            kind="transcript",
            turns=tuple(
                replace(t, start_char=max(t.start_char, start) - start, end_char=t.end_char - start)
                for t in transcript.turns[cut.first_turn : cut.last_turn + 1]
            ),
            spans=tuple(
                replace(s, start_char=s.start_char - start, end_char=min(s.end_char, end) - start)
                for s in spans
                if start <= s.start_char < end
            ),
            group=client,
        )


def _sentence_starts(text: str) -> list[int]:
    return [0, *(i + 2 for i in range(len(text) - 2) if text[i] in ".!?…" and text[i + 1] == " ")]


def read_corpus(path: Path) -> list[CorpusRow]:
    """Rows of a file.

    Raises:
        CorpusError: A row is broken.
    """
    rows = []
    for _, row in read_rows(path):
        if isinstance(row, Problem):
            raise CorpusError(str(row))
        rows.append(row)
    return rows


def training_rows(corpus: Path = CORPUS, posts: Path = POSTS) -> list[CorpusRow]:
    """Labelled rows of the train and validation splits."""
    rows = []
    for name in ("posts_first", "notes", "sessions"):
        for split in ("train", "validation"):
            rows += read_corpus(corpus / name / f"{split}.jsonl")
    return rows + [r for r in labelled_posts(corpus, posts) if r.writer != YARDSTICK]


def labelled_posts(corpus: Path = CORPUS, posts: Path = POSTS) -> list[CorpusRow]:
    """Later and open posts with their pattern spans, those of the yardstick too."""
    labelled = {
        found["id"]: found["patterns"]
        for found in map(json.loads, posts.read_text(encoding="utf-8").splitlines())
    }
    files = (
        corpus / "posts" / "train.jsonl",
        corpus / "posts_open" / "train.jsonl",
        corpus / "posts_open" / "validation.jsonl",
    )
    # Checked like any row: each quote is the slice at its offsets.
    return [
        CorpusRow.model_validate(
            {**row.model_dump(), "patterns": labelled[row.id], "patterns_labelled": True}
        )
        for path in files
        for row in read_corpus(path)
        if row.id in labelled
    ]


def read_docs(texts: Sequence[PatternText], nlp: Language) -> Iterator[Doc]:
    """Each text through the whole pipeline, its turns marked first."""
    made = (mark_turns(nlp.make_doc(t.text), t.turns) for t in texts)
    yield from nlp.pipe(made)


def read_clauses(
    texts: Sequence[PatternText], encoder: SentenceEncoder, nlp: Language
) -> Iterator[tuple[Doc, EncodedText, ClauseRows]]:
    """Document, encoding and clauses of each text, in order."""
    for text, doc in zip(texts, read_docs(texts, nlp), strict=True):
        encoded = encoder.encode([text.text])[0]
        yield doc, encoded, clause_rows(doc, encoded, text.kind)


def fit_patterns(
    rows: Sequence[CorpusRow],
    encoder: SentenceEncoder,
    nlp: Language,
    *,
    rules: bool = True,
) -> PatternClassifier:
    """A classifier fitted on labelled rows.

    Args:
        rows: Of the splits to learn from; rows without pattern labels are left out.
        encoder: The encoder of the bundle that it will be part of.
        nlp: Loaded with everything: tags, parse, rules.
        rules: Whether the classifier reads which rules fired.
    """
    texts = pattern_texts(rows)
    clauses = [read for _, _, read in read_clauses(texts, encoder, nlp)]
    return fit_on(texts, clauses if rules else [without_rules(c) for c in clauses])


def without_rules(rows: ClauseRows) -> ClauseRows:
    """The same clauses as if no rule had fired."""
    return replace(rows, fired=rows.fired * 0.0)


def fit_on(texts: Sequence[PatternText], clauses: Sequence[ClauseRows]) -> PatternClassifier:
    """The same from clauses that were read before."""
    classifier = PatternClassifier().fit(
        clauses,
        [t.spans for t in texts],
        groups=[t.group for t in texts],
        calibrate=[t.kind != "text" or t.group in OPEN_WRITERS for t in texts],
    )
    del classifier.out_of_fold_
    return classifier


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, default=shipped_bundle() / "encoder")
    parser.add_argument("--without-rules", action="store_true", help="for the table of figures")
    options = parser.parse_args()
    encoder = SentenceEncoder(options.encoder, n_threads=1)
    classifier = fit_patterns(
        training_rows(),
        encoder,
        load_language(everything=True),
        rules=not options.without_rules,
    )
    joblib.dump(classifier, options.output, compress=3)


if __name__ == "__main__":
    main()
