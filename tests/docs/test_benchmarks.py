"""The benchmarks measure what they say; their figures are no matter of tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ipt_nlp.evaluation import Figure
from training.benchmarks.__main__ import peer_table
from training.benchmarks.growth import Grown, growth_table
from training.benchmarks.measure import module, run, size_mb
from training.benchmarks.peers import SPACY, TAG, TFIDF, Speed, fit_peers, system

TEXTS = [f"{word} and {other}" for word in ("grief", "row", "move") for other in "abcdefgh"]


def test_memory_is_the_processes_own() -> None:
    """Not that of whoever starts it, which Linux counts too."""
    ballast = np.ones(60 * 2**20)  # 480 MiB here
    small = run([sys.executable, "-c", "pass"])
    assert ballast.nbytes / 2**20 > 2 * small.peak_mb
    large = run([sys.executable, "-c", "x = bytearray(b'x') * 300_000_000"])
    assert 280 < large.peak_mb - small.peak_mb < 320


def test_ready_is_told_from_output() -> None:
    done = run([sys.executable, "-c", "print('ready', flush=True); print('a'); print('b')"])
    assert done.output == b"a\nb"
    assert 0 < done.ready_s <= done.wall_s
    assert done.cpu_s > 0


def test_a_failure_is_none_of_the_figures() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run([sys.executable, "-c", "raise SystemExit(3)"])


def test_modules_run_as_if_torch_were_not_installed(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except ModuleNotFoundError as error:\n"
        "        print(name, error.name)\n"
    )
    done = subprocess.run(
        module("probe", "torch", "json"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "torch torch\n"


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    labels = np.zeros((len(TEXTS), 4), dtype=bool)
    for column in range(4):
        labels[column::4, column] = True
    return fit_peers(TEXTS, labels, tmp_path_factory.mktemp("peers"), None, 1)


def test_without_weights_there_is_no_peer_on_torch(peers: dict[str, Path]) -> None:
    assert set(peers) == {TFIDF, SPACY}
    assert all(size_mb(path) > 0 for path in peers.values())


@pytest.mark.parametrize("name", [TFIDF, SPACY])
def test_peers_are_loaded_from_disk(peers: dict[str, Path], name: str) -> None:
    labelled = system(name, peers[name], 1)(TEXTS[:3])
    assert len(labelled) == 3
    assert all(len(row) == 4 for row in labelled)


def test_no_system_of_another_name() -> None:
    with pytest.raises(ValueError, match="no such system"):
        system("x", Path(), 1)


def test_a_table_leaves_a_dash_where_nothing_was_measured() -> None:
    speed = [Speed(TAG, 3.21, 3.1, 1234.5, 1300.0, 700, 41.2)]
    macro_f1 = {TAG: {"posts": Figure(0.7, 0.6, 0.8)}, SPACY: {"posts": Figure(0.5, 0.4, 0.6)}}
    shown = peer_table(speed, macro_f1).splitlines()
    assert shown[0].endswith("| macro-F1, posts |")
    expected = "| 3.2 | 3.1 | 1,234 | 1,300 | 700 | 41.2 | 0.700 (0.600-0.800) |"
    assert shown[2] == f"| {TAG} {expected}"
    assert shown[3] == f"| {SPACY} | - | - | - | - | - | - | 0.500 (0.400-0.600) |"


def test_growth_is_over_the_shortest_file() -> None:
    shown = growth_table([Grown(1000, 4.0, 5.0, 600, 1.0), Grown(3000, 5.0, 6.0, 620, 1.0)])
    assert shown.splitlines()[-1] == "| 3,000 | 5.0 | 6.0 | 620 | 2,000 | 10.2 |"
