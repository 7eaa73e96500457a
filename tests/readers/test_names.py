"""Session numbers in file names."""

from __future__ import annotations

import pytest

from ipt_nlp.readers.names import session_number


@pytest.mark.parametrize(
    ("stem", "number"),
    [
        ("session-04", 4),
        ("Session_12_final", 12),
        ("session7", 7),
        ("s04", 4),
        ("mara-s3", 3),
        ("c07-02", 2),
        ("client3_11", 11),
        ("sess 5", 5),
        ("notes", None),
        ("04", None),
        ("session-04-05-2026", None),
        ("2026-04-05", None),
        ("c07", None),
        ("s3-session-4", None),
        ("s03-session-3", 3),
        ("session-0", None),
        ("session-123", None),
        ("s2026", None),
        ("abc-02", None),
    ],
)
def test_session_number(stem: str, number: int | None) -> None:
    assert session_number(stem) == number
