from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ipt_nlp.places import write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_file_and_new_folders_are_the_owners_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    target = tmp_path / "a" / "b" / "c.txt"
    write_private(target, "words")
    assert target.read_text() == "words"
    assert mode(target) == 0o600
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700
    assert mode(tmp_path) == 0o755


def test_a_planted_part_file_is_not_written_through(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("kept")
    (tmp_path / f".c.txt.{os.getpid()}.part").symlink_to(other)
    write_private(tmp_path / "c.txt", "words")
    assert other.read_text() == "kept"
    assert not (tmp_path / "c.txt").is_symlink()


def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.txt").symlink_to("real/c.txt")
    write_private(tmp_path / "link.txt", b"words")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real" / "c.txt").read_bytes() == b"words"


def test_nothing_is_left_behind_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(tmp_path / "c.txt", "words")
    assert list(tmp_path.iterdir()) == []
