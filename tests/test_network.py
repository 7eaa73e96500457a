"""Nothing leaves this machine, and nothing is left behind: every command, in processes of its own.

The guard (``tests/guards/network.py``) sees Python's sockets, in the command's process and in those
that it starts. Libraries with native code do not use those, so what they would write and read is
checked apart.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from ipt_nlp.cli import app
from tests.guards.network import REACHED_OUT, ROOT, Guarded
from tests.review.documents import document

EXAMPLE = ROOT / "corpora" / "examples" / "session.vtt"
SAYINGS: tuple[tuple[str, list[str]], ...] = (
    ("My father died and I miss him.", ["grief"]),
    ("I lost my job and look for a new one.", ["role_transition"]),
    ("My wife and I argue a lot.", ["conflict"]),
    ("I have no friends and feel lonely.", ["isolation"]),
    ("I cannot sleep.", []),
)


@pytest.fixture
def guarded(tmp_path: Path) -> Guarded:
    """A folder with something for each command."""
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    (sessions / "a.vtt").write_bytes(EXAMPLE.read_bytes())
    (sessions / "b.txt").write_text("T: How is it?\nC: My wife and I argue. Ring 0161 496 0000.\n")
    for name, writer in (("corpus", "w"), ("other", "v")):
        (tmp_path / f"{name}.jsonl").write_text(
            "".join(
                json.dumps(
                    {"id": f"{writer}{i}", "text": f"{text} Week {i}, {writer}, and so on and on.",
                     "genre": "board", "writer": f"{writer}{i % 4}", "areas": areas,
                     "primary": areas[0] if areas else None, "codebook": "1.1", "synthetic": True}
                )
                + "\n"
                for i, (text, areas) in enumerate(SAYINGS * 7)
            )
        )  # fmt: skip
    room = tmp_path / "room"
    room.mkdir()
    (room / "tagged.jsonl").write_text(document("a.vtt", client="c01", number=1).to_json() + "\n")
    return Guarded(tmp_path)


COMMANDS: dict[str, list[list[str]]] = {
    "tag": [
        ["sessions/a.vtt", "--format", "html", "--output", "a.html"],
        ["sessions", "--output", "out", "--jobs", "2"],
    ],
    "check": [["sessions"]],
    "redact": [["sessions", "--output", "redacted", "--surrogates"]],
    "train": [["--corpus", "corpus.jsonl", "--output", "bundle", "--synthetic"]],
    "evaluate": [
        ["--corpus", "corpus.jsonl", "--train-corpus", "other.jsonl", "--report", "report"]
    ],
    "review": [["room", "--add-user", "moss"], ["room", "--retrain", "--output", "again"]],
    "agreement": [["room"]],
    "forget": [["room", "--list"], ["room", "--client", "c01"]],
    "corpus validate": [["corpus.jsonl"]],
    "corpus stats": [["corpus.jsonl"]],
    "corpus import": [["corpus.jsonl", "--limit", "3", "--into", "room"]],
    "models list": [[]],
    "models show": [[]],
    "models trust": [["0" * 64]],
}
CAN_FAIL = {"review", "corpus validate"}
"""Retraining wants more decisions than there are here; these rows repeat each other."""


def _names(command: Any, above: str = "") -> list[str]:
    """Of a click command and those below it; Typer brings a click of its own."""
    if not hasattr(command, "commands"):
        return [above]
    found = []
    for name, below in command.commands.items():
        found += _names(below, f"{above} {name}".strip())
    return found


def test_every_command_is_run_below() -> None:
    assert sorted(_names(typer.main.get_command(app))) == sorted(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_command_reaches_out_or_leaves_a_copy(guarded: Guarded, name: str) -> None:
    for arguments in COMMANDS[name]:
        done = guarded.command(*name.split(), *arguments)
        assert done.returncode in ({0, 1, 2} if name in CAN_FAIL else {0, 1}), done.stderr
        assert "Traceback" not in done.stderr
        assert not guarded.log.exists(), guarded.log.read_text()
    assert guarded.processes >= len(COMMANDS[name])
    left = [p for p in (guarded.folder / "tmp").rglob("*") if p.is_file()]
    assert [p for p in left if "ipt-nlp" in str(p)] == []
    assert [p for p in left if _holds_text(p)] == []
    assert [p for p in (guarded.folder / "home").rglob("*") if p.is_file() and _holds_text(p)] == []


def _holds_text(path: Path) -> bool:
    content = path.read_bytes()
    return any(word in content for word in (b"miss him", b"wife and I", b"0161 496"))


def test_the_guard_is_in_processes_that_a_command_starts(guarded: Guarded) -> None:
    guarded.command("tag", "sessions", "--output", "out", "--jobs", "2")
    assert guarded.processes >= 3


def test_the_review_room_reaches_nobody(guarded: Guarded) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ipt_nlp", "review", "room", "--no-browser"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=guarded.folder,
        env=guarded.environment(),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), process.communicate()[1]
        page = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).status)"
        asked = guarded.python("-c", page, address)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
    assert asked.stdout.strip() == "200", asked.stderr
    assert not guarded.log.exists(), guarded.log.read_text()


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('192.0.2.1', 9), timeout=1)",
        "import socket; socket.getaddrinfo('example.invalid', 80)",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))",
        "import socket; socket.socket().bind(('0.0.0.0', 0))",
        "import urllib.request as u\ntry: u.urlopen('http://192.0.2.1', timeout=1)\nexcept: pass",
        "import datasets, sys\ndatasets.load_dataset('json', data_files=sys.argv[1])",
    ],
)
def test_the_guard_would_tell(guarded: Guarded, code: str) -> None:
    """The last of these is why the program sets switches: `datasets` counts its uses by itself."""
    done = guarded.python("-c", code, str(guarded.folder / "corpus.jsonl"))
    assert done.returncode == REACHED_OUT, done.stderr
    assert guarded.log.exists()


@pytest.mark.parametrize(
    "call",
    [
        "from ipt_nlp.corpus import load_texts; print(len(load_texts([sys.argv[1]])))",
        "from ipt_nlp.review.public import read_texts; read_texts(sys.argv[1], 'text', 9)",
    ],
)
@pytest.mark.parametrize(
    "first",
    [
        "",
        "import datasets\n",
        "import huggingface_hub\n",
    ],
)
def test_a_corpus_is_read_in_silence_whatever_was_imported_before(
    guarded: Guarded, first: str, call: str
) -> None:
    """In a notebook, `datasets` may have been imported before any of our switches is set."""
    done = guarded.python("-c", f"import sys\n{first}{call}", str(guarded.folder / "corpus.jsonl"))
    assert done.returncode == 0, done.stderr
    assert not guarded.log.exists(), guarded.log.read_text()


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
