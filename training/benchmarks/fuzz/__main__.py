"""Fuzz one target, or all in turn: ``python -m training.benchmarks.fuzz all --seconds 600``.

With atheris (coverage-guided; ``pip install atheris``, Linux and macOS) where it is installed, else
with random mutations of the same seeds. What fails is written to ``--findings`` and the exit code
is 1. Neither is part of the test suite, which calls the same targets on far fewer inputs.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import random
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
SEEDS = ROOT / "tests" / "cases" / "readers"
SECONDS_PER_INPUT = 20
"""An input that takes longer is a finding: a small file must not hold up a clinic."""
MAX_LENGTH = 4096


def main() -> int:
    """Parse the options, run, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", help="a target's name, or all")
    parser.add_argument("--seconds", type=int, default=600, help="for each target")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    options = parser.parse_args()
    guided = importlib.util.find_spec("atheris") is not None
    if options.target == "all":
        return max(_in_a_process(name, options) for name in _names())
    folder = options.findings / options.target
    folder.mkdir(parents=True, exist_ok=True)
    run = _guided if guided else _random
    return run(options.target, options.seconds, folder)


def _names() -> list[str]:
    from training.benchmarks.fuzz.targets import targets

    return list(targets({}))


def _in_a_process(name: str, options: argparse.Namespace) -> int:
    command = [sys.executable, "-m", "training.benchmarks.fuzz", name]
    command += ["--seconds", str(options.seconds), "--findings", str(options.findings)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    tail = (done.stdout + done.stderr).strip().splitlines()
    last = next((line for line in reversed(tail) if line.startswith(("Done", "done"))), "")
    print(f"{name}: {'nothing found' if done.returncode == 0 else 'FOUND SOMETHING'}; {last}")
    if done.returncode:
        print("\n".join(tail[-25:]))
    return int(done.returncode != 0)


def _document() -> dict[str, Any]:
    """A result document, from the example that is shipped."""
    import ipt_nlp

    session = ipt_nlp.load().tag(ROOT / "corpora" / "examples" / "session.vtt")
    found: dict[str, Any] = json.loads(session.to_json())
    return found


def _seeds(suffixes: tuple[str, ...]) -> list[bytes]:
    files = sorted(path for path in SEEDS.iterdir() if path.suffix in suffixes)
    found = [path.read_bytes()[:MAX_LENGTH] for path in files]
    return [*found, bytes(range(256)), b"\x02" + bytes([0, 1, 2, 180, 255, 255, 255])]


def _guided(name: str, seconds: int, folder: Path) -> int:
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(
        include=["ipt_nlp.readers", "ipt_nlp.transcript", "ipt_nlp.speakers", "ipt_nlp.result"]
    ):
        from training.benchmarks.fuzz.targets import targets
    fuzzed = targets(_document() if name == "result" else {})[name]
    seeds = folder / "seeds"
    seeds.mkdir(exist_ok=True)
    for i, seed in enumerate(_seeds(fuzzed.seeds)):
        (seeds / str(i)).write_bytes(seed)
    arguments = [
        sys.argv[0], str(seeds), f"-max_total_time={seconds}", f"-timeout={SECONDS_PER_INPUT}",
        f"-max_len={MAX_LENGTH}", f"-artifact_prefix={folder}/", "-rss_limit_mb=3000",
    ]  # fmt: skip
    atheris.Setup(arguments, fuzzed.target)
    atheris.Fuzz()  # ends the process, with an exit code that is not 0 when something was found
    return 0


def _random(name: str, seconds: int, folder: Path) -> int:
    from training.benchmarks.fuzz.targets import targets

    fuzzed = targets(_document() if name == "result" else {})[name]
    seeds, draw = _seeds(fuzzed.seeds), random.Random(0)
    end, runs = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = _mutated(draw.choice(seeds), seeds, draw)
        began = time.monotonic()
        try:
            fuzzed.target(data)
        except Exception:
            (folder / "crash").write_bytes(data)
            traceback.print_exc()
            return 1
        if time.monotonic() - began > SECONDS_PER_INPUT:
            (folder / "slow").write_bytes(data)
            return 1
        runs += 1
    print(f"done: {runs} inputs in {seconds} s, without atheris")
    return 0


def _mutated(seed: bytes, seeds: list[bytes], draw: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(draw.randint(1, 8)):
        at = draw.randint(0, len(data))
        other = draw.choice(seeds)
        cut = draw.randint(0, len(other))
        choice = draw.randint(0, 3)
        if choice == 0 and data:
            data[at % len(data)] = draw.randint(0, 255)
        elif choice == 1:
            del data[at : at + draw.randint(1, 20)]
        elif choice == 2:
            data[at:at] = other[cut : cut + draw.randint(1, 60)]
        else:
            data[at:at] = bytes(data[at : at + draw.randint(1, 20)]) * draw.randint(1, 30)
    return bytes(data[:MAX_LENGTH])


if __name__ == "__main__":
    sys.exit(main())
