"""Shares, main focus and counts of a session."""

from __future__ import annotations

import pytest

from ipt_nlp import codebook
from ipt_nlp.result import AreaScore, PatternSpan, ResultSegment, Span
from ipt_nlp.summary import LEAST_LEAD, has_clear_lead, summarise
from ipt_nlp.transcript import Kind, Transcript, Utterance

THRESHOLD = 0.5


def transcript(*turns: tuple[str | None, int], kind: Kind = "transcript") -> Transcript:
    """Turns of so many words each, by speaker."""
    spoken = [Utterance(" ".join(["word"] * n), speaker) for speaker, n in turns]
    return Transcript.from_utterances(spoken, source="case", kind=kind)


def segment(
    script: Transcript,
    turns: tuple[int, int],
    *,
    bounds: tuple[int, int] | None = None,
    patterns: tuple[str, ...] = (),
    reasons: tuple[str, ...] = (),
    **areas: float,
) -> ResultSegment:
    start, end = bounds or (
        script.turns[turns[0]].start_char, script.turns[turns[1]].end_char
    )  # fmt: skip
    return ResultSegment(
        index=0,
        turns=turns,
        start_char=start,
        end_char=end,
        text=script.text[start:end],
        areas={
            key: AreaScore(probability=(p := areas.get(key, 0.1)), present=p >= THRESHOLD)
            for key in codebook.AREAS
        },
        primary=None,
        patterns=tuple(
            PatternSpan(
                start_char=start, end_char=start + 4, quote="word", pattern=key,
                helpful=None, who="client", source="rule:x",
            )
            for key in patterns
        ),
        needs_review=bool(reasons),
        review_reasons=reasons,
    )  # fmt: skip


def test_shares_are_of_the_clients_words_alone() -> None:
    script = transcript(("T", 90), ("C", 30), ("T", 5), ("C", 10))
    found = summarise(
        script, [segment(script, (0, 1), grief=0.9), segment(script, (2, 3), conflict=0.9)]
    )
    assert found.areas == {"grief": 0.75, "role_transition": 0.0, "conflict": 0.25, "isolation": 0}
    assert list(found.areas) == list(codebook.AREAS)
    assert (found.primary, found.runner_up) == ("grief", "conflict")


def test_shares_of_a_note_are_of_all_words() -> None:
    script = transcript((None, 30), (None, 10), kind="note")
    found = summarise(
        script, [segment(script, (0, 0), grief=0.9), segment(script, (1, 1), isolation=0.6)]
    )
    assert (found.areas["grief"], found.areas["isolation"]) == (0.75, 0.25)


def test_a_turn_that_two_segments_share_is_counted_in_parts() -> None:
    script = transcript(("T", 4), ("C", 8))
    client = script.turns[1]
    cut = client.start_char + len("word " * 6)
    found = summarise(
        script,
        [
            segment(script, (0, 1), bounds=(0, cut), grief=0.9),
            segment(script, (1, 1), bounds=(cut, client.end_char), conflict=0.9),
        ],
    )
    assert (found.areas["grief"], found.areas["conflict"]) == (0.75, 0.25)


def test_areas_may_overlap() -> None:
    script = transcript(("T", 1), ("C", 9))
    found = summarise(script, [segment(script, (0, 1), grief=0.9, isolation=0.6)])
    assert (found.areas["grief"], found.areas["isolation"]) == (1.0, 1.0)
    assert (found.primary, found.runner_up) == ("grief", "isolation")


def test_confidence_is_the_lead_of_the_first_over_the_second() -> None:
    script = transcript(("T", 1), ("C", 10), ("T", 1), ("C", 10))
    found = summarise(
        script,
        [
            segment(script, (0, 1), grief=0.9, isolation=0.0),
            segment(script, (2, 3), grief=0.0, isolation=0.6),
        ],
    )
    assert (found.primary, found.runner_up) == ("grief", "isolation")
    assert found.confidence == pytest.approx((0.9 - 0.6) / (0.9 + 0.6))


@pytest.mark.parametrize(
    ("grief", "isolation", "clear"),
    [(0.6, 0.6, False), (0.6, 0.5, False), (0.6, 0.55, False), (0.9, 0.6, True), (0.9, 0.1, True)],
)
def test_areas_that_are_close_have_no_clear_lead(
    grief: float, isolation: float, clear: bool
) -> None:
    script = transcript(("T", 1), ("C", 10))
    found = summarise(script, [segment(script, (0, 1), grief=grief, isolation=isolation)])
    assert found.primary == "grief"
    assert has_clear_lead(found) is clear
    assert (found.confidence >= LEAST_LEAD) is clear


def test_a_quarrel_counts_half_in_a_session_and_fully_in_a_note() -> None:
    script = transcript(("T", 1), ("C", 10), ("T", 1), ("C", 10))
    found = summarise(
        script,
        [
            segment(script, (0, 1), conflict=0.9, grief=0.0),
            segment(script, (2, 3), conflict=0.0, grief=0.6),
        ],
    )
    assert (found.primary, found.runner_up) == ("grief", "conflict")
    note = transcript((None, 10), kind="note")
    assert summarise(note, [segment(note, (0, 0), conflict=0.7, grief=0.6)]).primary == "conflict"


def test_a_stated_goal_tips_the_balance() -> None:
    script = transcript(("T", 1), ("C", 10), ("T", 1), ("C", 9))
    parts = [
        segment(script, (0, 1), grief=0.9, isolation=0.0),
        segment(script, (2, 3), grief=0.0, isolation=0.9),
    ]
    assert summarise(script, parts).primary == "grief"
    turn = script.turns[3]
    goal = Span(start_char=turn.start_char, end_char=turn.start_char + 4, quote="word")
    found = summarise(script, parts, [goal])
    assert (found.primary, found.goals) == ("isolation", (goal,))


def test_the_surer_of_two_equal_shares_leads_and_one_alone_leads_fully() -> None:
    script = transcript(("T", 1), ("C", 10), ("T", 1), ("C", 10))
    both = [segment(script, (0, 1), grief=0.6), segment(script, (2, 3), isolation=0.8)]
    assert summarise(script, both).primary == "isolation"
    alone = summarise(script, [both[0], segment(script, (2, 3))])
    assert (alone.primary, alone.runner_up, alone.confidence) == ("grief", None, 1.0)


def test_an_area_below_its_threshold_everywhere_is_no_focus() -> None:
    script = transcript(("T", 1), ("C", 10))
    found = summarise(script, [segment(script, (0, 1), grief=0.49)])
    assert (found.primary, found.runner_up, found.confidence) == (None, None, 0.0)
    assert set(found.areas.values()) == {0.0}


def test_a_client_who_says_nothing_has_no_shares() -> None:
    script = transcript(("T", 10), ("C", 1))
    found = summarise(script, [segment(script, (0, 0), grief=0.9)])
    assert (found.primary, found.areas["grief"]) == (None, 0.0)


def test_patterns_count_spans_and_flags_count_segments_in_codebook_order() -> None:
    script = transcript(("T", 1), ("C", 10), ("T", 1), ("C", 10))
    found = summarise(
        script,
        [
            segment(script, (0, 1), patterns=("repair", "blame", "repair"), reasons=("mixed",)),
            segment(script, (2, 3), patterns=("blame",), reasons=("risk_self_harm", "mixed")),
        ],
    )
    assert list(found.patterns.items()) == [("blame", 2), ("repair", 2)]
    assert list(found.flags.items()) == [("risk_self_harm", 1), ("mixed", 2)]
