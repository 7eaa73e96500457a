"""Employers, schools and small places: a name and the words after it that say what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ipt_nlp.identifiers import surrogates
from ipt_nlp.identifiers.kinds import FoundIdentifier, Kind
from ipt_nlp.identifiers.known import known_names
from ipt_nlp.identifiers.marks import NEVER, TITLES, Marked
from ipt_nlp.identifiers.words import lexicon, words

STRONG_TAILS = frozenset(
    """academy college university primary elementary polytechnic infirmary hospital hospice bakery
    logistics ltd llp inc plc llc corp corporation dental surgery clinic pharmacy foundry brewery
    laundry nursery preschool kindergarten conservatory seminary institute systems solutions
    holdings industries associates enterprises partners consulting motors freight timber joinery
    vets veterinary packaging foods dairy electronics aerospace plumbing roofing carpets
    recruitment tabernacle parish chapel cathedral minster synagogue mosque gurdwara temple
    mandir""".split()
)
"""Words that make an organisation of the name before them."""

_TAILS = (
    STRONG_TAILS
    | {w.lower() for e in surrogates.WORKPLACES + surrogates.SCHOOLS for w in e.split()}
    | frozenset(
        """church school home centre center shop store stores cafe café bar pub inn arms restaurant
        grill diner kitchen bank trust council society union club group company co services care
        house lodge nursing practice health memorial rehab labs lab studio studios gallery library
        museum theatre mill mills works factory yard farms farm ranch nurseries gardens agency form
        sixth technical community grammar junior infant infants middle high secondary prep tutoring
        law repair auto tire brake supply rentals rental security technologies tech media press
        steel glass water gas electric power energy mutual assurance insurance claims credit
        capital estates properties builders construction contractors haulage transport taxis cabs
        couriers deliveries airlines cleaning cleaners catering salon spa gym fitness books
        printing signs textiles surf paper flooring windows kennels stables fisheries seafood
        bridgeworks shipyard quarry distillery orchards vineyards state""".split()
    )
)
_SCHOOL_WORDS = frozenset(
    """academy college university primary elementary polytechnic school kindergarten preschool
    nursery grammar infants infant junior secondary prep sixth form technical high middle institute
    université universite seminary tech""".split()
)
_NOT_SCHOOL = frozenset("hospital clinic surgery restaurant bank".split())
_PLACE_TAILS = frozenset(w.lower() for w in surrogates.PLACE_SECOND) | frozenset(
    "flats springs village town island mountain lake river county reserve reservation".split()
)
_WORK_BEFORE = re.compile(
    r"\b(?:work(?:s|ed|ing)?(?: \w+){0,2}? (?:at|for|in)|job (?:at|with)|employed (?:at|by)|"
    r"stud(?:y|ies|ied|ying)(?: \w+)? (?:at|in)|student (?:at|in|of)|shift at|"
    r"manager (?:at|of)|intern(?:ship)? (?:at|with)|laid off from|fired from|hired (?:at|by)|"
    r"teach(?:er|es|ing)?(?: \w+){0,3}? at|driver for|drive for|reception at|volunteer(?:ed|ing)? "
    r"at|years? at|back at|staff at|everyone at|at the|classes at|apprenticeship at|"
    r"clean(?:s|ed|ing)? (?:at|for)|counsel(?:l)?or at|nurse at|team at|leave from|shop,|"
    r"called)[ ]$",
    re.IGNORECASE,
)
_AT = re.compile(r"\b(?:at|for|from|in|to|near|of|outside|around|by|leads|runs|joined)[ ]$", re.I)
_IN = re.compile(r"(?:\b(?:in|near|from|at|to|outside|around|by|of|called|is)|[,:])[ ]$", re.I)
_OF = re.compile(
    r"\b(?:Our Lady|Church|Sisters|Brothers|University|College|Institute|School|Academy|Hospital|"
    r"Bank|Order|Society|Friends) of (?:the )?(?:[A-ZÀ-Þ][\w’'-]+)(?: [A-ZÀ-Þ][\w’'-]+)?"
    r"|\b(?i:our lady of (?:the )?[\w’'-]+|universit(?:e|é|y) d(?:u|e|es|e la) [\w’'-]+)"
)
_AND = re.compile(
    r"(?P<head>\b(?:at|for|from|in|by|with|the|of|[Tt]o)[ ])?"
    r"(?P<name>(?P<a>[^\W\d_][\w’'-]+) & (?P<b>[^\W\d_][\w’'-]+))"
)


_AFTER_AT = re.compile(
    r"\b(?:at|in|from|to|for|of|by|attends?|attended|joined|runs|leads|outside|near)[ ](?:the[ ])?"
    r"(?P<name>(?P<first>[^\W\d_][\w’'-]*)(?:[ ][^\W\d_][\w’'-]*)?[ ]"
    rf"(?P<tail>{'|'.join(sorted(STRONG_TAILS))}|high school|middle school|grammar school|"
    r"secondary school|prep school|high|school of [^\W\d_]+))\b(?! (?:school|school's)\b)",
    re.IGNORECASE,
)
_GENERIC = frozenset(
    """a an the my his her their our your this that these old new local community state public
    private junior senior night online last first second third fourth medical law nursing business
    art graduate grad boarding catholic middle high primary same another any some big small good
    elementary secondary whole nearest dental day eye pain memory sleep mental crisis family
    psychiatric general children's teaching fertility methadone health outpatient inpatient vet
    doctor's animal maternity open sixth infant college university hospital theological teacher
    training technical city country county village town main central weekend sunday walk-in free
    uni and or with from anger womens women's men's postgraduate undergraduate her's us uk american
    british english hindu sikh jewish buddhist muslim baptist methodist trade real all both every
    ivy league heating car cell energy nervous immune operating solar support value new-build
    department each one""".split()
)
"""Words that say what sort of school or hospital it is, and not which."""
_TIES = frozenset(
    "and or since in at the of to for a my his her then from with is was into".split()
)


def find_organisations(text: str) -> Iterator[FoundIdentifier]:
    """Names that follow a form of their own: "Our Lady of ...", "X & Y"."""
    for match in _OF.finditer(text):
        named = words(match[0])
        if tuple(w.key for w in named[-1:]) not in known_names():
            yield FoundIdentifier(
                match.start(), match.end(), organisation_kind([w.key for w in named]), 0.7
            )
    lists = lexicon()
    for match in _AFTER_AT.finditer(text):
        named = words(match["name"])
        first = match["first"].lower()
        if first in _GENERIC or first in NEVER or lists.commonness(first) == 4:
            continue
        middle = [w.key for w in named[1:] if w.start < match.start("tail") - match.start("name")]
        if tuple(w.key for w in named[:1]) in known_names() or set(middle) & _TIES:
            continue
        kind = organisation_kind([w.key for w in named])
        yield FoundIdentifier(*match.span("name"), kind, 0.5)
    for match in _AND.finditer(text):
        a, b = match["a"], match["b"]
        keys = [w.key for w in words(match["name"])]
        if tuple(keys) in known_names() or all(lists.commonness(k) == 4 for k in keys):
            continue
        capital = a[0].isupper() and b[0].isupper() and not all(lists.is_first(k) for k in keys)
        if capital or (match["head"] and a[0].islower()):
            yield FoundIdentifier(
                match.start("name"), match.end("name"), "employer", 0.6 if capital else 0.4
            )


def organise(marked: Marked) -> None:
    """Extend labelled names by the words that belong to them, and label names by such words."""
    for i, word in enumerate(marked.found):
        if word.text.isdecimal() or len(word.key) < 2 or word.key in TITLES | NEVER:
            continue
        named = marked.labels[i] is not None
        rare = marked.common(i) < 2
        if not named and (marked.known[i] is not None or not (rare or marked.capital(i))):
            continue
        if _is_place(marked, i):
            continue
        if word.key not in _TAILS and (named or marked.common(i) < 4):
            _organisation_at(marked, i, rare)
    for i, label in enumerate(marked.labels):
        if label == "employer" and i and marked.labels[i - 1] is None:
            _reach_back(marked, i)
    _drop_plain(marked)


def _is_place(marked: Marked, i: int) -> bool:
    """A name before "Falls" or "island", after "in": label both a place."""
    if i + 1 >= len(marked.found) or marked.gap(i) not in {" ", "'s ", "’s "}:
        return False
    word, after = marked.found[i], marked.found[i + 1]
    if after.key not in _PLACE_TAILS or word.text[0].isupper() != after.text[0].isupper():
        return False
    if i + 2 < len(marked.found) and marked.gap(i + 1) == " ":
        beyond = marked.found[i + 2]
        if beyond.key in _TAILS and beyond.text[0].isupper() == word.text[0].isupper():
            return False  # "Holloway Creek Elementary"
    if word.text[0].islower() and marked.common(i) > 1 and marked.labels[i] != "place":
        return False
    first = i
    while first and marked.labels[first - 1] == "place" and marked.gap(first - 1) in {" ", ". "}:
        first -= 1
    if first and marked.found[first - 1].key == "st":
        first -= 1
    if marked.labels[i] != "place" and not _IN.search(marked.before(first, 14)):
        return False
    for n in range(first, i + 2):
        marked.mark(n, "place", max(0.5, marked.scores[i]))
    return True


def _organisation_at(marked: Marked, i: int, rare: bool) -> None:
    end = _tail_end(marked, i)
    if end == i:
        return
    tails = [marked.found[n].key for n in range(i + 1, end + 1)]
    strong = any(t in STRONG_TAILS for t in tails)
    label = marked.labels[i]
    titled = i > 0 and marked.found[i - 1].key in TITLES
    follows = marked.labels[i + 1] == "employer"
    at_work = _WORK_BEFORE.search(marked.before(i, 45)) is not None
    # "Mr Chapel", "Anna House" after "with": a person, unless a place of work is expected.
    if label == "person" and (titled or not (strong or follows or at_work)):
        return
    at = _AT.search(marked.before(i, 12)) is not None
    capital = marked.capital(i)
    worth = label == "employer" or (strong and (capital or rare))
    worth = worth or (at and rare and marked.common(i) == 0)
    worth = worth or ((capital or rare) and at_work)
    worth = worth or (capital and marked.found[end].text[0].isupper() and label is not None)
    if not worth:
        return
    for n in range(i, end + 1):
        marked.mark(n, "employer", max(marked.scores[i], 0.6))


def _tail_end(marked: Marked, i: int) -> int:
    """The last of the words after ``i`` that say what kind of organisation it is."""
    capital = marked.found[i].text[0].isupper()
    end = i
    while end + 1 < len(marked.found):
        if marked.gap(end) not in {" ", "-", " & ", "'s ", "’s "}:
            break
        after = marked.found[end + 1]
        small = after.text[0].islower()
        if after.key in _TAILS and not (capital and small and after.key not in STRONG_TAILS):
            end += 1
        elif after.key not in _TAILS and (middle := _tail_beyond(marked, end + 1, capital)):
            end = middle
        else:
            break
    return end


def _tail_beyond(marked: Marked, at: int, capital: bool) -> int:
    """Where a tail stands after one or two more words of the name; 0 when none does."""
    for n in range(at, min(at + 3, len(marked.found))):
        word = marked.found[n]
        if n > at and marked.gap(n - 1) not in {" ", "-"}:
            return 0
        if word.key in STRONG_TAILS | {"high", "school", "center", "centre"} and n > at:
            return n
        usable = word.text[0].isupper() if capital else marked.common(n) < 3
        if not usable or word.key in NEVER:
            return 0
    return 0


def _reach_back(marked: Marked, i: int) -> None:
    """Words before an organisation's name that begin it: "St", capitals, what "of" ties on."""
    n = i - 1
    while n >= 0:
        word = marked.found[n]
        if marked.gap(n) not in {" ", ". ", "-", " & "} or marked.labels[n] is not None:
            return
        saint = word.key in {"st", "saint", "san", "santa", "mount"}
        plain = word.key in TITLES | NEVER or marked.known[n] is not None or len(word.key) == 1
        if not saint and (plain or not marked.capital(n)):
            return
        marked.mark(n, "employer", marked.scores[i])
        n -= 1


