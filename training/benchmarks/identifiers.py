"""What the identifier finder finds and what it flags in vain, beside presidio's own defaults.

    python -m training.benchmarks.identifiers [--split test|train] [--output FILE]

Recall is on IPT-Synth's ``identifiers`` (the test split is a writer nobody tuned on), as written
and in lower case; false alarms are counted in the sessions of the same split, on words outside
every gold span. A span counts as found when at least half of its letters and digits are covered
by spans of any kind; "characters" is the share of all of them that is covered. The baseline is
presidio's default registry on the same spaCy pipeline, every kind it knows, at its own threshold
and without DATE_TIME (which would flag each "Monday").
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipt_nlp.identifiers.finder import IdentifierFinder
from ipt_nlp.identifiers.kinds import KINDS
from ipt_nlp.language.pipeline import load_language

CORPUS = Path(__file__).parents[2] / "corpora" / "ipt-synth"
WEAK = {"place", "other", "age_over_89"}

Span = tuple[int, int]
Find = Callable[[str], Iterable[Span]]


@dataclass
class Score:
    """Counts by kind, and of false alarms."""

    gold: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    characters: Counter[str] = field(default_factory=Counter)
    covered: Counter[str] = field(default_factory=Counter)

    def add(self, text: str, flags: Sequence[dict[str, Any]], spans: Iterable[Span]) -> None:
        """Count one text."""
        cover = {i for a, b in spans for i in range(a, b)}
        for flag in flags:
            inside = [i for i in range(flag["start_char"], flag["end_char"]) if text[i].isalnum()]
            seen = sum(i in cover for i in inside)
            self.gold[flag["kind"]] += 1
            self.found[flag["kind"]] += 2 * seen >= len(inside)
            self.characters[flag["kind"]] += len(inside)
            self.covered[flag["kind"]] += seen

    def recall(self, kinds: Iterable[str]) -> tuple[float, float]:
        """Of spans and of characters."""
        kinds = list(kinds)
        spans = sum(self.gold[k] for k in kinds)
        letters = sum(self.characters[k] for k in kinds)
        return (
            sum(self.found[k] for k in kinds) / max(1, spans),
            sum(self.covered[k] for k in kinds) / max(1, letters),
        )


def rows(name: str, split: str) -> list[dict[str, Any]]:
    """Rows of a configuration."""
    text = (CORPUS / name / f"{split}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def sessions(split: str) -> list[tuple[str, list[Span]]]:
    """Whole sessions with their gold spans."""
    turns: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows("sessions", split):
        turns[row["client"], str(row["session"])].append(row)
    made = []
    for found in turns.values():
        text, gold = "", []
        for row in sorted(found, key=lambda r: r["turn_index"]):
            gold += [
                (len(text) + f["start_char"], len(text) + f["end_char"])
                for f in row["flags"]
                if f["flag"] == "identifier"
            ]
            text += row["text"] + "\n"
        made.append((text, gold))
    return made


def finders() -> dict[str, Find]:
    """By name: ours as ``tag`` uses it, ours inside presidio, presidio's defaults."""
    from ipt_nlp.identifiers import analyzer

    nlp = load_language(everything=True)
    nlp.disable_pipe("ipt_patterns")
    own = IdentifierFinder(None)
    full = analyzer.PresidioFinder(nlp)
    theirs = default_analyzer(nlp)

    def direct(found: Any) -> list[Span]:
        return [(f.start_char, f.end_char) for f in found]

    return {
        "ipt-nlp (tag)": lambda text: direct(own.find(text)),
        "ipt-nlp (check)": lambda text: direct(full.find(text)),
        "presidio defaults": lambda text: [
            (r.start, r.end)
            for r in theirs.analyze(text, "en")
            if r.entity_type != "DATE_TIME" and r.score >= 0.3
        ],
    }


def default_analyzer(nlp: Any) -> Any:
    """Presidio's default recognisers on our pipeline, its mail recogniser offline."""
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry

    from ipt_nlp.identifiers.analyzer import LoadedEngine, OfflineEmailRecognizer

    engine = LoadedEngine(nlp)
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(nlp_engine=engine, languages=["en"])
    registry.remove_recognizer("EmailRecognizer")
    registry.add_recognizer(OfflineEmailRecognizer())
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", default="test", choices=["test", "train"])
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    texts = [
        r for r in rows("identifiers", options.split) if len(r["text"].lower()) == len(r["text"])
    ]
    talk = sessions(options.split)
    lines: list[str] = []
    for name, find in finders().items():
        as_written, lowered = Score(), Score()
        for row in texts:
            as_written.add(row["text"], row["flags"], find(row["text"]))
            small = row["text"].lower()
            lowered.add(small, row["flags"], find(small))
        words = alarms = hits = gold_count = 0
        began = time.process_time()
        for text, gold in talk:
            spans = list(find(text))
            words += len(text.split())
            alarms += sum(not any(a < y and x < b for x, y in gold) for a, b in spans)
            hits += sum(any(a < y and x < b for a, b in spans) for x, y in gold)
            gold_count += len(gold)
        seconds = time.process_time() - began
        kinds = [k for k in KINDS if as_written.gold[k]]
        straight = [k for k in kinds if k not in WEAK]
        lines += [
            f"## {name}",
            "",
            "| kind | spans | as written | lower case |",
            "|---|---:|---:|---:|",
        ]
        for kind in kinds:
            lines.append(
                f"| {kind} | {as_written.gold[kind]} | {as_written.recall([kind])[0]:.3f} "
                f"| {lowered.recall([kind])[0]:.3f} |"
            )
        for label, chosen in (("direct", straight), ("all", kinds)):
            a, b = as_written.recall(chosen), lowered.recall(chosen)
            total = sum(as_written.gold[k] for k in chosen)
            lines.append(f"| **{label}** | {total} | {a[0]:.3f} | {b[0]:.3f} |")
            lines.append(f"| {label}, characters | | {a[1]:.3f} | {b[1]:.3f} |")
        lines += [
            "",
            f"Sessions: {1000 * alarms / words:.2f} false alarms per 1,000 words ({alarms} in "
            f"{words:,}), "
            f"{hits}/{gold_count} names found, {words / seconds:,.0f} words a second of one core.",
            "",
        ]
    content = "\n".join(lines)
    print(content)
    if options.output:
        options.output.write_text(content + "\n", "utf-8")


if __name__ == "__main__":
    main()
