"""Names of people, organisations and home places: the token model's words made into spans."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ipt_nlp.identifiers.kinds import FoundIdentifier, Kind
from ipt_nlp.identifiers.known import mark_known
from ipt_nlp.identifiers.marks import NEVER, TITLES, Marked
from ipt_nlp.identifiers.model import TokenModel, token_model
from ipt_nlp.identifiers.organisations import (
    STRONG_TAILS,
    find_organisations,
    of_end,
    organisation_kind,
    organise,
)
from ipt_nlp.identifiers.words import lexicon, words
from ipt_nlp.speakers import CLIENT_WORDS, OTHER_WORDS, THERAPIST_WORDS

PERSON_CUT = 0.12
OTHER_CUT = 0.2
SURE = 0.7
"""A name with at least this probability once is a name throughout the text."""

_PARTICLES = frozenset(
    """de da di du del della der den van von bin ibn bint al el la le mac mc o ó ní nic ui ap ab st
    umm abu dos das do e y ter ten te zu af av""".split()
)
_SHORT_TITLES = frozenset("mr mrs ms mx dr prof rev fr sr sgt capt".split())
_SURE_TITLES = TITLES - {"sir", "lady", "doctor", "nurse", "judge", "justice", "officer"}
_KIN = frozenset(
    """sister brother son daughter wife husband friend partner girlfriend boyfriend mother father
    mum mom dad aunt auntie uncle cousin niece nephew boss neighbour neighbor flatmate roommate
    colleague stepdad stepmum stepmom grandson granddaughter fiancé fiancée fiance fiancee ex
    stepson stepdaughter twin baby toddler""".split()
)
_INTRODUCED = re.compile(
    r"\b(?:(?:first|last|full|given|family|middle|legal|maiden|birth|chosen|old|new|student|client|"
    r"patient|preferred|my|his|her|their|your|whose|brother's|sister's|son's|daughter's|the baby's)"
    r" name(?:'s| is| was|:)|name:|surname(?:'s| is|:)|named|name(?:'s| is| was)|goes by|go by|"
    r"known as|nicknamed|christened)(?: (?:just|like|um|uh|actually|is|called))*[ "
    r",]+[\"“']?(?=(\w+))",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"\b(?:(?:is|was|'s|are|he|she|they|it|be|him|her|them|baby|son|daughter|friend|guy|girl|woman|"
    r"man|boy|lad|one|someone|somebody|person|girlfriend|boyfriend|partner|colleague|neighbou?r|"
    r"manager|boss|teacher) called|calls? me|called me|call (?:him|her|me|them))[ "
    r",]+[\"“']?(?=(\w+))",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"(?:[.?!]|\b(?:regards|thanks|thank you|cheers|love|sincerely|yours|best|wishes|bye|xx?))"
    r"[,.!]*\s+(?P<name>[^\W\d_][\w'’-]+(?: [^\W\d_][\w'’-]+)?)[.!]?\s*$",
    re.IGNORECASE,
)
_SPELLED = re.compile(
    r"(?<![\w'’])[A-ZÀ-Þ](?:(?:[ ]?[-–.,][ ]?|[ ])"
    r"(?:[A-ZÀ-Þ](?![\w'’])|fada|accent|umlaut|apostrophe|hyphen|double [A-Z](?!\w))){2,}"
)
_SPELLED_LOWER = re.compile(
    r"(?<![\w'’.])[a-zà-þ](?:(?:[ ]?[-–,][ ]?|[ ](?=fada|accent))"
    r"(?:[a-zà-þ](?![\w'’])|fada|accent)){2,}"
    r"|(?:spel(?:led|t|ling)|it's|its|that's|spell it)[ ,:]+"
    r"(?P<run>[a-z](?:[ ,.-]+[a-z](?![\w'’])){2,})",
)


_FUNCTION_WORDS = frozenset(
    """and but or so if then the a an that this these those what when where why who how it he she
    they we you i there here yes no not""".split()
)
"""Words that begin a turn and are no organisation or place by themselves, whoever spoke before."""


def find_names(
    text: str, speakers: Iterable[str] = (), model: TokenModel | None = None
) -> Iterator[FoundIdentifier]:
    """People, organisations and home places of a text.

    ``speakers`` are labels of turns; names in them count wherever they are said.
    """
    found = words(text)
    marked = Marked(
        text,
        found,
        (model or token_model()).probabilities(text, found),
        mark_known(found),
        lexicon(),
        [None] * len(found),
        [0.0] * len(found),
    )
    _label(marked)
    _spread(marked, {name for label in speakers for name in speaker_names(label)})
    organise(marked)
    _round_off(marked)
    yield from _spans(marked)
    yield from find_organisations(text)
    for pattern in (_SPELLED, _SPELLED_LOWER):
        for match in pattern.finditer(text):
            group = "run" if pattern is _SPELLED_LOWER and match["run"] else 0
            if len(re.findall(r"[^\W\d_]", match[group])) >= 3 and not _is_acronym(match[group]):
                yield FoundIdentifier(*match.span(group), "person", 0.8)


def _is_acronym(spelled: str) -> bool:
    return re.fullmatch(r"(?:[A-Z]\.){2,4}|[A-Z](?: [A-Z]){1,2}", spelled) is not None


def _label(marked: Marked) -> None:
    introduced = _introduced(marked)
    for i, (word, p) in enumerate(zip(marked.found, marked.odds, strict=True)):
        key = word.key
        if key in NEVER or key in TITLES or len(key) == 1 or key.isdecimal():
            continue
        total = 1 - p[0]
        if i in introduced:
            marked.mark(i, "person", max(0.8, p[1]))
            continue
        if _is_known(marked, i):
            continue
        best = max((1, 2, 3), key=lambda n: p[n])
        if best == 1 and total >= PERSON_CUT:
            marked.mark(i, "person", total)
        elif best > 1 and total >= OTHER_CUT and key not in _FUNCTION_WORDS:
            marked.mark(i, "employer" if best == 2 else "place", total)
        elif sure := _stands_out(marked, i):
            marked.mark(i, "person", max(total, sure))


def _is_known(marked: Marked, i: int) -> bool:
    """A well-known name that is not, by its context, somebody's: "Victoria" can be either."""
    group = marked.known[i]
    if group is None or _hyphened(marked, i):
        return False
    beside = (i and marked.known[i - 1] == group) or marked.known[i + 1 : i + 2] == [group]
    if group in {"famous", "calendar", "shorthand", "phrases"} and beside:
        return True
    return not (marked.lists.is_first(marked.found[i].key) and marked.odds[i][1] >= SURE)


