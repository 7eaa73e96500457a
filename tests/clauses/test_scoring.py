"""Scores of spans."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ipt_nlp.clauses.scoring import (
    ERROR_KINDS,
    LabelledSpan,
    error_kinds,
    matches,
    overlaps,
    score_patterns,
)

SPANS = st.lists(
    st.builds(
        lambda start, length, pattern, agreed: LabelledSpan(
            start, start + length, pattern, "client", agreed
        ),
        st.integers(0, 30),
        st.integers(1, 10),
        st.sampled_from(["blame", "repair"]),
        st.booleans(),
    ),
    max_size=6,
)


def span(start: int, end: int, pattern: str = "blame", *, agreed: bool = True) -> LabelledSpan:
    return LabelledSpan(start, end, pattern, "client", agreed)


def test_half_of_the_shorter_is_enough() -> None:
    assert overlaps(span(0, 10), span(5, 40))
    assert not overlaps(span(0, 10), span(6, 40))


def test_matches_are_one_to_one_and_of_one_pattern() -> None:
    found = [span(0, 10), span(0, 9), span(0, 10, "repair")]
    assert matches(found, [span(0, 10)]) == [(0, 0)]


def test_spans_of_one_pass_are_neutral() -> None:
    neutral = [span(0, 10, agreed=False)]
    for found in ([span(0, 10)], []):
        scores = score_patterns([found], [neutral])
        assert (scores.micro.matched, scores.micro.spurious, scores.micro.missed) == (0, 0, 0)


def test_who_counts_on_matches_only() -> None:
    ours = [LabelledSpan(0, 10, "blame", "other"), span(20, 30)]
    scores = score_patterns([ours], [[span(0, 10)]])
    assert scores.who_accuracy == 0.0
    assert scores.micro.precision == 0.5


def test_a_text_counts_once_a_side() -> None:
    scores = score_patterns([[span(0, 5), span(8, 9)], []], [[span(0, 5)], [span(0, 5)]])
    assert (scores.unhelpful.matched, scores.unhelpful.missed) == (1, 1)
    assert scores.helpful.f1 == 0.0


@given(SPANS, SPANS)
def test_counts_add_up(ours: list[LabelledSpan], theirs: list[LabelledSpan]) -> None:
    micro = score_patterns([ours], [theirs]).micro
    assert micro.matched + micro.missed <= sum(s.agreed for s in theirs) + 0
    assert micro.matched + micro.spurious <= len(ours)
    assert 0.0 <= micro.f1 <= 1.0
    perfect = score_patterns([theirs], [theirs]).micro
    assert perfect.missed == 0


def test_errors_are_counted_by_kind() -> None:
    found = [[span(0, 10), span(20, 30, "repair")], [span(0, 10)], []]
    labelled = [[span(0, 10, "hostility"), span(40, 50)], [], [span(0, 5)]]
    kinds = error_kinds(found, labelled)
    assert {k: kinds["blame"][k] for k in ERROR_KINDS if kinds["blame"][k]} == {
        "spurious: other pattern labelled": 1,
        "spurious: nothing labelled": 1,
        "missed: same pattern elsewhere": 1,
        "missed: nothing found": 1,
    }
    assert kinds["repair"] == {"spurious: other words labelled": 1}
    assert kinds["hostility"] == {"missed: other pattern found": 1}


@given(SPANS, SPANS)
def test_kinds_of_errors_add_up_to_the_errors(
    found: list[LabelledSpan], labelled: list[LabelledSpan]
) -> None:
    counts = score_patterns([found], [labelled]).micro
    kinds = error_kinds([found], [labelled])
    spurious = sum(n for c in kinds.values() for k, n in c.items() if k.startswith("spurious"))
    missed = sum(n for c in kinds.values() for k, n in c.items() if k.startswith("missed"))
    assert (spurious, missed) == (counts.spurious, counts.missed)
