from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ipt_nlp import codebook
from ipt_nlp.corpus.checks import PlacedRow, read_corpus

Line = dict[str, Any]
MakeRow = Callable[..., Line]
WriteCorpus = Callable[[dict[str, list[Line]]], Path]
PlaceRows = Callable[[dict[str, list[Line]]], list[PlacedRow]]


@pytest.fixture
def make_row() -> MakeRow:
    """A row as it stands in a file; areas set the primary."""

    def make(identity: str, text: str = "I cannot sleep.", **fields: Any) -> Line:
        areas = fields.get("areas", [])
        return {
            "id": identity,
            "text": text,
            "genre": "board",
            "writer": "w1",
            "primary": areas[0] if areas else None,
            "codebook": codebook.VERSION,
            "synthetic": True,
        } | fields

    return make


@pytest.fixture
def write_corpus(tmp_path: Path) -> WriteCorpus:
    """Files by name inside the corpus folder -> the folder."""

    def write(files: dict[str, list[Line]]) -> Path:
        folder = tmp_path / "corpus"
        for name, rows in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return folder

    return write


@pytest.fixture
def place_rows(write_corpus: WriteCorpus) -> PlaceRows:
    def place(files: dict[str, list[Line]]) -> list[PlacedRow]:
        corpus = read_corpus(write_corpus(files))
        assert not corpus.problems
        return list(corpus.rows)

    return place
