"""Time and memory of ``ipt-nlp tag`` from a cold start, and of ``ipt-nlp --help``.

    python -m training.benchmarks.tag_speed [--words 8000] [--runs 3]

The transcript is made of invented sessions of IPT-Synth, one after the other. Every run is a new
process; the best of the runs is printed, with the machine's load beside it, since others' work on
the same machine shows in all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ipt_nlp.corpus import CorpusRow, read_rows

ROOT = Path(__file__).resolve().parents[2]
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


def timed(arguments: list[str]) -> float:
    """Seconds that a new process takes."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "ipt_nlp", *arguments], check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - start


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--words", type=int, default=8000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.txt"
        path.write_text(transcript(options.words), encoding="utf-8")
        help_s = min(timed(["--help"]) for _ in range(options.runs))
        tag_s = min(timed(["tag", str(path), "-f", "jsonl"]) for _ in range(options.runs))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(
        json.dumps(
            {
                "words": options.words,
                "tag_s": round(tag_s, 2),
                "help_s": round(help_s, 2),
                "peak_mb": round(peak / (1024 if sys.platform == "linux" else 1024**2)),
                "load": round(os.getloadavg()[0], 1),
                "cores": os.cpu_count(),
            }
        )
    )


if __name__ == "__main__":
    main()
