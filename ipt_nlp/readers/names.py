"""What a file's name says about the session in it."""

from __future__ import annotations

import re

_PARTS = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\d{1,2}")
_SESSION = re.compile(r"(?:session|sess|s)0*(\d{1,2})")
_LONGEST = 255
_CLIENT = re.compile(r"(?:client|cl|c)\d+")


def session_number(stem: str, *, bare: bool = False) -> int | None:
    """The session number in a file name without its suffix, or None where it is not clear.

    ``session-04``, ``anna_s04`` and the end of ``c07-02`` say 4, 4 and 2; a date, two different
    numbers, or a lone number say nothing (the last one does with ``bare``).
    """
    # A file's name is short; a row's field, which this reads too, may be of any length.
    parts = _PARTS.findall(stem[:_LONGEST].casefold())
    found: set[int] = set()
    for i, part in enumerate(parts):
        following = parts[i + 1 :]
        if match := _SESSION.fullmatch(part):
            found.add(int(match[1]))
        elif part in {"session", "sess"} and following and _NUMBER.fullmatch(following[0]):
            if len(following) > 1 and following[1].isdecimal():
                return None  # a date, as in session-04-05-2026
            found.add(int(following[0]))
        elif _CLIENT.fullmatch(part) and len(following) == 1 and _NUMBER.fullmatch(following[0]):
            found.add(int(following[0]))
    if bare and len(parts) == 1 and _NUMBER.fullmatch(parts[0]):
        found.add(int(parts[0]))
    return found.pop() if len(found) == 1 and 0 not in found else None
