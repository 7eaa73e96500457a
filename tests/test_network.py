"""Nothing leaves this machine, and nothing is left behind in the user's home.

``tests/cli`` runs the commands with Python's sockets refused; libraries with native code do not
use those, so what they would write and read is checked here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "corpora" / "examples" / "session.vtt"


def test_tagging_leaves_nothing_in_a_home(tmp_path: Path) -> None:
    """ONNX Runtime keeps a device id and a queue of events in the home when it may report."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "XDG_", "HF_"))}
    subprocess.run(
        [sys.executable, "-m", "ipt_nlp", "tag", str(EXAMPLE), "--format", "csv"],
        check=True,
        capture_output=True,
        cwd=ROOT,
        env=clean | {"HOME": str(tmp_path)},
    )
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == []


def test_telemetry_is_off_before_anything_is_imported() -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ORT_")}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import ipt_nlp, os, sys; print(os.environ['ORT_DISABLE_TELEMETRY'], "
            "'onnxruntime' in sys.modules)",
        ],
        check=True,
        capture_output=True,
        text=True,
        env=clean,
        cwd=ROOT,
    )
    assert done.stdout.split() == ["1", "False"]
