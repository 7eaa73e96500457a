"""The stored text: nothing lost, offsets that are slices."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipt_nlp.errors import ReadError
from ipt_nlp.transcript import (
    GUESS_WARNING,
    UNHEARD_WARNING,
    Transcript,
    Utterance,
    normalise,
    paragraphs,
)

# Words that no label, heading or mark-up begins with; astral, combining and odd spaces included.
WORDS = st.lists(
    st.text(
        st.characters(codec="utf-8", categories=["L", "M", "N", "So"]), min_size=1, max_size=6
    ).map(lambda w: f"x{w}"),
    min_size=1,
    max_size=12,
).map(" ".join)
TURNS = st.lists(st.tuples(st.sampled_from(["T", "Client", "Dr. Ode"]), WORDS), max_size=8).map(
    lambda turns: [("T", "xhow"), ("Client", "xwell"), *turns]
)


def check_offsets(transcript: Transcript) -> None:
    assert "\n".join(map(transcript.turn_text, transcript.turns)) == transcript.text
    assert [t.index for t in transcript.turns] == list(range(len(transcript.turns)))
    end = -1
    for turn in transcript.turns:
        assert turn.start_char == end + 1
        end = turn.end_char
    assert end == len(transcript.text)


@given(TURNS, st.sampled_from(["\n", "\r\n", "\r", "\n\n"]))
def test_turns_come_back(turns: list[tuple[str, str]], ending: str) -> None:
    found = Transcript.from_text(ending.join(f"{who}: {words}" for who, words in turns))
    check_offsets(found)
    assert [(t.speaker, found.turn_text(t)) for t in found.turns] == turns
    assert found.text_sha256 == hashlib.sha256(found.text.encode()).hexdigest()


@given(st.text(max_size=300), st.sampled_from([None, "T"]))
def test_any_text_keeps_every_word_or_says_that_it_has_none(text: str, prefix: str | None) -> None:
    whole = f"T: one\nC: two\n{text}" if prefix else text
    try:
        found = Transcript.from_text(whole)
    except ReadError:
        assert not any(c.isalnum() for c in whole)
        return
    check_offsets(found)
    kept = found.text.split()
    speakers = {s for t in found.turns for s in (t.speaker or "").split()}
    for word in normalise(whole).split():
        bare = word.strip("*_[]()<>-")
        assert any(bare in k for k in kept) or bare in speakers or ":" in word


def test_what_a_transcript_and_a_note_are() -> None:
    talk = Transcript.from_text(
        "Notes by hand\n\nAna: Why?\nBen: I stayed in, all week.\nAna: Why?"
    )
    assert [(t.speaker, t.role) for t in talk.turns] == [
        (None, "other"),
        ("Ana", "therapist"),
        ("Ben", "client"),
        ("Ana", "therapist"),
    ]
    assert talk.warnings == (GUESS_WARNING,)
    note = Transcript.from_text("She came late.\n\nShe left early.")
    assert (note.kind, [t.role for t in note.turns]) == ("note", ["other", "other"])
    row = Transcript.from_row("I miss him.", source="r1")
    assert (row.kind, row.source, [t.role for t in row.turns]) == ("text", "r1", ["client"])


def test_lines_kept_as_words_are_mentioned() -> None:
    before = "She told me of the call. " * 20
    note = Transcript.from_text(f"{before}\nMum: No.\nLea: Yes.\nMum: No.")
    assert note.kind == "note"
    assert "3 line(s)" in note.warnings[0]
    assert "line 2," in note.warnings[0]
    talk = Transcript.from_text("T: a\nC: b\nT: c\nC: d\nBreathe: in\nT: e\nC: f")
    assert "Breathe: in" in talk.turn_text(talk.turns[3])
    assert "line 5," in talk.warnings[0]


def test_therapist_option_on_a_note_is_mentioned() -> None:
    assert Transcript.from_text("She came late.", therapist="Ana").warnings == (UNHEARD_WARNING,)


def test_roles_of_a_file_are_kept() -> None:
    found = Transcript.from_utterances(
        [Utterance("a", "Ana", role="therapist"), Utterance("b", "Ben"), Utterance("c", None)],
        source="x",
    )
    assert [(t.role, t.role_source) for t in found.turns] == [
        ("therapist", "label"),
        ("client", "label"),
        ("other", "label"),
    ]


@pytest.mark.parametrize("text", ["", " \n\t", "... -- ?!"])
def test_no_words(text: str) -> None:
    with pytest.raises(ReadError, match="no words"):
        Transcript.from_text(text)


def test_a_turn_of_a_hundred_thousand_characters_is_kept_whole() -> None:
    for filler in ("word " * 20_000, "-" * 100_000 + "x", "[" * 100_000 + "x", "(1:" * 33_334):
        found = Transcript.from_text(f"T: Well?\nC: {filler}\nT: Yes?")
        assert [found.turn_text(t) for t in found.turns] == ["Well?", filler.strip(), "Yes?"]


def test_unpaired_surrogates_are_replaced() -> None:
    assert normalise("a\ud800b\r\nc\rd") == "a\ufffdb\nc\nd"


def test_paragraphs() -> None:
    lines = "One\ntwo\n\n\nPlan: rest\nand eat\nRisk:\n\nnone\n# Next\n\n- call".split("\n")
    assert paragraphs(lines) == [
        "One\ntwo",
        "Plan: rest\nand eat",
        "Risk:\nnone",
        "# Next\n- call",
    ]
