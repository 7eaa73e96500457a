"""Turns written in a format come back from its reader: the same words, speakers and times."""

from __future__ import annotations

import csv
import io
import json

import docx
from hypothesis import given, settings
from hypothesis import strategies as st

from ipt_nlp.readers import read_stream
from ipt_nlp.transcript import Transcript

Turns = list[tuple[str, str]]
WORDS = st.lists(
    st.text(st.characters(codec="utf-8", categories=["L", "N", "So"]), min_size=1, max_size=6).map(
        lambda w: f"x{w}"
    ),
    min_size=1,
    max_size=10,
).map(" ".join)


@st.composite
def turns(draw: st.DrawFn) -> Turns:
    """Two people by turns: formats with cues join turns of one speaker, so none follows itself."""
    texts = draw(st.lists(WORDS, min_size=2, max_size=6))
    return [(("Therapist", "Ana Ruiz")[i % 2], text) for i, text in enumerate(texts)]


def one(data: bytes) -> Transcript:
    (found,) = read_stream(data)
    return found


def spoken(found: Transcript) -> Turns:
    return [(t.speaker or "", found.turn_text(t)) for t in found.turns]


def stamp(s: int, comma: str) -> str:
    return f"00:{s // 60:02d}:{s % 60:02d}{comma}000"


def check(found: Transcript, expected: Turns, *, timed: bool = True) -> None:
    assert spoken(found) == expected
    assert "\n".join(text for _, text in expected) == found.text
    assert [t.role for t in found.turns] == [
        "therapist" if who == "Therapist" else "client" for who, _ in expected
    ]
    if timed:
        assert [(t.start_s, t.end_s) for t in found.turns] == [
            (2.0 * i, 2.0 * i + 1) for i in range(len(expected))
        ]


@given(turns(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_text(said: Turns, encoding: str) -> None:
    text = "\n".join(f"{who}: {words}" for who, words in said)
    check(one(text.encode(encoding)), said, timed=False)


@given(turns(), st.booleans())
def test_webvtt(said: Turns, voices: bool) -> None:
    cues = [
        f"{i}\n{stamp(2 * i, '.')} --> {stamp(2 * i + 1, '.')} line:0\n"
        + (f"<v {who}>{words}</v>" if voices else f"{who}: {words}")
        for i, (who, words) in enumerate(said)
    ]
    check(one("\n\n".join(["WEBVTT", *cues]).encode()), said)


@given(turns())
def test_srt(said: Turns) -> None:
    cues = [
        f"{i + 1}\n{stamp(2 * i, ',')} --> {stamp(2 * i + 1, ',')}\n{who}: {words}"
        for i, (who, words) in enumerate(said)
    ]
    check(one("\r\n\r\n".join(cues).encode()), said)


@given(turns())
def test_whisper(said: Turns) -> None:
    segments = [
        {"speaker": who, "text": f" {words}", "start": 2 * i, "end": 2 * i + 1}
        for i, (who, words) in enumerate(said)
    ]
    check(one(json.dumps({"segments": segments}, indent=1).encode()), said)


@given(turns(), st.sampled_from(",;\t|"))
def test_csv_turns(said: Turns, delimiter: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["speaker", "text", "start", "end"])
    writer.writerows([who, words, 2 * i, 2 * i + 1] for i, (who, words) in enumerate(said))
    check(one(out.getvalue().encode()), said)


@given(turns())
def test_jsonl_turns(said: Turns) -> None:
    rows = [
        {"speaker": who, "text": words, "start": 2 * i, "end": 2 * i + 1, "turn_index": i}
        for i, (who, words) in enumerate(said)
    ]
    check(one("\n".join(map(json.dumps, reversed(rows))).encode()), said)


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_jsonl_texts(texts: list[str]) -> None:
    rows = [json.dumps({"id": i, "text": text}, ensure_ascii=False) for i, text in enumerate(texts)]
    found = list(read_stream("\n".join(rows).encode()))
    assert [(t.source, t.text) for t in found] == [(str(i), t) for i, t in enumerate(texts)]


@settings(max_examples=15, deadline=None)
@given(turns())
def test_docx(said: Turns) -> None:
    document = docx.Document()
    for who, words in said:
        document.add_paragraph(f"{who}: {words}")
    out = io.BytesIO()
    document.save(out)
    check(one(out.getvalue()), said, timed=False)
