"""What tests of batches share: invented sessions as files, and results that are compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ipt_nlp.corpus import CorpusRow, read_rows

ROOT = Path(__file__).parents[1]
SESSIONS = ROOT / "corpora" / "ipt-synth" / "sessions" / "train.jsonl"


def write_sessions(folder: Path, count: int, *, turns: int = 12) -> None:
    """The first turns of so many invented sessions, a text file each."""
    folder.mkdir(parents=True)
    sessions: dict[str, list[str]] = {}
    for _, row in read_rows(SESSIONS):
        if not isinstance(row, CorpusRow):
            continue
        lines = sessions.setdefault(f"{row.client}-{row.session}", [])
        if len(lines) < turns:
            lines.append(f"{str(row.role).capitalize()}: {row.text}")
    for number, (_, lines) in zip(range(count), sessions.items(), strict=False):
        (folder / f"talk{number:03d}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert len(list(folder.iterdir())) == count


def results(folder: Path) -> dict[str, Any]:
    """The result documents in a folder, each file whole, by the name of the file."""
    return {
        path.relative_to(folder).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in folder.rglob("*.jsonl")
        if not path.name.startswith(".")
    }


def assert_same(one: Any, other: Any, where: str = "") -> None:
    """Equal, but for numbers with a fraction, which may differ by 1e-4."""
    if isinstance(one, float) and isinstance(other, float):
        assert abs(one - other) <= 1e-4, where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same(a, b, f"{where}.{i}")
    else:
        assert one == other, where
