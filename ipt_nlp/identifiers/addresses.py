"""Streets with numbers, postcodes, and descriptions that fit one person only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ipt_nlp.identifiers.kinds import FoundIdentifier
from ipt_nlp.identifiers.words import fold, lexicon, words

_CLEAR = (
    "street st road rd avenue ave lane ln drive dr close court ct crescent cres cr terrace ter "
    "boulevard blvd highway hwy parkway pkwy mews gardens gdns grove wynd quay croft square sq "
    "cottages alley strasse straße circle cir loop trail trl turnpike"
).split()
_UNCLEAR = (
    "place pl way rise row walk parade yard gate hill bend view green park vale fold path plaza "
    "wharf "
    "ridge run pike pass crossing heights hts point mount brae bank strand cross villas buildings "
    "meadow meadows field fields end side wood woods glen orchard reach landing cove creek hollow "
    "chase drove garth lea mead bridge corner island shore spur fork bluff crest canyon causeway"
).split()
_SMALL_NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
).split()
_SPELLED = rf"(?:{'|'.join(_SMALL_NUMBERS)})(?:[- ](?:{'|'.join(_SMALL_NUMBERS)}))?"
_UNIT = (
    r"(?:flat|apartment|apt|unit|suite|ste|room|rm|bungalow|lot|[#]|block|house|top flat|"
    r"basement flat|garden flat|caravan|trailer|box)"
)
_NAME = r"[^\W\d_][\w'’.-]{0,40}"
_STREET = re.compile(
    rf"""(?<![\w/£$€.-])
    (?P<unit>(?:{_UNIT}\.?[ ]?[#]?\d*[a-z]?\d*|(?:the[ ])?{_NAME}(?:[ ](?:house|cottage|lodge|
      farm|court|barn|byre|mill|hall|building))?),?[ ])?
    (?P<number>\d{{1,5}}[ ]?[a-d]?(?:[-–/]\d{{1,4}})?(?:[ ]1/2)?|{_SPELLED})\b,?[ ]
    (?P<name>(?:(?:n|s|e|w|ne|nw|se|sw|north|south|east|west|old|upper|lower|little|great)\.?[ ])?
      (?:{_NAME}[ ]){{1,3}}?)
    (?P<type>{"|".join(_CLEAR + _UNCLEAR)})\b(?:[ ](?:{"|".join(_CLEAR)})\b)?(?P<dot>\.(?=[ ,]))?
    (?P<after>,?[ ](?:{_UNIT}\.?[ ]?[#]?\d*[a-z]?\d*[a-z]?)\b)?""",
    re.VERBOSE | re.IGNORECASE,
)
_FOREIGN = re.compile(
    rf"(?<![\w/£$€.-])\d{{1,4}}[a-d]?,?[ ](?:rue|avenue|boulevard|chemin|place|via|viale|piazza|"
    rf"calle|"
    rf"avenida|paseo|rua|ulica|ul\.|plaza|camino|allée|allee|impasse|quai|route)[ ]"
    rf"(?:(?:de|du|des|la|le|les|del|della|di|da|do|dos|das|los|las|l'|d')[ ]?)*{_NAME}"
    rf"(?:[- ](?-i:[A-ZÀ-Þ])[\w'’-]*)*",
    re.IGNORECASE,
)
_BUILDING = re.compile(
    rf"(?-i:(?:[A-ZÀ-Þ][\w'’-]*[ ]){{1,3}})?(?:{_NAME}[ ])(?:hall|house|court|tower|towers|"
    rf"building|lodge|residence|residences|"
    rf"block|dorm|manor|apartments|heights|halls)[,]?[ ](?:room|rm|flat|apt|apartment|unit|suite|"
    rf"#)\.?[ ]?\#?\d+[a-z]?\b",
    re.IGNORECASE,
)
_UNIT_ALONE = re.compile(
    r"\b(?:flat|apartment|apt|unit|suite)\.?[ ]?#?\d+[a-z]?,[ ]\d{1,5}[a-z]?[ "
    r"](?:[^\W\d_][\w'’-]*[ ,.]){1,3}",
    re.IGNORECASE,
)
_LIVES = re.compile(
    rf"\b(?:address(?:[ ]is)?|lives?[ ](?:at|in)|living[ ]at|live|staying[ ]at|stay[ ]at|moved[ "
    rf"]to|"
    rf"moving[ ]to|sent[ ]to|it[ ]to|visit[ ]to|he's[ ]at|she's[ ]at|i'm[ ]at|it's)[ :,]+"
    rf"(?P<a>\d{{1,5}}[a-d]?[ ](?:{_NAME}[ ]?){{1,3}})",
    re.IGNORECASE,
)
_PO_BOX = re.compile(r"\bp\.?[ ]?o\.?[ ]?box[ ]\d+\b", re.IGNORECASE)

_UK = r"(?:[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2})"
_CANADA = r"(?:[A-Z]\d[A-Z][ -]?\d[A-Z]\d)"
_IRELAND = r"(?:[AC-FHKNPRTV-Y]\d[\dW][ ]?[\dAC-FHKNPRTV-Y]{4})"
_POSTCODE = re.compile(rf"(?<![\w-])(?:{_UK}|{_CANADA})(?![\w-])", re.IGNORECASE)
_EIRCODE = re.compile(rf"(?<![\w-]){_IRELAND}(?![\w-])")
_STATES = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ "
    "NM NY "
    "NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC NSW VIC QLD TAS ACT"
).split()
_ZIP = re.compile(
    rf"(?:(?-i:\b(?:{'|'.join(_STATES)})\b)[., ]+|\b(?:zip|zip code|zipcode|postcode|post code|"
    rf"postal code|"
    rf"postal)(?: is|'s|:)?[ ]+)(?P<zip>\d{{4,5}}(?:-\d{{4}})?)\b",
    re.IGNORECASE,
)
_AFTER_ADDRESS = re.compile(
    r"(?:[., ]+(?:[^\W\d_][\w'’.-]*[ ,]+){0,4}?)(?P<zip>\d{4,5}(?:-\d{4})?)(?!\w|[.,]\d)"
)
_RARE = re.compile(
    r"\b(?P<o>(?:the|its|our) (?:only|first|last|sole|youngest|oldest|one|lone|single)(?: "
    r"[\w'’-]+){1,7}?"
    r"(?: ever (?:had|made|saw|seen|elected|hired|got|sent|produced)"
    r"| (?:in|on|of|at|for|from) (?:the|this|that|our|my) (?:whole |entire )?(?:island|village|"
    r"county|"
    r"diocese|valley|parish|district|harbou?r|glen|reservation|reserve|region|town|borough|shire|"
    r"prefecture|province|peninsula|tribe|congregation|squadron|regiment|lifeboat|mountain|islands)))\b",
    re.IGNORECASE,
)
_THE_X_WHO = re.compile(
    r"\b(?P<o>the (?:one|twin|girl|boy|woman|man|lad|kid|guy|teacher|vicar|priest|doctor|nurse|"
    r"mayor) "
    r"(?:who|that|on|from) (?:won|the mural|got|was on|survived|drowned|fell|saved|shot|lost)"
    r"(?: [\w'’-]+){1,9}?)(?=[.,;!?\n]| and everyone| so )",
    re.IGNORECASE,
)


def find_addresses(text: str) -> Iterator[FoundIdentifier]:
    """Streets with a house number, and the postcode beside them."""
    ends: list[int] = []
    for match in _STREET.finditer(text):
        if not _is_street(match):
            continue
        start = match.start()
        unit = match["unit"]
        if unit and not _is_unit(unit):
            start = match.start("number")
        ends.append(match.end())
        yield FoundIdentifier(start, match.end(), "address", 0.9)
    for pattern in (_FOREIGN, _BUILDING, _PO_BOX):
        for match in pattern.finditer(text):
            ends.append(match.end())
            yield FoundIdentifier(_without_small(match), match.end(), "address", 0.8)
    for match in _UNIT_ALONE.finditer(text):
        if any(match.start() < end <= match.end() for end in ends):
            continue
        yield FoundIdentifier(
            match.start(), match.start() + len(match[0].rstrip(" ,.")), "address", 0.6
        )
    for match in _LIVES.finditer(text):
        named = words(match["a"])
        names = [w for w in named if not w.text.isdecimal()]
        kept = []
        for word in names:
            if not (word.text[0].isupper() or lexicon().commonness(word.key) < 2):
                break
            kept.append(word)
        if len(kept) >= 2 and fold(kept[-1].text) not in {"years", "year", "months", "people"}:
            yield FoundIdentifier(match.start("a"), match.start("a") + kept[-1].end, "address", 0.6)
    for end in ends:
        if after := _AFTER_ADDRESS.match(text, end):
            yield FoundIdentifier(after.start("zip"), after.end("zip"), "postcode", 0.7)


def _without_small(match: re.Match[str]) -> int:
    """The start of a building's name, without the words before it that no name begins with."""
    for word in words(match[0]):
        if word.text[0].isupper() or word.text.isdecimal() or lexicon().commonness(word.key) < 3:
            return match.start() + word.start
    return match.start()


def _is_unit(unit: str) -> bool:
    if re.match(rf"(?i){_UNIT}\.?[ ]?#?\d", unit):
        return True
    # "The Byre, 2 Hollin Wynd": the name of a house, set off by a comma.
    return (
        re.match(r"(?i)the .*,|.*(?:house|cottage|lodge|farm|court|barn|byre|mill|hall),", unit)
        is not None
    )


_NO_STREET = frozenset(
    """min mins minutes minute hours hour hrs years year yrs yo old days day weeks week months month
    miles mile km the a of and in on at to down up per from with my his her their our more times
    people kids feet other blocks block or minutes' different men women pounds dollars pm am
    percent o'clock oclock mg sessions by is was for than out off into over till until""".split()
)
"""Words that no street's name has, and that stand between a number and a "road" in talk."""


def _is_street(match: re.Match[str]) -> bool:
    named = [w for w in words(match["name"]) if not w.text.isdecimal()]
    kind = match["type"]
    if not named:
        return bool(re.match(r"(?i)\d+(?:st|nd|rd|th)", match["name"]))
    lists = lexicon()
    capital = all(w.text[0].isupper() for w in named)
    rare = [lists.commonness(w.key) <= 2 for w in named]
    number_spelled = not match["number"][0].isdecimal()
    if any(w.key in _NO_STREET for w in named) or "." in match["name"].replace("St.", ""):
        return False
    if not number_spelled and re.search(
        r"(?i)\b(?:at|address is|address:|live[sd]?) $", match.string[: match.start("number")][-14:]
    ):
        return True
    if kind.lower() in _CLEAR and kind.lower() not in {"close", "drive", "court", "square", "loop"}:
        if capital and (kind[0].isupper() or not number_spelled):
            return True
        if len(match["number"]) > 2 and not number_spelled:
            return True
        plain_last = lists.commonness(named[-1].key) <= 3
        return (
            plain_last
            and (any(rare) or len(named) == 1)
            and not (number_spelled and not any(lists.commonness(w.key) <= 1 for w in named))
        )
    if capital and kind[0].isupper():
        return True
    if kind.lower() in _CLEAR:
        return all(lists.commonness(w.key) <= 3 for w in named) and not number_spelled
    return all(lists.commonness(w.key) <= 2 for w in named) and (
        not number_spelled or all(lists.commonness(w.key) <= 1 for w in named)
    )


_AFTER_TOWN = re.compile(
    r"(?<!\w)(?P<town>[^\W\d_][\w’'-]{1,40}),?[ ](?P<zip>\d{5}(?:-\d{4})?)(?=\s*(?:[.,;)\n]|$))"
)


def find_postcodes(text: str) -> Iterator[FoundIdentifier]:
    """Postcodes of the UK, Canada and Ireland by their shape, others by what stands before."""
    for match in _POSTCODE.finditer(text):
        yield FoundIdentifier(match.start(), match.end(), "postcode", 0.9)
    for match in _EIRCODE.finditer(text):
        if any(c.isdigit() for c in match[0][3:]):
            yield FoundIdentifier(match.start(), match.end(), "postcode", 0.6)
    for match in _AFTER_TOWN.finditer(text):
        town = match["town"]
        if town[0].isupper() or lexicon().commonness(fold(town)) < 2:
            yield FoundIdentifier(match.start("zip"), match.end("zip"), "postcode", 0.5)
    for match in _ZIP.finditer(text):
        yield FoundIdentifier(match.start("zip"), match.end("zip"), "postcode", 0.85)


def find_rare(text: str) -> Iterator[FoundIdentifier]:
    """Descriptions that fit one person only; a hint, never complete."""
    for pattern in (_RARE, _THE_X_WHO):
        for match in pattern.finditer(text):
            yield FoundIdentifier(match.start("o"), match.end("o"), "other", 0.5)
