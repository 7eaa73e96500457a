"""Processes in which reaching out ends the process.

Python runs ``sitecustomize`` at its start, so a folder with one on ``PYTHONPATH`` also guards the
processes that a command starts. The hook is called by the interpreter's own sockets: no library
gets round it by importing them earlier or in another way, and none can catch the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
REACHED_OUT = 97
_HOOK = """
import os, sys

LOCAL = {None, "", "localhost", "127.0.0.1", "::1", b"localhost", b"127.0.0.1", b"::1"}
LOOKED_UP = {
    "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo",
}
REACHED = {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}

def guard(event, args):
    if not event.startswith("socket."):
        return
    if event in LOOKED_UP:
        place = args[0][0] if isinstance(args[0], tuple) else args[0]
    elif event in REACHED:
        # Addresses that are no tuple are files: sockets between processes of this machine.
        place = args[1][0] if isinstance(args[1], tuple) else None
    else:
        return
    if place not in LOCAL:
        with open(os.environ["GUARD_LOG"], "a") as log:
            log.write(f"{event} {sys.argv[:3]}\\n")
        os._exit(97)

sys.addaudithook(guard)
with open(os.environ["GUARD_LOG"] + ".on", "a") as log:
    log.write("on\\n")
"""


@dataclass
class Guarded:
    """Runs programs in a home of their own, with every switch against the network left as it is
    on a user's machine: unset."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.folder / "reached-out.log"

    @property
    def processes(self) -> int:
        """How many Python processes the guard was in."""
        on = Path(f"{self.log}.on")
        return len(on.read_text().splitlines()) if on.exists() else 0

    def environment(self) -> dict[str, str]:
        hook = self.folder / "guard"
        hook.mkdir(exist_ok=True)
        (hook / "sitecustomize.py").write_text(_HOOK)
        for name in ("home", "tmp"):
            (self.folder / name).mkdir(exist_ok=True)
        unset = ("HF_", "ORT_", "XDG_", "TRANSFORMERS_", "DO_NOT_TRACK", "IPT_NLP_")
        return {k: v for k, v in os.environ.items() if not k.startswith(unset)} | {
            "PYTHONPATH": os.pathsep.join([str(hook), str(ROOT)]),
            "GUARD_LOG": str(self.log),
            "HOME": str(self.folder / "home"),
            "IPT_NLP_HOME": str(self.folder / "home" / "ipt-nlp"),
            "TMPDIR": str(self.folder / "tmp"),
            **self.settings,
        }

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            capture_output=True, text=True, encoding="utf-8", check=False, cwd=self.folder,
            env=self.environment(), timeout=240,
        )  # fmt: skip

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """``ipt-nlp`` with these arguments."""
        return self.python("-m", "ipt_nlp", *arguments)
