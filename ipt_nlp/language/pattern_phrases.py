"""How the phrases of ``pattern_rules/`` are written, and what they are to spaCy's ``Matcher``.

A phrase is words in lower case, separated by spaces:

=============  ==================================================================
``a|b``        either word
``a?``         may be missing
``tell~``      any form of a verb
``@insult``    any word of a list
``!@praise``   one word, none of these
``<them>``     somebody: a pronoun, a relation ("my older sister"), a first name
``<they>``     the same as a subject: "he", "my older sister", a first name
``..``         up to two other words, none of them a negation
=============  ==================================================================
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

_FOLDER = "pattern_rules"
_SAME = {
    "am": ("am", "'m", "m"),
    "is": ("is", "'s", "s"),
    "are": ("are", "'re", "re"),
    "have": ("have", "'ve", "ve"),
    "had": ("had", "'d"),
    "would": ("would", "'d"),
    "will": ("will", "'ll", "ll"),
    "did": ("did", "do"),
    "does": ("does", "do"),
    "not": ("not", "n't", "nt"),
}
NEGATIONS = ("not", "never", "nobody", "n't", "nt", "without")


@dataclass(frozen=True)
class RuleWords:
    """``words.toml``: lists by name, and the other forms of irregular verbs."""

    lists: dict[str, frozenset[str]]
    irregular: dict[str, tuple[str, ...]]


def read_rules(name: str) -> dict[str, Any]:
    """A file of ``pattern_rules/``."""
    folder = resources.files(__package__).joinpath(_FOLDER)
    return tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8"))


@cache
def rule_words() -> RuleWords:
    """The shipped word lists."""
    raw = read_rules("words.toml")
    return RuleWords(
        {key: frozenset(words.split()) for key, words in raw["lists"].items()},
        {key: tuple(words.split()) for key, words in raw["irregular"].items()},
    )


def verb_forms(base: str) -> tuple[str, ...]:
    """The forms of a verb: from ``words.toml``, otherwise by the regular spelling."""
    irregular = rule_words().irregular
    if base in irregular:
        return (base, *irregular[base])
    if base.endswith(("s", "x", "z", "ch", "sh")):
        return (base, base + "es", base + "ed", base + "ing")
    if base.endswith("e"):
        return (base, base + "s", base + "d", base[:-1] + "ing")
    return (base, base + "s", base + "ed", base + "ing")


def norms(part: str) -> list[str]:
    """The words, as ``NORM``, that one part of a phrase stands for: ``tell~``, ``@insult``."""
    found: list[str] = []
    for word in part.split("|"):
        if word.startswith("@"):
            found += sorted(rule_words().lists[word[1:]])
        elif word.endswith("~"):
            found += verb_forms(word[:-1])
        else:
            found += _SAME.get(word, (word,))
    return list(dict.fromkeys(found))


def matcher_patterns(phrase: str, *, own_negation: bool = False) -> list[list[dict[str, Any]]]:
    """A phrase in spaCy ``Matcher`` syntax: one pattern, or two where it names somebody."""
    lists = rule_words().lists
    banned = [] if own_negation else list(NEGATIONS)
    gap: dict[str, Any] = {
        "NORM": {"NOT_IN": banned},
        "IS_PUNCT": False,
        "IS_SPACE": False,
        "OP": "?",
    }
    person: list[dict[str, Any]] = [
        {"NORM": {"IN": sorted(lists["poss"])}, "OP": "?"},
        {"NORM": {"IN": sorted(lists["kind"])}, "OP": "*"},
    ]
    somebody = {
        "<them>": [*person, {"NORM": {"IN": sorted(lists["pronoun"] | lists["kin"])}}],
        "<they>": [*person, {"NORM": {"IN": sorted(lists["they"] | lists["kin"])}}],
    }
    pattern: list[dict[str, Any]] = []
    named: list[dict[str, Any]] = []
    for part in phrase.split():
        optional = part.endswith("?") and len(part) > 1
        word = part.removesuffix("?") if optional else part
        if word == "..":
            tokens = [gap, gap]
            names = tokens
        elif word in somebody:
            whom = somebody[word]
            tokens = [{**t, "OP": t.get("OP", "?")} for t in whom] if optional else whom
            names = [{"TEXT": {"REGEX": "^[A-Z][a-z]{2,}$"}, **({"OP": "?"} if optional else {})}]
        elif word.startswith("!"):
            tokens = [{"NORM": {"NOT_IN": norms(word[1:])}, "IS_PUNCT": False}]
            names = tokens
        else:
            tokens = [{"NORM": {"IN": norms(word)}, **({"OP": "?"} if optional else {})}]
            names = tokens
        pattern += tokens
        named += names
    return [pattern] if named == pattern else [pattern, named]
