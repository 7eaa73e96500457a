"""Judgement cases, and what holds for any text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipt_nlp.identifiers import IdentifierFinder
from ipt_nlp.identifiers.entities import find_names
from ipt_nlp.identifiers.finder import outside
from ipt_nlp.identifiers.kinds import PROFILES, SAFE_HARBOR
from ipt_nlp.identifiers.model import TokenModel
from ipt_nlp.identifiers.words import Word

FILE = Path(__file__).parents[1] / "cases" / "identifiers" / "cases.jsonl"
CASES = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
NOT_NAMES = json.loads(FILE.with_name("not_names.json").read_text("utf-8"))
KNOWN_FAILURES = {
    # A pet's name is written like a person's.
    "pet",
}

PARTS = st.sampled_from(
    "Anna anna Gurdeep's Jean-Luc Siân 07700 900341 @x_1 a@b.example 94 she is DOB 14/03/1986 "
    "the 3rd "
    "of June Dr. St. Brannock's Primary & [NAME] \n 27 Larkspur Close , . 😀 é oh seven "
    "double".split(" ")
)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            c,
            id=c["id"],
            marks=[pytest.mark.xfail(strict=True)] if c["id"] in KNOWN_FAILURES else [],
        )
        for c in CASES
    ],
)
def test_case(case: dict[str, Any]) -> None:
    finder = IdentifierFinder(None, case.get("profile", "everyday"))
    found = finder.find(case["text"])
    made = [[case["text"][f.start_char : f.end_char], f.kind] for f in found]
    assert made == case["found"]


@pytest.mark.parametrize("case", NOT_NAMES, ids=lambda case: case["text"][:30])
def test_everyday_words_of_notes_are_no_names_and_the_same_names_are(case: dict[str, Any]) -> None:
    found = IdentifierFinder().find(case["text"])
    assert [case["text"][f.start_char : f.end_char] for f in found] == case["found"]


@given(st.lists(PARTS, max_size=30).map(" ".join) | st.text(max_size=200))
def test_found_stretches_are_in_order_and_inside(text: str) -> None:
    for profile in PROFILES:
        at = 0
        for f in IdentifierFinder(None, profile).find(text):
            assert at <= f.start_char < f.end_char <= len(text)
            assert text[f.start_char : f.end_char].strip()
            assert 0 < f.score <= 1
            at = f.end_char


@pytest.mark.parametrize(
    ("stretch", "taken", "left"),
    [
        ((0, 9), [], [(0, 9)]),
        ((0, 9), [(2, 4), (6, 7)], [(0, 2), (4, 6), (7, 9)]),
        ((3, 6), [(0, 3), (6, 9)], [(3, 6)]),
        ((3, 6), [(0, 4), (5, 9)], [(4, 5)]),
        ((3, 6), [(3, 6)], []),
    ],
)
def test_what_is_taken_is_cut_out(
    stretch: tuple[int, int], taken: list[tuple[int, int]], left: list[tuple[int, int]]
) -> None:
    assert outside(*stretch, taken) == left


def test_what_stands_around_does_not_move_offsets() -> None:
    text = "😀 C: I rang Gurdeep.\n\nT: And gurdeep said?"
    found = IdentifierFinder().find(text)
    assert [text[f.start_char : f.end_char] for f in found] == ["Gurdeep", "gurdeep"]


def test_a_speaker_is_found_where_the_name_is_an_everyday_word() -> None:
    text = "I asked Sky and Sky laughed."
    found = IdentifierFinder().find(text, speakers=["Sky", "Therapist", "SPEAKER_01"])
    assert [text[f.start_char : f.end_char] for f in found] == ["Sky", "Sky"]


def test_a_small_place_is_weak_every_day_and_direct_in_the_strict_profile() -> None:
    text = "We lived in Harker's Bend then."
    assert [f.level for f in IdentifierFinder().find(text)] == ["weak"]
    assert [f.level for f in IdentifierFinder(None, "safe-harbor").find(text)] == ["direct"]


def test_all_eighteen_categories_are_named() -> None:
    assert len(SAFE_HARBOR) == 18
    assert sum("cannot" in done for _, done in SAFE_HARBOR) >= 2


@pytest.mark.parametrize("part", ["a-", "_a", "12-", "a ", "one ", "the only ", "my name is "])
def test_a_long_run_of_one_thing_is_read_to_its_end(part: str) -> None:
    """With a pattern that can match it in many ways this would not come back."""
    for f in IdentifierFinder().find(part * 1500):
        assert f.end_char <= 1500 * len(part)


class _Sure(TokenModel):
    """Takes every word for part of an organisation."""

    def __init__(self) -> None:
        pass

    def probabilities(self, text: str, found: Sequence[Word]) -> Any:
        return np.tile([0.1, 0.05, 0.85, 0.0], (len(found), 1))


def test_a_word_that_begins_a_turn_is_no_organisation_by_itself() -> None:
    found = find_names("And what then?", model=_Sure())
    assert list(found) == []
