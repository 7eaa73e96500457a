from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from ipt_nlp.cli import app

if TYPE_CHECKING:
    from tests.corpus.conftest import Line, MakeRow, WriteCorpus

LONG = "my sister and i have not talked since the summer and i do not know how to begin again"
REAL = "zebras graze on my uncommon allotment while nobody watches them number"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["corpus", *map(str, arguments)])


@pytest.fixture
def files(make_row: MakeRow) -> dict[str, list[Line]]:
    areas: list[list[str]] = [["grief"], ["conflict"], []]
    posts = [
        make_row(f"p{i}", f"Row {i} is about {areas[i % 3] or 'sleep'}.", areas=areas[i % 3])
        for i in range(12)
    ]
    return {"posts/train.jsonl": posts, "posts/test.jsonl": [make_row("t", writer="w2")]}


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    path = tmp_path / "real.jsonl"
    path.write_text("".join(json.dumps({"text": f"{REAL} {i}"}) + "\n" for i in range(12)))
    return path


def test_a_clean_corpus_passes(files: dict[str, list[Line]], write_corpus: WriteCorpus) -> None:
    result = run("validate", write_corpus(files))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "13 rows, 0 problems\n", "")


def test_problems_exit_2_without_words(
    files: dict[str, list[Line]], make_row: MakeRow, write_corpus: WriteCorpus
) -> None:
    files["posts/test.jsonl"] = [make_row("x", LONG), make_row("y", LONG, writer="w3")]
    result = run("validate", write_corpus(files))
    assert result.exit_code == 2
    assert "y is a near-duplicate of x" in result.stderr
    assert "writer: w1" in result.stderr
    assert result.stdout == "14 rows, 2 problems\n"
    assert "sister" not in result.output


def test_validate_compares_with_a_reference(
    make_row: MakeRow, write_corpus: WriteCorpus, reference: Path
) -> None:
    folder = write_corpus({"posts/train.jsonl": [make_row("x", f"{REAL} 3 again and again")]})
    assert run("validate", folder).exit_code == 0
    result = run("validate", folder, "--reference", reference)
    assert result.exit_code == 2
    assert "zebras" not in result.output


def test_an_audit_sheet_is_for_its_owner_only(
    files: dict[str, list[Line]], write_corpus: WriteCorpus, tmp_path: Path
) -> None:
    sheet = tmp_path / "audit.csv"
    result = run("validate", write_corpus(files), "--sample", "6", "--output", sheet)
    assert result.exit_code == 0
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    assert len(sheet.read_text().splitlines()) == 7


@pytest.mark.parametrize("options", [["--sample", "3"], ["--output", "sheet.csv"]])
def test_sample_and_output_go_together(
    files: dict[str, list[Line]], write_corpus: WriteCorpus, options: list[str]
) -> None:
    result = run("validate", write_corpus(files), *options)
    assert result.exit_code == 2
    assert "--sample and --output go together" in result.stderr


def test_stats_prints_tables_and_no_word_of_the_reference(
    files: dict[str, list[Line]], write_corpus: WriteCorpus, reference: Path
) -> None:
    result = run("stats", write_corpus(files), "--reference", reference)
    assert result.exit_code == 0
    assert "| posts / board | 12 | 1 | 13 |" in result.stdout
    assert "| grief | 4 | 4 |" in result.stdout
    assert "| AUC of telling it from the reference |" in result.stdout
    assert "Agreement" not in result.stdout
    assert not any(word in result.stdout for word in ("zebra", "allotment", "graze"))
    as_json = run("stats", write_corpus(files), "--reference", reference, "--json")
    assert "zebra" not in as_json.stdout


def test_every_table_line_has_the_cells_of_its_head(
    files: dict[str, list[Line]], write_corpus: WriteCorpus, reference: Path
) -> None:
    text = run("stats", write_corpus(files), "--reference", reference).stdout
    for block in text.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1, block


def test_stats_reports_agreement_where_there_are_passes(
    files: dict[str, list[Any]], write_corpus: WriteCorpus
) -> None:
    def passed(name: str) -> list[Line]:
        return [{"id": name, "labelled": ["areas"], "areas": ["grief"]},
                {"id": "p2", "labelled": ["areas"]}]  # fmt: skip

    files |= {"passes/first.jsonl": passed("p0"), "passes/second.jsonl": passed("p0")}
    folder = write_corpus(files)
    report = json.loads(run("stats", folder, "--json").stdout)
    assert report["agreement"]["labels"][0] | {"kappa_by_config": 0} == {
        "kind": "areas", "label": "grief", "rows": 2, "first": 1, "second": 1, "both": 1,
        "kappa": 1.0, "kappa_by_config": 0,
    }  # fmt: skip
    assert "| grief (areas) | 2 | 1 | 1 | 1 | 1.00 | 1.00 |" in run("stats", folder).stdout


def test_stats_refuses_broken_rows(make_row: MakeRow, write_corpus: WriteCorpus) -> None:
    result = run("stats", write_corpus({"a.jsonl": [make_row("a", colour="red")]}))
    assert result.exit_code == 2
    assert "1 broken rows" in result.stderr


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom ipt_nlp.cli import app\n"
        "assert CliRunner().invoke(app, ['corpus', 'stats', '--help']).exit_code == 0\n"
        "print(sorted({'numpy', 'scipy', 'sklearn', 'datasketch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
