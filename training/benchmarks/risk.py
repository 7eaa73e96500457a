"""How well risk is seen: real texts as they are and as speech recognition might give them,
tempting negatives, status and subject.

    python -m training.benchmarks.risk --model FILE [--real FILE] [--cache FILE]

Texts: a text counts as found when anything in it has the flag. Cells that the labellers left open
are not scored. Intervals are Wilson's at 95 %.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ipt_nlp.areas.bundle import shipped_bundle
from ipt_nlp.clauses.risk import RiskReader
from ipt_nlp.clauses.risk_model import FLAGS, KINDS, Bools, RiskInput
from ipt_nlp.clauses.risk_status import rules_in, settle
from ipt_nlp.language.risk import find_rules
from training.risk import CORPUS, labelled_units, make_inputs, text_labels, text_scores
from training.risk_texts import RiskText, read_risk_texts

HARD_NEGATIVES = "risk"
"""Folder whose texts without flags were written to tempt."""

_HOMOPHONES = {
    "there": "their",
    "their": "there",
    "they're": "there",
    "you're": "your",
    "your": "you're",
    "to": "too",
    "too": "to",
    "two": "to",
    "know": "no",
    "no": "know",
    "here": "hear",
    "hear": "here",
    "right": "write",
    "him": "hymn",
    "him.": "hymn",
    "die": "dye",
    "dying": "dyeing",
    "beat": "beet",
    "son": "sun",
    "hit": "it",
    "pain": "pane",
    "wait": "weight",
    "myself": "my self",
    "himself": "him self",
    "herself": "her self",
    "scared": "scarred",
    "suicidal": "suicide all",
    "alive": "a live",
    "anymore": "any more",
    "want to": "wanna",
    "going to": "gonna",
}
_HOMOPHONE_SHARE = 0.15
_DROP_SHARE = 0.04
_DROPPED = frozenset("a an the is are was were am i to of and that it in".split())


def noisy(text: str, rng: np.random.Generator) -> str:
    """The text as a bad recogniser might write it: lower case, no marks, wrong and lost words.

    Each word with a homophone is replaced with a chance of 15 %, each small word lost with a
    chance of 16 % and each other one with 4 %.
    """
    words = re.sub(r"[^\w\s'’*@$-]", " ", text.lower()).replace("’", "'").split()
    heard = []
    for word in words:
        lost = _DROP_SHARE * (4 if word in _DROPPED else 1)
        if rng.random() < lost:
            continue
        other = _HOMOPHONES.get(word)
        heard.append(other if other and rng.random() < _HOMOPHONE_SHARE else word)
    return " ".join(heard) or text


@dataclass(frozen=True)
class Share:
    """``hits`` of ``n`` with Wilson's 95 % interval."""

    hits: int
    n: int

    def __str__(self) -> str:
        if not self.n:
            return "none"
        low, high = self.interval
        return f"{self.hits / self.n:.2f} [{low:.2f}, {high:.2f}] ({self.hits}/{self.n})"

    @property
    def interval(self) -> tuple[float, float]:
        z, n, p = 1.96, self.n, self.hits / self.n
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)


