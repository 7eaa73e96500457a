"""Time and memory of ``ipt-nlp tag`` from a cold start, and of ``ipt-nlp --help``.

    python -m training.benchmarks.tag_speed [--words 8000] [--runs 3]

The transcript is made of invented sessions of IPT-Synth, one after the other. Every run is a new
process; the best of the runs is printed, with the machine's load beside it, since others' work on
the same machine shows in all of them. They run as where torch is not installed (``measure``).
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from ipt_nlp.corpus import CorpusRow, read_rows
from training.benchmarks.measure import ROOT, Measured, module, run

SESSIONS = ROOT / "corpora" / "ipt-synth" / "sessions" / "train.jsonl"


def transcript(words: int) -> str:
    """At least ``words`` words of turns with speaker labels."""
    lines, count = [], 0
    while count < words:
        for _, row in read_rows(SESSIONS):
            if isinstance(row, CorpusRow):
                lines.append(f"{str(row.role).capitalize()}: {row.text}")
                count += len(row.text.split())
                if count >= words:
                    break
    return "\n".join(lines) + "\n"


def best(runs: int, *arguments: str) -> Measured:
    """The fastest of so many new processes of the command."""
    return min((run(module("ipt_nlp", *arguments)) for _ in range(runs)), key=lambda m: m.wall_s)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--words", type=int, default=8000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.txt"
        path.write_text(transcript(options.words), encoding="utf-8")
        help_s = best(options.runs, "--help").wall_s
        tagged = best(options.runs, "tag", str(path), "-f", "jsonl")
    print(
        json.dumps(
            {
                "words": options.words,
                "tag_s": round(tagged.wall_s, 2),
                "tag_cpu_s": round(tagged.cpu_s, 2),
                "help_s": round(help_s, 2),
                "peak_mb": tagged.peak_mb,
                "load": round(os.getloadavg()[0], 1),
                "cores": os.cpu_count(),
            }
        )
    )


if __name__ == "__main__":
    main()
