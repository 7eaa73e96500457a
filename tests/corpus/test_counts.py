from __future__ import annotations

from typing import TYPE_CHECKING

from ipt_nlp import codebook
from ipt_nlp.corpus.statistics import ABOUT_ANOTHER, NO_SIDE, TEXTS, ThinSide, count

if TYPE_CHECKING:
    from tests.corpus.conftest import Line, MakeRow, PlaceRows


def test_areas_sets_and_the_share_without(make_row: MakeRow, place_rows: PlaceRows) -> None:
    counts = count(
        place_rows({
            "posts/train.jsonl": [
                make_row("a", areas=["conflict", "grief"]),
                make_row("b", areas=["conflict", "grief", "isolation"]),
                make_row("c"),
                make_row("d", areas=["conflict"]),
            ],
            "identifiers/train.jsonl": [make_row("e", unscored_areas=list(codebook.AREAS))],
        })
    )  # fmt: skip
    assert counts.areas["conflict"] == {"posts": 3}
    assert counts.areas["none"] == {"posts": 1}
    assert counts.share_without_area == {"posts": 0.25}
    assert counts.area_sets["grief + conflict"] == {"posts": 1}
    assert counts.area_sets["grief + conflict + isolation"] == {"posts": 1}
    assert counts.area_sets["role_transition + isolation"] == {}
    assert len(counts.area_sets) == 10
    assert counts.rows["identifiers / board"] == {"train": 1}


def test_a_rule_counts_on_each_side_that_the_areas_name(
    make_row: MakeRow, place_rows: PlaceRows
) -> None:
    rule = "job_loss"
    assert codebook.RULES[rule].sides == ("grief", "role_transition", "conflict")
    rows = [
        make_row("a", rules=[rule], areas=["role_transition", "conflict"]),
        make_row("b", rules=[rule], areas=["role_transition"]),
        make_row("c", rules=[rule]),
        make_row("d", rules=["symptoms_only"]),
    ]
    rows += [make_row(f"e{i}", rules=["own_habit"], areas=["conflict"]) for i in range(10)]
    counts = count(place_rows({"posts/train.jsonl": rows}))
    assert counts.rules[rule] == {"role_transition": 2, "conflict": 1, NO_SIDE: 1}
    assert counts.rules["symptoms_only"] == {"none": 1}
    assert ThinSide(rule, "grief", 0) in counts.thin_sides
    assert ("own_habit", "conflict") not in {(t.rule, t.side) for t in counts.thin_sides}
    assert ThinSide("own_habit", "none", 0) in counts.thin_sides


def test_flags_patterns_and_identifiers(make_row: MakeRow, place_rows: PlaceRows) -> None:
    words = {"start_char": 0, "end_char": 2, "quote": "He"}
    risk = words | {"flag": "risk_self_harm", "status": "past", "subject": "other"}
    name = words | {"flag": "identifier", "kind": "person"}
    pattern = words | {"pattern": "hostility", "who": "other"}
    counts = count(
        place_rows({
            "posts/train.jsonl": [
                make_row("a", "He hit.", flags=[risk, risk, name], patterns=[pattern],
                         patterns_labelled=True),
                make_row("b"),
            ]
        })
    )  # fmt: skip
    assert counts.flags["risk_self_harm"] == {"past": 2, ABOUT_ANOTHER: 2, TEXTS: 1}
    assert counts.risk_texts == {"posts": 1}
    assert counts.identifiers == {"person": {"posts": 1}}
    assert counts.patterns["hostility"] == {"posts": 1}
    assert counts.rows_with_patterns_labelled == {"posts": 1}


def test_writers_clients_and_sessions_are_counted_once(
    make_row: MakeRow, place_rows: PlaceRows
) -> None:
    def turn(identity: str, session: str) -> Line:
        return make_row(identity, genre="session", client="c1", session=session)

    counts = count(
        place_rows({
            "sessions/train.jsonl": [turn("a", "1"), turn("b", "1"), turn("c", "2")],
            "posts/test.jsonl": [make_row("d", writer="w2"), make_row("e", writer="w3")],
        })
    )  # fmt: skip
    assert counts.sessions == {"sessions": {"train": 2}}
    assert counts.clients == {"sessions": {"train": 1}}
    assert counts.writers == {"posts": {"test": 2}, "sessions": {"train": 1}}
