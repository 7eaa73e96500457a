"""The result document: what is refused when it is read, and the schema that is published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ipt_nlp import codebook
from ipt_nlp.errors import ResultError
from ipt_nlp.result import TaggedSession, json_schema, schema_text

TEXT = "Where 👩‍👩‍👧 to?\nMissing her, I said nothing."
PUBLISHED = Path(__file__).parents[1] / "docs" / "result.schema.json"


def span(quote: str, **more: Any) -> dict[str, Any]:
    start = TEXT.index(quote)
    return {"start_char": start, "end_char": start + len(quote), "quote": quote, **more}


@pytest.fixture
def document() -> dict[str, Any]:
    border = TEXT.index("\n") + 1
    scores = {area: {"probability": 0.25, "present": False} for area in codebook.AREAS}
    segments: list[dict[str, Any]] = [
        {
            "index": i, "turns": [i, i], "start_char": a, "end_char": b, "text": TEXT[a:b],
            "areas": deepcopy(scores), "primary": None, "evidence": [], "patterns": [], "flags": [],
            "exchanges": [], "needs_review": False, "review_reasons": [],
        }
        for i, (a, b) in enumerate([(0, border), (border, len(TEXT))])
    ]  # fmt: skip
    segments[1] |= {
        "areas": {**scores, "grief": {"probability": 0.75, "present": True}},
        "primary": "grief",
        "evidence": [span("Missing her", area="grief", weight=0.4)],
        "patterns": [
            span("I said nothing", pattern="self_silencing", helpful=None, who="client",
                 source="rule:said_nothing")
        ],
        "flags": [span("her,", flag="identifier", kind="name", score=0.5, level="weak")],
        "exchanges": [
            {"moves": [span("I said nothing", who="client", patterns=["self_silencing"])]}
        ],
        "needs_review": True,
        "review_reasons": ["identifier", "low_confidence"],
    }  # fmt: skip
    return {
        "format": "ipt-nlp/1",
        "source": "session.txt",
        "kind": "transcript",
        "text_sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
        "model": {"name": "m", "version": "1", "sha256": "0" * 64},
        "language": {"name": "l", "version": "1"},
        "codebook": codebook.VERSION,
        "thresholds": dict.fromkeys(codebook.AREAS, 0.5),
        "text": TEXT,
        "turns": [
            {"index": 0, "speaker": "T", "role": "therapist", "role_source": "label",
             "start_char": 0, "end_char": border - 1},
            {"index": 1, "speaker": "C", "role": "client", "role_source": "guess",
             "start_char": border, "end_char": len(TEXT)},
        ],
        "segments": segments,
        "summary": {
            "primary": "grief", "runner_up": None, "confidence": 1.0,
            "areas": dict.fromkeys(codebook.AREAS, 0.0), "patterns": {"self_silencing": 1},
            "flags": {"identifier": 1, "low_confidence": 1},
            "goals": [span("to?")],
            "people": [{"mention": "her", "count": 1}],
        },
    }  # fmt: skip


def read(document: dict[str, Any]) -> TaggedSession:
    return TaggedSession.from_json(json.dumps(document), source="result.json")


def test_a_document_reads_back_equal(document: dict[str, Any]) -> None:
    session = read(document)
    line = session.to_json()
    assert "\n" not in line
    assert TaggedSession.from_json(line) == session
    assert TaggedSession.from_json(line.encode()) == session


def test_offsets_are_code_points(document: dict[str, Any]) -> None:
    for segment in read(document).segments:
        for found in segment.spans():
            assert TEXT[found.start_char : found.end_char] == found.quote
    assert len(list(read(document).segments[1].spans())) == 4


Spoil = Callable[[dict[str, Any]], object]
SPANS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "evidence": lambda d: d["segments"][1]["evidence"][0],
    "pattern": lambda d: d["segments"][1]["patterns"][0],
    "flag": lambda d: d["segments"][1]["flags"][0],
    "move": lambda d: d["segments"][1]["exchanges"][0]["moves"][0],
    "goal": lambda d: d["summary"]["goals"][0],
}


@pytest.mark.parametrize("name", SPANS)
@pytest.mark.parametrize("field", ["start_char", "end_char"])
def test_a_quote_that_is_not_its_slice_is_refused(
    name: str, field: str, document: dict[str, Any]
) -> None:
    SPANS[name](document)[field] += -1
    where = "summary.goals" if name == "goal" else "segment 1"
    with pytest.raises(ResultError, match=rf"^result\.json: .*{where}: the quote at \d+-\d+"):
        read(document)


REFUSED: dict[str, tuple[Spoil, str]] = {
    "other format": (lambda d: d.update(format="ipt-nlp/2"), "format"),
    "unknown field": (lambda d: d["segments"][0].update({"Missing her": 1}), "0: holds a field"),
    "missing field": (lambda d: d["model"].pop("sha256"), "model.sha256"),
    "unknown area": (lambda d: d["segments"][1].update(primary="anger"), "segments.1.primary"),
    "unknown pattern": (
        lambda d: d["summary"]["patterns"].update(shouting=1), "summary.patterns.shouting"
    ),
    "unknown flag": (
        lambda d: d["segments"][1]["flags"][0].update(flag="low_confidence"),
        "segments.1.flags.0.flag",
    ),
    "unknown reason": (
        lambda d: d["segments"][1].update(review_reasons=["blame"]), "segments.1.review_reasons.0"
    ),
    "unknown role": (lambda d: d["turns"][0].update(role="doctor"), "turns.0.role"),
    "probability above one": (
        lambda d: d["segments"][0]["areas"]["grief"].update(probability=1.1),
        "segments.0.areas.grief.probability",
    ),
    "negative offset": (
        lambda d: d["segments"][1]["evidence"][0].update(start_char=-3),
        "segments.1.evidence.0.start_char",
    ),
    "segment's text": (
        lambda d: d["segments"][0].update(text="Where"), "segment 0: its text is not the slice"
    ),
    "missing segment": (lambda d: d["segments"].pop(0), "segments do not cover the text"),
    "segments twice": (
        lambda d: d["segments"].append(d["segments"][1]), "segments do not cover the text"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_breaks_the_format_is_refused_by_field_without_words(
    name: str, document: dict[str, Any]
) -> None:
    spoil, place = REFUSED[name]
    spoil(document)
    with pytest.raises(ResultError) as caught:
        read(document)
    message = str(caught.value)
    assert message.startswith("result.json: ")
    assert place in message
    assert "Missing her" not in message
    assert "nothing" not in message


def test_what_is_not_json_is_refused_without_words() -> None:
    with pytest.raises(ResultError, match=r"^notes\.txt: document: ") as caught:
        TaggedSession.from_json("Missing her", source="notes.txt")
    assert "Missing" not in str(caught.value)


def test_results_cannot_be_changed(document: dict[str, Any]) -> None:
    session = read(document)
    with pytest.raises(ValueError, match="frozen"):
        session.text = "other"  # type: ignore[misc]


def test_the_published_schema_is_that_of_the_code() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text(), (
        "write ipt_nlp.result.schema_text() to docs/result.schema.json"
    )


def test_documents_hold_to_the_schema(document: dict[str, Any]) -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator(schema)
    assert list(checker.iter_errors(document)) == []
    assert list(checker.iter_errors(json.loads(read(document).to_json()))) == []
    document["segments"][0]["areas"]["grief"]["probability"] = "high"
    assert [list(e.absolute_path) for e in checker.iter_errors(document)] == [
        ["segments", 0, "areas", "grief", "probability"]
    ]
