"""The codebook's keys and what other modules rely on."""

from __future__ import annotations

import re

from ipt_nlp import codebook


def test_areas_are_in_the_order_of_every_array() -> None:
    assert codebook.AREAS == ("grief", "role_transition", "conflict", "isolation")


def test_keys_are_one_spelling_and_used_once() -> None:
    keys = [*codebook.AREAS, *codebook.PATTERNS, *codebook.REVIEW_REASONS, *codebook.RULES]
    assert [k for k in keys if not re.fullmatch(r"[a-z][a-z0-9_]*", k)] == []
    assert len(set(codebook.AREAS) | set(codebook.PATTERNS) | set(codebook.REVIEW_REASONS)) == (
        len(codebook.AREAS) + len(codebook.PATTERNS) + len(codebook.REVIEW_REASONS)
    )


def test_risk_flags_mark_words() -> None:
    assert codebook.RISK_FLAGS
    assert set(codebook.RISK_FLAGS) <= set(codebook.FLAGS) < set(codebook.REVIEW_REASONS)
    assert {"low_confidence", "mixed"} == set(codebook.REVIEW_REASONS) - set(codebook.FLAGS)


def test_sides_of_rules_are_areas_or_none() -> None:
    sides = {side for rule in codebook.RULES.values() for side in rule.sides}
    assert sides <= {*codebook.AREAS, codebook.NO_AREA}
    assert codebook.NO_AREA not in codebook.AREAS


def test_everything_says_what_it_shows() -> None:
    assert all(area.name and area.definition for area in codebook.AREA_INFO.values())
    assert all(p.name and p.shows for p in codebook.PATTERN_INFO.values())
    assert {p.helpful for p in codebook.PATTERN_INFO.values()} == {True, False}
    assert all(f.name and f.shows for f in codebook.FLAG_INFO.values())


def test_where_the_other_is_a_danger_nobody_says_what_helps() -> None:
    assert codebook.helpful_here("direct_expression", harm_by_other=False) is True
    assert codebook.helpful_here("withdrawal", harm_by_other=False) is False
    assert codebook.helpful_here("withdrawal", harm_by_other=True) is None
