"""What both the terminal and the report say in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ipt_nlp.result import FlagSpan, PatternSpan, Summary, TaggedSession
from ipt_nlp.writers import display

Build = Callable[..., TaggedSession]
DENIED = {"flag": "risk_self_harm", "status": "denied", "subject": "speaker", "score": 0.7}


def talk(build: Build, answer: str, **marks: Any) -> TaggedSession:
    turns = [
        {"speaker": "Therapist", "text": "Do you think of ending your life?"},
        {"speaker": "Client", "text": answer},
    ]
    return build({"turns": turns, "segments": [{"probabilities": [0.1] * 4, **marks}]})


@pytest.mark.parametrize(
    ("answer", "quote", "status", "asked"),
    [
        ("No. I sleep badly.", "No.", "denied", "Do you think of ending your life?"),
        ("No. I sleep badly.", "No.", "current", ""),
        ("I would never end my own life", "I would never end my own life", "denied", ""),
    ],
)
def test_a_short_denial_stands_with_its_question(
    build: Build, answer: str, quote: str, status: str, asked: str
) -> None:
    session = talk(build, answer, flags=[{**DENIED, "status": status, "quote": quote}])
    [flag] = session.segments[0].flags
    assert display.asked_before(session, flag) == asked


def test_nobody_asked_before_the_first_turn(build: Build) -> None:
    session = build(
        {
            "turns": [{"speaker": "Client", "text": "No, never."}],
            "segments": [{"probabilities": [0.1] * 4, "flags": [{**DENIED, "quote": "No"}]}],
        }
    )
    assert display.asked_before(session, session.segments[0].flags[0]) == ""


@pytest.mark.parametrize(
    ("pattern", "who", "helpful", "said"),
    [
        ("repair", "client", True, "often helpful"),
        ("blame", "other", False, "often unhelpful"),
        ("self_silencing", "client", None, "may protect"),
        ("withdrawal", "both", None, "may protect"),
        ("withdrawal", "other", None, display.NOT_JUDGED),
        ("direct_expression", "client", None, display.NOT_JUDGED),
    ],
)
def test_only_silence_and_hiding_may_protect(
    pattern: str, who: Any, helpful: bool | None, said: str
) -> None:
    span = PatternSpan(
        start_char=0, end_char=1, quote="x", pattern=pattern, helpful=helpful, who=who, source="x"
    )
    assert display.pattern_side(span) == said


def test_what_is_not_judged_is_not_counted_as_unhelpful(build: Build) -> None:
    session = talk(
        build,
        "I said nothing. I said sorry.",
        patterns=[
            {"pattern": "repair", "who": "client", "source": "rule:x", "quote": "I said sorry"},
            {
                "pattern": "self_silencing",
                "who": "client",
                "source": "rule:x",
                "quote": "I said nothing",
                "helpful": "unknown",
            },
        ],
    )
    assert display.pattern_counts(session) == [
        (display.OFTEN_HELPFUL, [("Repair", 1)]),
        (display.NOT_JUDGED, [("Self-silencing", 1)]),
    ]


@pytest.mark.parametrize(
    ("kind", "who"), [("transcript", "the client"), ("note", "the client"), ("text", "the writer")]
)
def test_who_is_at_risk_has_a_name(kind: Any, who: str) -> None:
    flag = FlagSpan(
        start_char=0, end_char=1, quote="x", flag="risk_self_harm", subject="speaker", score=0.5
    )
    assert display.flag_details(flag, kind) == (f"at risk: {who}", "0.50")


def summary(primary: str | None, runner_up: str | None, confidence: float) -> Summary:
    return Summary(
        primary=primary,
        runner_up=runner_up,
        confidence=confidence,
        areas={},
        patterns={},
        flags={},
    )


@pytest.mark.parametrize(
    ("primary", "runner_up", "lead", "words"),
    [
        ("isolation", "conflict", 0.004, "Isolation or Interpersonal conflict: no clear lead"),
        ("isolation", "grief", 0.0, "Isolation or Grief and loss: no clear lead"),
        ("grief", "isolation", 0.05, "Grief and loss or Isolation: no clear lead"),
        ("conflict", "grief", 0.1, "Interpersonal conflict or Grief and loss: no clear lead"),
        ("conflict", "isolation", 0.1499, "Interpersonal conflict or Isolation: no clear lead"),
        ("role_transition", "grief", 0.12, "Role transition or Grief and loss: no clear lead"),
        ("grief", "role_transition", 0.08, "Grief and loss or Role transition: no clear lead"),
        ("role_transition", "isolation", 0.02, "Role transition or Isolation: no clear lead"),
        ("isolation", "conflict", 0.15, "Isolation"),
        ("grief", "role_transition", 0.22, "Grief and loss"),
        ("role_transition", "isolation", 0.23, "Role transition"),
        ("conflict", "grief", 0.57, "Interpersonal conflict"),
        ("grief", "isolation", 0.9999, "Grief and loss"),
        ("grief", None, 1.0, "Grief and loss"),
        # Of a document made elsewhere: nothing to choose between.
        ("conflict", None, 0.0, "Interpersonal conflict"),
        (None, None, 0.0, "no area"),
    ],
)
def test_a_main_focus_is_named_alone_only_where_it_leads(
    primary: str | None, runner_up: str | None, lead: float, words: str
) -> None:
    assert display.focus_words(summary(primary, runner_up, lead)) == words
