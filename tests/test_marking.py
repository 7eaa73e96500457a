from __future__ import annotations

from dataclasses import replace

import pytest

from ipt_nlp import codebook
from ipt_nlp.marking import identifier_warnings, reasons_to_review, spoken_in
from ipt_nlp.result import FlagSpan
from ipt_nlp.segments import Segment
from ipt_nlp.tagger import Tagger
from ipt_nlp.transcript import Transcript

ASKED = "Therapist: Do you think about killing yourself?\nClient: {}\n"


def flags(tagger: Tagger, answer: str) -> list[FlagSpan]:
    session = tagger.tag(Transcript.from_text(ASKED.format(answer)))
    return [f for s in session.segments for f in s.flags]


def test_a_therapists_question_is_no_risk(tagger: Tagger) -> None:
    found = flags(tagger, "We had soup and then we watched the match.")
    assert not any("killing" in f.quote for f in found)


def test_an_answer_about_something_else_is_no_risk(tagger: Tagger) -> None:
    assert flags(tagger, "We had soup and then we watched the match.") == []


@pytest.mark.parametrize(
    ("answer", "status"),
    [("Yes. I want to kill myself.", "current"), ("No. I would never kill myself.", "denied")],
)
def test_the_answer_is(tagger: Tagger, answer: str, status: str) -> None:
    found = [f for f in flags(tagger, answer) if f.flag == "risk_self_harm"]
    assert status in {f.status for f in found}
    assert all("you" not in f.quote for f in found)


def test_harm_makes_help_unknown(tagger: Tagger) -> None:
    session = tagger.tag(
        Transcript.from_text(
            "Therapist: What happened?\n"
            "Client: He punched me in the face again. I didn't say anything and I went upstairs.\n"
        )
    )
    segment = session.segments[0]
    assert "risk_harm_by_other" in segment.review_reasons
    assert segment.needs_review
    assert all(p.helpful is None for p in segment.patterns)


def test_names_become_flags_and_a_banner_without_words(tagger: Tagger) -> None:
    session = tagger.tag(
        Transcript.from_text("Therapist: Who came?\nClient: My sister Sunita Raghavan came over.\n")
    )
    found = [f for s in session.segments for f in s.flags]
    assert {f.flag for f in found} == {"identifier"}
    assert "Sunita" in " ".join(f.quote for f in found)
    assert any("identifiers left" in w for w in session.warnings)
    assert not any("Sunita" in w for w in session.warnings)
    assert identifier_warnings([]) == ()


def test_people_carry_the_areas_they_are_named_in(tagger: Tagger) -> None:
    session = tagger.tag(
        Transcript.from_text(
            "Therapist: How is it at home?\n"
            "Client: My husband and I argue all the time about money and he never listens to me.\n"
        )
    )
    [person] = session.summary.people
    assert (person.relation, person.areas) == ("husband", ("conflict",))


def test_people_carry_the_patterns_of_their_sentences_alone(tagger: Tagger) -> None:
    session = tagger.tag(
        Transcript.from_text(
            "Therapist: Who was there?\n"
            "Client: My boss screamed at me in front of them all. My wife made tea at home.\n"
        )
    )
    patterns = {p.relation: p.patterns for p in session.summary.people}
    assert "hostility" in patterns["boss"]
    assert patterns["wife"] == ()


def test_a_guessed_therapist_counts_as_the_client() -> None:
    transcript = Transcript.from_text("Therapist: How was it?\nClient: Bad, we argued again.\n")
    cut = Segment(0, 0, 1, 0, len(transcript.text))
    assert [role for _, _, role in spoken_in(transcript.turns, cut)] == ["therapist", "client"]
    guessed = [replace(turn, role_source="guess") for turn in transcript.turns]
    assert [role for _, _, role in spoken_in(guessed, cut)] == ["client", "client"]


def test_reasons_are_those_of_the_codebook_in_its_order() -> None:
    found = [
        FlagSpan(start_char=0, end_char=1, quote="x", flag=key) for key in reversed(codebook.FLAGS)
    ]
    assert reasons_to_review(found, ["mixed"]) == (*codebook.FLAGS, "mixed")
