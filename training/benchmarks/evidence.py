"""Is evidence faithful, and what does it cost?

    python -m training.benchmarks.evidence [--segments 250] [--unit clauses|sentences] [--full]

Segments of the test clients of IPT-Synth, each read in its session by the shipped bundle. For
every area that is present its evidence is taken out of the text, and for comparison, three times,
clauses drawn at random that are no evidence, until as many words are gone. Faithful evidence
lowers the probability more. ``--full`` also leaves every clause out in turn, which is what the
quick choice of clauses is compared with. Figures, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ipt_nlp.areas.bundle import open_bundle, shipped_bundle
from ipt_nlp.areas.evidence import CharSpan, Evidence, Occlusion, find_evidence, measured_drops
from ipt_nlp.areas.views import view_array
from ipt_nlp.corpus import load_texts
from ipt_nlp.language.clauses import clauses_of
from ipt_nlp.language.pipeline import load_language, sentence_spans

ROOT = Path(__file__).resolve().parents[2]
CORPUS = f"{ROOT / 'corpora' / 'ipt-synth'}:sessions"
N_RANDOM = 3
N_BOOTSTRAP = 1000
_SEED = 0


def occlusions(n_segments: int, unit: str) -> tuple[Any, Any, list[Occlusion]]:
    """Encoder, classifier and the first segments with an area, each in its whole session."""
    bundle = open_bundle(shipped_bundle())
    encoder, classifier = bundle.encoder, bundle.classifier.of_kind("transcript")
    encoder.set_params(n_threads=1)
    cuts = bundle.thresholds("transcript")
    corpus = load_texts([CORPUS], split="test")
    rows = [i for i, whole in enumerate(corpus.whole) if whole]
    nlp = load_language(everything=unit == "clauses")
    found: list[Occlusion] = []
    for session in dict.fromkeys(corpus.sessions[i] for i in rows):
        texts = [corpus.texts[i] for i in rows if corpus.sessions[i] == session]
        encoded = encoder.encode(texts)
        features = classifier.features(view_array(texts, encoded))
        present = classifier.predict_features(features) >= cuts
        for text, states, doc, row, there in zip(
            texts, encoded, nlp.pipe(texts), features, present, strict=True
        ):
            if unit == "clauses":
                spans = [(c.start_char, c.end_char) for c in clauses_of(doc)]
            else:
                spans = sentence_spans(doc)
            if there.any() and len(spans) > 1 and len(found) < n_segments:
                columns = np.flatnonzero(there).tolist()
                found.append(Occlusion(text, states, spans, columns, row))
        if len(found) == n_segments:
            break
    return encoder, classifier, found


def without(text: str, spans: Sequence[CharSpan]) -> str:
    """The text with these stretches cut out."""
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text


def drawn(one: Occlusion, evidence: Sequence[Evidence], chance: random.Random) -> list[CharSpan]:
    """Spans that are no evidence, in random order, until as many words; the last one cut short."""
    taken = {(e.start_char, e.end_char) for e in evidence}
    wanted = sum(len(one.text[start:end].split()) for start, end in taken)
    others = [span for span in one.spans if span not in taken]
    chance.shuffle(others)
    found: list[CharSpan] = []
    for start, end in others:
        words = one.text[start:end].split()
        if wanted <= 0:
            break
        if len(words) > wanted:
            end = start + len(" ".join(words[:wanted]))
        found.append((start, end))
        wanted -= len(words)
    return found if wanted <= 0 else []


def drops(encoder: Any, classifier: Any, cut: Sequence[tuple[Occlusion, str, int]]) -> Any:
    """How far the area of each falls when the text is replaced."""
    full = np.stack([one.features for one, _, _ in cut])
    texts = [text for _, text, _ in cut]
    short = classifier.with_other_words(full, view_array(texts, encoder.encode(texts)))
    change = classifier.predict_features(full) - classifier.predict_features(short)
    return change[np.arange(len(cut)), [column for _, _, column in cut]]


def agreement(encoder: Any, classifier: Any, texts: Any, found: Any) -> dict[str, float]:
    """The first evidence beside the best of all spans, each left out in turn."""
    removed = [(one, span) for one in texts for span in one.spans]
    measured = iter(measured_drops(encoder, classifier, removed))
    same, kept, best = [], [], []
    for one, evidence in zip(texts, found, strict=True):
        by_span = {span: next(measured) for span in one.spans}
        for column in one.columns:
            span, drop = max(by_span.items(), key=lambda item: item[1][column])
            first = next((e for e in evidence if e.column == column), None)
            same.append(first is not None and (first.start_char, first.end_char) == span)
            kept.append(first.weight if first else 0.0)
            best.append(float(drop[column]))
    return {
        "same_first": round(float(np.mean(same)), 3),
        "drop_of_first": round(float(np.mean(kept)), 4),
        "drop_of_best": round(float(np.mean(best)), 4),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--segments", type=int, default=250)
    parser.add_argument("--unit", choices=["clauses", "sentences"], default="clauses")
    parser.add_argument("--full", action="store_true", help="compare with every clause left out")
    options = parser.parse_args()
    encoder, classifier, texts = occlusions(options.segments, options.unit)
    runs: list[int] = []
    plain = encoder.encode

    def counted(batch: Sequence[str]) -> Any:
        runs.append(len(batch))
        return plain(batch)

    encoder.encode = counted
    start = time.process_time()
    found = find_evidence(encoder, classifier, texts)
    seconds = time.process_time() - start
    encoder.encode = plain
    chance = random.Random(_SEED)
    shown, at_random = [], []
    for one, evidence in zip(texts, found, strict=True):
        for column in one.columns:
            mine = [e for e in evidence if e.column == column]
            others = [drawn(one, mine, chance) for _ in range(N_RANDOM)] if mine else []
            if not all(others) or not mine:
                continue
            gone = [(e.start_char, e.end_char) for e in mine]
            shown.append((one, without(one.text, gone), column))
            at_random += [(one, without(one.text, spans), column) for spans in others]
    evident = drops(encoder, classifier, shown)
    chosen = drops(encoder, classifier, at_random).reshape(-1, N_RANDOM).mean(axis=1)
    lead = evident - chosen
    samples = np.random.default_rng(_SEED).integers(0, len(lead), (N_BOOTSTRAP, len(lead)))
    low, high = np.percentile(lead[samples].mean(axis=1), [2.5, 97.5])
    figures: dict[str, Any] = {
        "unit": options.unit,
        "segments": len(texts),
        "areas": len(lead),
        "drop_without_evidence": round(float(evident.mean()), 4),
        "drop_without_random": round(float(chosen.mean()), 4),
        "lead": round(float(lead.mean()), 4),
        "lead_95": [round(float(low), 4), round(float(high), 4)],
        "evidence_higher": round(float((lead > 0).mean()), 3),
        "spans": sum(len(one.spans) for one in texts),
        "encoded_again": sum(runs),
        "cpu_s": round(seconds, 2),
        "load": round(os.getloadavg()[0], 1),
    }
    if options.full:
        figures |= agreement(encoder, classifier, texts, found)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
