"""Of whom a word is said: the client ("speaker") or someone else ("other").

The one whose act or state the word is: the subject of its verb, the owner of its noun. In a
therapist's turns "you" is the client and "I" is not.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Literal

from spacy.tokens import Token

from ipt_nlp.language.relations import relation_data
from ipt_nlp.language.turns import role_of

Experiencer = Literal["speaker", "other"]

_SUBJECT = frozenset("nsubj nsubj:pass nsubj:outer nsubjpass csubj".split())
_OWNER = frozenset({"nmod:poss", "poss"})
_OBJECT = frozenset({"obj", "iobj", "dobj", "dative", "obl"})
_FIRST = frozenset("i me my mine myself we us our ours ourselves im ive".split())
_SECOND = frozenset("you your yours yourself".split())
_THIRD = frozenset(
    "he she they him her them his their hers himself herself themselves who nobody noone "
    "somebody someone everybody everyone anybody anyone".split()
)
_PARTS = frozenset("none neither either one some all both each any half most lots lot".split())
_EMPTY = frozenset("it there this that".split())
_OBJECT_FORMS = frozenset("me us him her them you".split())
_QUOTES = frozenset('"“”')
_NO_SUBJECTS = frozenset("me us him her them my our your his their who".split())
_INDEFINITE = frozenset("nobody noone someone somebody anyone anybody".split())
_FINITE = frozenset("is was has had does did 's will would".split())
_MAX_CLIMB = 8


def word(token: Token) -> str:
    """A token's norm, with typographic apostrophes made plain."""
    norm: str = token.norm_
    return norm.replace("’", "'")


@cache
def people_words() -> dict[str, frozenset[str]]:
    """The ``people`` table of ``context.toml``."""
    raw = resources.files(__package__).joinpath("context.toml").read_text(encoding="utf-8")
    return {key: frozenset(words) for key, words in tomllib.loads(raw)["people"].items()}


@cache
def _person_nouns() -> frozenset[str]:
    data = relation_data()
    found = set(data.singular) | set(data.plural) | people_words()["persons"]
    return frozenset(w for w in found if " " not in w)


def experiencer_of(token: Token) -> Experiencer:
    """``"speaker"`` or ``"other"``; a word said of nobody in particular is the speaker's."""
    if token.doc.has_annotation("DEP"):
        subject = _owner(token) or subject_of(token)
        named = subject is not None and word(subject) not in _EMPTY
        found = _who(subject) if subject is not None and named else _who_before(token)
    else:
        found = _who_before(token)
    if found is None:
        return "other" if role_of(token) == "therapist" and is_generic(token) else "speaker"
    return found


def is_generic(token: Token) -> bool:
    """Whether a word is said of people in general ("some people shut down")."""
    words = people_words()
    if token.doc.has_annotation("DEP"):
        subject = subject_of(token)
    else:
        subject = _noun_before(token, words["generic"])
    if subject is None:
        return False
    subject = _whole(subject)
    if word(subject) not in words["generic"]:
        return False
    sentence = token.sent if token.doc.has_annotation("SENT_START") else token.doc
    around = {word(t) for t in sentence}
    before = subject.lefts if is_parsed(subject) else ()
    fixed = {word(t) for t in before} & {"the", "my", "these", "those", "his", "her", "our"}
    return not around & _FIRST and not fixed and bool(around & words["generic_signs"])


def is_parsed(token: Token) -> bool:
    """Whether the tokens around can be asked for by the tree.

    Without a parse they hold what the tokenizer left there, which can point out of the document.
    """
    return bool(token.doc.has_annotation("DEP"))


def subject_of(token: Token) -> Token | None:
    """The subject of the clause that a token is in; a participle's or infinitive's is looked up."""
    if not is_parsed(token):
        return None
    at = token
    for _ in range(_MAX_CLIMB):
        own = next((c for c in at.children if c.dep_ in _SUBJECT), None)
        if own is not None:
            if word(own) in {"who", "that", "which"} and at.dep_ in {"acl:relcl", "relcl"}:
                return antecedent_of(at)
            return own
        if at.dep_ in {"acl:relcl", "relcl"}:
            return antecedent_of(at)
        if at.head is at:
            return None
        head = at.head
        if at.dep_ in {"xcomp", "ccomp", "advcl", "acl", "pcomp"}:
            controller = _controller(at, head)
            if controller is not None:
                return controller
        at = head
    return None


def _controller(token: Token, head: Token) -> Token | None:
    """The object that acts in "I want him to leave", "I forgave him for leaving"."""
    if head.lemma_.lower() not in people_words()["object_control"]:
        return None
    found = [c for c in head.children if c.dep_ in _OBJECT and head.i < c.i < token.i]
    return found[0] if found else None


