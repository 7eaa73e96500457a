"""Who speaks: speaker labels at the start of lines, and the one place that turns them into roles.

A speaker is the label as the file gives it ("T", "Dr. Okafor", "SPEAKER_01"); a role is what the
rest of the package works with (therapist, client, other).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ipt_nlp.errors import OptionError

Role = Literal["therapist", "client", "other"]
RoleSource = Literal["label", "option", "guess"]
ROLES: tuple[Role, ...] = get_args(Role)

THERAPIST_WORDS = frozenset(
    """therapist t th tx ther counselor counsellor counselling clinician psychologist
    psychotherapist psychiatrist doctor dr provider interviewer helper listener coach supporter
    practitioner trainee assistant""".split()
) | {"social worker"}
CLIENT_WORDS = frozenset(
    """client c cl ct patient pt p seeker visitor user interviewee caller participant
    respondent service-user help-seeker""".split()
)
OTHER_WORDS = frozenset(
    """interpreter translator narrator unknown observer supervisor mother father mom mum dad
    partner husband wife spouse son daughter sister brother parent carer child nurse receptionist
    system note""".split()
)
_VOCABULARIES: tuple[tuple[frozenset[str], Role], ...] = (
    (CLIENT_WORDS, "client"),
    (THERAPIST_WORDS, "therapist"),
    (OTHER_WORDS, "other"),
)
# Headings of clinical notes (SOAP, DAP, BIRP, GIRP, PIE) and of table columns, and the words with
# which posts add to themselves, look like speakers and are not.
NOTE_HEADINGS = frozenset(
    """s o a p d b i r e g subjective objective assessment plan data behavior behaviour
    intervention interventions response goal goals problem evaluation presenting history risk mood
    affect homework summary date session time duration diagnosis medication medications progress
    notes note interpretation next client-id id re subject background impression
    observations themes theme focus location place attendance attendees method aim aims agenda
    patterns pattern safety follow-up title topic age gender speaker text role
    update edit ps tldr tw cw context question questions answer warning example reason fact
    today yesterday tomorrow now then before after later first second third finally also
    monday tuesday wednesday thursday friday saturday sunday remember important quote
    no yes so well okay ok but and this that""".split()
)
# Words that no name begins with: "my partner: ..." and "Note to self: ..." are not speakers.
_NOT_NAMES = frozenset("my the a an her his our your their no this that dear note".split())

# Directions of writing, which word processors set around a name; they are not to be seen.
_UNSEEN = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_UNSEEN_REMOVED = str.maketrans("", "", _UNSEEN)
# Character for character, as offsets within the line must hold; the last is the wide colon.
_PLAIN = str.maketrans({**dict.fromkeys(_UNSEEN, " "), "\uff1a": ":"})
_BLANKS = " \t" + _UNSEEN

# Labels are looked for in this many characters of a line, which bounds the pattern's work.
_LABEL_WINDOW = 200
_PARTICLES = frozenset("de da di du van von der den bin al el of la le".split())
_TIME = r"[\[(<]?\s*(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?\s*[\])>]?"
_NAME = r"[^\W\d_][^\n:;,!?\[\]()<>|*]{0,39}?"
_STAMP = r"[\[(<]\s*(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?\s*[\])>]"
_LABEL = re.compile(
    rf"""(?:>+[ \t]*)?(?:[-*][ \t]+)?
    (?:(?P<before>{_TIME})[ \t]*[-\u2013]?[ \t]*)?
    (?P<bold>\*\*|__)?
    (?P<name>{_NAME}(?:[ \t]\([^\n():]{{1,40}}\))?)
    [ \t]*(?:(?P<after>{_TIME})[ \t]*)?
    (?P<mark>:(?:\*\*|__)?|(?:\*\*|__)[ \t]*:|[ \t]*$|(?<=[\])>])(?=[ \t]))
    (?:\*\*|__)?[ \t]*(?P<inner>{_STAMP}(?=[ \t]|$))?""",
    re.VERBOSE,
)
_TIME_ONLY = re.compile(_TIME)
_RUN_TOGETHER = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NUMBERING = "0123456789_#.:- \u2013"
_OF = frozenset(("of", "for", "to"))
_QUESTION_START = re.compile(
    r"(?i)^\W*(?:and |so |okay |ok |right |well )*"
    r"(?:what|how|who|when|where|why|which|did|do|does|is|are|was|were|can|could|would|have|has|"
    r"tell me|say more)\b"
)


@dataclass(frozen=True)
class Label:
    """A speaker label found at the start of a line.

    ``text_start`` is the offset, within the line, of the words that follow it; ``colon`` tells
    whether a colon sets the label off (``[00:12] ANNA`` has none).
    """

    speaker: str
    start_s: float | None
    text_start: int
    colon: bool = True


def seconds(stamp: str) -> float:
    """Seconds of a time stamp such as ``[00:12:31]``, ``12:31`` or ``(1:02:03.5)``."""
    parts = re.sub(r"[^\d:.,]", "", stamp).replace(",", ".").split(":")
    total = 0.0
    for part in parts:
        total = total * 60 + float(part)
    return total


def _key(speaker: str) -> str:
    return re.sub(r"[.\s()]+", " ", speaker.translate(_UNSEEN_REMOVED)).strip().casefold()


def is_note_heading(speaker: str) -> bool:
    """Whether a label is a heading of a note ("S", "Plan") rather than a name."""
    return _key(speaker) in NOTE_HEADINGS


def role_of_label(speaker: str) -> Role | None:
    """The role that a label's own words name, or None.

    "T", "Therapist-2", "Co-therapist" and "Dr. Okafor" are therapists; "Cl", "Patient" are clients;
    "Mother" and "Mother of client" are another person in the room; "Maria" and "SPEAKER_01" say
    nothing.
    """
    key = _key(_RUN_TOGETHER.sub(" ", speaker))
    stem = key.rstrip(_NUMBERING) or key
    if len(stem) > 3 and stem[-2] in "-\u2013":
        stem = stem[:-2]  # "Client-A"
    # No more is split at a hyphen: "Client-centred" and "In-patient" are headings of notes.
    words = [w.removeprefix("co-") for w in re.split(r"[/_\s]+", stem)]
    link = next((i for i, w in enumerate(words) if i and w in _OF), None)
    if link is None:
        return _role_of_words(stem, words)
    owner = _role_of_words("", words[link + 1 :])
    return _role_of_words("", words[:link]) or ("other" if owner is not None else None)


def _role_of_words(stem: str, words: Sequence[str]) -> Role | None:
    for vocabulary, role in _VOCABULARIES:
        # A single letter counts only when it is the whole label: "C." is one, "John C" is not.
        if stem in vocabulary or any(w in vocabulary for w in words if len(w) > 1):
            return role
    return None


def _is_plausible(name: str, *, has_colon: bool, has_time: bool) -> bool:
    words = name.split()
    if not words or len(words) > 4:
        return False
    if len(words) > 1 and words[0].casefold() in _NOT_NAMES:
        return False
    if role_of_label(name) is not None and len(words) <= 2:
        return has_colon or has_time or name.isupper()
    if not (has_colon or has_time):
        return False
    if len(words) == 3 and words[1] in _OF and all(map(role_of_label, (words[0], words[2]))):
        return True  # "Mother of client"
    # Names begin with a capital, or are in a script that has none.
    return all(
        not w.lstrip("(")[:1].islower() or w.startswith("(") or w in _PARTICLES for w in words
    )


def is_time(text: str) -> bool:
    """Whether a short text is a time stamp and nothing else."""
    return len(text) < 40 and _TIME_ONLY.fullmatch(text.strip()) is not None


def find_label(line: str) -> Label | None:
    """The speaker label that a line begins with, or None.

    Only looks at one line: whether a label is a speaker at all is for :func:`speaker_labels`.
    """
    indent = len(line) - len(line.lstrip(_BLANKS))
    match = _LABEL.match(line[indent : indent + _LABEL_WINDOW].translate(_PLAIN))
    if match is None:
        return None
    end = indent + match.end()
    colon = ":" in match["mark"]
    if not match["mark"].strip() and end < len(line) and end == indent + _LABEL_WINDOW:
        return None  # the end of the window, not of the line
    name = match["name"].strip().rstrip("*_").strip()
    stamp = match["before"] or match["after"] or match["inner"]
    if not _is_plausible(name, has_colon=colon, has_time=stamp is not None):
        return None
    end += len(line) - end - len(line[end:].lstrip(_BLANKS))
    return Label(name, seconds(stamp) if stamp else None, end, colon)


def speaker_labels(lines: Iterable[str], therapist: str | None = None) -> frozenset[str]:
    """Labels that are speakers when these lines are a transcript; empty when they are a note.

    Lines are a transcript when at least two labels begin lines and one of them recurs, when two
    carry time stamps, or when the labels name a therapist and a client. Headings of clinical notes
    ("S:", "Plan:") alone never make one, and neither does talk quoted in the course of a note:
    most of the words must come after the first label. ``therapist`` is the label that the user
    says is a speaker, which settles it.
    """
    seen = _Labels.of(lines)
    chosen = {n for n in seen.counts if therapist is not None and _key(n) == _key(therapist)}
    people = {n: c for n, c in seen.counts.items() if not is_note_heading(n)}
    roles = {role_of_label(name) for name in seen.counts}
    both = {"therapist", "client"} <= roles
    # "I" and "P", "Q" and "A" are headings in a note, and speakers when they are all there is.
    pair = len(seen.counts) == 2 and min(seen.counts.values()) > 1
    if not chosen and not pair and not (people and seen.is_talk(people, roles, both=both)):
        return frozenset()
    if not chosen and seen.words_before > max(40, seen.words * (0.5 if both else 0.25)):
        return frozenset()
    kept = set(seen.counts) if pair else set(people) | chosen
    if both:
        # "P" and "C" are headings in a note, and speakers beside a "T".
        kept |= {n for n in seen.counts if role_of_label(n) in {"therapist", "client"}}
        if sum(seen.counts.values()) >= 6:
            # A word and a colon once, among clear speakers, is how somebody talks.
            kept -= {
                n
                for n in people
                if people[n] == 1
                and role_of_label(n) is None
                and n not in seen.timed
                and n not in chosen
            }
    return frozenset(kept)


@dataclass
class _Labels:
    """What the labels of a text's lines look like together."""

    counts: dict[str, int]
    timed: set[str]
    filled: int
    words: int
    words_before: int
    words_labelled: int

    @classmethod
    def of(cls, lines: Iterable[str]) -> _Labels:
        seen = cls({}, set(), 0, 0, 0, 0)
        begun = False
        for line in lines:
            words = len(line.split())
            seen.filled += words > 0
            seen.words += words
            label = find_label(line)
            if label is None:
                continue
            seen.words_labelled += words
            if not begun and not is_note_heading(label.speaker):
                begun, seen.words_before = True, seen.words - words
            seen.counts[label.speaker] = seen.counts.get(label.speaker, 0) + 1
            if label.start_s is not None and label.colon:
                seen.timed.add(label.speaker)
        return seen

    def is_talk(self, people: Mapping[str, int], roles: set[Role | None], *, both: bool) -> bool:
        lines, recurs = sum(people.values()), max(people.values()) > 1
        headings = sum(is_note_heading(name) for name in self.counts)
        if both:
            # "Client: M. / Therapist: Dr X / Date: ..." above paragraphs is the head of a note.
            return recurs or (not headings and self.words_labelled * 2 >= self.words)
        if roles & {"therapist", "client"}:
            return recurs or lines == self.filled > 1
        if len(self.timed & people.keys()) > 1:
            return True
        return len(people) > 1 and recurs and lines * 4 >= self.filled and headings < 3


