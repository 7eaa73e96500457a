"""Ways to reach someone: mail, web pages, handles, telephone numbers, as written and as spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ipt_nlp.identifiers.kinds import FoundIdentifier, Kind
from ipt_nlp.identifiers.words import lexicon

_TLD = (
    r"(?:com|org|net|edu|gov|mil|int|info|biz|io|me|co|app|dev|blog|online|site|health|care|uk|ie|"
    r"us|ca|au|nz|za|in|pk|ng|gh|ke|de|fr|es|it|nl|be|ch|at|pl|se|no|dk|fi|pt|gr|ro|cz|hu|br|mx|"
    r"ph|jp|kr|cn|tv|scot|wales|cymru|example|test|invalid|localhost)"
)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(
    rf"(?<![\w.+-])[\w.+%'-]{{1,64}}[ ]?@[ ]?(?:{_LABEL}\.)+[a-z]{{2,}}(?![\w])", re.IGNORECASE
)
_DOT = r"(?:[ ,]+(?:dot|period|point)[ ,]+|\.)"
# Words without the marks that may stand between them, so that a long run of marks is read once.
_SAID = r"[^\W_]{1,40}"
_SPOKEN_EMAIL = re.compile(
    rf"\b{_SAID}(?:(?:[ ,]{{1,3}}(?:dot|underscore|dash|hyphen|period|plus)[ ,]{{1,3}}|[._-]|,?[ ])"
    rf"{_SAID}){{0,5}}?[ ,]{{1,3}}at[ ,]{{1,3}}[a-z0-9-]{{1,63}}(?:{_DOT}[a-z0-9-]{{1,63}}){{0,2}}"
    rf"{_DOT}(?:com|org|net|edu|co[ ]dot[ ]uk|uk|ie|ca|au|example|test|invalid)\b",
    re.IGNORECASE,
)
_JOINER = re.compile(r"(?:dot|underscore|dash|hyphen|period|plus)$", re.IGNORECASE)
_URL = re.compile(
    rf"(?<![\w@./-])(?:https?://[^\s<>\"'\])}}]+|www\.[^\s<>\"'\])}}]+|"
    rf"(?:{_LABEL}\.)+{_TLD}(?![\w@.-]*@)(?!\w|-)(?:/[^\s<>\"'\])}}]*)?)",
    re.IGNORECASE,
)
_AT_HANDLE = re.compile(r"(?<![\w.@/])@\w[\w.]*\w")
_SITE = (
    r"(?:insta(?:gram)?|ig|twitter|tiktok|tik tok|snap(?:chat)?|discord|reddit|telegram|skype|"
    r"facebook|fb|tumblr|twitch|youtube|gamer ?tag|user ?name|screen ?name|handle|nick(?:name)?|"
    r"account|profile|login|steam|psn|xbox|kik|wechat|venmo|blog|page)"
)
_NAMED_HANDLE = re.compile(
    rf"\b{_SITE}(?: (?:name|handle|account|user|id|tag))?(?: there| here| online)?[ ]?"
    rf"(?:is|'s|was|:|=|called|named|under|as|,)(?: (?:called|under|just|it's|like))*[ ]"
    rf"[\"“']?(?P<handle>[^\W_][\w.-]*\w)",
    re.IGNORECASE,
)
_MADE_HANDLE = re.compile(
    r"(?<![\w@./-])(?=[\w.-]{0,60}[a-z])(?:[a-z0-9]{1,30}_){1,6}[a-z0-9]{1,30}(?![\w@])", re.I
)
_UNDER_HANDLE = re.compile(
    rf"\b(?:on {_SITE}|find me|follow me|add me|dm me|message me|i(?:'m| am| go by| post)|under|as)"
    rf"(?: (?:on {_SITE}|as|under|by|called|there))*[ ,]+[\"“']?(?P<handle>[a-z][\w.]*\d+\w*|"
    rf"[a-z]\w*\.\w+)",
    re.IGNORECASE,
)

_DIGIT_WORDS = (
    r"(?:oh|o|zero|nought|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|"
    r"fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|"
    r"eighty|ninety|hundred|thousand|double|treble|triple|\d{1,4})"
)
_SPOKEN = re.compile(
    rf"\b(?:plus[ ])?{_DIGIT_WORDS}(?:(?:[ ,.…-]+(?:(?:and|um|uh|er|em|eh|then|dash|space|hyphen)"
    rf"[ ,.…-]+)?){_DIGIT_WORDS}){{5,}}\b",
    re.IGNORECASE,
)
_WRITTEN = re.compile(
    r"(?<![\w.,/£$€@-])(?:\+\s?)?(?:\(\+?\d{1,4}\)[\s.-]?)?\d{1,15}(?:[\s.-]{1,2}\(?\d{2,5}\)?){0,5}"
    r"(?:\s?(?:ext|x)\.?\s?\d{1,5})?(?![\w]|[.,]\d|%|/)"
)
_PHONE_WORDS = re.compile(
    r"\b(?:phone|tel|telephone|mobile|mob|cell|call(?:ed|ing|s|back)?|ring|rang|text(?:ed|ing)?|fax|"
    r"landline|voicemail|vm|lvm|whatsapp|number(?:'s| is)|reach|contact|dial|pager)\b",
    re.IGNORECASE,
)
_ID_WORDS = re.compile(
    r"\b(?:id|ids|nhs|case|member(?:ship)?|policy|insurance|ins|card|ref|reference|mrn|ssn|sin|pps|"
    r"passport|licen[cs]e|plate|reg|registration|account|acct|file|patient|claim|group|student|"
    r"hospital|chart|record|docket|badge|visa|medicare|medicaid|chi|ni|national insurance|"
    r"social security|tax|no|log|crime|serial|imei|vin|dln|npi)\b",
    re.IGNORECASE,
)
_PHONE_SHAPE = re.compile(
    r"(?:\+\d|\(?0\d|\(\d{3}\)|1?[\s.-]?\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}$|\d{3}[\s.-]\d{4}$|"
    r"[2-9]\d{9}$)"
)
_CODE = re.compile(
    r"(?<![\w@./£$€-])(?=[A-Z0-9/-]*\d[A-Z0-9/-]*\d)(?=[A-Z0-9/-]*[A-Z])"
    r"[A-Z0-9]{1,16}(?:[-/][A-Z0-9]{1,12}){0,4}(?![\w@]|-\w)",
    re.IGNORECASE,
)
_DASHED = re.compile(r"(?<![\w£$€.,/-])\d{2,9}(?:[-/ ]\d{2,9}){1,4}(?![\w/]|[.,]\d|-\d|%)")
_PLATE = re.compile(
    r"\b(?:plates?|reg(?:istration)?|number ?plate|licen[cs]e plate)\b[^.\n]{0,25}?[ :]"
    r"(?P<id>(?=[A-Z0-9 -]*\d)[A-Z0-9]{1,4}[ -]?[A-Z0-9]{2,4}(?:[ -][A-Z0-9]{2,4})?)\b",
    re.IGNORECASE,
)
_UNITS = re.compile(
    r"\s?(?:mg|mcg|ml|kg|lbs?|pounds?|quid|dollars?|euros?|bucks|percent|%|times|minutes?|mins?|"
    r"hours?|hrs?|days?|weeks?|wks?|months?|years?|yrs?|people|miles|km|feet|am|pm|a\.m|p\.m|k\b|"
    r"grand|calories|steps|o'clock|degrees|words|sessions|members|pages)\b",
    re.IGNORECASE,
)
_DATE_LIKE = re.compile(r"\d{4}[-.]\d{1,2}[-.]\d{1,2}|\d{1,2}[-.]\d{1,2}[-.]\d{2,4}")
_NO_CODE = re.compile(
    r"\d+(?:st|nd|rd|th|s|mg|mcg|ml|kg|lb|lbs|am|pm|k|m|cm|km|hrs?|x|yo|yrs?|min|mins|wks?|g|ish)"
    r"|(?:phq|gad|covid|icd|dsm|bdi|core|who|wsas|f|x|q|b|p|s|l|t|c)-?\d{1,2}",
    re.IGNORECASE,
)
"""Doses, times and scales, which have letters and digits too."""

_MONEY = re.compile(r"(?:[£$€]|\b(?:usd|gbp|eur)\s?)$", re.IGNORECASE)


def find_contacts(text: str) -> Iterator[FoundIdentifier]:
    """Mail addresses, web addresses and handles."""
    for match in _EMAIL.finditer(text):
        yield FoundIdentifier(match.start(), match.end(), "email", 0.99)
    for match in _SPOKEN_EMAIL.finditer(text):
        yield FoundIdentifier(_email_start(match), match.end(), "email", 0.9)
    for match in _URL.finditer(text):
        end = match.start() + len(match[0].rstrip(".,;:!?"))
        if _is_page(match[0]):
            yield FoundIdentifier(match.start(), end, "url", 0.9)
    for match in _AT_HANDLE.finditer(text):
        yield FoundIdentifier(match.start(), match.end(), "handle", 0.95)
    for match in _MADE_HANDLE.finditer(text):
        if not re.fullmatch(r"(?i)speaker_?\d+|[_\d]+", match[0]):
            yield FoundIdentifier(match.start(), match.end(), "handle", 0.7)
    for pattern in (_NAMED_HANDLE, _UNDER_HANDLE):
        for match in pattern.finditer(text):
            start, end = match.span("handle")
            if _looks_chosen(match["handle"]):
                yield FoundIdentifier(start, end, "handle", 0.7)


def _is_page(found: str) -> bool:
    if re.match(r"(?i)https?://|www\.", found):
        return True
    host = found.split("/")[0]
    # "home.no" and "tired.me" are a full stop without a space; a known page has a longer name.
    name, _, ending = host.rpartition(".")
    return len(ending) > 2 or "/" in found or "." in name or "-" in name


def _looks_chosen(name: str) -> bool:
    """A name that somebody made up for an account: digits, marks, or no everyday word."""
    if any(c.isdigit() or c in "_." for c in name):
        return True
    return lexicon().commonness(name.lower()) == 0 and name.islower()


def _email_start(match: re.Match[str]) -> int:
    """Where a spoken address begins: its last word before "at" and what "dot" ties to it."""
    before = re.split(r"[ ,]+at[ ,]+", match[0], flags=re.IGNORECASE)[0]
    words = [(m.start(), m[0]) for m in re.finditer(r"[^\s,]+", before)]
    at = len(words) - 1
    while at >= 2 and _JOINER.match(words[at - 1][1]):
        at -= 2
    # Single letters and digits that are spelled out belong to it as well.
    while at >= 1 and (len(words[at - 1][1]) == 1 or words[at - 1][1].isdecimal()):
        at -= 1
        while at >= 2 and _JOINER.match(words[at - 1][1]):
            at -= 2
    return match.start() + words[at][0]


def find_numbers(text: str) -> Iterator[FoundIdentifier]:
    """Telephone numbers and numbers that are somebody's: of a card, a file, a plate."""
    for match in _WRITTEN.finditer(text):
        yield from _digits(text, match.start(), match.end())
    for match in _DASHED.finditer(text):
        yield from _digits(text, match.start(), match.end())
    for match in _SPOKEN.finditer(text):
        yield from _spoken(text, match.start(), match.end())
    for match in _CODE.finditer(text):
        yield from _code(text, match)
    for match in _PLATE.finditer(text):
        yield FoundIdentifier(match.start("id"), match.end("id"), "id_number", 0.8)


