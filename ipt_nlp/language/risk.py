"""Component ``ipt_risk``: risk of harm by rules that a clinician can read (``risk.toml``).

The rules raise the unmistakable by themselves and give hints to the classifier in
``ipt_nlp.clauses.risk``. They work on words alone, without tags or parse, so that lower case,
missing marks and missing apostrophes (speech recognition, haste) change nothing.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from ipt_nlp.codebook import FLAG_INFO, RISK_STATUSES, RISK_SUBJECTS, RiskStatus, RiskSubject

SPANS_KEY = "ipt_risk"

SCOPE_WORDS = 12
"""Words before a match in which a denial reaches it."""

_APOSTROPHES = frozenset("'’‘`´")
_WORD = r"[\w*@$]+"
_GAP = r"[^\w.!?*@$\n]+"
_SUBJECT = (
    r"(?:i|im|ive|id|ill|he|hes|hed|hell|she|shes|shed|they|theyre|we|were|weve|you|youre|it|its"
    r"|there|theres|my (?!self\b)\w+ \w+)\b"
)
_BREAK = re.compile(
    r"[.!?\n]|\b(?:but|(?<!not )because|except|although|though|yet|however)\b"
    # A new subject after a comma or "and" begins a clause that what was denied before leaves alone;
    # in a list ("no plans, urges or thoughts of") none does.
    rf"|[,;:–—-] *(?:and |so |then |plus )?(?:\w+ ){{0,3}}(?={_SUBJECT})"
    rf"|\b(?:and|so|then) (?:\w+ ){{0,3}}(?={_SUBJECT})"
)
_ANSWER = re.compile(rf"^\W*(?:\w+ )?(?:no|nope|nah)\W+(?={_SUBJECT})")
"""An answer before a sentence of its own: "No, I do want to." denies something else."""
_FIRST = re.compile(r"\b(?:i|im|ive|id|ill|me|my|myself|we|us)\b")
_KIN = (
    r"(?:girlfriend|boyfriend|wife|husband|partner|fiance|fiancee|sister|brother|son|daughter|mom"
    r"|mum|mother|dad|father|parents|friend|flatmate|roommate|neighbou?r|cousin|uncle|aunt|nephew"
    r"|niece|grandmother|grandma|nan|grandfather|grandpa|kids?|child|children|stepson|stepdaughter)"
)
_THIRD = re.compile(
    r"\b(?:he|she|they|hes|shes|theyre|himself|herself|themselves|his|their"
    r"|them(?! thoughts)"
    # Whom one tells or thinks of is not who is at risk: "I told my mum about wanting to die".
    r"|(?<!told )(?<!tell )(?<!to )(?<!with )(?<!of )(?<!for )(?<!at )(?<!miss )(?<!without )"
    rf"my (?:\w+ )?{_KIN})\b"
)
_OTHERS = re.compile(rf"\b(?:my (?:\w+ )?{_KIN}|himself|herself)\b")
_OF_MINE = re.compile(rf"(?<=\w )my (?:\w+ )?{_KIN}\b")
"""Who is met, where it is not the speaker: "he beat my mom"."""
_OWN = re.compile(r"\b(?:my ?self|me|my|i|im|us)\b")
_OTHER = re.compile(r"\b(?:him ?self|her ?self|themselves|his|her|their|him|them)\b")


@dataclass(frozen=True)
class RiskRule:
    """A rule of ``risk.toml``.

    ``sure`` rules raise their flag alone, others are hints. ``inside``: a denial may stand inside
    a match ("no SI"). ``subject`` and ``status`` are set where every match has the same.
    """

    name: str
    flag: str
    sure: bool
    example: str
    counter_example: str
    patterns: tuple[str, ...]
    unless: tuple[str, ...] = ()
    inside: bool = False
    subject: RiskSubject | None = None
    status: RiskStatus | None = None
    found: re.Pattern[str] = field(init=False, repr=False)
    excluded: re.Pattern[str] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        known = self.flag in FLAG_INFO and FLAG_INFO[self.flag].risk
        if not known or (self.subject or "speaker") not in RISK_SUBJECTS:
            raise ValueError(f"rule {self.name}: flag or subject is not in the codebook")
        if (self.status or "current") not in RISK_STATUSES:
            raise ValueError(f"rule {self.name}: status is not in the codebook")
        object.__setattr__(self, "found", _compiled(self.patterns))
        object.__setattr__(self, "excluded", _compiled(self.unless) if self.unless else None)


@dataclass(frozen=True)
class RuleRisk:
    """Where a rule fired: code points, with what the words around it say of status and subject."""

    start_char: int
    end_char: int
    rule: str
    flag: str
    sure: bool
    status: RiskStatus
    subject: RiskSubject


@dataclass(frozen=True)
class Folded:
    """A text in lower case without apostrophes; ``places[i]`` is where its character i stood."""

    text: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Folded:
        kept: list[str] = []
        places: list[int] = []
        for place, character in enumerate(text):
            if character not in _APOSTROPHES:
                # One character stays one: "İ" would become two.
                low = character.lower()
                kept.append(low if len(low) == 1 else character)
                places.append(place)
        return cls("".join(kept), tuple(places))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Code points of the original for a stretch of the folded text that is not empty."""
        return self.places[start], self.places[end - 1] + 1


