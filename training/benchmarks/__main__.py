"""Everything in one command, printed as Markdown.

    python -m training.benchmarks [--weights DIR] [--words 8000] [--threads 1] [--json FILE]
                                  [--growth 1000 10000 100000] [--real FILE | --no-real]
                                  [--only speed|accuracy|growth …]

Ours beside the peers (``peers``), then how time and memory grow with a file's length (``growth``).
Accuracy is macro-F1 with a 95 % interval: on the test split of IPT-Synth, and on real public posts
where their file is (``../shared/data/real_dev.jsonl``); figures on those are steered on.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ipt_nlp.areas.bundle import open_bundle, shipped_bundle
from ipt_nlp.areas.scoring import ScoredTexts, score_texts
from ipt_nlp.corpus import load_texts
from ipt_nlp.evaluation import Figure, Report, evaluate, label_arrays
from ipt_nlp.evaluation.baselines import run_baselines
from training.benchmarks.growth import WORDS, growth, growth_table
from training.benchmarks.measure import ROOT
from training.benchmarks.peers import (
    AREAS_ALONE,
    TAG,
    TORCH,
    Speed,
    default_weights,
    fit_peers,
    speeds,
)
from training.benchmarks.tag_speed import transcript
from training.ship import CORPUS, SPLITS

REAL = ROOT.parent / "shared" / "data" / "real_dev.jsonl"
TEST = f"{ROOT / 'corpora' / 'ipt-synth'}:posts,sessions,notes"

PARTS = ("speed", "accuracy", "growth")

Accuracy = dict[str, dict[str, Figure]]
"""System -> set of texts -> macro-F1."""


def accuracy(real: Path | None, embed: Any) -> Accuracy:
    """Macro-F1 of the shipped bundle and of each baseline, on the same texts.

    Args:
        real: File of labelled real posts, if there is one.
        embed: sentence-transformers' encoder, or None to leave that baseline out.
    """
    sets = {"IPT-Synth test": load_texts([TEST], split="test")}
    if real is not None:
        sets["real posts"] = load_texts([str(real)])
    bundle = open_bundle(shipped_bundle())
    scored = {name: score_texts(bundle, texts) for name, texts in sets.items()}
    ours = {name: _report(s, s.probabilities, s.thresholds).macro_f1 for name, s in scored.items()}
    found: Accuracy = {TAG: ours, AREAS_ALONE: ours}
    # All sets at once, so that each baseline is trained once.
    texts = [sets[name].texts[i] for name, s in scored.items() for i in s.rows]
    kinds = [kind for s in scored.values() for kind in s.kinds]
    encoders = {} if embed is None else {"sentence-transformers": embed}
    for one in run_baselines(
        load_texts([CORPUS], split=SPLITS), texts, kinds, encoders=encoders, step=_say
    ):
        found[one.name], start = {}, 0
        for name, s in scored.items():
            rows = slice(start, start + len(s.rows))
            report = _report(s, one.probabilities[rows], one.thresholds[rows])
            found[one.name][name] = report.macro_f1
            start += len(s.rows)
    return found


def _report(scored: ScoredTexts, probabilities: Any, thresholds: Any) -> Report:
    return evaluate(probabilities, scored.labels, scored.scored, thresholds)


def peer_table(found: Sequence[Speed], macro_f1: Accuracy) -> str:
    """Markdown: a row a system, with a dash where something was not measured."""
    sets = list(dict.fromkeys(name for row in macro_f1.values() for name in row))
    columns = ["cold start (s)", "of processor", "words/s", "words/s of processor"]
    columns += ["peak memory (MiB)", "model (MB)"]
    columns += [f"macro-F1, {name}" for name in sets]
    lines = [f"| system | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    by_name = {one.name: one for one in found}
    for name in dict.fromkeys([*by_name, *macro_f1]):
        cells = _speed(by_name.get(name))
        cells += [_figure(macro_f1.get(name, {}).get(key)) for key in sets]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _speed(one: Speed | None) -> list[str]:
    if one is None:
        return ["-"] * 6
    return [
        *(f"{one.cold_s:.1f}", f"{one.cold_cpu_s:.1f}", f"{one.words_per_s:,.0f}"),
        *(f"{one.words_per_cpu_s:,.0f}", f"{one.peak_mb:,}", f"{one.size_mb:.1f}"),
    ]


def _figure(figure: Figure | None) -> str:
    if figure is None or np.isnan(figure.value):
        return "-"
    return f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def compare(words: int, weights: Path | None, threads: int) -> list[Speed]:
    """Speed of every system on the segments of one transcript of so many words."""
    from ipt_nlp.tagger import load

    with tempfile.TemporaryDirectory() as folder:
        text_file = Path(folder) / "session.txt"
        text_file.write_text(transcript(words), encoding="utf-8")
        segments = [s.text for s in load().tag(text_file).segments]
        learned = load_texts([CORPUS], split=SPLITS)
        whole = np.flatnonzero(learned.whole)
        labels = label_arrays(learned)[0][whole]
        kept = Path(folder) / "peers"
        kept.mkdir()
        peers = fit_peers([learned.texts[i] for i in whole], labels, kept, weights, threads)
        found = []
        for one in speeds(text_file, segments, peers, threads):
            _say(json.dumps(asdict(one)))
            found.append(one)
        return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--weights", type=Path, help="folder of all-MiniLM-L6-v2 as published")
    parser.add_argument("--words", type=int, default=8000, help="for speed")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--growth", type=int, nargs="*", default=list(WORDS), metavar="WORDS")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--real", type=Path, default=REAL)
    parser.add_argument("--no-real", action="store_true")
    parser.add_argument("--json", type=Path, help="also keep the figures here")
    options = parser.parse_args()
    weights = options.weights or default_weights()
    embed = None
    if find_spec("torch") is None or weights is None:
        _say("without sentence-transformers: it needs the extra bench, and --weights")
        weights = None
    else:
        from training.benchmarks.encoder_speed import torch_encoder

        library, embed = torch_encoder(weights, options.threads)
        _say(f"{TORCH}: {library}")
    real = None if options.no_real or not options.real.is_file() else options.real
    found = compare(options.words, weights, options.threads) if "speed" in options.only else []
    macro_f1 = accuracy(real, embed) if "accuracy" in options.only else {}
    print(peer_table(found, macro_f1))
    grown = []
    for one in growth(options.growth if "growth" in options.only else ()):
        _say(json.dumps(asdict(one)))
        grown.append(one)
    if grown:
        print(f"\n{growth_table(grown)}")
    machine = {
        "threads": options.threads,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "machine": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "words": options.words,
    }
    print(f"\n{json.dumps(machine)}")
    if options.json is not None:
        document = {
            "machine": machine,
            "speed": [asdict(one) for one in found],
            "macro_f1": {
                name: {key: asdict(figure) for key, figure in row.items()}
                for name, row in macro_f1.items()
            },
            "growth": [asdict(one) for one in grown],
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
