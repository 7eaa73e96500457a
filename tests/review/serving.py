"""A review room in a process of its own, as a user starts it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

START = "import typer; from ipt_nlp.cli.review import review; typer.run(review)"


@dataclass
class Serving:
    """A server that runs: ``address`` opens it once."""

    process: subprocess.Popen[str]
    address: str

    @property
    def base(self) -> str:
        return self.address.split("/open")[0].split("/login")[0]

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait(timeout=20)


@contextlib.contextmanager
def serving(folder: Path, *options: str) -> Iterator[Serving]:
    """Start `ipt-nlp review FOLDER --no-browser`, and stop it as Ctrl+C does."""
    command = [sys.executable, "-c", START, str(folder), "--no-browser", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http"), process.communicate(timeout=20)[1]
            yield Serving(process, address)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
