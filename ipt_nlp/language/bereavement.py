"""Whether the words around a mention say that the person has died, or is alive."""

from __future__ import annotations

from spacy.tokens import Doc, Span, Token

from ipt_nlp.language.relations import Gender, first_names, relation_data

_DEAD = frozenset("late deceased dead".split())
_THINGS = frozenset("funeral death grave ashes passing headstone memorial wake burial".split())
_BETWEEN = frozenset(
    """who that has had have 've just also then suddenly both all , he she actually finally um uh
    got sick ill and already sort of kind was""".split()
)
_PRONOUNS: dict[str, Gender] = {"he": "m", "she": "f"}
_POSSESSIVES: dict[str, Gender] = {"his": "m", "her": "f"}
_HE: frozenset[Gender] = frozenset(("m",))
_SHE: frozenset[Gender] = frozenset(("f",))
_EITHER = _HE | _SHE
# Whom "she died" may mean as well, or instead; people who are mentions end the search anyway.
_ANIMALS = frozenset(
    """cat dog hamster rabbit bunny pet puppy kitten horse pony bird budgie parrot canary fish
    goldfish gerbil tortoise turtle ferret rat mouse snake lizard pig hen sheep cow
    goat vet""".split()
)
_OTHERS: dict[str, frozenset[Gender]] = {
    **dict.fromkeys(_ANIMALS, _EITHER),
    **dict.fromkeys("man guy bloke boy gentleman lad chap bull".split(), _HE),
    **dict.fromkeys("woman girl lady lass".split(), _SHE),
    **dict.fromkeys("patient neighbour neighbor colleague stranger kid".split(), _EITHER),
}
_IS = frozenset("is 's ’s was were be been being became like as such".split())
_PREPOSITIONS = frozenset("at to with by from near for of in on about".split())
_PREDICATE_WINDOW = 5
_UNREAL = frozenset(
    "if wish wished dream dreamed dreamt thought imagine pretend unless like until".split()
)
_BURY = frozenset("buried bury burying cremated mourning grieving".split())
_PRONOUN_WINDOW = 60
_AUXILIARIES = frozenset(
    "have has had 've ’ve 'd ’d did do be been ever even actually really just".split()
)
_NOT_SO = frozenset("never not n't n’t nt nearly almost hardly could might would may".split())
_PLACES = frozenset(
    """supermarket airport station shop store mall market crowd crowds museum zoo theatre theater
    concert festival party queue maze carpark casino fair ikea tesco asda aldi lidl walmart
    costco""".split()
)
_MINUTES = frozenset("second seconds minute minutes hour hours moment while".split())
_NOT_DEAD = frozenset("to inside tired set serious wrong certain sure against keen asleep".split())
_NOT_DIED = frozenset("laughing inside".split())
_OF_EXCESS = frozenset(
    "shame embarrassment laughter laughing boredom humiliation happiness joy curiosity".split()
)
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
        return not (
            _unreal(doc, span.start - 1) or _denied(doc, span.start - 1) or _found_again(span)
        )
    if words[-2:] in (["death", "of"], ["funeral", "of"], ["grave", "of"]):
        return True
    end = span.end
    if end < len(doc) and doc[end].lower_ in ("'s", "’s") and _thing(doc, end + 1):
        return True
    if _dies(doc, end, stop) and not _unreal(doc, span.start):
        return True
    if known is not None and known.kind == "role":
        return False  # "The doctor ... he died" is somebody else.
    gender = known.gender if known is not None else None
    if gender is None:
        gender = next((g for t in span if (g := first_names().get(t.lower_))), None)
    return _pronoun_dies(doc, end, min(stop, end + _PRONOUN_WINDOW), gender)


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


def _pronoun_dies(doc: Doc, start: int, stop: int, gender: Gender | None) -> bool:
    """Whether "he" or "she" dies who can be nobody but a person of this gender (None: either)."""
    left = _EITHER if gender is None else frozenset((gender,))
    for token in doc[start:stop]:
        if _is_somebody_else(token):
            left -= _OTHERS[token.lower_]
        if not left:
            return False
        if (
            _PRONOUNS.get(token.lower_) in left
            and _dies(doc, token.i + 1, stop)
            and not _unreal(doc, token.i)
        ):
            return True
        if _POSSESSIVES.get(token.lower_) in left and _thing(doc, token.i + 1):
            return True
    return False


def _is_somebody_else(token: Token) -> bool:
    if token.lower_ not in _OTHERS:
        return False
    doc, i = token.doc, token.i
    if i + 1 < len(doc) and doc[i + 1].tag_.startswith("NN"):
        return False  # "a dog person", "the cat food"
    is_verb = i > 0 and doc[i - 1].lower_ == "to"  # "he loved to fish"
    return not is_verb and not _is_predicate(token)


def _is_predicate(noun: Token) -> bool:
    """Whether it says what the person is: "my dad was a good, kind man"."""
    for token in reversed(noun.doc[max(0, noun.i - _PREDICATE_WINDOW) : noun.i]):
        if token.lower_ in _IS:
            return True
        if token.lower_ in _PREPOSITIONS or token.lower_.endswith("ing"):
            return False
    return False


def _denied(doc: Doc, i: int) -> bool:
    """Whether the verb at ``i`` did not happen: "never lost", "nearly lost", "could have lost"."""
    while i > 0:
        i -= 1
        if doc[i].lower_ in _NOT_SO:
            return True
        if doc[i].lower_ not in _AUXILIARIES:
            return False
    return False


def _found_again(span: Span) -> bool:
    """Whether "lost my husband" goes on with a place or a time for which people lose each other."""
    doc = span.doc
    after = [t.lower_ for t in doc[span.end : span.end + 5]]
    if after[:1] in (["in"], ["at"]):
        return bool(_PLACES.intersection(after[1:4])) and not {"accident", "fire"} & {*after}
    if after[:1] == ["for"]:
        return bool(_MINUTES.intersection(after[1:4]))
    return after[:2] == ["to", "another"]


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
            return not _is_figure(doc, i)
        if word == "passed" and following in _AFTER_PASSED:
            return True
        if (word == "born" and following == "dead") or word == "stillborn":
            return True
        if word in ("was", "were", "got") and following == "killed":
            return True
        if word == "killed" and following in ("himself", "herself"):
            return True
        if word in ("is", "'s", "’s") and following in ("dead", "deceased"):
            return not (following == "dead" and _next_in(doc, i + 2, _NOT_DEAD))
        if word == "took" and [t.lower_ for t in doc[i + 2 : i + 4]] == ["own", "life"]:
            return True
        if word not in _BETWEEN:
            return False
    return False


def _is_figure(doc: Doc, i: int) -> bool:
    """Whether "died" at ``i`` is a way of speaking: of shame, laughing."""
    if _next_in(doc, i + 1, frozenset(("of", "from", "with"))):
        return _next_in(doc, i + 2, _OF_EXCESS)
    return _next_in(doc, i + 1, _NOT_DIED)


def _next_in(doc: Doc, i: int, words: frozenset[str]) -> bool:
    return i < len(doc) and doc[i].lower_ in words
