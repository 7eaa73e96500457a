"""Phase of a session by its number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipt_nlp.errors import OptionError
from ipt_nlp.phase import phase


@pytest.mark.parametrize(
    ("number", "of", "expected"),
    [
        (1, 16, "initial"),
        (3, 16, "initial"),
        (4, 16, "middle"),
        (12, 16, "middle"),
        (13, 16, "ending"),
        (16, 16, "ending"),
        (9, 12, "middle"),
        (10, 12, "ending"),
        (12, None, "middle"),
        (13, None, "ending"),
        (40, None, "ending"),
        (3, 4, "initial"),
        (4, 4, "ending"),
        (4, 5, "middle"),
        (None, 16, None),
        (None, None, None),
    ],
)
def test_first_three_last_quarter_and_between(
    number: int | None, of: int | None, expected: str | None
) -> None:
    assert phase(number, of) == expected


@pytest.mark.parametrize(("number", "of"), [(0, None), (-1, 16), (2, 0), (None, 0)])
def test_impossible_numbers_are_refused(number: int | None, of: int | None) -> None:
    with pytest.raises(OptionError):
        phase(number, of)


@given(of=st.integers(1, 60))
def test_phases_never_go_back(of: int) -> None:
    order = ["initial", "middle", "ending"]
    found = [order.index(str(phase(n, of))) for n in range(1, of + 2)]
    assert found == sorted(found)
