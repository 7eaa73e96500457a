"""``tag`` on tables: in parts, streamed, resumable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import pytest
from typer.testing import CliRunner

from ipt_nlp import batch
from ipt_nlp.batch import Batch, plan_table, run
from ipt_nlp.cli import app
from ipt_nlp.readers.tables import table_at
from ipt_nlp.sources import source_of
from ipt_nlp.tagger import Tagger

runner = CliRunner()
BODIES = ["We argue every day.", "He died in May and I miss him.", None, "I have no friends."]


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    file = tmp_path / "posts.parquet"
    datasets.Dataset.from_dict({"id": list("abcd"), "body": BODIES}).to_parquet(file)
    return file


def tag_into(output: Path, table: str, *options: str) -> Any:
    return runner.invoke(app, ["tag", table, "--text-column", "body", "-o", str(output), *options])


def test_a_table_becomes_a_folder_of_parquet(
    posts: Path, tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = tag_into(tmp_path / "out", str(posts), "--format", "parquet")
    assert done.exit_code == 2
    assert "posts.parquet#train:3: no words in the column with the text" in done.stderr
    assert "3 sessions" in done.stderr
    folder = tmp_path / "out" / "posts.parquet"
    assert [p.name for p in folder.iterdir()] == ["train-00000.parquet"]
    rows = list(datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "c")))
    assert [row["source"] for row in rows] == ["a", "b", "d"]
    for row, proba in zip(
        rows, tagger.predict_proba([b for b in BODIES if b is not None]), strict=True
    ):
        assert row["grief_probability"] == pytest.approx(proba[0], abs=1e-4)

    def load(*_: object, **__: object) -> None:
        raise AssertionError("a tagger was loaded")

    monkeypatch.setattr("ipt_nlp.tagger.tagger_here", load)
    again = tag_into(tmp_path / "out", str(posts), "--format", "parquet")
    assert again.exit_code == 2
    assert "posts.parquet#train:3: no words" in again.stderr
    assert "1 done before" in again.stderr


def test_a_name_on_the_hub(posts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = datasets.load_dataset

    def local(name: str, config: str | None, **options: Any) -> Any:
        assert (name, config, options["streaming"]) == ("someone/posts", "small", True)
        del config
        return load("parquet", data_files=str(posts), **options)

    monkeypatch.setattr(datasets, "load_dataset", local)
    done = tag_into(tmp_path / "out", "hub:someone/posts:small")
    assert "3 sessions" in done.stderr
    written = tmp_path / "out" / "someone--posts--small" / "train-00000.jsonl"
    assert [json.loads(line)["source"] for line in written.read_text().splitlines()] == [
        *("a", "b", "d")
    ]


def test_a_part_is_done_again_when_its_rows_change(
    posts: Path, tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "PART_ROWS", 2)
    output = tmp_path / "out"

    def tag_all() -> list[str]:
        pieces = plan_table(table_at(posts, "body"), output, "jsonl")
        done = run(Batch(source_of(), output), pieces, tagger=tagger)
        return [d.output for d in done if not d.skipped]

    parts = [f"posts.parquet/train-0000{i}.jsonl" for i in (0, 1)]
    assert tag_all() == parts
    assert tag_all() == []
    changed = [*BODIES[:3], "I moved house."]
    datasets.Dataset.from_dict({"id": list("abcd"), "body": changed}).to_parquet(posts)
    assert tag_all() == parts[1:]


def test_results_of_rows_that_are_gone_are_named(
    posts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "PART_ROWS", 1)
    output = tmp_path / "out"
    table = table_at(posts, "body")
    for piece in plan_table(table, output, "jsonl"):
        piece.output.parent.mkdir(parents=True, exist_ok=True)
        piece.output.touch()
    said: list[str] = []
    assert len(list(plan_table(table, output, "jsonl", say=said.append))) == 4
    assert said == []
    monkeypatch.setattr(batch, "PART_ROWS", 2)
    assert len(list(plan_table(table, output, "jsonl", say=said.append))) == 2
    assert said == [
        "posts.parquet: 2 result files are of rows that it no longer has; "
        "remove train-00002.jsonl, train-00003.jsonl"
    ]


def test_long_rows_make_short_parts(posts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "PART_CHARS", 30)
    pieces = plan_table(table_at(posts, "body"), Path("out"), "jsonl")
    assert [len(piece.rows or ()) for piece in pieces] == [2, 2]


def test_a_table_needs_a_folder(posts: Path, tmp_path: Path) -> None:
    for arguments in ([str(posts)], [str(posts), "-o", str(tmp_path / "x.jsonl")]):
        done = runner.invoke(app, ["tag", *arguments])
        assert done.exit_code == 2
        assert "a table is tagged into a folder" in done.stderr
    (tmp_path / "a.txt").write_text("We argue.\n")
    done = runner.invoke(app, ["tag", str(tmp_path / "a.txt"), "-f", "parquet"])
    assert "--format parquet: goes into a folder" in done.stderr


def test_a_table_that_breaks_off_says_so(tmp_path: Path) -> None:
    (tmp_path / "posts.parquet").write_bytes(b"PAR1 my client said PAR1")
    done = tag_into(tmp_path / "out", str(tmp_path / "posts.parquet"))
    assert done.exit_code == 2
    assert "posts.parquet: cannot be loaded as a corpus" in done.stderr
    assert "client" not in done.stderr


def test_a_broken_table_stops_no_other(posts: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 my client said PAR1")
    done = runner.invoke(
        app,
        ["tag", str(broken), str(posts), "--text-column", "body", "-o", str(tmp_path / "out")],
    )
    assert done.exit_code == 2
    assert "broken.parquet: cannot be loaded as a corpus" in done.stderr
    assert "3 sessions" in done.stderr
    assert (tmp_path / "out" / "posts.parquet" / "train-00000.jsonl").is_file()


def test_two_tables_of_one_name_are_refused(posts: Path, tmp_path: Path) -> None:
    for year in ("2023", "2024"):
        (tmp_path / year).mkdir()
        (tmp_path / year / "posts.parquet").write_bytes(posts.read_bytes())
    paths = [str(tmp_path / year / "posts.parquet") for year in ("2023", "2024")]
    done = tag_into(tmp_path / "out", *paths)
    assert done.exit_code == 2
    assert "posts.parquet: two tables of that name" in done.stderr
    assert not list(tmp_path.glob("out/**/*.jsonl"))
