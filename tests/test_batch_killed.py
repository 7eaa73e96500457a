"""A run is stopped or loses a process: nothing is half written, nothing lost, nothing doubled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial as partial_of
from pathlib import Path

import pytest
from joblib.externals.loky import reusable_executor

from ipt_nlp import batch
from ipt_nlp.batch import RECORD, Batch, Done, Piece, plan, run
from ipt_nlp.sources import source_of
from ipt_nlp.tagger import Tagger
from tests.quick_shards import tag_quickly
from tests.scaling import ROOT, assert_same, results, write_sessions

FILES = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sessions") / "in"
    write_sessions(folder, FILES)
    return folder


@pytest.fixture(scope="module")
def expected(folder: Path, tagger: Tagger, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("expected") / "out"
    how = Batch(source_of(), output)
    assert not any(d.failures for d in run(how, plan([folder], output, "jsonl"), tagger=tagger))
    return output


def recorded(output: Path) -> int:
    return (output / RECORD).read_text().count("\n") if (output / RECORD).exists() else 0


def partial(output: Path) -> list[Path]:
    return list(output.rglob("*.part"))


@pytest.mark.skipif(os.name != "posix", reason="signals to a group of processes")
@pytest.mark.parametrize(
    ("sent", "jobs"), [(signal.SIGKILL, "2"), (signal.SIGINT, "1")], ids=["kill-9", "ctrl-c"]
)
def test_a_run_that_is_stopped_is_taken_up(
    folder: Path, expected: Path, tagger: Tagger, tmp_path: Path, sent: signal.Signals, jobs: str
) -> None:
    output = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "ipt_nlp", "tag", str(folder), "-o", str(output), "--jobs", jobs],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # A test run in the background of a shell ignores Ctrl-C, and its children would too.
        preexec_fn=partial_of(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    try:
        _wait_for(lambda: len(results(output)) >= 2 and recorded(output) >= 1, process)
    finally:
        os.killpg(process.pid, sent)
        _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert b"We" not in said
    if sent is signal.SIGINT:
        assert b"Traceback" not in said
    before = results(output)  # each is a whole document
    assert 2 <= len(before) < FILES
    how = Batch(source_of(), output)
    again = list(run(how, plan([folder], output, "jsonl"), tagger=tagger))
    assert not any(d.failures for d in again)
    assert any(d.skipped for d in again)
    assert_same(results(output), results(expected))
    assert partial(output) == []


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Piece]:
    monkeypatch.setattr(batch, "tag_shard", tag_quickly)
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(40):
        (folder / f"{i:02d}.txt").write_text("words")
    return plan([folder], tmp_path / "out", "jsonl")


def test_a_process_that_is_killed_loses_nothing(many: list[Piece], tmp_path: Path) -> None:
    output = tmp_path / "out"
    done: list[Done] = []
    for one in run(Batch(source_of(), output), many, n_jobs=2):
        if not done:
            os.kill(min(reusable_executor._executor._processes), signal.SIGKILL)
        done.append(one)
    assert not [failure for d in done for failure in d.failures]
    assert sorted(d.output for d in done) == sorted(piece.output.name for piece in many)
    recorded = [json.loads(line)["output"] for line in (output / RECORD).read_text().splitlines()]
    assert sorted(recorded) == sorted(d.output for d in done)
    assert partial(output) == []


def test_a_piece_that_no_process_survives_is_named_and_the_others_are_done(
    many: list[Piece], tmp_path: Path
) -> None:
    (tmp_path / "in" / "poison.txt").write_text("words")
    pieces = plan([tmp_path / "in"], tmp_path / "out", "jsonl")
    done = list(run(Batch(source_of(), tmp_path / "out"), pieces[::-1], n_jobs=2))
    assert [f.split(":")[0] for d in done for f in d.failures] == ["poison.txt"]
    assert sorted(d.output for d in done if not d.failures) == sorted(p.output.name for p in many)


def _wait_for(
    there: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 300
) -> None:
    until = time.monotonic() + seconds
    while not there():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.02)
