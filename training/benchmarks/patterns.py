"""Communication patterns: keywords, rules, classifier and both, against labelled spans.

    python -m training.benchmarks.patterns [--classifier FILE] [--alone FILE] [--encoder DIR]
        [--halves DIR DIR] [--real FILE] [--by-pattern] [--errors]

On the test clients of IPT-Synth (sessions and notes, sessions_open), on open posts of a writer who
is never learned from, and on real posts where their file is given or lies at ``../shared/data``;
figures on those are steered on. "Model" is a classifier that was fitted without the rules
(``training.patterns --without-rules``), given as ``--alone`` or fitted here. Errors are counted by
kind; no words are printed.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
from spacy.language import Language
from spacy.tokens import Doc

from ipt_nlp import codebook
from ipt_nlp.areas.bundle import shipped_bundle
from ipt_nlp.areas.encoder import SentenceEncoder
from ipt_nlp.clauses.features import ClauseRows
from ipt_nlp.clauses.pattern_model import PatternClassifier
from ipt_nlp.clauses.pattern_pairs import Floats
from ipt_nlp.clauses.patterns import PatternReader
from ipt_nlp.clauses.scoring import (
    ERROR_KINDS,
    LabelledSpan,
    PatternScores,
    error_kinds,
    score_patterns,
)
from ipt_nlp.language.clauses import clauses_of
from ipt_nlp.language.patterns import FoundPattern, found_patterns
from ipt_nlp.language.pipeline import load_language
from training.halves import check_halves
from training.pattern_texts import (
    ROOT,
    PatternText,
    part_texts,
    post_texts,
)
from training.patterns import (
    YARDSTICK,
    fit_patterns,
    read_clauses,
    read_texts,
    training_texts,
    without_rules,
)

REAL = ROOT.parent / "shared" / "data" / "real_dev_patterns.jsonl"

KEYWORDS: dict[str, str] = {
    "blame": r"blam\w+|accus\w+|criticiz\w+|criticis\w+|your fault|you always|you never",
    "hostility": r"yell\w*|shout\w*|scream\w*|insult\w*|threat\w*|argu\w+|fight\w*",
    "withdrawal": r"ignor\w+|silent|silence|walked out|shut\w* down|distant|avoid\w*",
    "indirect": r"hint\w*|sulk\w*|sarcas\w+|slam\w+",
    "unspoken_expectation": r"should know|should have known|obvious",
    "mind_reading": r"(?:he|she|they) thinks?|(?:he|she|they) must think",
    "self_silencing": r"didn't say|kept quiet|said nothing|bottl\w+|i'm fine",
    "control": r"control\w*|won't let|forb\w+|ultimatum|checks my",
    "deception": r"li(?:e|ed|es|ar)|lying|hid(?:e|es|ing|den)?|secret\w*",
    "defensiveness": r"defensive|excuse\w*|overreact\w*|not my fault",
    "direct_expression": r"i told (?:him|her|them)|i feel|i need|i want",
    "boundary": r"said no|boundar\w+|refus\w+|limit\w*",
    "clarifying": r"asked|ask(?:s|ing)?|what do you mean|listen\w*",
    "repair": r"sorry|apolog\w+|compromis\w+|made up|forgiv\w+",
    "support_seeking": r"help|support|reach\w* out|talk\w* to",
}
"""A list that anyone would write first: the outside baseline."""


Classifiers = tuple[PatternClassifier, PatternClassifier]


@dataclass(frozen=True)
class Read:
    """A labelled text with everything that was made of it; ``alone`` by the model without rules."""

    labelled: tuple[LabelledSpan, ...]
    doc: Doc
    rows: ClauseRows
    probabilities: Floats
    alone: Floats


def keyword_spans(doc: Doc) -> list[LabelledSpan]:
    """Clauses with a keyword, by whoever speaks."""
    return [
        LabelledSpan(clause.start_char, clause.end_char, pattern, "client")
        for clause in clauses_of(doc)
        for pattern, words in KEYWORDS.items()
        if re.search(rf"\b(?:{words})\b", clause.text, re.IGNORECASE)
    ]


def as_spans(found: Sequence[FoundPattern]) -> list[LabelledSpan]:
    return [LabelledSpan(f.start_char, f.end_char, f.pattern, f.who) for f in found]


def systems(
    classifier: PatternClassifier, alone: PatternClassifier
) -> dict[str, Callable[[Read], list[LabelledSpan]]]:
    """The four rows of the table."""
    both, model = PatternReader(classifier), PatternReader(alone)
    return {
        "keywords": lambda read: keyword_spans(read.doc),
        "rules": lambda read: as_spans(found_patterns(read.doc)),
        "model": lambda read: as_spans(
            model.combine(read.doc, without_rules(read.rows), read.alone)
        ),
        "both": lambda read: as_spans(both.combine(read.doc, read.rows, read.probabilities)),
    }


def real_texts(path: Path) -> Iterator[PatternText]:
    """Real posts with the spans of two passes; those of one pass alone are neutral."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        spans = tuple(
            LabelledSpan(p["start_char"], p["end_char"], p["pattern"], p["who"], p["agreed"])
            for p in row["patterns"]
        )
        yield PatternText(row["id"], row["text"], "text", (), spans, row["id"])


