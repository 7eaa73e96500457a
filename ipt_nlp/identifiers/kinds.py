"""What can identify a person: kinds, how directly each does, the two profiles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "person",
    "phone",
    "address",
    "postcode",
    "email",
    "handle",
    "url",
    "employer",
    "school",
    "date_of_birth",
    "date_of_death",
    "id_number",
    "age_over_89",
    "place",
    "other",
    "date",
    "initials",
]
Level = Literal["direct", "weak"]
Profile = Literal["everyday", "safe-harbor"]

KINDS: tuple[Kind, ...] = get_args(Kind)
PROFILES: tuple[Profile, ...] = get_args(Profile)

PLACEHOLDER = re.compile(
    r"\[[A-Z][A-Z0-9_ -]*\]|<[A-Z][A-Z0-9_]*>|\{[A-Z_]+\}"
    rf"|\b(?:{'|'.join(k.upper() for k in KINDS)})_\d+(?![^\W_])"
)
"""What stands in for a name already: ``[NAME]``, ``[PERSON_1]``, the speaker ``PERSON_1``."""

_WEAK_IN_EVERYDAY = frozenset({"place", "other", "age_over_89"})
_SAFE_HARBOR_ONLY = frozenset({"date", "initials"})


@dataclass(frozen=True, slots=True, order=True)
class FoundIdentifier:
    """Words that could identify someone; offsets are code points into the text searched.

    ``level`` is ``direct`` for what names or reaches a person, ``weak`` for what identifies only
    together with other things (a small town, an age, a rare description).
    """

    start_char: int
    end_char: int
    kind: Kind
    score: float
    level: Level = "direct"


def level_of(kind: Kind, profile: Profile) -> Level | None:
    """The level of a kind in a profile; None where the profile does not report it."""
    if profile == "safe-harbor":
        return "weak" if kind == "other" else "direct"
    if kind in _SAFE_HARBOR_ONLY:
        return None
    return "weak" if kind in _WEAK_IN_EVERYDAY else "direct"


NOTICE = (
    "This list helps to look; it cannot certify that nothing is left. Read the text yourself "
    "before it leaves your hands: what someone did, where and when can identify them without any "
    "name. A pseudonymised copy is still personal data."
)

SAFE_HARBOR: tuple[tuple[str, str], ...] = (
    ("Names", "looked for"),
    ("Geographic subdivisions smaller than a state", "looked for: addresses, postcodes, places"),
    (
        "All elements of dates but the year; ages over 89",
        "looked for: dates, exact or by day and month; ages from 90",
    ),
    ("Telephone numbers", "looked for, as written and as spoken"),
    ("Fax numbers", "looked for, as telephone numbers"),
    ("E-mail addresses", "looked for, as written and as spoken"),
    ("Social security numbers", "looked for"),
    ("Medical record numbers", "looked for, as numbers"),
    ("Health plan beneficiary numbers", "looked for, as numbers"),
    ("Account numbers", "looked for, as numbers, IBANs and card numbers"),
    ("Certificate and licence numbers", "looked for, as numbers"),
    ("Vehicle identifiers and licence plates", "looked for where the text says it is one"),
    ("Device identifiers and serial numbers", "looked for, as numbers and MAC addresses"),
    ("Web addresses (URLs)", "looked for"),
    ("Internet protocol (IP) addresses", "looked for"),
    ("Biometric identifiers, finger and voice prints", "cannot be found in text"),
    ("Full-face photographs and comparable images", "cannot be found; pictures are reported"),
    (
        "Any other unique identifying number, characteristic or code",
        "in part: long numbers and codes; what makes a story unique cannot be found by a program",
    ),
)
"""The 18 categories of 45 CFR 164.514(b)(2), and what this program does about each."""
