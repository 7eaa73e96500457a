from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from ipt_nlp import batch as batches
from ipt_nlp.batch import LOCK, RECORD, Batch, Done, plan, run
from ipt_nlp.errors import OptionError
from ipt_nlp.places import PARTIAL_PREFIX, PARTIAL_SUFFIX
from ipt_nlp.result import TaggedSession
from ipt_nlp.sources import source_of
from ipt_nlp.tagger import Tagger
from ipt_nlp.transcript import Transcript
from ipt_nlp.writers import FORMATS

ROOT = Path(__file__).parents[1]

TALK = "T: How was the week?\nC: We argued again and he walked out.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text(TALK)
    (folder / "a.md").write_text("She still sets two plates.\n")
    (folder / "deep" / "b.txt").write_text(TALK.replace("week", "month"))
    return folder


def tag_all(tagger: Tagger, folder: Path, output: Path, form: str = "jsonl") -> list[Done]:
    batch = Batch(source_of(), output, form)
    return list(run(batch, plan([folder], output, form), tagger=tagger))


def test_a_result_for_each_file(tagger: Tagger, folder: Path, tmp_path: Path) -> None:
    done = tag_all(tagger, folder, tmp_path / "out")
    assert [d.output for d in done] == ["a.md.jsonl", "a.txt.jsonl", "deep/b.txt.jsonl"]
    assert not any(d.failures or d.skipped for d in done)
    session = TaggedSession.from_json((tmp_path / "out" / "a.txt.jsonl").read_text())
    assert session == tagger.tag(folder / "a.txt")
    for file in (tmp_path / "out").rglob("*.jsonl"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_done_is_skipped(tagger: Tagger, folder: Path, tmp_path: Path) -> None:
    first = tag_all(tagger, folder, tmp_path / "out")
    second = tag_all(tagger, folder, tmp_path / "out")
    assert second == first
    assert all(d.skipped for d in second)


@pytest.mark.parametrize("change", ["content", "result", "format"])
def test_what_changed_is_done_again(
    tagger: Tagger, folder: Path, tmp_path: Path, change: str
) -> None:
    tag_all(tagger, folder, tmp_path / "out")
    if change == "content":
        (folder / "a.txt").write_text(TALK + "T: And then?\n")
    if change == "result":
        (tmp_path / "out" / "a.txt.jsonl").unlink()
    again = tag_all(tagger, folder, tmp_path / "out", "csv" if change == "format" else "jsonl")
    redone = {Path(d.file).name for d in again if not d.skipped}
    assert redone == ({"a.txt", "a.md", "b.txt"} if change == "format" else {"a.txt"})


def test_a_bad_file_stops_no_other(tagger: Tagger, folder: Path, tmp_path: Path) -> None:
    (folder / "a.vtt").write_bytes(b"\x89PNG\x00\x01")
    (folder / "empty.txt").write_bytes(b"")
    done = tag_all(tagger, folder, tmp_path / "out")
    failed = {Path(d.file).name for d in done if d.failures}
    assert failed == {"a.vtt", "empty.txt"}
    assert sum(d.sessions for d in done) == 3
    assert not (tmp_path / "out" / "a.vtt.jsonl").exists()
    assert {Path(d.file).name for d in tag_all(tagger, folder, tmp_path / "out") if d.failures} == (
        failed
    )


def test_a_run_that_was_killed_is_taken_up(tagger: Tagger, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    tag_all(tagger, folder, out)
    record = (out / RECORD).read_text()
    (out / RECORD).write_text(record[: len(record) - 40])
    partial = out / ".ipt-nlp-abc.part"
    partial.write_text("half")
    assert [Path(d.file).name for d in tag_all(tagger, folder, out) if not d.skipped] == ["b.txt"]
    assert not partial.exists()


def test_a_run_leaves_another_in_a_folder_inside_alone(
    tagger: Tagger, folder: Path, tmp_path: Path
) -> None:
    inside = tmp_path / "out" / "other"
    inside.mkdir(parents=True)
    (inside / LOCK).touch()
    theirs = inside / f"{PARTIAL_PREFIX}x{PARTIAL_SUFFIX}"
    theirs.touch()
    tag_all(tagger, folder, tmp_path / "out")
    assert theirs.exists()


def test_nothing_is_loaded_where_all_is_done(
    tagger: Tagger, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "empty.txt").write_bytes(b"")
    first = tag_all(tagger, folder, tmp_path / "out")

    def load(*_: object, **__: object) -> None:
        raise AssertionError("a tagger was loaded")

    monkeypatch.setattr("ipt_nlp.tagger.load", load)
    batch = Batch(source_of(), tmp_path / "out")
    for n_jobs in (1, 2):
        again = list(run(batch, plan([folder], tmp_path / "out", "jsonl"), n_jobs=n_jobs))
        assert sorted(d.file for d in again) == sorted(d.file for d in first)
        assert [Path(d.file).name for d in again if not d.skipped] == ["empty.txt"]


def test_what_is_skipped_imports_no_spacy(tagger: Tagger, folder: Path, tmp_path: Path) -> None:
    tag_all(tagger, folder, tmp_path / "out")
    code = (
        "import sys; from ipt_nlp.cli import app; "
        f"app(['tag', {str(folder)!r}, '-o', {str(tmp_path / 'out')!r}], standalone_mode=False); "
        "print({'spacy', 'sklearn', 'onnxruntime', 'datasets'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "set()\n"
    assert "3 done before" in done.stderr


def test_a_fault_of_ours_in_one_file_stops_no_other(
    tagger: Tagger, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = Tagger.tag

    def faulty(self: Tagger, session: Transcript) -> TaggedSession:
        if session.source == "a.txt":
            raise IndexError("walked out")
        return tag(self, session)

    monkeypatch.setattr(Tagger, "tag", faulty)
    done = tag_all(tagger, folder, tmp_path / "out")
    assert [f for d in done for f in d.failures] == ["a.txt: could not be tagged (IndexError)"]
    monkeypatch.undo()
    again = tag_all(tagger, folder, tmp_path / "out")
    assert [Path(d.file).name for d in again if not d.skipped] == ["a.txt"]


def test_two_runs_do_not_share_a_folder(tagger: Tagger, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with (
        FileLock(tmp_path / "out" / LOCK),
        pytest.raises(OptionError, match="another run"),
    ):
        tag_all(tagger, folder, tmp_path / "out")


def test_files_of_one_name_are_not_written_over_each_other(folder: Path, tmp_path: Path) -> None:
    (folder / "deep" / "a.txt").write_text(TALK)
    with pytest.raises(OptionError, match=r"a\.txt: two files"):
        plan([folder / "a.txt", folder / "deep" / "a.txt"], tmp_path, "jsonl")
    assert len(plan([folder], tmp_path, "jsonl")) == 4


def test_every_format_has_a_suffix() -> None:
    assert set(batches.SUFFIXES) == {*FORMATS, "parquet"}
