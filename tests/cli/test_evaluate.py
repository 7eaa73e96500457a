"""``evaluate`` beside baselines, with plots, and ``train`` with a grid."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ipt_nlp.cli import app

SAYINGS = [
    ("My father died and I miss him.", ["grief"]),
    ("I lost my job and look for a new one.", ["role_transition"]),
    ("My wife and I argue a lot.", ["conflict"]),
    ("I have no friends and feel lonely.", ["isolation"]),
    ("I cannot sleep.", []),
]

runner = CliRunner()


def rows(path: Path, times: int, word: str) -> str:
    made = [
        {"id": f"r{i}", "text": f"{text} {word} {i}", "genre": "board", "writer": f"w{i % 4}",
         "areas": areas, "primary": areas[0] if areas else None, "codebook": "1.1",
         "rules": ["job_loss"], "synthetic": True}
        for i, (text, areas) in enumerate(SAYINGS * times)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(r) + "\n" for r in made))
    return str(path)


@pytest.fixture
def corpora(tmp_path: Path) -> tuple[str, str]:
    return rows(tmp_path / "learn.jsonl", 8, "Week"), rows(tmp_path / "score.jsonl", 3, "Day")


def test_baselines_and_plots_in_one_run(corpora: tuple[str, str], tmp_path: Path) -> None:
    learn, score = corpora
    folder = tmp_path / "figures"
    done = runner.invoke(
        app,
        ["evaluate", "--corpus", score, "--train-corpus", learn, "--report", str(folder), "--json"],
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found == json.loads((folder / "report.json").read_text())
    assert list(found["baselines"]) == [
        "majority",
        "TF-IDF + logistic regression",
        "spaCy bag of words",
        "this bundle's encoder + logistic regression",
    ]
    assert found["baselines"]["majority"]["macro_f1"]["value"] == 0
    assert found["risk_coverage"]["at_80"]["value"] <= 1
    for name in ("calibration.svg", "risk-coverage.svg", "report.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_the_tables_name_every_model(corpora: tuple[str, str]) -> None:
    learn, score = corpora
    done = runner.invoke(app, ["evaluate", "--corpus", score, "--train-corpus", learn])
    assert done.exit_code == 0, done.output
    for told in ("macro F1", "majority", "TF-IDF", "bag of words", "at 80 % coverage"):
        assert told in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 120


def test_a_report_over_a_file_is_refused(corpora: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    done = runner.invoke(
        app, ["evaluate", "--corpus", corpora[1], "--report", str(tmp_path / "taken")]
    )
    assert done.exit_code == 2
    assert "--report: taken is a file" in done.stderr


def test_train_searches_a_grid(corpora: tuple[str, str], tmp_path: Path) -> None:
    config = tmp_path / "areas.toml"
    config.write_text("[parameters]\nclass_weight = 'balanced'\n[grid]\nC = [0.1, 1.0]\n")
    bundle = tmp_path / "bundle"
    done = runner.invoke(
        app,
        ["train", "--corpus", corpora[0], "--config", str(config), "--output", str(bundle),
         "--jobs", "1", "--synthetic"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    card = (bundle / "README.md").read_text()
    assert "| C = 0.1 |" in card
    assert "| job_loss | 40 |" in card
