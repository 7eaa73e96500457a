"""Files taken apart and put together: nothing changes by itself, and only what is asked for."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipt_nlp.identifiers import IdentifierFinder
from ipt_nlp.identifiers.formats import open_pieces, renamed
from ipt_nlp.identifiers.formats.docx import edits
from ipt_nlp.identifiers.pseudonyms import Pseudonyms
from ipt_nlp.identifiers.redaction import redact
from ipt_nlp.identifiers.search import search_file
from ipt_nlp.readers.files import Raw

CAPTIONS = Path(__file__).parents[1] / "cases" / "identifiers" / "captions.json"
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


def rebuilt(name: str, data: bytes, old: str = "", new: str = "") -> bytes:
    opened = open_pieces(Raw(name, data))
    return opened.rebuild([p.text.replace(old, new) if old else p.text for p in opened.pieces])


@given(st.lists(WORDS, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]))
def test_lines_of_text_come_back(lines: list[str], ending: str) -> None:
    data = f"Anna{ending}{ending.join(lines)}".encode()
    for name in ("a.txt", "a.vtt", "a.srt", "a.md"):
        assert rebuilt(name, data) == data


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5), st.sampled_from(",;\t|"))
def test_cells_come_back_and_take_new_words(rows: list[tuple[str, str]], delimiter: str) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(["id", "text", "note"])
    for n, (text, note) in enumerate(rows):
        writer.writerow([n, f"{text} Anna", note])
    data = file.getvalue().encode()
    assert rebuilt("a.csv", data) == data
    changed = rebuilt("a.csv", data, " Anna", f' "A"{delimiter}\nB')
    read = list(csv.reader(io.StringIO(changed.decode(), newline=""), delimiter=delimiter))
    assert [row[1] for row in read[1:]] == [
        f"{text} Anna".replace(" Anna", f' "A"{delimiter}\nB') for text, _ in rows
    ]
    assert [row[2] for row in read[1:]] == [note for _, note in rows]


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(WORDS, VALUES, max_size=4), st.booleans())
def test_json_comes_back_and_takes_new_words(made: dict[str, object], ascii_: bool) -> None:
    made = {**made, "text": 'Anna said "x"'}
    data = json.dumps(made, ensure_ascii=ascii_, indent=1).encode()
    assert rebuilt("a.json", data) == data
    changed = json.loads(rebuilt("a.json", data, 'Anna said "x"', 'É "y"\n'))
    assert changed == {**made, "text": 'É "y"\n'}
    line = json.dumps(made, ensure_ascii=ascii_).encode() + b"\n\n"
    assert rebuilt("a.jsonl", line * 2) == line * 2


@given(st.text(max_size=40), st.text(max_size=40))
def test_edits_turn_one_text_into_the_other(old: str, new: str) -> None:
    parts = list(edits(old, new))
    assert "".join(old[a:b] if put is None else put for a, b, put in parts) == new
    assert "".join(old[a:b] for a, b, _ in parts) == old


@pytest.mark.parametrize("case", json.loads(CAPTIONS.read_text("utf-8")), ids=lambda c: c["id"])
def test_what_people_write_around_cues_is_searched(case: dict[str, Any]) -> None:
    raw = Raw(case["name"], case["text"].encode())
    searched = search_file(raw, IdentifierFinder())
    assert [[f.where, f.words] for f in searched.findings] == case["found"]
    copy = redact(searched, Pseudonyms()).data.decode()
    assert not [words for _, words in case["found"] if words in copy]
    again = search_file(Raw(case["name"], copy.encode()), IdentifierFinder())
    assert [f.words for f in again.findings] == []


@given(
    st.lists(st.sampled_from(
        ["WEBVTT", "NOTE", "NOTE Anna", "STYLE", "REGION", "/* Anna", "Anna */ x",
         "'it", "id:anna", "1", "anna-1", "00:01.000 --> 00:02.000 region:anna line:1%", "", "Anna",
         "0:1 --> Anna"]
    )),
    st.sampled_from([".vtt", ".srt", ".txt"]),
)  # fmt: skip
def test_captions_come_back_and_every_name_is_in_a_piece(lines: list[str], suffix: str) -> None:
    data = "\n".join(lines).encode()
    assert rebuilt("a" + suffix, data or b" ") == (data or b" ")
    opened = open_pieces(Raw("a" + suffix, data))
    text = "\n".join(p.text for p in opened.pieces).lower()
    assert text.count("anna") == data.decode().lower().count("anna")


def test_headings_and_names_of_fields_stay_apart() -> None:
    table = b"id,Anna notes,anna notes 2,text\n1,quiet,loud,We argued.\n"
    opened = open_pieces(Raw("a.csv", table))
    texts = [p.text.replace("Anna notes", "X").replace("anna notes 2", "X") for p in opened.pieces]
    assert opened.rebuild(texts) == b"id,X,X_2,text\n1,quiet,loud,We argued.\n"
    fields = b'{"text": "We argued.", "Anna": {"anna": 1}, "segments": []}'
    opened = open_pieces(Raw("a.json", fields))
    texts = ["X" if p.text in {"Anna", "anna"} else p.text for p in opened.pieces]
    read = json.loads(opened.rebuild(texts))
    assert read == {"text": "We argued.", "X": {"X_2": 1}, "segments": []}


def test_a_new_name_is_nobody_elses() -> None:
    assert renamed({"a": "x", "b": "X"}, ["x_2"]) == {"a": "x", "b": "X_3"}
