"""Who does what a clause says: the client, somebody else, or both."""

from __future__ import annotations

from spacy.tokens import Doc, Span, Token

from ipt_nlp.codebook import Who
from ipt_nlp.language.experiencer import antecedent_of, is_person
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
_PLAIN_SAYING = frozenset("say says said saying think thinks thought".split())
_GOES = frozenset("goes go went".split())
"""Words that say something only where what is said follows at once: "she goes I don't care"."""
_SAYING = _PLAIN_SAYING | frozenset(
    "tell tells told ask asks asked write wrote text texted answer answered reply replied shout "
    "shouted yell yelled scream screamed".split()
)
_BE = frozenset(
    "am is are was were be been 'm 's 're ’m ’s ’re im hes shes theyre all just".split()
)
_INTERJECTIONS = frozenset(
    "fine ok okay no nope yes yeah look listen well right sure whatever sorry oh hey hi".split()
)
_OPENERS = _INTERJECTIONS | frozenset("i i'm im you why what how do don't dont".split())
"""With one of these begins what somebody "goes" or "is like"."""
_TURNS_AWAY = frozenset(
    "and but so then when while because cause coz cuz which who where although though since as "
    "after before until or".split()
)
"""With these, after a comma, goes on what happened, not what was said."""
_AFTER_SPEECH = frozenset("so but then".split())
_PAUSES = frozenset({",", ":", "-", "–", "—", "..."})
_HEARERS = frozenset("me him her us them you it".split())
_SHE = frozenset("she her hers herself".split())
_HE = frozenset("he him his himself".split())
_THEY = frozenset("they them their theirs themselves".split())
_RELCL = frozenset("acl:relcl relcl advcl:relcl".split())
_SUBORDINATING = frozenset(
    "when whenever where wherever if while because after before until once as since every".split()
)
_THINGS = frozenset("nothing something everything anything".split())
_OBJECTS = frozenset("obj iobj dobj".split())
_AGENTS = frozenset({"obl:agent", "pobj"})
_COMPLEMENTS = frozenset("xcomp ccomp".split())
_SENSES = frozenset(
    "see hear watch notice catch witness overhear observe find feel remember".split()
)
"""What somebody else is seen to do is done by them: "I watched him yell at her"."""
_MAX_CLIMB = 6


def doer_of(span: Span) -> Who:
    """Who acts in a clause, read from its subject, its voice and who speaks.

    A passive clause is turned round ("I was yelled at": the other; "he was yelled at by me": the
    client), what is seen or heard is done by whom one sees ("I watched him yell at her"). In
    speech that is reported without a subject of its own ("she goes fine, whatever") it is the one
    who said it.
    """
    verb = _verb(span)
    # Sentence starts without a parse leave tokens whose children cannot be asked for.
    subject = None
    if span.doc.has_annotation("DEP"):
        agent = _agent(verb)
        if agent is not None:
            return _who(agent)
        subject = _seen_actor(verb, span) or _subject(verb)
        if subject is not None and subject.lower_ in _NOBODY:
            # "He said it was only a joke": whoever says so.
            subject = _teller(verb)
    if subject is None:
        subject = _nearest(span)
    # "Got yelled at again": who speaks leaves himself out.
    who = _speaker(span[0]) if subject is None else _who(subject)
    # Of somebody else it is not said by whom; that it was the client would have to be said.
    return "other" if who == "client" and _is_passive(verb) else who


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
                return _antecedent(at)
            return own
        if at.dep_ in {"acl:relcl", "relcl", "acl"}:
            return _antecedent(at)
        if at.head is at or at.dep_ not in {"conj", "xcomp", "advcl", "ccomp", "parataxis", "aux"}:
            return None
        at = at.head
    return None


def _antecedent(verb: Token) -> Token:
    """Of whom a relative clause speaks; in "I'm the one who ..." it is the subject before."""
    found = antecedent_of(verb)
    return verb.head if found.lower_ in _NOBODY | _RELATIVE else found


def _seen_actor(verb: Token, span: Span) -> Token | None:
    """Who does what somebody sees or hears: "him" in "I watched him yell at her"."""
    if verb.lemma_.lower() not in _SENSES:
        return None
    for seen in (c for c in verb.children if c.dep_ in _OBJECTS and _is_somebody(c)):
        acts = [c for c in verb.children if c.dep_ in _COMPLEMENTS]
        acts += [c for c in seen.children if c.dep_ == "acl" and c.tag_ == "VBG"]
        # "I saw him to apologise": the one who acts is not the one who is seen.
        bare = (a for a in acts if not any(c.lower_ == "to" for c in a.lefts))
        if any(seen.i < act.i < span.end for act in bare):
            return seen
    return None


