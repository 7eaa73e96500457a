"""A real cluster on this machine: a scheduler and two workers, one of which is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from joblib import Parallel, delayed, parallel_config

from ipt_nlp import batch as batches
from ipt_nlp.areas.search import search
from ipt_nlp.batch import RECORD, Batch, Done, plan, run
from ipt_nlp.cli.batch import Backend, workers_of
from ipt_nlp.errors import BundleError, OptionError
from ipt_nlp.sources import source_of
from ipt_nlp.tagger import Tagger
from ipt_nlp.workers import Task
from tests.areas.test_search import build, made
from tests.scaling import ROOT, assert_same, results, write_sessions

FILES = 24


@dataclass(frozen=True)
class Cluster:
    """Address of the scheduler, and its workers' processes."""

    address: str
    workers: list[subprocess.Popen[bytes]]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    pytest.importorskip("distributed")
    file = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT}
    environment = os.environ | {"OMP_NUM_THREADS": "1"}

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *arguments, "--scheduler-file", str(file)]
        process = subprocess.Popen(command, env=environment, **quiet)  # type: ignore[call-overload]
        stack.callback(process.wait, 20)
        stack.callback(process.kill)
        return process  # type: ignore[no-any-return]

    with ExitStack() as stack:
        here = ["--host", "127.0.0.1", "--no-dashboard"]
        start("scheduler", *here, "--port", "0")
        own = ["--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path / "dask")]
        workers = [start("worker", *here, *own) for _ in range(2)]
        until = time.monotonic() + 60
        while not file.exists() or not file.read_text():
            assert time.monotonic() < until
            time.sleep(0.05)
        yield Cluster(json.loads(file.read_text())["address"], workers)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_worker_is_killed_and_nothing_is_lost_or_doubled(
    cluster: Cluster, tagger: Tagger, tmp_path: Path
) -> None:
    folder, output, alone = tmp_path / "in", tmp_path / "out", tmp_path / "alone"
    write_sessions(folder, FILES)
    workers = workers_of(Backend.dask, cluster.address)
    done: list[Done] = []
    for one in run(Batch(source_of(), output), plan([folder], output, "jsonl"), workers=workers):
        if not done:
            cluster.workers[0].send_signal(signal.SIGKILL)
        done.append(one)
    assert cluster.workers[0].wait(20) == -signal.SIGKILL
    assert not [failure for d in done for failure in d.failures]
    list(run(Batch(source_of(), alone), plan([folder], alone, "jsonl"), tagger=tagger))
    assert len(results(alone)) == FILES
    assert_same(results(output), results(alone))
    names = sorted(results(alone))
    assert sorted(d.output for d in done) == names
    recorded = [json.loads(line)["output"] for line in (output / RECORD).read_text().splitlines()]
    assert sorted(recorded) == names
    assert list(output.rglob("*.part")) == []

    # The worker that is left, and not this process, searches as one core does.
    assert workers is not None
    with workers():
        assert Parallel(n_jobs=-1)([delayed(os.getpid)()]) == [cluster.workers[1].pid]
    views, y, groups = made()
    grid = {"max_depth": [1, 4]}
    told = (build, grid, views, y, groups, y | True)
    assert search(*told, workers=workers) == search(*told, n_jobs=1)


def side_by_side() -> parallel_config:
    return parallel_config(backend="threading", n_jobs=2)


def test_work_travels_in_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def tag_shard(_: Batch, tasks: list[Task]) -> list[Done]:
        sizes.append(len(tasks))
        return [Done("f", f"{t.piece.output.name}", t.key, 1, 1) for t in tasks]

    monkeypatch.setattr(batches, "tag_shard", tag_shard)
    monkeypatch.setattr(batches, "effective_n_jobs", lambda _: 2)
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for i in range(100):
        (folder / f"{i}.txt").write_text("We argue.\n")
    (folder / "long.txt").write_text("We argue.\n" * 10_000)
    pieces = plan([folder], output, "jsonl")
    list(run(Batch(source_of(), output), pieces, workers=side_by_side))
    assert sum(sizes) == 101
    assert max(sizes) == 101 // 8
    sizes.clear()
    # Of a stream nobody knows how long it is.
    list(run(Batch(source_of(), output), iter(pieces), workers=side_by_side))
    assert sum(sizes) == 101
    assert max(sizes) == batches.SHARD_PIECES


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ("bundle", BundleError, "another bundle"),
        ("language", BundleError, "spaCy pipeline"),
        ("version", OptionError, "a worker has ipt-nlp"),
        ("folder", OptionError, "does not see that folder"),
    ],
)
def test_a_worker_that_is_not_like_this_machine_refuses(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    error: type[Exception],
    said: str,
) -> None:
    (tmp_path / "a.txt").write_text("We argue.\n")
    how = Batch(source_of(), tmp_path / "out")
    if change == "bundle":
        how = replace(how, source=replace(how.source, digest="0" * 64))
    if change == "language":
        how = replace(how, source=replace(how.source, language="en_core_web_sm 1"))
    if change == "version":
        how = replace(how, version="0.0.0")
    if change == "folder":
        monkeypatch.setattr(batches, "write_private", lambda *_: None)
    pieces = plan([tmp_path / "a.txt"], how.output, "jsonl")
    with pytest.raises(error, match=said):
        list(run(how, pieces, workers=side_by_side))
    assert results(how.output) == {}


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_scheduler_that_does_not_answer_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ipt_nlp.cli.batch.CONNECT_S", 0.5)
    (tmp_path / "a.txt").write_text("We argue.\n")
    workers = workers_of(Backend.dask, "tcp://127.0.0.1:1")
    pieces = plan([tmp_path / "a.txt"], tmp_path / "out", "jsonl")
    with pytest.raises(OptionError, match="no scheduler answers"):
        list(run(Batch(source_of(), tmp_path / "out"), pieces, workers=workers))
