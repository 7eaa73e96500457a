"""The cues of ``ipt_context``: what ``context.toml`` says, and its small language of phrases."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import chain, product
from typing import Literal

Kind = Literal["negated", "hypothetical", "planned", "none", "double"]

DEFAULT_REACH = 14

_SAME = {
    "am": ("am", "'m", "m"),
    "is": ("is", "'s", "s"),
    "are": ("are", "'re", "re"),
    "have": ("have", "'ve", "ve", "of"),
    "had": ("had", "'d"),
    "would": ("would", "'d"),
    "will": ("will", "'ll", "ll"),
    "did": ("did", "do"),
    "us": ("us", "'s"),
}


@dataclass(frozen=True)
class Cue:
    """An entry of ``context.toml``; phrases in its small language.

    What a ``denied`` cue reaches is negated as well.
    """

    name: str
    kind: Kind
    phrases: tuple[str, ...]
    reach: int = DEFAULT_REACH
    next: Literal["ing"] | None = None
    denied: bool = False


@dataclass(frozen=True)
class ContextData:
    """What ``context.toml`` says, ready for look-up."""

    cues: dict[str, Cue]
    words: frozenset[str]
    subjects: frozenset[str]
    bridges: frozenset[str]
    factive: frozenset[str]


@cache
def context_data() -> ContextData:
    """The shipped cues.

    Raises:
        ValueError: Two cues of one name, or a field that does not exist.
    """
    raw = tomllib.loads(
        resources.files(__package__).joinpath("context.toml").read_text(encoding="utf-8")
    )
    cues = [Cue(**{**c, "phrases": tuple(c["phrases"])}) for c in raw["cues"]]
    by_name = {cue.name: cue for cue in cues}
    if len(by_name) != len(cues):
        raise ValueError("context.toml: two cues of one name")
    return ContextData(by_name, **{key: frozenset(v) for key, v in raw["stops"].items()})


def spelled_out(phrase: str) -> list[tuple[str, ...]]:
    """Every run of words (norms of tokens) that a phrase of ``context.toml`` stands for."""
    choices: list[list[tuple[str, ...]]] = []
    for part in phrase.split():
        options: list[tuple[str, ...]] = [
            (n,) for w in part.removesuffix("?").split("|") for n in _SAME.get(w, (w,))
        ]
        choices.append([*options, ()] if part.endswith("?") else options)
    return [tuple(chain.from_iterable(chosen)) for chosen in product(*choices)]
