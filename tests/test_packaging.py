from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What is in the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.parametrize(
    "name",
    [
        "ipt_nlp/codebook/codebook.toml",
        "ipt_nlp/language/pattern_rules/withdrawal.toml",
        "ipt_nlp/language/first_names.txt",
        "ipt_nlp/language/relations.toml",
        "ipt_nlp/areas/shipped.json",
        "ipt_nlp/models/ipt-areas/bundle.json",
        "ipt_nlp/models/ipt-areas/encoder/encoder.onnx",
        "ipt_nlp/models/en_ipt_core/config.cfg",
        "ipt_nlp/examples/session.vtt",
        "ipt_nlp/py.typed",
    ],
)
def test_what_the_package_needs_is_in_the_wheel(names: set[str], name: str) -> None:
    assert name in names


def test_nothing_else_is_in_the_wheel(names: set[str]) -> None:
    assert not [n for n in names if n.startswith(("tests/", "training/", "corpora/"))]


def test_templates_travel(names: set[str]) -> None:
    for path in (ROOT / "ipt_nlp" / "writers" / "templates").iterdir():
        assert f"ipt_nlp/writers/templates/{path.name}" in names


def test_the_lock_names_no_index_and_hashes_everything() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    pinned = [i for i, line in enumerate(lines) if "==" in line]
    assert len(pinned) > 50
    for i in pinned:
        assert "--hash=sha256:" in lines[i + 1]


def test_the_lock_covers_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower()
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    for requirement in wanted:
        name = Requirement(requirement).name.lower()
        assert f"\n{name}==" in f"\n{lock}", name
