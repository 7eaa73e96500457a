"""Temporary folders: the owner's alone, gone at the end, and after a kill gone with the next."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ipt_nlp.scratch import remove_abandoned, scratch_folder

HOLDS = """
import sys
from ipt_nlp.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "said.txt").write_text("My secret")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    base = tmp_path / "tmp"
    base.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(base))
    return base


def holder(base: Path) -> tuple[subprocess.Popen[str], Path]:
    """Another process that has a folder open, and that folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(base)},
    )  # fmt: skip
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_only_its_owner_can_look_in_and_nothing_stays(base: Path) -> None:
    with scratch_folder() as folder:
        (folder / "a").mkdir()
        (folder / "a" / "said.txt").write_text("x")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert all(stat.S_IMODE(p.stat().st_mode) & 0o077 == 0 for p in base.iterdir())
    assert list(base.iterdir()) == []


def test_nothing_stays_of_a_block_that_raises(base: Path) -> None:
    with pytest.raises(KeyError), scratch_folder():
        raise KeyError
    assert list(base.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_a_killed_process_left_goes_with_the_next(base: Path, how: signal.Signals) -> None:
    process, left = holder(base)
    with process:
        assert (left / "said.txt").is_file()
        with scratch_folder():
            assert (left / "said.txt").is_file()  # still in use
        process.send_signal(how)
        process.wait(timeout=60)
    assert (left / "said.txt").is_file()
    with scratch_folder() as folder:
        assert not left.exists()
        assert folder.is_dir()
    assert list(base.iterdir()) == []


def test_links_and_strangers_are_left_alone(base: Path, tmp_path: Path) -> None:
    other = tmp_path / "mine"
    other.mkdir()
    (other / "kept.txt").write_text("x")
    (base / "ipt-nlp-0.d").symlink_to(other)
    (base / "ipt-nlp-1.d").write_text("a file")
    (base / "something.d").mkdir()
    assert remove_abandoned(base) == 0
    assert (other / "kept.txt").is_file()
    assert len(list(base.iterdir())) == 3
