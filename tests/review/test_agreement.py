"""Agreement: the libraries' figures, and intervals from the same counts."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from ipt_nlp import codebook
from ipt_nlp.review import agreement, labels
from ipt_nlp.review.store import Change
from tests.review.conftest import Rig

ACCEPT = Change("accept", labels.decide)
pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40)


@given(pairs)
def test_kappa_of_counts_is_the_librarys(found: list[tuple[bool, bool]]) -> None:
    first, second = map(list, zip(*found, strict=True))
    if len({*first, *second}) < 2:
        return
    a, b = np.array(first), np.array(second)
    counts = np.array([[(a & b).sum(), (a & ~b).sum(), (~a & b).sum(), (~a & ~b).sum()]])
    expected = cohen_kappa_score(first, second)
    assert agreement.kappa_of_counts(counts.astype(float))[0] == pytest.approx(expected)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
def test_alpha_of_coincidences_is_the_librarys(found: list[tuple[int, int]]) -> None:
    counts = np.array([c for c in found if sum(c) > 1], dtype=float).reshape(-1, 2)
    if not len(counts) or not (counts.sum(axis=0) > 0).all():
        return
    expected = krippendorff.alpha(value_counts=counts, level_of_measurement="nominal")
    sums = agreement.coincidences(counts).sum(axis=0, keepdims=True)
    assert agreement.alpha_of_coincidences(sums)[0] == pytest.approx(expected)


def test_intervals_come_from_sessions_and_hold_the_value() -> None:
    rng = np.random.default_rng(1)
    truth = {(s, i): rng.random() < 0.4 for s in range(12) for i in range(20)}

    def rater(error: float) -> dict[tuple[int, int], frozenset[str]]:
        return {
            place: frozenset({"grief"} if is_there ^ (rng.random() < error) else ())
            for place, is_there in truth.items()
        }

    found = agreement.agreement({"a": rater(0.05), "b": rater(0.05), agreement.MODEL: rater(0.3)})
    grief = [p for p in found.pairs if p.area == "grief"]
    people, with_model = grief[0], grief[1]
    assert (people.first, people.second, with_model.second) == ("a", "b", agreement.MODEL)
    for figure in (people.kappa, found.areas[0].alpha):
        assert figure.value is not None
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low < figure.value < figure.high
        assert figure.value > 0.7
    assert with_model.kappa.value is not None
    assert with_model.kappa.value < 0.6
    never = next(p for p in found.pairs if p.area == "conflict")
    assert never.kappa.value is None
    assert never.agreement == 1.0


def test_one_session_gives_no_interval() -> None:
    one = {(1, i): frozenset({"grief"} if i % 2 else ()) for i in range(6)}
    (pair, *_) = agreement.agreement({"a": one, "b": one}).pairs
    assert pair.kappa == agreement.Figure(1.0, None, None)


def test_decisions_made_in_view_of_the_model_are_counted(rig: Rig) -> None:
    for segment in (1, 2, 3):
        rig.store.change(segment, "moss", "moss", 0, ACCEPT)
    rig.store.change(1, "ray", "ray", 0, ACCEPT, blind=True)
    found = agreement.of_store(rig.store)
    assert (found.reviews, found.seen) == (4, 3)
    assert found.raters == ("moss", "ray", agreement.MODEL)
    with_model = [p for p in found.pairs if (p.first, p.second) == ("moss", agreement.MODEL)]
    assert {p.n for p in with_model} == {3}
    assert {p.agreement for p in with_model} == {1.0}
    blind = agreement.of_store(rig.store, blind_only=True)
    assert (blind.reviews, blind.raters) == (1, ("ray", agreement.MODEL))


def test_human_figures_cover_the_areas() -> None:
    assert tuple(agreement.HUMAN_KAPPA) == codebook.AREAS
