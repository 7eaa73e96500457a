"""Dates of birth and death, other dates, ages from 90, initials."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ipt_nlp.identifiers.kinds import FoundIdentifier, Kind

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_UNITS = "first second third fourth fifth sixth seventh eighth ninth".split()
_ORDINAL = (
    r"(?:(?:twenty|thirty)[- ](?:" + "|".join(_UNITS) + r")|" + "|".join(_UNITS) + r"|tenth|"
    r"eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|"
    r"nineteenth|twentieth|thirtieth)"
)
_DAY = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|{_ORDINAL})"
_SMALL = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    r"sixteen|seventeen|eighteen|nineteen|oh[ -](?:one|two|three|four|five|six|seven|eight|nine))"
)
_DIGIT = r"(?:one|two|three|four|five|six|seven|eight|nine)"
_TENS = rf"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -]{_DIGIT})?"
_SPOKEN_YEAR = (
    rf"(?:nineteen[ -](?:{_TENS}|{_SMALL})|twenty[ -](?:{_TENS}|{_SMALL})|"
    rf"two thousand(?: and)?(?: (?:{_TENS}|{_SMALL}))?|{_TENS})"
)
_YEAR = rf"(?:(?:19|20)\d\d|'\d\d|{_SPOKEN_YEAR})"
_DATES = re.compile(
    rf"""(?<![\w/.-])(?:
    (?:19|20)\d\d[-/.]\d{{1,2}}[-/.]\d{{1,2}}
    | \d{{1,2}}[-/.]\d{{1,2}}[-/.](?:(?:19|20)\d\d|\d\d)
    | (?:the[ ])?{_DAY}(?:[ ]day)?[ ](?:of[ ])?{_MONTH}(?:,?[ ](?:of[ ])?{_YEAR}|[ ]\d\d\b)?
    | {_MONTH}[ ](?:the[ ])?{_DAY}(?:,?[ ](?:of[ ])?{_YEAR})?
    | (?:the[ ])?{_ORDINAL}[ ]of[ ]the[ ]{_ORDINAL},?[ ](?:of[ ])?{_YEAR}
    | \d{{1,2}}(?:st|nd|rd|th)?[- ]{_MONTH}[- ](?:(?:19|20)\d\d|\d\d)
    )(?![\w/-]|\.\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_MONTH_DAY = re.compile(
    r"(?<![\w/.£$€-])(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])(?![\w/%]|\.\d)"
)
_HAS_YEAR = re.compile(
    rf"(?:19|20)\d\d|'\d\d|[-/. ]\d\d$|(?:nineteen|twenty|two thousand)[ -].*[a-z]$|,[ ]{_TENS}$|"
    rf"{_MONTH}.*(?:{_SPOKEN_YEAR})$",
    re.IGNORECASE,
)
_BIRTH = re.compile(
    r"\b(?:born|dob|d\.o\.b|d\.o\.b\.|birth ?date|birthdate|date of birth|birthday|b\.|birth|"
    r"bday|b-day|came into (?:the|this) world|due date was)(?=\W|$)",
    re.IGNORECASE,
)
_DEATH = re.compile(
    r"\b(?:died|dies|dead|death|passed(?: away| on| over)?|passing|d\.|dod|deceased|funeral|killed|"
    r"stillborn|we lost|i lost|lost (?:him|her|them|my|our)|gone|was gone|slipped away|"
    r"left us|took (?:him|her) own life|buried|burial|cremat\w+|suicide|miscarr\w+|rip|r\.i\.p|"
    r"anniversary|stopped breathing|last breath|switched off|turned off)(?=\W|$)",
    re.IGNORECASE,
)
_NUMBER_90 = (
    rf"(?:9\d|1[01]\d|ninety(?:[- ]{_DIGIT})?|(?:a |one )?hundred(?: and (?:{_DIGIT}|ten))?)"
)
_NOT_AGE = (
    r"(?!\w|[.,:/]\d|[-–]\d|\s?(?:%|percent|per cent|minutes?|mins?|hours?|hrs?|days?|weeks?|"
    r"months?|"
    r"miles|km|kg|kilos?|lbs?|pounds|degrees|dollars|quid|euros|bucks|times|people|points|words|"
    r"sessions|milligrams|mg|mph|steps|guests|of|a month|a week|cm|things|emails|messages)\b|%)"
)
_AGES = re.compile(
    rf"(?:\b(?:is|was|'s|’s|turned|turns|turning|aged|age|reached|hit|nearly|almost|about|only|now|be|"
    rf"am|i'm|im|at|she|he|until|till|to|lived to|made it to|just|over|pushing|who is)[ :]+"
    rf"|[(\[,;:][ ]?|[-–][ ])(?P<age>{_NUMBER_90}){_NOT_AGE}",
    re.IGNORECASE,
)
_YEAR_OLD = re.compile(
    rf"\b(?P<age>{_NUMBER_90})(?=[- ]?(?:years?[- ]old|yrs?[- ]?old|yo\b|y/o|year-old|years of "
    rf"age|-year))",
    re.I,
)
_AGE_NEAR = re.compile(
    r"\b(?:old|age|aged|birthday|turn\w*|nan|nana|nanna|gran|granny|grandma|grandpa|grandad|granddad|"
    r"grandmother|grandfather|great[- ]\w+|mother|father|mum|mom|dad|mam|aunt|auntie|uncle|"
    r"widow\w*|"
    r"she|he|client|pt|patient|neighbou?r|lives|years|born|who|his|her|wife|husband|lady|man|woman|"
    r"abuela|abuelo|nonna|nonno|oma|opa|bubbe|zayde|lola|lolo|tutu|yiayia|dadi|nani|halmoni|obaachan)\b",
    re.IGNORECASE,
)
_INITIALS = re.compile(r"(?<![\w.])(?:[A-Z]\.){1,3}(?![\w])|(?<![\w.])[A-Z](?= and I\b)")
_NOT_INITIALS = frozenset({"U.S.", "U.K.", "A.M.", "P.M.", "U.S.A.", "D.C.", "E.U.", "C.", "T."})


def find_dates(text: str) -> Iterator[FoundIdentifier]:
    """Dates, by their context of birth, of death or neither."""
    for match in _DATES.finditer(text):
        start, end = match.span()
        if text[start:end].lower().startswith("the ") and not match[0][:1].isupper():
            # "the 2nd of May" keeps its article: it is read out as one.
            pass
        kind, score = _kind(text, start, end)
        yield FoundIdentifier(start, end, kind, score)
    for match in _MONTH_DAY.finditer(text):
        yield FoundIdentifier(match.start(), match.end(), "date", 0.4)


def _kind(text: str, start: int, end: int) -> tuple[Kind, float]:
    """Birth or death only for a date with a year, or a birthday."""
    whole = text[start:end]
    near = text[max(0, start - 70) : start]
    after = re.split(r"[.!?\n]", text[end : end + 40])[0]
    born = [m.end() for m in _BIRTH.finditer(near)]
    died = [m.end() for m in _DEATH.finditer(near)]
    dated = _HAS_YEAR.search(whole) is not None
    if not dated:
        close = near[-30:]
        if re.search(r"(?:birthday|dob|born)\W[^.!?\n]{0,20}$", close, re.IGNORECASE):
            return "date_of_birth", 0.7
        if re.search(r"(?:died|passed away|passed on|d\.)\W[^.!?\n]{0,15}$", close, re.IGNORECASE):
            return "date_of_death", 0.6
        return "date", 0.5
    if born or died:
        return ("date_of_birth", 0.9) if max(born, default=-1) > max(died, default=-1) else (
            "date_of_death", 0.85)  # fmt: skip
    if _BIRTH.search(after):
        return "date_of_birth", 0.7
    if _DEATH.search(after):
        return "date_of_death", 0.7
    return "date", 0.6


def find_ages(text: str) -> Iterator[FoundIdentifier]:
    """Ages from 90, where the words around say that it is an age."""
    for match in _YEAR_OLD.finditer(text):
        yield FoundIdentifier(match.start("age"), match.end("age"), "age_over_89", 0.95)
    for match in _AGES.finditer(text):
        start, end = match.span("age")
        around = text[max(0, start - 50) : start] + " " + text[end : end + 25]
        if _AGE_NEAR.search(around):
            yield FoundIdentifier(start, end, "age_over_89", 0.7)


def find_initials(text: str) -> Iterator[FoundIdentifier]:
    """Initials that stand for a name, for the stricter profile."""
    for match in _INITIALS.finditer(text):
        if match[0] not in _NOT_INITIALS:
            yield FoundIdentifier(match.start(), match.end(), "initials", 0.5)
