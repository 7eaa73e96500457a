"""Time and memory of a process of its own: what the benchmarks share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READY = b"ready\n"
"""What a worker prints when its first text is labelled."""

_WITHOUT = ("torch", "transformers")
_LAUNCH = f"""
import runpy, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in {_WITHOUT!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
"""Runs a module as ``python -m`` does where torch is not installed: spaCy and presidio import it
wherever they find it, and no user of ipt-nlp needs it."""

_WATCH = """
import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
print("\\n" + json.dumps([os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime,
      usage.ru_maxrss]))
"""
"""A small process between this one and the one that is measured: Linux counts the memory of
whoever starts a process as that process's own, so its parent has to be small."""


@dataclass(frozen=True)
class Measured:
    """A finished process.

    ``ready_s`` is when it printed ``READY`` (its end where it never did), ``wall_s`` its end, both
    seconds from its start; ``cpu_s`` is over all its threads, ``peak_mb`` its largest resident
    memory in MiB.
    """

    ready_s: float
    wall_s: float
    cpu_s: float
    peak_mb: int
    output: bytes


def module(name: str, *arguments: str, torch: bool = False) -> list[str]:
    """The command that runs a module, by default as if torch were not installed."""
    if torch:
        return [sys.executable, "-m", name, *arguments]
    return [sys.executable, "-c", _LAUNCH, name, *arguments]


def run(command: Sequence[str], *, threads: int | None = None) -> Measured:
    """Run a process to its end and measure it; POSIX only.

    Args:
        command: Program and arguments; its errors go to this process's standard error.
        threads: For the matrix libraries, and for an encoder that asks how many there are; as
            many as there are cores by default.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    if threads is not None:
        env |= {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    start = time.perf_counter()
    watched = [sys.executable, "-I", "-S", "-c", _WATCH, *command]
    process = subprocess.Popen(watched, stdout=subprocess.PIPE, env=env)
    assert process.stdout is not None
    ready, lines = None, []
    for line in process.stdout:
        if line == READY and ready is None:
            ready = time.perf_counter() - start
        else:
            lines.append(line)
    process.wait()
    wall = time.perf_counter() - start
    exit_code, cpu_s, peak = json.loads(lines.pop())
    if exit_code:
        raise subprocess.CalledProcessError(exit_code, command)
    return Measured(
        ready_s=wall if ready is None else ready,
        wall_s=wall,
        cpu_s=cpu_s,
        peak_mb=round(peak / (1024 if sys.platform == "linux" else 1024**2)),
        output=b"".join(lines).rstrip(b"\n"),
    )


def size_mb(path: Path) -> float:
    """Size of a file, or of all files of a folder, in MB (10**6 bytes)."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(p.stat().st_size for p in files) / 1e6