def antecedent_of(token: Token) -> Token:
    """Of whom a relative clause speaks, given its verb."""
    noun = token.head
    # "I'm the one who ...": the one is the subject.
    subject = next((c for c in noun.children if c.dep_ in _SUBJECT), None)
    return subject if subject is not None else noun


def _owner(token: Token) -> Token | None:
    """Whose a noun is; None for a word that is no owned noun."""
    if token.pos_ not in {"NOUN", "PROPN"} or not is_parsed(token):
        return None
    return next((c for c in token.children if c.dep_ in _OWNER), None)


def _whole(token: Token) -> Token:
    """The people in "none of them", "lots of people"."""
    if word(token) not in _PARTS or (token.i and word(token.nbor(-1)) == "no"):
        return token
    if not is_parsed(token):
        return token
    inner = (c for c in token.subtree if c.i > token.i and word(c) != "of" and c.pos_ != "DET")
    return next(inner, token)


def _who(subject: Token) -> Experiencer | None:
    subject = _whole(subject)
    told = _by_pronoun(subject)
    if told is not None:
        return told
    # "My sister and I" are more than my sister.
    children = list(subject.children) if is_parsed(subject) else []
    if any(c.dep_ == "conj" and word(c) in _FIRST for c in children):
        return "speaker"
    if is_person(subject):
        return "other"
    owner = next((c for c in children if c.dep_ in _OWNER), None)
    return None if owner is None else _who(owner)


def is_person(token: Token) -> bool:
    """Whether a noun names somebody: a relation, a name, "the guy"."""
    return (
        token.lower_ in _person_nouns()
        or token.lemma_.lower() in _person_nouns()
        or token.pos_ == "PROPN"
        or token.ent_type_ in {"PER", "PERSON"}
    )


def _by_pronoun(token: Token) -> Experiencer | None:
    text = word(token)
    if text == "one" and token.i and word(token.nbor(-1)) == "no":
        return "other"
    if text in _FIRST:
        if _is_quoted(token):
            return "other"
        return "other" if role_of(token) == "therapist" and text in {"i", "me", "my"} else "speaker"
    if text in _SECOND:
        return "speaker" if role_of(token) == "therapist" else "other"
    return "other" if text in _THIRD else None


def _is_quoted(token: Token) -> bool:
    """Whether "I" is said by somebody else: 'she goes I never loved you', 'he said "I left"'."""
    doc = token.doc
    if token.i and word(doc[token.i - 1]) == "goes":
        return True
    begin = _begin(token)
    quotes = [t.i for t in doc[begin : token.i] if t.text in _QUOTES]
    if len(quotes) % 2 == 0:
        return False
    return any(word(t) in {"he", "she", "they"} for t in doc[begin : quotes[-1]])


def _begin(token: Token) -> int:
    """Where the sentence of a token begins; the document where there are no sentences."""
    return token.sent.start if token.doc.has_annotation("SENT_START") else 0


def _who_before(token: Token) -> Experiencer | None:
    """Without a parse: the nearest subject before a word, in its sentence."""
    doc, begin, place = token.doc, _begin(token), token.i
    while place > begin and word(doc[place - 1]) in {"to", "not"}:
        place -= 1
    if place > begin and word(doc[place - 1]) in _OBJECT_FORMS | {"my", "our", "his", "their"}:
        return _by_pronoun(doc[place - 1])
    for i in range(token.i - 1, begin - 1, -1):
        found = _who_at(doc[i], begin)
        if found is not None:
            return found
    return None


def _who_at(token: Token, begin: int) -> Experiencer | None:
    """Who a word names where it can be a subject."""
    text, doc = word(token), token.doc
    after = word(doc[token.i + 1]) if token.i + 1 < len(doc) else ""
    if text in _NO_SUBJECTS or (text in _INDEFINITE and after in {"to", "i", "we"}):
        return None
    found = _by_pronoun(token)
    if found is not None:
        return found
    if token.lower_ in _person_nouns():
        # "Me and my brother": the first of them counts.
        pair = token.i - begin >= 3 and word(doc[token.i - 2]) == "and"
        return (_by_pronoun(doc[token.i - 3]) if pair else None) or "other"
    named = token.is_title and not token.is_stop and token.is_alpha
    return "other" if named and (token.i > begin or after in _FINITE) else None


def _noun_before(token: Token, nouns: frozenset[str]) -> Token | None:
    for i in range(token.i - 1, _begin(token) - 1, -1):
        candidate = token.doc[i]
        if word(candidate) in nouns:
            return candidate
        if word(candidate) in _FIRST | _THIRD:
            return None
    return None
