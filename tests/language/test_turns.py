from __future__ import annotations

import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from ipt_nlp.language.turns import mark_turns, role_of, transcript_doc
from ipt_nlp.transcript import Transcript, Utterance

NLP = spacy.blank("en")
TALK = "Therapist: How was the week?\nAnna: He shouted again.\nSo I left.\nTherapist: You left."


def test_each_token_knows_its_speaker() -> None:
    doc = transcript_doc(NLP, Transcript.from_text(TALK))
    by_word = {t.text: (t._.speaker, t._.role) for t in doc if not t.is_space}
    assert by_word["week"] == ("Therapist", "therapist")
    assert by_word["shouted"] == by_word["So"] == ("Anna", "client")
    assert role_of(doc[0]) == "therapist"


def test_a_sentence_begins_with_every_turn() -> None:
    doc = NLP.make_doc("you felt\nsmall\nright")
    spoken = [Utterance("you felt", "T"), Utterance("small", "C"), Utterance("right", "T")]
    turns = Transcript.from_utterances(spoken, source="talk").turns
    assert [t.text for t in mark_turns(doc, turns) if t.is_sent_start] == ["you", "small", "right"]


def test_the_line_feed_between_turns_is_nobodys() -> None:
    doc = transcript_doc(NLP, Transcript.from_text(TALK))
    feeds = [t._.speaker for t in doc if t.text == "\n"]
    # The one in the middle is inside Anna's turn.
    assert feeds == [None, "Anna", None]


def test_components_see_who_speaks() -> None:
    seen: list[str | None] = []

    @Language.component("test_turns_seen")
    def note(doc: Doc) -> Doc:
        seen.extend(t._.role for t in doc)
        return doc

    nlp = spacy.blank("en")
    nlp.add_pipe("test_turns_seen")
    transcript_doc(nlp, Transcript.from_text(TALK))
    assert {"client", "therapist"} <= set(seen)


def test_a_note_has_roles_and_no_speakers() -> None:
    doc = transcript_doc(NLP, Transcript.from_text("She came late today and said little."))
    assert {(t._.speaker, t._.role) for t in doc} == {(None, "other")}


def test_an_unmarked_document_has_neither() -> None:
    doc = NLP("He left.")
    assert doc[0]._.speaker is None
    assert role_of(doc[0]) is None


def test_marks_survive_serialisation() -> None:
    doc = transcript_doc(NLP, Transcript.from_text(TALK))
    again = Doc(NLP.vocab).from_bytes(doc.to_bytes())
    assert [t._.role for t in again] == [t._.role for t in doc]


utterances = st.lists(
    st.builds(
        Utterance,
        st.text("ab \n.?é😀", min_size=1, max_size=12).map(lambda s: f"x{s}"),
        st.sampled_from(["T", "Anna", "Bo"]),
    ),
    min_size=1,
    max_size=6,
)


@given(utterances, st.data())
def test_any_stretch_of_a_transcript_agrees_with_its_turns(
    said: list[Utterance], data: st.DataObject
) -> None:
    transcript = Transcript.from_utterances(said, source="t")
    offset = data.draw(st.integers(0, len(transcript.text) - 1))
    doc = mark_turns(NLP.make_doc(transcript.text[offset:]), transcript.turns, offset)
    for token in doc:
        at = token.idx + offset
        owners = [t for t in transcript.turns if t.start_char <= at < t.end_char]
        assert token._.speaker == (owners[0].speaker if owners else None)
        assert token._.role == (owners[0].role if owners else None)
