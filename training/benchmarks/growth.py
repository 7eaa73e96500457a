"""How time and memory of ``ipt-nlp tag`` grow with the length of one file.

    python -m training.benchmarks.growth [--words 1000 10000 100000 1000000]

Each file is tagged in a process of its own, its result written to a file. The transcript is made of
invented sessions of IPT-Synth one after the other, so a long one is many sessions in one file:
nobody has a session of a million words, and a folder of files is tagged file by file.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from training.benchmarks.measure import module, run
from training.benchmarks.tag_speed import transcript

WORDS = (1_000, 10_000, 100_000)


@dataclass(frozen=True)
class Grown:
    """One file: seconds from start to end of the process, and its largest memory in MiB."""

    words: int
    wall_s: float
    cpu_s: float
    peak_mb: int
    load: float


def growth(sizes: Sequence[int]) -> Iterator[Grown]:
    """Tag a file of each number of words."""
    with tempfile.TemporaryDirectory() as folder:
        for words in sizes:
            path = Path(folder) / f"{words}.txt"
            path.write_text(transcript(words), encoding="utf-8")
            done = run(
                module("ipt_nlp", "tag", str(path), "-f", "jsonl", "-o", f"{path}.jsonl"),
                threads=1,
            )
            load = round(os.getloadavg()[0], 1)
            yield Grown(words, round(done.wall_s, 1), round(done.cpu_s, 1), done.peak_mb, load)


def growth_table(found: Sequence[Grown]) -> str:
    """Markdown: a row a file; rates and KiB a word are over what the shortest file took."""
    lines = [
        "| words | seconds | of processor | peak memory (MiB) | more words/s | more KiB a word |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    first = found[0]
    for one in found:
        rate = more = "-"
        if one.words > first.words and one.wall_s > first.wall_s:
            added = one.words - first.words
            rate = f"{added / (one.wall_s - first.wall_s):,.0f}"
            more = f"{(one.peak_mb - first.peak_mb) * 1024 / added:.1f}"
        lines.append(
            f"| {one.words:,} | {one.wall_s:,.1f} | {one.cpu_s:,.1f} | {one.peak_mb:,} "
            f"| {rate} | {more} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--words", type=int, nargs="+", default=list(WORDS))
    options = parser.parse_args()
    found = []
    for one in growth(options.words):
        found.append(one)
        print(json.dumps(asdict(one)), flush=True)
    print(growth_table(found))


if __name__ == "__main__":
    main()
