"""The phase of a course of therapy that a session belongs to.

IPT is limited in time: the first three sessions take stock and agree on a goal, the last quarter
looks back and says goodbye, and the work is done in between.
"""

from __future__ import annotations

from ipt_nlp.errors import OptionError
from ipt_nlp.result import Phase

INITIAL_SESSIONS = 3
USUAL_SESSIONS = 16
"""Sessions of a course of which only a session's number is known."""


def phase(number: int | None, of: int | None = None) -> Phase | None:
    """The phase of session ``number``, counted from 1; None where the number is not known.

    The first three sessions are initial, also where the course is so short that they reach into
    its last quarter; of the others the last quarter (rounded down, at least one) is ending.

    Args:
        number: Of the session.
        of: Sessions planned; 16 when left out. A number beyond it is ending.

    Raises:
        OptionError: A number, or a count of sessions, below 1.
    """
    if number is not None and number < 1:
        raise OptionError("session: the number counts from 1")
    if of is not None and of < 1:
        raise OptionError("of: a course has at least 1 session")
    if number is None:
        return None
    if number <= INITIAL_SESSIONS:
        return "initial"
    total = USUAL_SESSIONS if of is None else of
    return "ending" if number > total - max(1, total // 4) else "middle"