def real_texts(path: Path) -> list[RiskText]:
    """Real texts with flags of the whole text (no spans of words: the text is the span)."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    blank = RiskText("", "", "text", (), (), frozenset(), "", "real", "dev")
    return [
        replace(
            blank,
            id=row["id"],
            text=row["text"],
            roles=((0, len(row["text"]), "client"),),
            unscored=frozenset(row["unscored_flags"]),
            group=row["source"],
        )
        for row in rows
    ]


def report(found: Bools, labels: Bools, scored: Bools) -> list[str]:
    """A line a flag: recall and precision over texts."""
    lines = []
    for column, flag in enumerate(FLAGS):
        keep = scored[:, column]
        hit, truth = found[keep, column], labels[keep, column]
        recall, precision = (
            Share(int((hit & truth).sum()), int(truth.sum())),
            Share(int((hit & truth).sum()), int(hit.sum())),
        )
        lines.append(f"  {flag:20} recall {recall}  precision {precision}")
    return lines


def found_flags(reader: RiskReader, inputs: Sequence[RiskInput]) -> Bools:
    """(n_texts, n_flags)."""
    scores = text_scores(inputs, reader.flags.predict_proba(inputs))
    least = reader.thresholds[[KINDS.index(i.kind) for i in inputs]]
    reached: Bools = scores >= np.minimum(least, 0.9)
    return reached


def real_report(reader: RiskReader, encoder: Path, path: Path, cache: Path | None) -> None:
    """Recall and precision on real texts, as written and as heard, by source too."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    texts = real_texts(path)
    labels = np.array([[f in r["flags"] for f in FLAGS] for r in rows])
    scored = np.array([[f not in r["unscored_flags"] for f in FLAGS] for r in rows])
    rng = np.random.default_rng(7)
    heard = [noisy(t.text, rng) for t in texts]
    noised = [
        replace(t, text=h, roles=((0, len(h), "client"),))
        for t, h in zip(texts, heard, strict=True)
    ]
    for name, chosen in (("as written", texts), ("as heard", noised)):
        found = found_flags(reader, make_inputs(chosen, encoder, cache))
        print(f"real texts, {name} ({len(texts)})", *report(found, labels, scored), sep="\n")
        sources = np.array([t.group for t in texts])
        for source in sorted(set(sources)):
            rows_of = sources == source
            print(
                f"  {source}", *report(found[rows_of], labels[rows_of], scored[rows_of]), sep="\n  "
            )


def synthetic_report(reader: RiskReader, encoder: Path, cache: Path | None) -> None:
    """The test split: recall, precision, tempting negatives, status and subject."""
    texts = read_risk_texts(CORPUS, ["test"])
    inputs = make_inputs(texts, encoder, cache)
    found, labels = found_flags(reader, inputs), text_labels(texts)
    scored = np.array([[f not in t.unscored for f in FLAGS] for t in texts])
    for part in sorted({t.part for t in texts}):
        rows = np.array([t.part == part for t in texts])
        print(f"IPT-Synth test, {part}", *report(found[rows], labels[rows], scored[rows]), sep="\n")
    tempting = np.array([t.part == HARD_NEGATIVES and not t.spans for t in texts])
    quiet = Share(int((~found[tempting].any(axis=1)).sum()), int(tempting.sum()))
    print(f"tempting negatives left alone: {quiet}")
    plain = np.array([not t.spans for t in texts])
    quiet = Share(int((~found[plain].any(axis=1)).sum()), int(plain.sum()))
    print(f"all texts without risk left alone: {quiet}")
    _, _, places, answers = labelled_units(texts, inputs)
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for item, where, truth in zip(inputs, places, answers, strict=True):
        rules = find_rules(item.text)
        told = [
            settle(item, place, rules_in(item, place, rules), judged)
            for place, judged in zip(where, reader.statuses.predict(item, where), strict=True)
        ]
        for (status, subject), (true_status, true_subject), place in zip(
            told, truth, where, strict=True
        ):
            keys = [
                ("status", status == true_status),
                (f"status {true_status}", status == true_status),
            ]
            # The corpus is of two minds about the subject of harm to someone else.
            if FLAGS[place[1]] != "risk_harm_to_other":
                keys += [
                    ("subject", subject == true_subject),
                    (f"subject {true_subject}", subject == true_subject),
                ]
            for key, good in keys:
                total[key] += 1
                right[key] += good
    for key in sorted(total):
        print(f"  {key:18} {Share(right[key], total[key])}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, default=shipped_bundle() / "encoder")
    parser.add_argument("--real", type=Path, help="real_dev.jsonl; left out without it")
    parser.add_argument("--cache", type=Path, help="keeps encoded texts between runs")
    options = parser.parse_args()
    reader = RiskReader.from_bytes(options.model.read_bytes())
    for kind, least in zip(KINDS, reader.thresholds.round(3).tolist(), strict=True):
        print("thresholds", kind, dict(zip(FLAGS, least, strict=True)))
    synthetic_report(reader, options.encoder, options.cache)
    if options.real is not None:
        real_report(reader, options.encoder, options.real, options.cache)


if __name__ == "__main__":
    main()
