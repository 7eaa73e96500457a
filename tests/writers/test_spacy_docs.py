from __future__ import annotations

import html
import re

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy import displacy
from spacy.tokens import Doc, DocBin

from ipt_nlp.codebook import AREAS
from ipt_nlp.errors import ResultError
from ipt_nlp.result import ResultTurn, TaggedSession
from ipt_nlp.transcript import Transcript
from ipt_nlp.writers.spacy_docs import (
    SPAN_KEYS,
    from_docbin,
    render_notebook,
    session_of,
    to_doc,
    to_docbin,
)

NLP = spacy.blank("en")
HOSTILE = '<script>alert(1)</script> he said "it\'s over" & left'


def one_turn(donor: TaggedSession, text: str) -> TaggedSession:
    """A session of one loose text; what made it is as in another."""
    transcript = Transcript.from_row(text, source="<b>a</b>\"'.txt")
    end = len(transcript.text)
    areas = {area: {"probability": 0.9, "present": True} for area in AREAS}
    segment = {
        "index": 0, "turns": (0, 0), "start_char": 0, "end_char": end, "text": transcript.text,
        "areas": areas, "primary": AREAS[0],
    }  # fmt: skip
    turns = [{f: getattr(t, f) for f in ResultTurn.model_fields} for t in transcript.turns]
    return TaggedSession.model_validate(
        {
            **donor.model_dump(include={"model", "language", "codebook", "thresholds"}),
            "source": transcript.source,
            "kind": transcript.kind,
            "text_sha256": transcript.text_sha256,
            "text": transcript.text,
            "turns": turns,
            "segments": [segment],
            "summary": {
                "primary": AREAS[0], "runner_up": None, "confidence": 1.0,
                "areas": dict.fromkeys(AREAS, 1.0), "patterns": {}, "flags": {},
            },
        }
    )  # fmt: skip


def test_every_span_is_there_over_its_words(session: TaggedSession) -> None:
    doc = to_doc(session, NLP)
    assert set(doc.spans) == set(SPAN_KEYS)
    for key in ("evidence", "patterns", "flags"):
        found = [s for segment in session.segments for s in getattr(segment, key) if s.quote]
        assert len(doc.spans[key]) == len(found) > 0
        for span, marked in zip(doc.spans[key], found, strict=True):
            assert marked.quote in span.text
            label = getattr(marked, {"evidence": "area"}.get(key, key[:-1]))
            assert span.label_ == label
    present = [
        (s.text.rstrip(), a) for s in session.segments for a, v in s.areas.items() if v.present
    ]
    assert [(s.text.rstrip(), s.label_) for s in doc.spans["areas"]] == present


def test_patterns_say_whose_and_flags_their_status(session: TaggedSession) -> None:
    doc = to_doc(session, NLP)
    patterns = [p for s in session.segments for p in s.patterns]
    assert [s.id_ for s in doc.spans["patterns"]] == [p.who for p in patterns]
    flags = [f for s in session.segments for f in s.flags if f.quote]
    assert [s.id_ for s in doc.spans["flags"]] == [f.status or f.kind or "" for f in flags]


def test_tokens_know_their_speaker(session: TaggedSession) -> None:
    doc = to_doc(session, NLP)
    for turn in session.turns:
        span = doc.char_span(turn.start_char, turn.end_char)
        assert span is not None
        assert {(t._.speaker, t._.role) for t in span} == {(turn.speaker, turn.role)}


def test_docbin_gives_the_same_sessions_and_spans(session: TaggedSession) -> None:
    other = one_turn(session, "I miss him.")
    stored = DocBin().from_bytes(to_docbin([session, other], NLP).to_bytes())
    elsewhere = spacy.blank("en")
    assert list(from_docbin(stored, elsewhere)) == [session, other]
    doc = next(iter(stored.get_docs(elsewhere.vocab)))
    expected = to_doc(session, NLP)
    for key in SPAN_KEYS:
        assert [(s.start, s.end, s.label_, s.id_) for s in doc.spans[key]] == [
            (s.start, s.end, s.label_, s.id_) for s in expected.spans[key]
        ]
    assert [t._.role for t in doc] == [t._.role for t in expected]


@pytest.mark.parametrize("key", SPAN_KEYS)
def test_displacy_shows_each_group(session: TaggedSession, key: str) -> None:
    doc = to_doc(session, NLP)
    shown = displacy.render(doc, style="span", options={"spans_key": key}, jupyter=False)
    for label in {s.label_ for s in doc.spans[key]}:
        assert label in shown


def test_a_document_of_another_make_is_an_error() -> None:
    with pytest.raises(ResultError, match="to_doc"):
        session_of(NLP("I miss him."))


def test_a_changed_document_is_an_error(session: TaggedSession) -> None:
    doc = to_doc(one_turn(session, "I miss him."), NLP)
    other = Doc(NLP.vocab, words=["Something", "else"])
    other.user_data = doc.user_data
    with pytest.raises(ResultError, match="text") as raised:
        session_of(other)
    assert "miss" not in str(raised.value)


def test_the_cell_is_one_frame_that_runs_nothing(session: TaggedSession) -> None:
    cell = render_notebook(one_turn(session, HOSTILE))
    assert cell.count("<") == 2  # <iframe ...> and </iframe>
    assert re.match(r"<iframe sandbox title=", cell)
    quoted = re.findall(r'srcdoc="([^"]*)"', cell)
    assert len(quoted) == 1
    page = html.unescape(quoted[0])
    assert "<script" not in page
    assert html.escape("<script>alert(1)</script>", quote=False) in page


@given(text=st.text(min_size=1, max_size=40).map(lambda t: f"x{t}"))
def test_any_text_makes_the_round_trip(session: TaggedSession, text: str) -> None:
    made = one_turn(session, text)
    doc = to_doc(made, NLP)
    assert doc.text == made.text
    assert [s.text for s in doc.spans["areas"]] == [made.text] * len(AREAS)
    stored = DocBin().from_bytes(to_docbin([made], NLP).to_bytes())
    assert list(from_docbin(stored, NLP)) == [made]
