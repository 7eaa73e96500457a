"""Label names and what they mean: the one place they come from.

The definitions live in ``codebook.toml`` beside this module and in prose in ``docs/codebook.md``.
Everything else in the package, the corpora and the screens takes its keys from here.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal, get_args

Who = Literal["client", "other", "both"]
RiskStatus = Literal["current", "past", "denied", "unwanted"]
RiskSubject = Literal["speaker", "other"]

WHO: tuple[Who, ...] = get_args(Who)
RISK_STATUSES: tuple[RiskStatus, ...] = get_args(RiskStatus)
RISK_SUBJECTS: tuple[RiskSubject, ...] = get_args(RiskSubject)

NO_AREA = "none"
"""The side of a hard-case rule on which no area holds. Not an area: it never enters results."""


@dataclass(frozen=True)
class Area:
    """An IPT problem area."""

    key: str
    name: str
    definition: str


@dataclass(frozen=True)
class Pattern:
    """A communication pattern; ``helpful`` says what it often is, not what it is here."""

    key: str
    name: str
    helpful: bool
    shows: str


@dataclass(frozen=True)
class Flag:
    """A reason to send a segment to a supervisor.

    ``risk`` flags come first in the queue; ``marks_words`` is false for the reasons that belong to
    a whole segment.
    """

    key: str
    name: str
    risk: bool
    marks_words: bool
    shows: str


@dataclass(frozen=True)
class Rule:
    """How one hard case is decided, with the sides (area keys or ``NO_AREA``) it sets apart."""

    key: str
    title: str
    text: str
    sides: tuple[str, ...]


def _read() -> dict[str, Any]:
    raw = resources.files(__package__).joinpath("codebook.toml").read_text(encoding="utf-8")
    return tomllib.loads(raw)


_RAW = _read()

VERSION: str = _RAW["version"]
AREA_INFO: dict[str, Area] = {k: Area(key=k, **v) for k, v in _RAW["areas"].items()}
PATTERN_INFO: dict[str, Pattern] = {k: Pattern(key=k, **v) for k, v in _RAW["patterns"].items()}
FLAG_INFO: dict[str, Flag] = {k: Flag(key=k, **v) for k, v in _RAW["flags"].items()}
RULES: dict[str, Rule] = {
    k: Rule(key=k, title=v["title"], text=v["text"], sides=tuple(v["sides"]))
    for k, v in _RAW["rules"].items()
}

AREAS: tuple[str, ...] = tuple(AREA_INFO)
"""Area keys in the order of every array and table: grief, role_transition, conflict, isolation."""
PATTERNS: tuple[str, ...] = tuple(PATTERN_INFO)
FLAGS: tuple[str, ...] = tuple(k for k, f in FLAG_INFO.items() if f.marks_words)
RISK_FLAGS: tuple[str, ...] = tuple(k for k, f in FLAG_INFO.items() if f.risk)
REVIEW_REASONS: tuple[str, ...] = tuple(FLAG_INFO)


HARM_BY_OTHER = "risk_harm_by_other"
"""The flag under which nobody says what helps."""


MAY_PROTECT = frozenset(("withdrawal", "self_silencing", "deception", "indirect"))
"""Silence and hiding: where someone is harmed by another person, they may keep them safe."""


def helpful_here(pattern: str, *, harm_by_other: bool) -> bool | None:
    """Whether a pattern helps; unknown where violence or coercion by the other is flagged: keeping
    quiet may be what keeps someone safe."""
    return None if harm_by_other else PATTERN_INFO[pattern].helpful
