from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from ipt_nlp import codebook
from ipt_nlp.result import ResultSegment, TaggedSession
from ipt_nlp.writers import csv as rows
from ipt_nlp.writers import writer


def read(sessions: Iterable[TaggedSession]) -> list[dict[str, str]]:
    text = "".join(writer("csv", color=False)(sessions))
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_columns_are_those_that_spreadsheets_already_use() -> None:
    kept = Path(__file__).parents[1] / "cases" / "writers" / "columns.txt"
    assert list(rows.COLUMNS) == kept.read_text(encoding="utf-8").split()


def test_every_field_has_a_column_or_is_spread_over_several() -> None:
    spread = {"text", "turns", "segments", "summary", "model", "language", "thresholds"}
    assert set(TaggedSession.model_fields) - spread <= set(rows.COLUMNS)
    renamed = {"index", "turns", "areas", "patterns", "flags", "exchanges"}
    assert set(ResultSegment.model_fields) - renamed <= set(rows.COLUMNS)


def test_a_row_a_segment_with_its_words_and_labels(session: TaggedSession) -> None:
    found = read([session, session])
    assert [row["text"] for row in found] == [s.text for s in session.segments] * 2
    second = found[1]
    assert second["primary"] == "conflict"
    assert (second["grief_probability"], second["grief_present"]) == ("0.87", "true")
    assert (second["isolation_probability"], second["isolation_present"]) == ("0.18", "false")
    assert (second["self_silencing"], second["blame"]) == ("1", "0")
    assert (second["needs_review"], second["review_reasons"]) == ("true", "mixed")
    assert (second["start_s"], second["end_s"]) == ("72.0", "128.0")
    assert second["evidence"].endswith("; grief: When I cried at the funeral")
    assert (second["first_turn"], second["last_turn"]) == ("2", "3")
    assert second["model_sha256"] == session.model.sha256
    assert (found[3]["identifier"], found[3]["primary"]) == ("1", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r=", "＝", " =", "\n+"])
def test_no_cell_begins_a_formula(start: str, build: Callable[..., TaggedSession]) -> None:
    words = f"{start}1+1"
    case: dict[str, Any] = {
        "source": words,
        "client_id": words,
        "turns": [{"speaker": words, "role": "client", "text": f"{words} and more"}],
        "segments": [{"probabilities": [0.1] * len(codebook.AREAS)}],
    }
    row = read([build(case)])[0]
    shown = "'" + words.replace("\r", "\n")
    assert row["text"] == f"{shown} and more"
    assert {row["source"], row["client_id"], row["speakers"]} == {shown}


def test_numbers_and_harmless_text_stay_as_they_are(hostile: TaggedSession) -> None:
    row = read([hostile])[0]
    assert row["text"].startswith("'=1+1\n<script>")
    assert row["text"][1:] == hostile.text
    assert row["start_s"] == ""
    assert row["review_reasons"] == "risk_self_harm; mixed"


def test_only_the_column_names_for_no_sessions() -> None:
    assert "".join(writer("csv", color=False)([])) == ",".join(rows.COLUMNS) + "\n"
