"""The figures the guard is held to, on a writer and clients that nothing was tuned on."""

from __future__ import annotations

import pytest

from ipt_nlp.identifiers import IdentifierFinder
from ipt_nlp.identifiers.kinds import KINDS
from training.benchmarks import identifiers as benchmark

DIRECT = set(KINDS) - benchmark.WEAK


@pytest.mark.parametrize(("lower", "least"), [(False, 0.97), (True, 0.90)])
def test_recall_of_direct_identifiers(lower: bool, least: float) -> None:
    finder, score = IdentifierFinder(), benchmark.Score()
    for row in benchmark.rows("identifiers", "test"):
        text = row["text"].lower() if lower else row["text"]
        if len(text) == len(row["text"]):
            score.add(text, row["flags"], [(f.start_char, f.end_char) for f in finder.find(text)])
    assert score.recall(DIRECT)[0] >= least


def test_false_alarms_in_sessions() -> None:
    finder = IdentifierFinder()
    words = alarms = 0
    for text, gold in benchmark.sessions("test"):
        words += len(text.split())
        alarms += sum(
            not any(a < f.end_char and f.start_char < b for a, b in gold) for f in finder.find(text)
        )
    assert 1000 * alarms / words <= 2
