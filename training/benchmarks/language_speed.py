"""Words per second of the language pipeline, in one run and one table.

    python -m training.benchmarks.language_speed [--words 20000] [--runs 3]

Pipelines, on the test sessions of IPT-Synth, one text a turn-joined stretch of about 80 words (what
`tag` reads): a blank pipeline with `sentencizer`, ours as `tag` uses it, ours with everything on,
and `en_core_web_sm` where it is installed. Then our pipeline with everything on at several batch
sizes. The best of the runs counts. Words per second of processor time do not depend on what else
the machine does (run with OMP_NUM_THREADS=1); those of the clock do, so its load is printed too.
Two processes include what it takes to start them, as they do for a user.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import spacy
from spacy.language import Language

from ipt_nlp.corpus import CorpusRow, read_rows
from ipt_nlp.language.pipeline import load_language

ROOT = Path(__file__).resolve().parents[2]
SESSIONS = ROOT / "corpora" / "ipt-synth" / "sessions" / "test.jsonl"
STRETCH = 80
BATCHES = (16, 32, 64, 128, 256, 512)
DEFAULT_BATCH = 64


def stretches(words: int) -> list[str]:
    """Turns joined by line feeds into texts of about ``STRETCH`` words, ``words`` in all."""
    texts: list[str] = []
    turns: list[str] = []
    total = 0
    while total < words:
        for _, row in read_rows(SESSIONS):
            if not isinstance(row, CorpusRow):
                continue
            turns.append(row.text)
            if sum(len(t.split()) for t in turns) >= STRETCH:
                texts.append("\n".join(turns))
                total += len(texts[-1].split())
                turns = []
                if total >= words:
                    break
    return texts


def blank() -> Language:
    """What any spaCy user has: a tokeniser and sentences by rule."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    return nlp


def pipelines() -> Iterator[tuple[str, Callable[[], Language]]]:
    """Names and how to load them."""
    yield "blank + sentencizer", blank
    yield "ours, as tag uses it", load_language
    yield "ours, everything on", partial(load_language, everything=True)
    if spacy.util.is_package("en_core_web_sm"):
        yield "en_core_web_sm", partial(spacy.load, "en_core_web_sm")


def rates(nlp: Language, texts: list[str], batch: int, runs: int) -> str:
    """Cells of a table: words per second of processor time, of the clock, of two processes."""
    words = sum(len(t.split()) for t in texts)
    best = [float("inf")] * 3
    for _ in range(runs):
        for processes in (1, 2):
            started = time.process_time(), time.perf_counter()
            for _doc in nlp.pipe(texts, n_process=processes, batch_size=batch):
                pass
            if processes == 1:
                best[0] = min(best[0], time.process_time() - started[0])
            best[processes] = min(best[processes], time.perf_counter() - started[1])
    return " | ".join(f"{words / seconds:,.0f}" for seconds in best)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--words", type=int, default=20000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    texts = stretches(options.words)
    print(f"{options.words} words in {len(texts)} texts; {os.cpu_count()} cores", end="; ")
    print(f"load before {os.getloadavg()[0]:.1f}\n")
    columns = "one process, per processor s | one process, per s | two processes, per s |"
    print(f"| pipeline | load, s | {columns}")
    print("| --- | --- | --- | --- | --- |")
    ours = None
    for name, load in pipelines():
        start = time.perf_counter()
        nlp = load()
        loaded = time.perf_counter() - start
        print(f"| {name} | {loaded:.2f} | {rates(nlp, texts, DEFAULT_BATCH, options.runs)} |")
        if name == "ours, everything on":
            ours = nlp
    if ours is not None:
        print(f"\n| batch, everything on | {columns}")
        print("| --- | --- | --- | --- |")
        for batch in BATCHES:
            print(f"| {batch} | {rates(ours, texts, batch, options.runs)} |", flush=True)
    print(f"\nload after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
