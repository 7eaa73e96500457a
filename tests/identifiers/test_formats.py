"""Files taken apart and put together: nothing changes by itself, and only what is asked for."""

from __future__ import annotations

import csv
import io
import json

from hypothesis import given
from hypothesis import strategies as st

from ipt_nlp.identifiers.formats import open_pieces
from ipt_nlp.identifiers.formats.docx import edits
from ipt_nlp.readers.files import Raw

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