def table(name: str, reads: Sequence[Read], scored: dict[str, PatternScores]) -> str:
    """A table in Markdown: a row a system."""
    lines = [
        f"\n### {name} ({len(reads)} texts, "
        f"{sum(s.agreed for r in reads for s in r.labelled)} spans)\n",
        "| system | P | R | micro-F1 | macro-F1 | who | any helpful F1 | any unhelpful F1 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for system, s in scored.items():
        m = s.micro
        lines.append(
            f"| {system} | {m.precision:.3f} | {m.recall:.3f} | {m.f1:.3f} | {s.macro_f1:.3f} "
            f"| {s.who_accuracy:.3f} | {s.helpful.f1:.3f} | {s.unhelpful.f1:.3f} |"
        )
    return "\n".join(lines)


def pattern_table(scored: dict[str, PatternScores]) -> str:
    """Precision / recall / F1 of every pattern by system."""
    lines = [
        "\n| pattern | spans | " + " | ".join(scored) + " |",
        "|---|---:|" + "---|" * len(scored),
    ]
    for pattern in codebook.PATTERNS:
        counts = [s.by_pattern[pattern] for s in scored.values()]
        cells = [f"{c.precision:.2f} / {c.recall:.2f} / {c.f1:.2f}" for c in counts]
        lines.append(
            f"| {pattern} | {counts[0].matched + counts[0].missed} | " + " | ".join(cells) + " |"
        )
    return "\n".join(lines)


def error_table(found: Sequence[Sequence[LabelledSpan]], reads: Sequence[Read]) -> str:
    """Errors of every pattern by kind."""
    kinds = error_kinds(found, [r.labelled for r in reads])
    lines = [
        "\n| pattern | " + " | ".join(ERROR_KINDS) + " |",
        "|---|" + "---:|" * len(ERROR_KINDS),
    ]
    for pattern, counts in {**kinds, "all": sum(kinds.values(), Counter())}.items():
        lines.append(f"| {pattern} | " + " | ".join(str(counts[k]) for k in ERROR_KINDS) + " |")
    return "\n".join(lines)


def fitted(options: argparse.Namespace, encoder: SentenceEncoder, nlp: Language) -> Classifiers:
    """The classifier with rules and the one without, read from files or fitted."""
    if options.classifier and options.alone:
        return joblib.load(options.classifier), joblib.load(options.alone)
    check_halves(options.halves or ())
    halves = [SentenceEncoder(folder, n_threads=1) for folder in options.halves or ()]
    read = read_texts(training_texts(), encoder, nlp, halves)
    classifier = joblib.load(options.classifier) if options.classifier else fit_patterns(read)
    return classifier, fit_patterns(read.without_rules())


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--classifier", type=Path, help="made by training.patterns; else fitted")
    parser.add_argument("--encoder", type=Path, default=shipped_bundle() / "encoder")
    parser.add_argument("--halves", type=Path, nargs=2, help="as in training.patterns")
    parser.add_argument("--real", type=Path, default=REAL)
    parser.add_argument("--alone", type=Path, help="made with --without-rules; else fitted")
    parser.add_argument("--by-pattern", action="store_true")
    parser.add_argument("--errors", action="store_true", help="errors of both together by kind")
    options = parser.parse_args()
    nlp = load_language(everything=True)
    encoder = SentenceEncoder(options.encoder, n_threads=1)
    classifier, alone = fitted(options, encoder, nlp)
    sets = {f"IPT-Synth, test {name}": part_texts(name, "test") for name in ("sessions", "notes")}
    sets["IPT-Synth, test sessions and notes"] = [t for texts in sets.values() for t in texts]
    sets["IPT-Synth, test sessions_open"] = part_texts("sessions_open", "test")
    sets[f"Open posts of {YARDSTICK}, never learned from"] = [
        t for t in post_texts() if t.group == YARDSTICK
    ]
    if options.real.is_file():
        sets["Real posts (steered on)"] = list(real_texts(options.real))
    kept: dict[str, Read] = {}
    for name, texts in sets.items():
        new = [t for t in texts if t.text not in kept]
        clauses = list(read_clauses(new, encoder, nlp))
        made = [rows for _, _, rows in clauses]
        found = classifier.predict_proba(made)
        # The classifier alone has not heard of any rule, at either stage.
        unruled = alone.predict_proba([without_rules(rows) for rows in made])
        for text, (doc, _, rows), *ps in zip(new, clauses, found, unruled, strict=True):
            kept[text.text] = Read(text.spans, doc, rows, *ps)
        reads = [kept[t.text] for t in texts]
        labelled = [r.labelled for r in reads]
        spans = {
            system: [find(r) for r in reads] for system, find in systems(classifier, alone).items()
        }
        scored = {system: score_patterns(theirs, labelled) for system, theirs in spans.items()}
        print(table(name, reads, scored))
        if options.by_pattern:
            print(pattern_table(scored))
        if options.errors:
            print(error_table(spans["both"], reads))


if __name__ == "__main__":
    main()
