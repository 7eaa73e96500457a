"""Every command and snippet of the README does what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.removeprefix("$ ").split("#")[0].strip()
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]
# make runs the tests themselves, pipx reaches out to an index, and this file is not in the checkout
ELSEWHERE = {"make", "pipx"}
NOT_HERE = "session-04.vtt"


def test_the_readme_opens_with_two_commands() -> None:
    assert COMMANDS[:2] == ["make demo", "make test"]


def test_make_knows_its_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_commands_run_in_order(tmp_path: Path) -> None:
    """In a folder of their own that sees the checkout, since some of them write."""
    for name in ("corpora", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    run = [c for c in COMMANDS if shlex.split(c)[0] not in ELSEWHERE and NOT_HERE not in c]
    assert len(run) >= 8
    for command in run:
        program, *arguments = shlex.split(command)
        assert program == "ipt-nlp"
        done = subprocess.run(
            [sys.executable, "-m", "ipt_nlp", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert done.stdout.strip(), command


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_snippets_run(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(code, "README.md", "exec"), {})


def test_links_lead_somewhere() -> None:
    for document in (ROOT / "README.md", ROOT / "ARCHITECTURE.md"):
        text = document.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (ROOT / target).exists(), f"{document.name}: {target}"