def _kind_by_context(text: str, start: int, default: Kind) -> Kind:
    before = text[max(0, start - 45) : start]
    phone = [m.end() for m in _PHONE_WORDS.finditer(before)]
    number = [m.end() for m in _ID_WORDS.finditer(before)]
    if not phone and not number:
        return default
    return "phone" if max(phone, default=-1) >= max(number, default=-1) else "id_number"


def _digits(text: str, start: int, end: int) -> Iterator[FoundIdentifier]:
    written = text[start:end]
    digits = re.sub(r"\D", "", written)
    if not 6 <= len(digits) <= 19 or _UNITS.match(text, end) or _MONEY.search(text[:start][-5:]):
        return
    if _is_date_like(written) or re.fullmatch(r"(?:19|20)\d\d[ -]+(?:19|20)\d\d", written):
        return
    shaped = _PHONE_SHAPE.match(written) is not None and 7 <= len(digits) <= 15
    before = text[max(0, start - 60) : start]
    numbered = _ID_WORDS.search(before) is not None
    if len(digits) < 7 and not numbered:
        return
    if _PHONE_WORDS.search(before) and not numbered:
        shaped = True
    # Written in three, three and four with spaces is how the NHS writes its numbers.
    nhs = re.fullmatch(r"\d{3} \d{3} \d{4}", written) is not None
    kind = _kind_by_context(text, start, "phone" if shaped and not nhs else "id_number")
    yield FoundIdentifier(start, end, kind, 0.9 if shaped or numbered else 0.6)


