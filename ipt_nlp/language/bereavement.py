"""Whether the words around a mention say that the person has died, or is alive."""

from __future__ import annotations

from spacy.tokens import Doc, Span, Token

from ipt_nlp.language.relations import relation_data

_DEAD = frozenset("late deceased dead".split())
_THINGS = frozenset("funeral death grave ashes passing headstone memorial wake burial".split())
_BETWEEN = frozenset(
    """who that has had have 've just also then suddenly both all , he she actually finally um uh
    got sick ill and already sort of kind was""".split()
)
_PRONOUNS = frozenset("he she".split())
_POSSESSIVES = frozenset("his her".split())
_UNREAL = frozenset(
    "if wish wished dream dreamed dreamt thought imagine pretend unless like until".split()
)
_BURY = frozenset("buried bury burying cremated mourning grieving".split())
_PRONOUN_WINDOW = 60
_AFTER_PASSED = frozenset(
    "away on in last when . , and ! ? before after this two three four five six at from".split()
)


def is_dead(span: Span, stop: int, relation: str | None) -> bool:
    """Whether the person is said to be dead.

    Args:
        span: The mention.
        stop: Token at which somebody else is mentioned; pronouns before it mean this person.
        relation: The person's relation, where known: "lost my mum" is a death, "lost Hayley" may
            be an end.
    """
    doc = span.doc
    if any(t.lower_ in _DEAD for t in span):
        return True
    words = [t.lower_ for t in doc[max(0, span.start - 4) : span.start]]
    if words[-1:] and words[-1] in _BURY:
        return True
    known = relation_data().relations.get(relation or "")
    if (
        words[-1:] == ["lost"]
        and known is not None
        and (known.kind == "family" or known.name in ("husband", "wife"))
    ):
        return not _unreal(doc, span.start - 1)
    if words[-2:] in (["death", "of"], ["funeral", "of"], ["grave", "of"]):
        return True
    end = span.end
    if end < len(doc) and doc[end].lower_ in ("'s", "’s") and _thing(doc, end + 1):
        return True
    if _dies(doc, end, stop) and not _unreal(doc, span.start):
        return True
    if known is not None and known.kind == "role":
        return False  # "The doctor ... he died" is somebody else.
    return _pronoun_dies(doc, end, min(stop, end + _PRONOUN_WINDOW))


def is_present(span: Span) -> bool:
    """Whether the person does something in the present tense ("my mom thinks ...")."""
    doc = span.doc
    for token in doc[span.end : span.end + 2]:
        if (
            token.tag_ == "VBZ" and token.lower_ not in ("'s", "’s", "s")
        ) or token.lower_ == "calls":
            return not token.is_space
        if token.is_punct or token.is_space:
            return False
    return False


def _pronoun_dies(doc: Doc, start: int, stop: int) -> bool:
    for token in doc[start:stop]:
        if (
            token.lower_ in _PRONOUNS
            and _dies(doc, token.i + 1, stop)
            and not _unreal(doc, token.i)
        ):
            return True
        if token.lower_ in _POSSESSIVES and _thing(doc, token.i + 1):
            return True
    return False


def _thing(doc: Doc, i: int) -> bool:
    return any(t.lower_ in _THINGS for t in doc[i : i + 1])


def _unreal(doc: Doc, i: int) -> bool:
    return any(_is_unreal(t) for t in doc[max(0, i - 2) : i])


def _is_unreal(token: Token) -> bool:
    return token.lower_ in _UNREAL


def _dies(doc: Doc, start: int, stop: int) -> bool:
    """Whether a verb of dying follows, with nothing between but words that change nothing."""
    for i in range(start, min(start + 5, len(doc), stop)):
        word = doc[i].lower_
        following = doc[i + 1].lower_ if i + 1 < len(doc) else "."
        if word == "died":
            return True
        if word == "passed" and following in _AFTER_PASSED:
            return True
        if (word == "born" and following == "dead") or word == "stillborn":
            return True
        if word in ("was", "were", "got") and following == "killed":
            return True
        if word == "killed" and following in ("himself", "herself"):
            return True
        if word in ("is", "'s", "’s") and following in ("dead", "deceased"):
            return True
        if word == "took" and [t.lower_ for t in doc[i + 2 : i + 4]] == ["own", "life"]:
            return True
        if word not in _BETWEEN:
            return False
    return False