def assign_roles(
    turns: Sequence[tuple[str | None, str]],
    therapist: str | None = None,
    given: Mapping[str, Role] | None = None,
) -> dict[str, tuple[Role, RoleSource]]:
    """Decide who is the therapist.

    In this order: ``therapist`` (an option), the words of the labels, elimination beside a label
    that is clear, and last a guess: of the two who speak most, the therapist is the one who asks
    more and speaks less.

    Args:
        turns: (speaker, text) in order; a speaker of None has no role to be decided.
        therapist: Label of the therapist, compared without case.
        given: Roles that the file itself gives speakers; they count as the words of a label.

    Returns:
        For every speaker its role and how that was decided.

    Raises:
        OptionError: No speaker is called ``therapist``.
    """
    speakers = list(dict.fromkeys(s for s, _ in turns if s is not None))
    named = {s: (given or {}).get(s) or role_of_label(s) for s in speakers}
    has_client = "client" in named.values()
    roles: dict[str, tuple[Role, RoleSource]] = {}
    if therapist is not None:
        chosen = [s for s in speakers if _key(s) == _key(therapist)]
        if not chosen:
            raise OptionError(
                f"--therapist: none of the {len(speakers)} speakers has that label; "
                "labels are compared whole, without case"
            )
        unnamed_role: Role = "other" if has_client else "client"
        for s in speakers:
            role = named[s]
            if s in chosen:
                roles[s] = ("therapist", "option")
            elif role is not None and role != "therapist":
                roles[s] = (role, "label")
            else:
                roles[s] = (unnamed_role, "option")
        return roles
    known = {r for r in named.values() if r in {"therapist", "client"}}
    if known:
        rest: Role = "client" if "therapist" in known else "therapist"
        if known == {"therapist", "client"}:
            rest = "other"
        return {s: (named[s] or rest, "label") for s in speakers}
    unnamed = [s for s in speakers if named[s] is None]
    guessed = _guess_therapist(turns, unnamed)
    for s in speakers:
        role = named[s]
        if role is not None:
            roles[s] = (role, "label")
        else:
            roles[s] = ("therapist" if s == guessed else "client", "guess")
    return roles


def _guess_therapist(
    turns: Sequence[tuple[str | None, str]], speakers: Sequence[str]
) -> str | None:
    if len(speakers) < 2:
        return None
    words = dict.fromkeys(speakers, 0)
    asked = dict.fromkeys(speakers, 0)
    count = dict.fromkeys(speakers, 0)
    for speaker, text in turns:
        if speaker in words:
            words[speaker] += len(text.split())
            count[speaker] += 1
            asked[speaker] += "?" in text or bool(_QUESTION_START.match(text))
    top = sorted(speakers, key=lambda s: -count[s])[:2]
    total = max(1, sum(words[s] for s in top))
    return max(top, key=lambda s: asked[s] / max(1, count[s]) - words[s] / total)