def _is_date_like(written: str) -> bool:
    return (
        re.fullmatch(r"\d{4}[-.]\d{1,2}[-.]\d{1,2}|\d{1,2}[-.]\d{1,2}[-.]\d{2,4}", written)
        is not None
    )


def _spoken(text: str, start: int, end: int) -> Iterator[FoundIdentifier]:
    said = re.findall(r"[a-z]+|\d+", text[start:end].lower())
    fillers = {"and", "um", "uh", "er", "em", "eh", "then", "dash", "space", "hyphen", "plus"}
    counted = [w for w in said if w not in fillers]
    worth = sum(2 if w in {"hundred", "double"} else 3 if w in {"thousand", "triple", "treble"} else
                len(w) if w.isdecimal() else 1 for w in counted)  # fmt: skip
    if worth < 7 or not any(w.isalpha() for w in counted):
        return
    # Counting aloud, and years: "one two three four five six seven".
    if _UNITS.match(text, end):
        return
    yield FoundIdentifier(start, end, _kind_by_context(text, start, "phone"), 0.85)


def _code(text: str, match: re.Match[str]) -> Iterator[FoundIdentifier]:
    written = match[0]
    digits = sum(c.isdigit() for c in written)
    letters = [c for c in written if c.isalpha()]
    numbered = _ID_WORDS.search(text[max(0, match.start() - 40) : match.start()]) is not None
    if re.fullmatch(
        r"(?i)\d+(?:st|nd|rd|th|s|mg|mcg|ml|kg|lb|lbs|am|pm|k|m|cm|km|hrs?|x|yo|yrs?|min|mins|wks?|g|ish)",
        written,
    ):
        return
    if re.fullmatch(
        r"(?i)(?:phq|gad|covid|icd|dsm|bdi|core|who|wsas|f|x|q|b|p|s|l|t|c)-?\d{1,2}", written
    ):
        return
    mixed = digits >= 4 or (digits >= 3 and numbered)
    if mixed and (len(letters) <= 6 or "-" in written):
        yield FoundIdentifier(match.start(), match.end(), "id_number", 0.85 if numbered else 0.6)
