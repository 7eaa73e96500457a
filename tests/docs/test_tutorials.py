"""Every command of the tutorials does what it says."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
SERVES = "Ctrl+C stops it"
START_S = 240


@dataclass(frozen=True)
class Command:
    """A command as it is printed; ``comment`` says what is unusual about its end."""

    arguments: tuple[str, ...]
    comment: str

    @property
    def exit_code(self) -> int:
        said = re.search(r"exit code (\d)", self.comment)
        return int(said[1]) if said else 0


def commands(text: str) -> list[Command]:
    """The lines of console blocks that begin with a dollar sign."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                command, _, comment = line.removeprefix("$ ").partition(" #")
                found.append(Command(tuple(shlex.split(command)), comment.strip()))
    return found


def environment(home: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "IPT_NLP_HOME": str(home), "BROWSER": "false"}


def test_there_is_one_for_each_reader() -> None:
    assert [t.stem for t in TUTORIALS] == ["supervisor", "therapist", "trainer"]


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda t: t.stem)
def test_commands_run_in_order(tutorial: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "corpora").symlink_to(ROOT / "corpora")
    found = commands(tutorial.read_text(encoding="utf-8"))
    assert len(found) >= 4
    for command in found:
        program, *arguments = command.arguments
        assert program == "ipt-nlp"
        line = [sys.executable, "-m", "ipt_nlp", *arguments]
        if SERVES in command.comment:
            serve_and_stop(line, work, tmp_path / "home")
            continue
        done = subprocess.run(
            line,
            cwd=work,
            env=environment(tmp_path / "home"),
            capture_output=True,
            text=True,
            check=False,
        )
        shown = shlex.join(command.arguments)
        assert done.returncode == command.exit_code, f"{shown}: {done.stderr}"


def serve_and_stop(line: list[str], work: Path, home: Path) -> None:
    """Start a room, wait for its address, stop it as Ctrl+C does."""
    log = work / "room.log"
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            line,
            cwd=work,
            env=environment(home) | {"PYTHONUNBUFFERED": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            end = time.monotonic() + START_S
            while "http://127.0.0.1" not in log.read_text(encoding="utf-8"):
                assert process.poll() is None, log.read_text(encoding="utf-8")
                assert time.monotonic() < end, "no address was printed"
                time.sleep(0.2)
            # The address is there a moment before the server takes the signal over.
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) in (0, 130)
        finally:
            process.kill()
            process.wait()
    log.unlink()