def _stands_out(marked: Marked, i: int) -> float:
    """How sure a name is that the model left out: by a title, by a relative, by its capital."""
    word = marked.found[i]
    common = marked.common(i)
    if i and marked.gap(i - 1) in {" ", ". "}:
        before = marked.found[i - 1].key
        titled = before in (_SHORT_TITLES if marked.gap(i - 1) == ". " else _SURE_TITLES)
        if titled and common < 4:
            return 0.75 if common < 3 or word.text[0].isupper() else 0.0
        if (
            marked.gap(i - 1) == " "
            and before in _KIN
            and common < 4
            and word.text[0].isupper()
            and marked.lists.is_first(word.key)
        ):
            return 0.75
    if not (word.text[0].isupper() and word.text[1:].islower()) or marked.begins(i):
        return 0.0
    return 0.4 if not common or (marked.lists.is_first(word.key) and common < 3) else 0.0


def _hyphened(marked: Marked, i: int) -> bool:
    word = marked.found[i]
    after = marked.text[word.end : word.end + 1]
    return "-" in {after, marked.text[max(0, word.start - 1) : word.start]}


def _introduced(marked: Marked) -> set[int]:
    """Words that the text says are names: "my name is ...", "called ...", a signature."""
    begins = {w.start: i for i, w in enumerate(marked.found)}
    lists = marked.lists
    found: set[int] = set()
    for pattern, most in ((_INTRODUCED, 3), (_CALLED, 1)):
        for match in pattern.finditer(marked.text):
            i = begins.get(match.start(1))
            if i is None or marked.known[i] in {"shorthand", "brands", "medicines"}:
                continue
            word = marked.found[i]
            common = marked.common(i)
            capital = word.text[0].isupper() and common < 4
            if capital or common < 2 or (lists.is_first(word.key) and common <= most):
                found.add(i)
    if signed := _SIGNED.search(marked.text):
        last = [i for i, w in enumerate(marked.found) if w.start >= signed.start("name")]
        keys = [marked.found[i].key for i in last]
        named = all(lists.is_first(k) or lists.is_last(k) or not lists.commonness(k) for k in keys)
        if named and all(marked.known[i] is None and marked.common(i) < 4 for i in last):
            found.update(last)
    return found


