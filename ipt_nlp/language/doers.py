"""Who does what a clause says: the client, somebody else, or both."""

from __future__ import annotations

from spacy.tokens import Doc, Span, Token

from ipt_nlp.codebook import Who
from ipt_nlp.language.turns import role_of

_I = frozenset("i me my mine myself im ive pt ct client patient".split())
_WE = frozenset("we us our ours ourselves both each".split())
_YOU = frozenset("you your yours".split())
_SUBJECTS = frozenset("nsubj nsubj:outer csubj".split())
_PASSIVE = frozenset("nsubj:pass nsubjpass".split())
_CLIENT_NOUNS = frozenset("pt ct client patient".split())
_NOBODY = frozenset("it that this there its thats".split())
_RELATIVE = frozenset("who that which".split())
_PRONOUNS = frozenset("i we he she they you it who nobody everyone everybody somebody".split())
_QUOTES = frozenset("\" “ ” ‘ ’ '".split())
_SAYING = frozenset(
    "say says said saying tell tells told goes go went ask asks asked write wrote text texted "
    "answer answered reply replied shout shouted yell yelled scream screamed think thinks "
    "thought".split()
)
_MAX_CLIMB = 6


def doer_of(span: Span) -> Who:
    """Who acts in a clause, read from its subject, its voice and who speaks.

    A passive clause is turned round ("I was yelled at": the other). In speech that is reported
    without a subject of its own ("she goes fine, whatever") it is the one who said it.
    """
    verb = _verb(span)
    subject = _subject(verb) if span.doc.has_annotation("DEP") else None
    if subject is not None and subject.lower_ in _NOBODY:
        # "He said it was only a joke": whoever says so.
        subject = _teller(verb)
    if subject is None:
        subject = _nearest(span)
    if subject is None:
        return _speaker(span[0])
    who = _who(subject)
    if subject.dep_ in _PASSIVE or _is_passive(verb):
        return {"client": "other", "other": "client", "both": "both"}[who]  # type: ignore[return-value]
    return who


def _verb(span: Span) -> Token:
    root = span.root
    if root.pos_ in {"VERB", "AUX"}:
        return root
    return next((t for t in span if t.pos_ == "VERB"), root)


def _subject(verb: Token) -> Token | None:
    at = verb
    for _ in range(_MAX_CLIMB):
        own = next((c for c in at.children if c.dep_ in _SUBJECTS | _PASSIVE), None)
        if own is not None:
            if own.lower_ in _RELATIVE and at.dep_ in {"acl:relcl", "relcl"}:
                return at.head
            return own
        if at.dep_ in {"acl:relcl", "relcl", "acl"}:
            return at.head
        if at.head is at or at.dep_ not in {"conj", "xcomp", "advcl", "ccomp", "parataxis", "aux"}:
            return None
        at = at.head
    return None


def _teller(verb: Token) -> Token | None:
    """The subject of the verb that a clause is the content of."""
    if verb.head is verb or verb.dep_ not in {"ccomp", "parataxis"}:
        return None
    return next((c for c in verb.head.children if c.dep_ in _SUBJECTS), None)


def _nearest(span: Span) -> Token | None:
    """The first pronoun that can be a subject in the span, or the last one before it."""
    inside = next((t for t in span if t.lower_ in _PRONOUNS | _CLIENT_NOUNS), None)
    if inside is not None:
        return inside
    start = span.sent.start if span.doc.has_annotation("SENT_START") else 0
    before = [t for t in span.doc[start : span.start] if t.lower_ in _PRONOUNS | _CLIENT_NOUNS]
    return before[-1] if before else None


def _who(subject: Token) -> Who:
    text = subject.lower_
    joined = {c.lower_ for c in subject.subtree} if subject.dep_ in _SUBJECTS else {text}
    if text in _WE or (joined & {"i", "me"} and text not in _I and "and" in joined):
        return "both"
    if text in _I:
        if "and" in joined and len(joined) > 2 and subject.pos_ != "PRON":
            return "both"
        return "other" if _said_by_other(subject) else "client"
    if text in _YOU:
        # Talking to the other ("you always do this"): who said it is who does it.
        return _quoted_speaker(subject) or ("client" if _speaker(subject) == "client" else "other")
    return "other"


def _said_by_other(token: Token) -> bool:
    return _quoted_speaker(token) == "other"


def _quoted_speaker(token: Token) -> Who | None:
    """Who says the words around a token, where they are quoted or follow "he said"."""
    doc = token.doc
    start = max(0, token.i - 12)
    if doc.has_annotation("SENT_START"):
        start = max(start, token.sent.start)
    seen = [t for t in doc[start : token.i] if t.lower_ in _SAYING]
    if not seen:
        return None
    verb = seen[-1]
    between = doc[verb.i + 1 : token.i]
    direct = any(t.text in _QUOTES or t.text in {",", ":"} for t in between) or (
        verb.lower_ in {"goes", "go", "went"}
    )
    if not direct and token.lower_ not in _YOU:
        return None
    before = [t for t in doc[start : verb.i] if t.lower_ in _PRONOUNS | _CLIENT_NOUNS]
    if not before:
        return "other" if verb.i > start and doc[verb.i - 1].pos_ in {"NOUN", "PROPN"} else None
    return "client" if before[-1].lower_ in _I else "other"


def _is_passive(verb: Token) -> bool:
    # Sentence starts without a parse leave tokens whose children cannot be asked for.
    if not verb.doc.has_annotation("DEP"):
        return False
    return any(c.dep_ in {"aux:pass", "auxpass"} for c in verb.children)


def _speaker(token: Token) -> Who:
    return "other" if role_of(token) == "other" else "client"


def is_note(doc: Doc) -> bool:
    """Whether a document speaks of the client in the third person."""
    return any(t.lower_ in _CLIENT_NOUNS for t in doc)
