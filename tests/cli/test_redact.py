from __future__ import annotations

import stat
from pathlib import Path

from typer.testing import CliRunner

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