@cache
def _file() -> dict[str, Any]:
    raw = resources.files(__package__).joinpath("risk.toml").read_text(encoding="utf-8")
    return tomllib.loads(raw)


@cache
def risk_rules() -> dict[str, RiskRule]:
    """The shipped rules by name."""
    made = [RiskRule(**_tuples(raw)) for raw in _file()["rules"]]
    return {rule.name: rule for rule in made}


def _tuples(raw: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}


@cache
def cue(name: str) -> re.Pattern[str]:
    """A list of cues of ``risk.toml`` (or a group of words) as one expression for folded text."""
    return _compiled(tuple(_file()["cues"][name]))


def speaks_of_child(text: str) -> bool:
    """Whether the words name a child or a young person."""
    return _children().search(Folded.of(text).text) is not None


@cache
def _children() -> re.Pattern[str]:
    return _compiled(("{child}",))


def find_rules(text: str) -> list[RuleRisk]:
    """Every rule that fires in a text, in order; hints come too."""
    folded = Folded.of(text)
    found = []
    for rule in risk_rules().values():
        matches = [m.span() for m in rule.found.finditer(folded.text)]
        if not matches:
            continue
        barred = []
        if rule.excluded is not None:
            barred = [m.span() for m in rule.excluded.finditer(folded.text)]
        for start, end in matches:
            if any(a < end and start < b for a, b in barred):
                continue
            status = rule.status or _status(folded.text, start, end, rule)
            subject = rule.subject or _subject(folded.text, start, end, rule)
            found.append(
                RuleRisk(*folded.span(start, end), rule.name, rule.flag, rule.sure, status, subject)
            )
    return sorted(found, key=lambda f: (f.start_char, f.end_char, f.rule))


def is_denied(words: str) -> bool:
    """Whether folded words deny what they speak of, and not only something beside it."""
    # "I can't stop thinking", "nobody knows": these deny nothing, and other words may still.
    return cue("denied").search(cue("not_denied").sub(" ", words)) is not None


def names_other(words: str) -> bool:
    """Whether folded words name somebody of the speaker's life: "my brother killed himself"."""
    return _OTHERS.search(words) is not None


def _status(text: str, start: int, end: int, rule: RiskRule) -> RiskStatus:
    first, last = _sentence(text, start, end)
    # To the end of the match: the subject of its clause may be one of its own words.
    begins = [first, *(m.end() for m in _BREAK.finditer(text, first, end))]
    if answer := _ANSWER.match(text[first:end]):
        begins.append(first + answer.end())
    begin = max(begins)
    scope = " ".join(text[begin:start].split()[-SCOPE_WORDS:])
    near = f"{scope} {text[max(begin, start) : end]}" if rule.inside else scope
    after = " ".join(text[end:last].split()[:2])
    if is_denied(near) or re.match(r"\W*(?:denied|none|nil|absent)\b", after):
        return "denied"
    whole = text[first:last]
    if rule.flag == "risk_harm_to_other" and cue("unwanted").search(whole):
        return "unwanted"
    if cue("past").search(whole) and not cue("current").search(whole):
        return "past"
    return "current"