def _is_somebody(token: Token) -> bool:
    return is_person(token) or (
        token.pos_ == "PRON" and token.lower_ not in _NOBODY | _RELATIVE | _THINGS
    )


def _agent(verb: Token) -> Token | None:
    """Who acts in a passive clause, where it is said: "by my boss"."""
    if any(c.dep_ in _SUBJECTS for c in verb.children):
        return None
    for child in verb.children:
        if child.dep_ == "agent":
            return next((c for c in child.children if c.dep_ == "pobj"), None)
        by = next((c for c in child.lefts if c.dep_ == "case" and c.lower_ == "by"), None)
        if by is None or by.i == 0:
            continue
        # A stranded preposition tells "yelled at by him" from "sat by him".
        stranded = by.nbor(-1).head == verb and by.nbor(-1).pos_ in {"ADP", "PART"}
        if child.dep_ in _AGENTS or (stranded and _is_somebody(child)):
            return child
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
    others = _beside(subject) if subject.doc.has_annotation("DEP") else ()
    if text in _WE or (text not in _I and any(c.lower_ in {"i", "me"} for c in others)):
        return "both"
    if text in _I:
        if any(c.pos_ == "PRON" or is_person(c) for c in others):
            return "both"
        return "other" if _quoted_speaker(subject) == "other" else "client"
    if text in _YOU:
        # Talking to the other ("you always do this"): who said it is who does it.
        return _quoted_speaker(subject) or ("client" if _speaker(subject) == "client" else "other")
    return "other"


def _beside(subject: Token) -> list[Token]:
    """Who else a verb has as its subject."""
    if subject.dep_ not in _SUBJECTS | _PASSIVE | _OBJECTS | _AGENTS:
        # In "me and a woman who left" the woman left alone.
        return []
    others = list(subject.conjuncts)
    if subject.dep_ in _SUBJECTS | _PASSIVE:
        # A parser can give "my sister and I" two subjects instead of one with a conjunct.
        twins = (c for c in subject.head.children if c.dep_ in _SUBJECTS and c.i > subject.i)
        others += [c for c in twins if c.nbor(-1).lower_ == "and"]
    return others


def _quoted_speaker(token: Token) -> Who | None:
    """Who says the words around a token, where they are quoted or follow "he said"."""
    doc = token.doc
    start = max(0, token.i - 12)
    if doc.has_annotation("SENT_START"):
        start = max(start, token.sent.start)
    verb = next((t for t in reversed(doc[start : token.i]) if _is_saying(t)), None)
    if verb is None:
        return None
    sayer = _sayer(verb, start)
    if sayer is None or (token.lower_ not in _YOU and not _is_direct(verb, sayer, token)):
        return None
    return "client" if sayer.lower_ in _I else "other"


def _is_saying(token: Token) -> bool:
    text, doc = token.lower_, token.doc
    if text in _SAYING:
        return True
    if text in _GOES:
        # "Wherever he goes I follow."
        quotes = not _is_subordinate(token)
    elif text == "like":
        before = doc[token.i - 1].lower_ if token.i > 1 else ""
        quotes = before in _GOES or (before in _BE and not _of_nobody(token))
    else:
        return False
    after = doc[token.i + 1] if token.i + 1 < len(doc) else None
    return quotes and after is not None and (after.lower_ in _OPENERS | _PAUSES | _QUOTES)


def _is_subordinate(verb: Token) -> bool:
    if not verb.doc.has_annotation("DEP"):
        return False
    # The label alone does not tell: in "he goes, sorry to bother you" the speech can be the head.
    return verb.dep_ in _RELCL or any(c.lower_ in _SUBORDINATING for c in verb.lefts)


def _of_nobody(like: Token) -> bool:
    """Whether it is a thing that is like something: "it was like I was invisible"."""
    before = (t.lower_ for t in reversed(like.doc[max(0, like.i - 4) : like.i]))
    return next((t for t in before if t not in _BE), "it") in _NOBODY


