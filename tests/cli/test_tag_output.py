"""What ``tag`` may write over: its own results, and nothing else."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest
from typer.testing import CliRunner

from ipt_nlp.cli import app
from ipt_nlp.cli.own_results import is_own_result

runner = CliRunner()
TALK = "T: How are you?\nC: We argue all the time.\n" * 3
FORMATS = ["pretty", "jsonl", "csv", "html"]


@pytest.fixture
def session(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "a.txt"
    path.parent.mkdir()
    path.write_text(TALK)
    return path


@pytest.mark.parametrize("output_format", FORMATS)
def test_a_result_is_written_over(session: Path, tmp_path: Path, output_format: str) -> None:
    target = tmp_path / "result"
    arguments = ["tag", str(session), "-o", str(target), "-f", output_format]
    assert runner.invoke(app, arguments).exit_code == 0
    assert is_own_result(target)
    session.write_text(TALK + "C: He died and I miss him.\n")
    before = target.read_bytes()
    assert runner.invoke(app, arguments).exit_code == 0
    assert target.read_bytes() != before


@pytest.mark.parametrize(
    "content",
    [
        "My own notes about what we argue about.\n",
        TALK,
        '{"mine": 1}\n',
        '{"format": "ipt-nlp-corpus/1"}\n',
        "source,text\na,b\n",
        "<!doctype html><title>My page</title>",
        "PAR1 and no table",
    ],
)
def test_another_file_is_kept(session: Path, tmp_path: Path, content: str) -> None:
    target = tmp_path / "mine.txt"
    target.write_text(content)
    arguments = ["tag", str(session), "-o", str(target), "-f", "jsonl", "--model", "nowhere"]
    done = runner.invoke(app, arguments)
    assert done.exit_code == 2
    assert done.stderr == (
        "ipt-nlp: --output: mine.txt is there already and is no result of `ipt-nlp tag`; "
        "name another file, or move that one away\n"
    )
    assert target.read_text() == content


def test_an_empty_file_is_written_to(session: Path, tmp_path: Path) -> None:
    (tmp_path / "new.jsonl").touch()
    arguments = ["tag", str(session), "-o", str(tmp_path / "new.jsonl"), "-f", "jsonl"]
    assert runner.invoke(app, arguments).exit_code == 0


def test_another_file_in_a_folder_of_results_is_kept_and_the_rest_is_tagged(
    session: Path, tmp_path: Path
) -> None:
    (session.parent / "b.txt").write_text(TALK)
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.txt.jsonl").write_text('{"mine": 1}\n')
    arguments = ["tag", str(session.parent), "-o", str(out)]
    done = runner.invoke(app, arguments)
    assert done.exit_code == 2
    assert "a.txt: not tagged, because --output holds a a.txt.jsonl" in done.stderr
    assert (out / "a.txt.jsonl").read_text() == '{"mine": 1}\n'
    assert is_own_result(out / "b.txt.jsonl")
    (out / "a.txt.jsonl").unlink()
    assert runner.invoke(app, arguments).exit_code == 0
    # Other options make other results, in the place of those of before.
    again = runner.invoke(app, [*arguments, "--of", "12"])
    assert again.exit_code == 0
    assert "2 files tagged" in again.stderr


def test_parts_of_a_table_are_written_over_and_other_tables_are_kept(tmp_path: Path) -> None:
    table = tmp_path / "posts.parquet"
    datasets.Dataset.from_dict({"id": ["a"], "text": ["We argue every day."]}).to_parquet(table)
    part = tmp_path / "out" / "posts.parquet" / "train-00000.parquet"
    arguments = ["tag", str(table), "-o", str(tmp_path / "out"), "-f", "parquet"]
    for options in ([], ["--of", "12"]):
        done = runner.invoke(app, [*arguments, *options])
        assert done.exit_code == 0, done.stderr
        assert "1 files tagged" in done.stderr
    part.write_bytes(table.read_bytes())
    done = runner.invoke(app, arguments)
    assert done.exit_code == 2
    assert "train-00000.parquet that is no result" in done.stderr
    assert part.read_bytes() == table.read_bytes()
