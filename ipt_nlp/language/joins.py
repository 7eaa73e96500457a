"""Which neighbouring mentions are one person, by the words between them."""

from __future__ import annotations

import re
from typing import Literal

from ipt_nlp.language.people import Mention
from ipt_nlp.language.turns import role_of

# Patterns of the words between two mentions; every word has a space after it.
_SAY = r"(?:(?:um|uh|like|actually|you know|basically|also|well) |, )*"
_BE = r"(?:'s|s|is|was|'re|are|be) "
_COPULA = re.compile(rf"(?:[,.] )?(?:(?:that|he|she|this|who|which|and|they) )?{_BE}{_SAY}")
_LATER_COPULA = re.compile(rf"(?:[^|?]* )?[.?!,|] (?:well , )?(?:he|she) (?:'s|is|was) {_SAY}")
_CALLED = re.compile(
    rf"(?:, )?(?:(?:who|he|she|they|and) )?(?:{_BE})?(?:called|named) {_SAY}"
    rf"|(?:[,.] )?(?:and )?(?:his|her|their) name {_BE}{_SAY}|(?:'s|s) name {_BE}{_SAY}"
)
_IS = re.compile(rf"{_BE}{_SAY}")
_APPOSED = re.compile(rf"(?:of (?:mine|ours|his|hers|theirs) )?(?:[,:-] )?{_SAY}")
_LISTED = re.compile(
    r"(?:(?:,|and|&|or|then|\.|:|one is|the other is|are|my old friends|my friends) )*"
)
_LATER_WORDS = 25


def gap(first: Mention, second: Mention) -> str:
    """The words between two mentions, lower case, a space after each; a new turn is "|"."""
    tokens = first.span.doc[first.span.end : max(first.span.end, second.span.start)]
    text = " ".join("|" if "\n" in t.text else t.lower_.replace("’", "'") for t in tokens)
    return f"{text} " if text else ""


def names_it(first: Mention, name: Mention) -> bool:
    """Whether a name completes the relation before it: "my brother Tom", "he's called Tom"."""
    if first.owner == "bare" or first.span.end > name.span.start:
        return False
    words = gap(first, name)
    if not words or _CALLED.fullmatch(words):
        return True
    if _APPOSED.fullmatch(words):
        return first.owner in ("a", "this") or not _begins_list(name)
    return _IS.fullmatch(words) is not None and _ends_clause(name)


def directly_named(first: Mention, name: Mention) -> bool:
    """Whether a name stands right after the words that bring somebody in: "a friend, Sunita"."""
    if name.kind != "name" or first.span.end > name.span.start:
        return False
    words = gap(first, name)
    return _APPOSED.fullmatch(words) is not None or _CALLED.fullmatch(words) is not None


def explains(name: Mention, relation: Mention) -> Literal["near", "far", None]:
    """Whether a relation says who the name before it is.

    ``near`` in the same breath ("Tom, my brother", "Tom's my brother"), ``far`` after more words
    ("Tom? I work with him. He's my brother").
    """
    if relation.owner not in ("my", "your", "the", "a", "this"):
        return None
    words = gap(name, relation)
    mine = relation.owner == "my"
    # A client who says "Nick, your mother" speaks to Nick.
    mine |= relation.owner == "your" and role_of(relation.span[0]) != "client"
    listed = name.span.start > 1 and name.span.doc[name.span.start - 1].lower_ in (",", "and")
    if mine and (words == "" or (words == ", " and not listed)) and not _possessive(name):
        return "near"
    if mine and words in (". ", "? | ") and _ends_clause(relation):
        return "near"
    if words == ", " and relation.owner == "the" and _ends_clause(relation):
        return "near"
    if _COPULA.fullmatch(words):
        return "near" if words[:1] != "." else "far"
    later = _LATER_COPULA.fullmatch(words)
    return "far" if later is not None and words.count(" ") <= _LATER_WORDS else None


def lists(group: Mention, name: Mention) -> bool:
    """Whether a name belongs to a list that the group opens: "my kids, Ana and Leo"."""
    return name.span.start >= group.span.end and _LISTED.fullmatch(gap(group, name)) is not None


def _begins_list(name: Mention) -> bool:
    doc, end = name.span.doc, name.span.end
    after = [t.lower_ for t in doc[end : end + 2]]
    return after[:1] == ["and"] or after == [",", "and"]


def _ends_clause(mention: Mention) -> bool:
    doc, end = mention.span.doc, mention.span.end
    return end >= len(doc) or doc[end].is_punct or doc[end].is_space or doc[end].lower_ == "and"


def _possessive(mention: Mention) -> bool:
    doc, end = mention.span.doc, mention.span.end
    return end < len(doc) and doc[end].lower_ in ("'s", "’s")
