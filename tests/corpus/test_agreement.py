from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ipt_nlp.corpus.agreement import (
    Agreement,
    PassLine,
    agreement,
    disputed_patterns,
    match_spans,
    read_passes,
)
from ipt_nlp.corpus.rows import CorpusRow
from ipt_nlp.errors import CorpusError

if TYPE_CHECKING:
    from tests.corpus.conftest import MakeRow, PlaceRows

Lines = dict[str, dict[str, Any]]


def passes(lines: Lines) -> dict[str, PassLine]:
    return {
        key: PassLine.model_validate({"id": key, "labelled": ["areas"]} | line)
        for key, line in lines.items()
    }


@pytest.fixture
def compare(make_row: MakeRow, place_rows: PlaceRows) -> Any:
    def run(first: Lines, second: Lines, text: str = "He shouts. He shouts.") -> Agreement:
        rows = [make_row(key, text) for key in first if not key.startswith("gone")]
        return agreement(passes(first), passes(second), place_rows({"posts/train.jsonl": rows}))

    return run


def label(found: Agreement, name: str) -> Any:
    [one] = [line for line in found.labels if line.label == name]
    return one


def test_kappa_of_a_known_table(compare: Any) -> None:
    # 10 rows: both 4, first only 1, second only 1, neither 4 -> observed 0.8, expected 0.5.
    marks = [(1, 1)] * 4 + [(1, 0), (0, 1)] + [(0, 0)] * 4
    first = {f"r{i}": {"areas": ["grief"] if a else []} for i, (a, _) in enumerate(marks)}
    second = {f"r{i}": {"areas": ["grief"] if b else []} for i, (_, b) in enumerate(marks)}
    grief = label(compare(first, second), "grief")
    assert (grief.rows, grief.first, grief.second, grief.both) == (10, 5, 5, 4)
    assert grief.kappa == pytest.approx(0.6)
    assert grief.kappa_by_config == {"posts": pytest.approx(0.6)}


def test_a_label_that_nobody_used_has_no_kappa(compare: Any) -> None:
    assert label(compare({"a": {}}, {"a": {}}), "conflict").kappa is None


def test_only_what_both_were_asked_is_compared(compare: Any) -> None:
    first = {"a": {"labelled": ["areas", "flags"]}, "b": {"labelled": ["areas"]}}
    second = {"a": {"labelled": ["flags", "patterns"]}, "b": {"labelled": ["areas"]}}
    assert compare(first, second).rows == {"areas": 1, "flags": 1, "patterns": 0}


def test_lines_without_partner_or_row_are_counted_and_left_out(compare: Any) -> None:
    found = compare({"a": {}, "b": {}, "gone": {}}, {"a": {}, "gone": {}, "z": {}})
    assert (found.unpaired, found.unknown, found.rows["areas"]) == (2, 1, 1)


def test_flags_agree_by_row_whatever_their_quotes(compare: Any) -> None:
    asked = {"labelled": ["flags"]}
    found = compare(
        {"a": asked | {"flags": [["risk_self_harm", "x", "current", "speaker"]]}, "b": asked},
        {"a": asked | {"flags": [["risk_self_harm", "y", "past", None]]}, "b": asked},
    )
    assert label(found, "risk_self_harm").kappa == 1


def test_span_f_counts_places_not_words(compare: Any) -> None:
    asked = {"labelled": ["patterns"]}
    twice = [["He shouts", "hostility", "other"]] * 2
    found = compare(
        {"a": asked | {"patterns": twice}},
        {"a": asked | {"patterns": [twice[0], *([q, "blame", "other"] for q in ("He", "no"))]}},
    )
    spans = {line.label: line for line in found.spans}
    assert (spans["hostility"].matched, spans["hostility"].f) == (1, pytest.approx(2 / 3))
    assert (spans["all"].first, spans["all"].second) == (2, 3)
    assert spans["all"].f == pytest.approx(2 / 5)
    assert spans["control"].f is None
    assert found.quotes_not_found == 1


@pytest.mark.parametrize(
    ("first", "second", "matched"),
    [
        ([(0, 10)], [(5, 40)], 1),
        ([(0, 10)], [(6, 40)], 0),
        ([(0, 10), (0, 10)], [(0, 10)], 1),
        # Taking the first fit for the first span would leave the second without a partner.
        ([(0, 20), (0, 8)], [(0, 8), (10, 20)], 2),
        ([], [(0, 3)], 0),
    ],
)
def test_spans_match_one_to_one_by_half_of_the_shorter(
    first: list[tuple[int, int]], second: list[tuple[int, int]], matched: int
) -> None:
    assert match_spans(first, second) == match_spans(second, first) == matched


@pytest.mark.parametrize(
    ("asked", "disputed"),
    [
        (["patterns"], [("blame", (0, 9)), ("hostility", (11, 20))]),
        (["areas"], []),
    ],
)
def test_what_one_pass_alone_marks_is_disputed(
    asked: list[str], disputed: list[tuple[str, tuple[int, int]]], make_row: MakeRow
) -> None:
    kept = {"start_char": 0, "end_char": 9, "quote": "He shouts", "pattern": "hostility"}
    row = make_row("a", "He shouts. He shouts.", patterns=[kept | {"who": "other"}])
    twice = [["He shouts", "hostility", "other"]] * 2
    other = [["shouts", "hostility", "other"], ["He shouts", "blame", "other"]]
    lines = passes(
        {
            "first": {"labelled": ["patterns"], "patterns": twice},
            "second": {"labelled": asked, "patterns": other},
        }
    )
    found = disputed_patterns(CorpusRow.model_validate(row), lines["first"], lines["second"])
    assert found == disputed


def test_a_corpus_without_passes_has_none(tmp_path: Path) -> None:
    assert read_passes(tmp_path) is None
    assert read_passes(tmp_path / "file.jsonl") is None


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([{"id": "a", "labelled": ["areas"], "areas": ["secret"]}], "second.jsonl:1: areas.0"),
        ([{"id": "a"}], "second.jsonl:1: labelled"),
        ([{"id": "a", "labelled": []}] * 2, "second.jsonl:2: id"),
        (None, "second.jsonl: cannot be read"),
    ],
)
def test_a_broken_pass_is_an_error_without_its_words(
    tmp_path: Path, lines: list[dict[str, Any]] | None, message: str
) -> None:
    (tmp_path / "passes").mkdir()
    (tmp_path / "passes" / "first.jsonl").write_text("")
    if lines is not None:
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (tmp_path / "passes" / "second.jsonl").write_text(text)
    with pytest.raises(CorpusError, match=message) as caught:
        read_passes(tmp_path)
    assert "secret" not in str(caught.value)