def _sayer(verb: Token, start: int) -> Token | None:
    """The subject of a verb of saying; by the words before it where the tree has none."""
    subject = None
    if verb.doc.has_annotation("DEP") and verb.lower_ in _SAYING:
        subject = _subject(verb)
    if subject is not None and subject.i < verb.i:
        return subject
    for token in reversed(verb.doc[start : verb.i]):
        if token.lower_ in _PRONOUNS | _CLIENT_NOUNS or is_person(token):
            return token
    return None


def _is_direct(verb: Token, sayer: Token, token: Token) -> bool:
    """Whether a token is in the words of who says something, not in what happened then."""
    if _marks(verb.doc[verb.i : token.i]):
        # From where the sentence begins: the verb can be in the quotation itself.
        start = token.sent.start if verb.doc.has_annotation("SENT_START") else 0
        return _marks(verb.doc[start : token.i]) % 2 == 1
    begin = _speech_begin(verb)
    if begin is None or begin > token.i or verb.doc[begin].lower_ in _TURNS_AWAY:
        return False
    around = _words_around(token)
    if around & _YOU:
        return True
    if around & _echoes(sayer):
        return False
    before = [t.lower_ for t in verb.doc[begin : token.i]]
    if _AFTER_SPEECH & set(before[-2:]):
        return False
    return verb.lower_ not in _SAYING - _PLAIN_SAYING or not _is_past(token)


def _marks(words: Span) -> int:
    # The apostrophe of "my parents' house" is no quotation mark.
    return sum(1 for t in words if t.text in _QUOTES and t.dep_ != "case")


def _speech_begin(verb: Token) -> int | None:
    """Where speech without quotation marks begins: "he said to me, |", "she goes |"."""
    doc, at = verb.doc, verb.i + 1
    if _is_subordinate(verb):
        # "When he said that, I left."
        return None
    if verb.lower_ not in _SAYING and doc[at].text not in _PAUSES:
        return at
    if at < len(doc) and doc[at].lower_ in {"to", "at"}:
        at += 1
    if at + 1 < len(doc) and doc[at].lower_ in {"my", "his", "her", "our", "their"}:
        at += 1 if is_person(doc[at + 1]) else 0
    if at < len(doc) and (doc[at].lower_ in _HEARERS or is_person(doc[at])):
        at += 1
    while at < len(doc) and doc[at].lower_ in _INTERJECTIONS:
        at += 1
    return at + 1 if at + 1 < len(doc) and doc[at].text in _PAUSES else None


def _words_around(token: Token) -> set[str]:
    """The words of a token's clause, as far as the next comma or "and"."""
    found: set[str] = set()
    end = token.sent.end if token.doc.has_annotation("SENT_START") else len(token.doc)
    for after in token.doc[token.i + 1 : end]:
        if after.is_punct or after.lower_ in {"and", "but", "so"}:
            break
        found.add(after.lower_)
    return found


def _echoes(sayer: Token) -> frozenset[str]:
    """Words that would name the sayer, which nobody says of himself: "he said hi, I hit him"."""
    for forms in (_HE, _SHE, _THEY):
        if sayer.lower_ in forms:
            return forms
    return _HE | _SHE | _THEY if sayer.lower_ not in _I | _YOU else frozenset()


def _is_past(subject: Token) -> bool:
    if not subject.doc.has_annotation("DEP"):
        return True
    verb = subject.head
    first = next((c for c in verb.children if c.dep_ in {"aux", "cop", "aux:pass"}), verb)
    return first.tag_ == "VBD"


def _is_passive(verb: Token) -> bool:
    if not verb.doc.has_annotation("DEP"):
        return False
    if any(c.dep_ in {"aux:pass", "auxpass"} for c in verb.children):
        # "I been thinking" is none, whatever the parse says.
        return verb.tag_ != "VBG"
    # "I was yelled at and laughed at": one auxiliary for both, but "I was fired and yelled".
    if verb.dep_ != "conj" or verb.tag_ != "VBN":
        return False
    alone = not any(c.dep_ in _SUBJECTS | _PASSIVE | _OBJECTS for c in verb.children)
    return alone and _is_passive(verb.head)


def _speaker(token: Token) -> Who:
    return "other" if role_of(token) == "other" else "client"


def is_note(doc: Doc) -> bool:
    """Whether a document speaks of the client in the third person."""
    return any(t.lower_ in _CLIENT_NOUNS for t in doc)
