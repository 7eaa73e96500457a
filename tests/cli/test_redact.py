from __future__ import annotations

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ipt_nlp import places
from ipt_nlp.identifiers import analyzer
from ipt_nlp.identifiers.pseudonyms import Pseudonyms
from tests.cli.test_check import app
from tests.identifiers.files import GOLD, MAKERS, everything_in, make

runner = CliRunner()


def test_a_folder_becomes_a_folder_without_identifiers(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "anna kowalski").mkdir(parents=True)
    for name in MAKERS:
        make(folder / "anna kowalski", name)
    out, key = tmp_path / "out", tmp_path / "keys" / "key.json"
    done = runner.invoke(app, ["redact", str(folder), "-o", str(out), "--key", str(key)])
    assert done.exit_code == 0, done.stderr
    written = [p for p in out.rglob("*") if p.is_file()]
    assert {p.name for p in written} == set(MAKERS)
    assert "kowalski" not in " ".join(str(p.relative_to(out)) for p in written).lower()
    for path in written:
        assert not [gold for gold in GOLD if gold in everything_in(path)], path.name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "cannot certify" in done.stderr


def test_a_key_gives_the_same_names_in_the_next_run_and_check_accepts_them(tmp_path: Path) -> None:
    path, key = make(tmp_path, "session.txt"), tmp_path / "key.json"
    texts = []
    for name in ("one.txt", "two.txt"):
        arguments = [
            "redact",
            str(path),
            "-o",
            str(tmp_path / name),
            "--surrogates",
            "--key",
            str(key),
        ]
        assert runner.invoke(app, arguments).exit_code == 0
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]
    assert "PERSON" not in texts[0]
    assert runner.invoke(app, ["check", str(tmp_path / "one.txt")]).exit_code == 1
    done = runner.invoke(app, ["check", str(tmp_path / "one.txt"), "--key", str(key)])
    assert done.exit_code == 0, done.stdout


def test_the_original_is_never_written(tmp_path: Path) -> None:
    path = make(tmp_path, "session.txt")
    before = path.read_bytes()
    for output in (path, tmp_path):
        done = runner.invoke(app, ["redact", str(path), "-o", str(output)])
        assert done.exit_code == 2
    inside = runner.invoke(app, ["redact", str(tmp_path), "-o", str(tmp_path / "out")])
    assert inside.exit_code == 2
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["session.txt"]


def test_another_file_is_not_overwritten(tmp_path: Path) -> None:
    path = make(tmp_path, "session.txt")
    (tmp_path / "kept.txt").write_text("kept")
    done = runner.invoke(app, ["redact", str(path), "-o", str(tmp_path / "kept.txt")])
    assert done.exit_code == 2
    assert (tmp_path / "kept.txt").read_text() == "kept"


def test_the_key_is_kept_apart(tmp_path: Path) -> None:
    path, out = make(tmp_path, "session.txt"), tmp_path / "out"
    done = runner.invoke(app, ["redact", str(path), "-o", str(out), "--key", str(out / "key.json")])
    assert done.exit_code == 2
    assert not out.exists()


def test_the_format_stays(tmp_path: Path) -> None:
    path = make(tmp_path, "session.vtt")
    done = runner.invoke(app, ["redact", str(path), "-o", str(tmp_path / "out.txt")])
    assert done.exit_code == 2
    assert "same format" in done.stderr


def test_files_that_cannot_be_read_are_named_and_the_others_copied(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    make(folder, "session.txt")
    (folder / "broken.docx").write_bytes(b"PK\x03\x04 nothing")
    (folder / "empty.txt").write_text("")
    done = runner.invoke(app, ["redact", str(folder), "-o", str(out)])
    assert done.exit_code == 2
    assert [p.name for p in out.iterdir()] == ["session.txt"]
    assert "broken.docx: a damaged .docx" in done.stderr
    assert "empty.txt: the file is empty (no copy was made)" in done.stderr


@pytest.mark.parametrize("place", ["file.txt/key.json", "folder", "in/key.json"])
def test_a_key_that_cannot_be_kept_is_refused_before_the_work(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    make(folder, "session.txt")
    (tmp_path / "file.txt").write_text("kept")
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(analyzer, "load_finder", None)
    arguments = ["redact", str(folder), "-o", str(out), "--key", str(tmp_path / place)]
    done = runner.invoke(app, arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith("ipt-nlp: --key: ")
    assert len(done.stderr.splitlines()) == 1
    assert not out.exists()
    assert not [f for f in tmp_path.rglob("key.json") if f.exists()]


def _refusing(monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    write = places.write_private

    def fails(path: Path, content: str | bytes) -> None:
        if path.name == refused:
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(places, "write_private", fails)


def test_no_copy_is_written_without_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = make(tmp_path, "session.txt"), tmp_path / "out"
    _refusing(monkeypatch, "key.json")
    key = tmp_path / "keys" / "key.json"
    done = runner.invoke(app, ["redact", str(path), "-o", str(out), "--key", str(key)])
    assert done.exit_code == 2
    assert "--key: key.json cannot be written (No space left on device)" in done.stderr
    assert not out.exists()
    assert not key.exists()


@pytest.mark.parametrize("before", [True, False])
def test_copies_that_cannot_all_be_written_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    folder, out, key = tmp_path / "in", tmp_path / "out", tmp_path / "key.json"
    folder.mkdir()
    if before:
        Pseudonyms().save(key)
    kept = key.read_bytes() if before else b""
    for name in ("session.md", "session.txt"):
        make(folder, name)
    _refusing(monkeypatch, "session.txt")
    done = runner.invoke(app, ["redact", str(folder), "-o", str(out), "--key", str(key)])
    assert done.exit_code == 2
    assert "--output: session.txt cannot be written (No space left on device)" in done.stderr
    assert "No copy was kept" in done.stderr
    assert not out.exists()
    assert (key.read_bytes() if key.exists() else b"") == kept