def _subject(text: str, start: int, end: int, rule: RiskRule) -> RiskSubject:
    if rule.flag == "risk_harm_to_other":
        return "other"
    match = _OF_MINE.sub("them", text[start:end])
    if _OWN.search(match):
        return "speaker"
    if rule.flag == "risk_harm_by_other":
        return "other" if _OTHER.search(match) else "speaker"
    if _OTHER.search(match):
        return "other"
    before = text[_sentence(text, start, end)[0] : start]
    first = max((m.start() for m in _FIRST.finditer(before)), default=-1)
    third = max((m.start() for m in _THIRD.finditer(before)), default=-1)
    # "my" of "my sister" stands at the same place.
    return "other" if third >= max(first, 0) else "speaker"


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch around a match without a mark that ends a sentence."""
    before = max(text.rfind(mark, 0, start) for mark in ".!?\n") + 1
    ends = [at for mark in ".!?\n" if (at := text.find(mark, end)) >= 0]
    return before, min(ends, default=len(text))


class RiskMatcher:
    """Writes one span for each place where a rule fires to ``doc.spans[SPANS_KEY]``.

    The span's label is the flag and its id the rule's name.
    """

    def __call__(self, doc: Doc) -> Doc:
        spans = []
        for found in find_rules(doc.text):
            span: Span | None = doc.char_span(
                found.start_char,
                found.end_char,
                label=found.flag,
                span_id=found.rule,
                alignment_mode="expand",
            )
            if span is not None:
                spans.append(span)
        doc.spans[SPANS_KEY] = spans
        return doc


@Language.factory("ipt_risk", assigns=["doc.spans"])
def make_risk(nlp: Language, name: str) -> RiskMatcher:
    """The component, for ``nlp.add_pipe("ipt_risk")`` in anyone's pipeline."""
    return RiskMatcher()


def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    joined = "|".join(f"(?:{_expression(p)})" for p in patterns)
    return re.compile(rf"(?<![\w*])(?:{joined})(?![\w*])")


def _expression(pattern: str) -> str:
    for _ in range(3):  # groups name groups
        pattern = re.sub(r"\{(\w+)\}", lambda m: _file()["groups"][m[1]], pattern)
    made = ""
    pending = ""  # an optional first word brings its own gap
    for item in _items(pattern):
        if gap := re.fullmatch(r"_(\d)", item):
            made += rf"(?:{_GAP}{_WORD}){{0,{gap[1]}}}"
            continue
        optional = item.endswith("?")
        words = _alternatives(item.rstrip("?"))
        if not made and optional:
            pending += rf"(?:{words}{_GAP})?"
        elif not made:
            made = pending + words
        else:
            made += rf"(?:{_GAP}{words})?" if optional else rf"{_GAP}{words}"
    return made


def _items(pattern: str) -> list[str]:
    """Items between spaces; parentheses may hold parentheses that a group brought."""
    items, depth, held = [], 0, ""
    for character in pattern:
        depth += (character == "(") - (character == ")")
        if character == " " and not depth:
            items.append(held)
            held = ""
        else:
            held += character
    return [i for i in [*items, held] if i]


def _alternatives(item: str) -> str:
    options = item.replace("(", "").replace(")", "").split("|")
    return "(?:" + "|".join(_word(o) for o in options) + ")"


def _word(option: str) -> str:
    parts = [
        re.escape(p.rstrip("~")).replace(r"\#", r"\d") + (r"[\w*]*" if p.endswith("~") else "")
        for p in option.split("+")
    ]
    return _GAP.join(parts)