def _drop_plain(marked: Marked) -> None:
    """Unlabel organisations and places of which no word is out of the ordinary."""
    i, count = 0, len(marked.found)
    while i < count:
        label = marked.labels[i]
        if label not in {"employer", "place"}:
            i += 1
            continue
        j = i
        while j + 1 < count and marked.labels[j + 1] == label:
            j += 1
        inside = range(i, j + 1)
        telling = any(
            marked.capital(n) or marked.common(n) < 2 or (marked.common(n) < 3 and j > i)
            for n in inside
        )
        if not telling and max(marked.scores[n] for n in inside) < 0.85:
            for n in inside:
                marked.labels[n], marked.scores[n] = None, 0.0
        i = j + 1


def organisation_kind(keys: Sequence[str]) -> Kind:
    """School or employer, by the words of the name."""
    if any(k in _NOT_SCHOOL for k in keys):
        return "employer"
    return "school" if any(k in _SCHOOL_WORDS for k in keys) else "employer"


def of_end(text: str, end: int) -> int:
    """The end of "College of Nursing" for the end of "College"."""
    match = re.match(r" of (?:the )?[A-ZÀ-Þ][\w’'-]+(?: (?:and|&) [A-ZÀ-Þ][\w’'-]+)?", text[end:])
    return end + match.end() if match else end
