from __future__ import annotations

import pytest

from ipt_nlp.codebook import AREAS, RiskStatus, RiskSubject
from ipt_nlp.result import AreaScore, FlagSpan, ResultSegment
from ipt_nlp.urgency import Urgency, flag_urgency, in_review_order, review_rank, urgency


def _flag(
    flag: str,
    status: RiskStatus | None = "current",
    subject: RiskSubject | None = "speaker",
    score: float | None = 0.8,
) -> FlagSpan:
    return FlagSpan(
        start_char=0,
        end_char=1,
        quote="I",
        flag=flag,
        status=status,
        subject=subject,
        score=score,
    )


def _segment(
    index: int, *flags: FlagSpan, text: str = "It was said.", reasons: tuple[str, ...] = ()
) -> ResultSegment:
    return ResultSegment(
        index=index,
        turns=(0, 0),
        start_char=0,
        end_char=len(text),
        text=text,
        areas={a: AreaScore(probability=0.1, present=False) for a in AREAS},
        primary=None,
        flags=flags,
        needs_review=bool(flags or reasons),
        review_reasons=reasons,
    )


@pytest.mark.parametrize(
    ("flag", "text", "expected"),
    [
        (_flag("risk_self_harm"), "I said it.", Urgency.CURRENT_SPEAKER_OR_CHILD),
        (_flag("risk_harm_by_other"), "I said it.", Urgency.CURRENT_SPEAKER_OR_CHILD),
        (
            _flag("risk_harm_by_other", subject="other"),
            "He hits my little brother.",
            Urgency.CURRENT_SPEAKER_OR_CHILD,
        ),
        (
            _flag("risk_harm_to_other", subject="other"),
            "I slapped my son.",
            Urgency.CURRENT_SPEAKER_OR_CHILD,
        ),
        (_flag("risk_self_harm", subject="other"), "My friend said it.", Urgency.CURRENT_OTHER),
        (_flag("risk_harm_to_other", "unwanted", "other"), "My baby.", Urgency.CURRENT_OTHER),
        (_flag("risk_self_harm", "past"), "I did.", Urgency.PAST),
        (_flag("risk_self_harm", "denied"), "No.", Urgency.DENIED),
        (_flag("risk_self_harm", None, None), "It.", Urgency.CURRENT_SPEAKER_OR_CHILD),
        (_flag("identifier", None, None), "It.", Urgency.NOT_RISK),
    ],
)
def test_steps_of_flags(flag: FlagSpan, text: str, expected: Urgency) -> None:
    assert flag_urgency(flag, text) is expected


def test_the_most_urgent_flag_decides() -> None:
    both = _segment(0, _flag("risk_self_harm", "denied"), _flag("risk_self_harm", "past"))
    assert urgency(both) is Urgency.PAST


def test_order_is_step_then_score_then_place() -> None:
    segments = [
        _segment(0),
        _segment(1, reasons=("mixed",)),
        _segment(2, _flag("risk_self_harm", "denied")),
        _segment(3, _flag("risk_self_harm", "past")),
        _segment(4, _flag("risk_self_harm", subject="other")),
        _segment(5, _flag("risk_self_harm", score=0.3)),
        _segment(6, _flag("risk_self_harm", score=0.9)),
        _segment(7, _flag("risk_self_harm", score=0.9)),
    ]
    assert [s.index for s in in_review_order(segments)] == [6, 7, 5, 4, 3, 2, 1]
    assert sorted(segments, key=review_rank)[-1].index == 0
