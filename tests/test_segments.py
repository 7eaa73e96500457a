from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipt_nlp.segments import SegmentOptions, says_something, segment
from ipt_nlp.transcript import Transcript, Utterance

WORD = st.text("abcdefghé😀", min_size=1, max_size=8).map("w{}".format)
SENTENCE = st.lists(WORD, min_size=1, max_size=30).map(lambda words: " ".join(words) + ".")
SPEECH = st.lists(SENTENCE, min_size=1, max_size=12).map(" ".join)
UTTERANCE = st.builds(
    Utterance, text=SPEECH, speaker=st.sampled_from(["Therapist", "Client", "Client 2"])
)


def sentence_starts(text: str) -> list[int]:
    return [0, *(m.end() for m in re.finditer(r"\.\s+", text))]


def transcript(*turns: tuple[str, str]) -> Transcript:
    return Transcript.from_utterances([Utterance(t, s) for s, t in turns], source="made")


def words(count: int) -> str:
    return " ".join(["word"] * count)


@given(st.lists(UTTERANCE, min_size=1, max_size=25), st.sampled_from(["transcript", "note"]))
def test_every_character_belongs_to_one_segment(utterances: list[Utterance], kind: str) -> None:
    made = Transcript.from_utterances(utterances, source="made", kind=kind)  # type: ignore[arg-type]
    cuts = segment(made, sentence_starts)
    assert "".join(made.text[c.start_char : c.end_char] for c in cuts) == made.text
    assert [c.index for c in cuts] == list(range(len(cuts)))
    for c in cuts:
        first, last = made.turns[c.first_turn], made.turns[c.last_turn]
        assert first.start_char <= c.start_char < first.end_char
        assert last.start_char < c.end_char <= last.end_char + 1


@given(st.lists(UTTERANCE, min_size=1, max_size=25))
def test_no_segment_of_a_transcript_is_long(utterances: list[Utterance]) -> None:
    made = Transcript.from_utterances(utterances, source="made")
    options = SegmentOptions()
    for c in segment(made, sentence_starts, options):
        # A short exchange may be open (under min_words) when a whole turn joins it.
        assert len(made.text[c.start_char : c.end_char].split()) < (
            options.min_words + options.max_words
        )


def test_an_answer_stays_with_its_question() -> None:
    made = transcript(
        ("Therapist", words(10)), ("Client", words(50)),
        ("Therapist", words(8)), ("Client", words(60)),
    )  # fmt: skip
    assert [(c.first_turn, c.last_turn) for c in segment(made, sentence_starts)] == [(0, 1), (2, 3)]


def test_short_exchanges_are_joined() -> None:
    made = transcript(*[("Therapist", words(5)), ("Client", words(10))] * 3)
    assert [(c.first_turn, c.last_turn) for c in segment(made, sentence_starts)] == [(0, 5)]


def test_a_long_turn_is_cut_at_sentence_ends() -> None:
    sentence = f"{words(29)} end."
    made = transcript(("Therapist", "Tell me."), ("Client", " ".join([sentence] * 12)))
    cuts = segment(made, sentence_starts)
    assert len(cuts) > 2
    for c in cuts:
        assert made.text[c.start_char : c.end_char].rstrip().endswith("end.")


def test_a_long_answer_that_is_not_cut_counts_with_its_prompt() -> None:
    made = transcript(
        ("Therapist", words(38)), ("Client", words(90)), ("Client 2", words(29)),
        ("Therapist", words(38)), ("Client", words(30)),
    )  # fmt: skip
    cuts = segment(made, sentence_starts)
    assert [(c.first_turn, c.last_turn) for c in cuts] == [(0, 1), (2, 4)]


def test_a_turn_without_any_mark_is_cut_between_words() -> None:
    made = transcript(("Client", words(20_000)))
    cuts = segment(made, lambda text: [0])
    pieces = [made.text[c.start_char : c.end_char] for c in cuts]
    assert "".join(pieces) == made.text
    assert max(len(p.split()) for p in pieces) <= SegmentOptions().max_words
    assert all(p.startswith("word") for p in pieces)


def test_a_note_is_cut_by_paragraph() -> None:
    made = Transcript.from_text("Ct was late.\n\nMood low.\n\nPlan: see next week.")
    assert len(segment(made, sentence_starts)) == 3


def test_a_row_is_one_segment_whatever_its_length() -> None:
    made = Transcript.from_row(words(500), source="row-1")
    assert len(segment(made, sentence_starts)) == 1


@pytest.mark.parametrize(
    ("text", "something"),
    [
        ("Hm?\nHm.", False),
        ("", False),
        ("OK, yeah … no.", False),
        ("My wife died.", True),
        ("Nobody.", True),
        ("Не знаю", True),
    ],
)
def test_sounds_of_listening_say_nothing(text: str, something: bool) -> None:
    assert says_something(text) is something
