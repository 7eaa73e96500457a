"""Words a second of ``ipt-nlp tag FOLDER``: one core, two cores, two workers of a dask cluster.

    python -m training.benchmarks.scale [--sessions 40] [--price 0.05]
    python -m training.benchmarks.scale --memory [--files 2000]

Files are invented sessions of IPT-Synth. Every run is a new process with one thread for each
worker. The time it takes to start (one file tagged in the same way) is measured and left out of
words/s, which is what a long run comes to; cost is that of the cores alone, at ``--price`` for an
hour of one. The machine's load at the start is printed: others' work shows in every figure.

``--memory`` tags a tenth of the files, then all of them, one turn each, and prints the peak of
memory of both runs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ipt_nlp.corpus import CorpusRow, read_rows

ROOT = Path(__file__).resolve().parents[2]
SESSIONS = ROOT / "corpora" / "ipt-synth" / "sessions" / "train.jsonl"
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}
BILLION = 1_000_000_000
_WORDS = re.compile(r"sessions, ([\d,]+) words")
# Prints the peak memory, in KiB, of whatever ran in a process of its own (on Linux).
_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@dataclass(frozen=True)
class Timed:
    """A run: words, seconds, and those of them that starting took; cores that worked."""

    name: str
    words: int
    seconds: float
    start_s: float
    cores: int

    @property
    def rate(self) -> float:
        """Words a second without the start."""
        return self.words / (self.seconds - self.start_s)


def sessions() -> list[str]:
    """The invented sessions as texts with speaker labels."""
    found: dict[str, list[str]] = {}
    for _, row in read_rows(SESSIONS):
        if isinstance(row, CorpusRow):
            lines = found.setdefault(f"{row.client}-{row.session}", [])
            lines.append(f"{str(row.role).capitalize()}: {row.text}")
    return ["\n".join(lines) + "\n" for lines in found.values()]


def turns(count: int) -> list[str]:
    """So many single turns, again from the start where there are too few."""
    found = [f"{row.text}\n" for _, row in read_rows(SESSIONS) if isinstance(row, CorpusRow)]
    return [found[i % len(found)] for i in range(count)]


def write(folder: Path, texts: Sequence[str]) -> Path:
    """The folder, with a file for each text."""
    folder.mkdir(parents=True)
    for number, text in enumerate(texts):
        (folder / f"{number:05d}.txt").write_text(text, encoding="utf-8")
    return folder


def command(folder: Path, output: Path, *options: str) -> list[str]:
    """Of a batch."""
    tag = [sys.executable, "-m", "ipt_nlp", "tag", str(folder), "--output", str(output)]
    return [*tag, *options]


def timed(folder: Path, output: Path, options: Sequence[str]) -> tuple[float, int]:
    """Seconds and words of a batch in a new process."""
    start = time.perf_counter()
    done = subprocess.run(
        command(folder, output, *options),
        check=True, capture_output=True, text=True, env=ENVIRONMENT, cwd=ROOT,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    found = _WORDS.search(done.stderr)
    return seconds, int(found[1].replace(",", "")) if found else 0


@contextmanager
def cluster(folder: Path, n_workers: int) -> Iterator[str]:
    """Address of a scheduler on this machine with so many workers."""
    folder.mkdir()
    file = folder / "scheduler.json"

    def start(*arguments: str) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments, "--scheduler-file", str(file)],
            env=ENVIRONMENT, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        stack.callback(process.wait)
        stack.callback(process.terminate)

    with ExitStack() as stack:
        start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        for _ in range(n_workers):
            start("worker", "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder))
        while not file.exists() or not file.read_text():
            time.sleep(0.05)
        yield json.loads(file.read_text())["address"]


def speeds(folder: Path, n_sessions: int) -> list[Timed]:
    """One core, two cores, two workers."""
    texts = sessions()
    whole = write(folder / "in", [texts[i % len(texts)] for i in range(n_sessions)])
    # A short one for each process, so that all of them have loaded their models.
    one = write(folder / "one", ["Client: We argue.\n"] * 2)
    found: list[Timed] = []
    with cluster(folder / "cluster", 2) as address:
        dask = ["--backend", "dask", "--scheduler", address]
        for name, cores, options in (
            ("1 core", 1, ["--jobs", "1"]),
            ("2 cores (`--jobs 2`)", 2, ["--jobs", "2"]),
            ("2 dask workers", 2, dask),
        ):
            start_s, _ = timed(one, folder / f"one-{len(found)}", options)
            seconds, words = timed(whole, folder / f"out-{len(found)}", options)
            if options is dask:
                # Its workers had loaded already: starting is that of the command alone.
                start_s, _ = timed(one, folder / "one-again", options)
            found.append(Timed(name, words, seconds, start_s, cores))
    return found


def table(found: Sequence[Timed], price: float) -> str:
    """Markdown."""
    lines = [
        "| | words | seconds | of these start | words/s | core hours per million words | cost "
        "per million words | a billion words |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for run in found:
        hours = run.cores * 1e6 / run.rate / 3600
        days = BILLION / run.rate / 86400
        lines.append(
            f"| {run.name} | {run.words:,} | {run.seconds:.1f} | {run.start_s:.1f} | "
            f"{run.rate:,.0f} | {hours:.2f} | {hours * price:.3f} | {days:,.1f} days |"
        )
    return "\n".join(lines)


def peak_mb(folder: Path, output: Path) -> int:
    """Peak memory of a batch in one process."""
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, *command(folder, output)],
        check=True, capture_output=True, text=True, env=ENVIRONMENT, cwd=ROOT,
    )  # fmt: skip
    return round(int(done.stdout) / (1024 if sys.platform == "linux" else 1024**2))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sessions", type=int, default=40)
    parser.add_argument("--price", type=float, default=0.05)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--files", type=int, default=2000)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.memory:
            for count in (options.files // 10, options.files):
                texts = write(folder / f"in-{count}", turns(count))
                print(f"{count} files: {peak_mb(texts, folder / f'out-{count}')} MB at the peak")
        else:
            print(table(speeds(folder, options.sessions), options.price))


if __name__ == "__main__":
    main()