def _spread(marked: Marked, forced: set[str]) -> None:
    """A name that is sure once is one throughout, in small letters where it is no common word."""
    sure: dict[str, tuple[Kind, float]] = {}
    for word, label, score in zip(marked.found, marked.labels, marked.scores, strict=True):
        if label is not None and score >= SURE and score > sure.get(word.key, (label, 0.0))[1]:
            sure[word.key] = (label, score)
    sure |= dict.fromkeys(forced, ("person", 1.0))
    for i, word in enumerate(marked.found):
        if marked.labels[i] is not None or word.key not in sure:
            continue
        label, score = sure[word.key]
        small_phrase = marked.known[i] == "phrases" and word.text.islower()
        asked_for = word.key in forced and not small_phrase  # "olive oil" beside Olive
        if marked.known[i] is not None and not asked_for and marked.odds[i][1] < 0.3:
            continue
        common = marked.common(i)
        upper = word.text[0].isupper()
        written = upper and (common < 3 or word.key in forced or not marked.begins(i))
        if common < 2 or written or (label == "person" and 1 - marked.odds[i][0] >= 0.08):
            marked.mark(i, label, score * 0.9)


def speaker_names(label: str) -> list[str]:
    """The names in a speaker label, folded: of "Dr. Okafor" the last word, of "T" none."""
    roles = CLIENT_WORDS | THERAPIST_WORDS | OTHER_WORDS | TITLES | {"speaker", "voice"}
    keys = [w.key for w in words(label)]
    return [k for k in keys if len(k) > 1 and not k.isdecimal() and k not in roles]


def _round_off(marked: Marked) -> None:
    """What else belongs to a person's name: the other half of a hyphen, "Big" of "Big Ray"."""
    for i in range(len(marked.found) - 1):
        a, b = marked.labels[i], marked.labels[i + 1]
        gap, word = marked.gap(i), marked.found[i]
        if gap == "-" and (a == "person") != (b == "person") and {a, b} == {"person", None}:
            n = i if a is None else i + 1
            # "ex-Tom" is no name, "Sun-hee" is.
            if a is not None or word.text[0].isupper() or marked.found[i + 1].text[0].islower():
                marked.mark(n, "person", marked.scores[i + (a is None)])
        if b != "person" or a is not None or gap != " ":
            continue
        nickname = word.key in {"big", "lil", "old"} and marked.capital(i)
        if (
            nickname
            or word.key in {"mac", "umm", "abu", "ní", "nic", "ó"}
            or (word.key == "nana" and word.text[0].isupper() and marked.capital(i + 1))
        ):
            marked.mark(i, "person", marked.scores[i + 1])


def _spans(marked: Marked) -> Iterator[FoundIdentifier]:
    labels, text = marked.labels, marked.text
    i = 0
    while i < len(marked.found):
        label = labels[i]
        if label is None:
            i += 1
            continue
        j = i
        while step := _joins(marked, j, label):
            j += step
        score = max(marked.scores[n] for n in range(i, j + 1) if labels[n] == label)
        start, end = marked.found[i].start, marked.found[j].end
        kind: Kind = label
        if label == "employer":
            kind = organisation_kind([marked.found[n].key for n in range(i, j + 1)])
            if re.match(r"['’]s(?=\W|$)(?! [^\W\d_])", text[end : end + 4]):
                end += 2  # "St. Alcuin's": it belongs to the name where nothing is had by it
            elif marked.found[j].key in STRONG_TAILS | {"school"}:
                end = of_end(text, end)
        yield FoundIdentifier(start, end, kind, round(min(score, 0.99), 2))
        i = j + 1


def _joins(marked: Marked, j: int, label: Kind) -> int:
    """How many words further the same name goes on; 0 when it ends here."""
    found, labels = marked.found, marked.labels
    if j + 1 >= len(found):
        return 0
    gap = marked.gap(j)
    if labels[j + 1] == label:
        # After a longer word the dot ends a sentence, and another person begins the next.
        if gap in {" ", "-", "‐", "‑", "'", "’"} or (gap == ". " and len(found[j].key) < 3):
            return 1
        if label != "person" and re.fullmatch(r" ?[&+/] ?|['’]s ", gap):
            return 1
    if j + 2 < len(found) and labels[j + 2] == label:
        joiners = {"and", "of", "the", "for", "at"} if label == "employer" else _PARTICLES
        if found[j + 1].key in joiners and gap in {" ", "-"} and marked.gap(j + 1) in {" ", "-"}:
            return 2
    if label == "employer" and j + 3 < len(found) and labels[j + 3] == label:
        middle = (found[j + 1].key, found[j + 2].key)
        if middle in {("of", "the"), ("and", "the")} and gap == " ":
            return 3
    return 0
