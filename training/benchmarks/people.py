"""How well the interpersonal inventory and the goals of sessions are found, and how fast.

    python -m training.benchmarks.people [--split S] [--gold drafts|reviewed] [--speech] [--errors]

Gold: ``drafts`` is what the sessions' writers listed (``corpora/ipt-synth/session-gold``),
``reviewed`` the ten test sessions of ``tests/cases/people`` read again against its guideline.
Writers knew their clients, so drafts hold relations that the session does not say; relation
accuracy is of use on ``reviewed`` only. ``--speech`` takes capitals and marks away first.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from spacy.language import Language
from spacy.tokens import Doc

from ipt_nlp.corpus import CorpusRow, read_rows
from ipt_nlp.language.goals import session_goals
from ipt_nlp.language.inventory import inventory
from ipt_nlp.language.people import PeopleMarker
from ipt_nlp.language.persons import FoundPerson
from ipt_nlp.language.pipeline import load_language, sentence_starts
from ipt_nlp.language.relations import normal_relation
from ipt_nlp.language.turns import mark_turns
from ipt_nlp.segments import segment
from ipt_nlp.transcript import Transcript, Utterance

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "corpora" / "ipt-synth"
REVIEWED = ROOT / "tests" / "cases" / "people" / "reviewed.json"


@dataclass(frozen=True)
class GoldPerson:
    """A person of the gold: ``relations`` are all that are right, none where it is not said."""

    mentions: tuple[str, ...]
    names: tuple[str, ...]
    relations: tuple[str, ...]
    deceased: bool | None
    optional: bool = False


@dataclass
class Score:
    """Counts over sessions."""

    found: int = 0
    gold: int = 0
    matched: int = 0
    related: int = 0
    relations_right: int = 0
    deceased: int = 0
    deceased_right: int = 0
    dead: int = 0
    dead_found: int = 0
    dead_right: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.matched / max(1, self.found)

    @property
    def recall(self) -> float:
        return self.matched / max(1, self.gold)

    @property
    def f1(self) -> float:
        return 2 * self.matched / max(1, self.found + self.gold)

    @property
    def relation_accuracy(self) -> float:
        return self.relations_right / max(1, self.related)

    @property
    def deceased_accuracy(self) -> float:
        return self.deceased_right / max(1, self.deceased)


def _words(texts: Iterable[str]) -> set[str]:
    return {re.sub(r"^(?:my|our|your|the|a|an) ", "", t.lower()).rstrip(".") for t in texts}


def similarity(gold: GoldPerson, found: FoundPerson) -> float:
    """How much an entry is this person: 0 for not at all, else the more the better.

    An entry can be the person when they share a name, or a mention (case and a leading "my",
    "your", "the" or "a" aside; one may begin with the other), or have the same relation while not
    both have names. A shared name counts most; each shared mention adds to it.
    """
    names = {w.split()[-1] for w in _words(gold.names)} & {
        w.split()[-1] for w in _words(found.names)
    }
    if gold.names and found.names and not names:
        return 0.0
    ours = _words(m.text for m in found.mentions)
    # "This one kid" and "this one kid next to me" are the same words.
    shared = {
        m
        for m in _words(gold.mentions)
        if any(o == m or o.startswith(f"{m} ") or m.startswith(f"{o} ") for o in ours)
    }
    relation = _relation_fits(gold, found)
    if not names and not shared and not relation:
        return 0.0
    return 4 * bool(names) + min(len(shared), 3) + 1.5 * relation


def _relation_fits(gold: GoldPerson, found: FoundPerson) -> bool:
    """Same relation word; "Tom's mother" and "brother's mother" are the same word of somebody."""
    if found.relation is None:
        return False
    ours = normal_relation(found.relation) or found.relation
    for words in gold.relations:
        theirs = normal_relation(words) or words
        if theirs.removeprefix("ex-") == ours.removeprefix("ex-"):
            return True
        if "'s " in theirs and "'s " in ours and theirs.split("'s ")[1] == ours.split("'s ")[1]:
            return True
    return False


def score_session(
    gold: Sequence[GoldPerson], found: Sequence[FoundPerson], score: Score, session: str = ""
) -> None:
    """Add a session's counts to ``score``.

    People and entries are paired one to one so that the sum of :func:`similarity` is largest; a
    pair counts when it is above 0. Entries paired with an optional person are left out, optional
    people are not missed. Relation accuracy is over pairs whose gold says a relation. Deceased
    accuracy is over pairs whose gold says alive or dead: right is True for the dead and anything
    but True for the living.
    """
    table = np.array([[similarity(g, f) for f in found] for g in gold]).reshape(
        len(gold), len(found)
    )
    # A pair with a required person goes before one with an optional person.
    table = np.where(np.array([g.optional for g in gold], dtype=bool)[:, None], table * 0.1, table)
    pairs = {
        int(g): int(f)
        for g, f in zip(*linear_sum_assignment(-table), strict=True)
        if table[g, f] > 0
    }
    neutral = sum(gold[g].optional for g in pairs)
    score.gold += sum(not g.optional for g in gold)
    score.found += len(found) - neutral
    for i, person in enumerate(gold):
        if person.optional:
            continue
        if i not in pairs:
            score.wrong.append(f"{session} missed {person.mentions} {person.relations}")
            continue
        entry = found[pairs[i]]
        score.matched += 1
        if person.relations:
            score.related += 1
            right = _relation_fits(person, entry)
            score.relations_right += right
            if not right:
                score.wrong.append(
                    f"{session} relation {person.mentions} {person.relations} {entry.relation}"
                )
        if person.deceased is not None:
            score.deceased += 1
            right = person.deceased == (entry.deceased is True)
            score.deceased_right += right
            score.dead += person.deceased
            score.dead_found += entry.deceased is True
            score.dead_right += person.deceased and entry.deceased is True
            if not right:
                score.wrong.append(f"{session} deceased {person.mentions} {person.deceased}")
    for j in set(range(len(found))) - set(pairs.values()):
        entry = found[j]
        score.wrong.append(f"{session} extra {entry.mention} {entry.names} {entry.relation}")


def draft_people(session: Mapping[str, Any]) -> list[GoldPerson]:
    """The people of a session of ``session-gold``."""
    return [
        GoldPerson(tuple(p["mentions"]), tuple(p["names"]), (p["relation"],), p["deceased"])
        for p in session["people"]
    ]


def reviewed_people(session: Mapping[str, Any]) -> list[GoldPerson]:
    """The people of a session of ``tests/cases/people/reviewed.json``."""
    return [
        GoldPerson(
            tuple(p["mentions"]),
            tuple(p["names"]),
            tuple(p["relations"]),
            p["deceased"],
            p.get("optional", False),
        )
        for p in session["people"]
    ]


@dataclass
class GoalScore:
    """Counts of goals over sessions."""

    found: int = 0
    gold: int = 0
    matched: int = 0

    @property
    def f1(self) -> float:
        return 2 * self.matched / max(1, self.found + self.gold)


Span = tuple[int, int]


def _overlap(one: Span, two: Span) -> bool:
    """Whether two spans share at least half of the shorter one."""
    shared = min(one[1], two[1]) - max(one[0], two[0])
    return 2 * shared >= min(one[1] - one[0], two[1] - two[0])


def score_goals(
    gold: Sequence[Span], optional: Sequence[Span], found: Sequence[Span], score: GoalScore
) -> None:
    """Add a session's goals, matched one to one by overlap of half the shorter span.

    Spans that overlap an optional or an already matched goal are left out.
    """
    left = list(found)
    for span in gold:
        hit = next((f for f in left if _overlap(span, f)), None)
        if hit is not None:
            left.remove(hit)
            score.matched += 1
    wrong = [f for f in left if not any(_overlap(f, o) for o in (*gold, *optional))]
    score.gold += len(gold)
    score.found += len(found) - len(left) + len(wrong)


def as_speech(text: str) -> str:
    """The text as speech recognition without marks or capitals writes it."""
    return " ".join(re.sub(r"[^\w\s']", "", text.lower()).split())


def session_turns(split: str) -> dict[str, list[CorpusRow]]:
    """Turns of each session of a split, in order."""
    found: dict[str, list[CorpusRow]] = {}
    for _, row in read_rows(CORPUS / "sessions" / f"{split}.jsonl"):
        if isinstance(row, CorpusRow) and row.session is not None:
            found.setdefault(row.session, []).append(row)
    return {s: sorted(rows, key=lambda r: r.turn_index or 0) for s, rows in found.items()}


def session_docs(nlp: Language, turns: Sequence[CorpusRow], *, speech: bool = False) -> list[Doc]:
    """A session's segments as documents with turns marked, cut as the tagger cuts them."""
    said = [(as_speech(t.text) or "mm" if speech else t.text, str(t.role)) for t in turns]
    transcript = Transcript.from_utterances(
        [Utterance(text, role.capitalize()) for text, role in said], source="session"
    )
    cuts = segment(transcript, sentence_starts(nlp))
    docs = nlp.pipe(transcript.text[c.start_char : c.end_char] for c in cuts)
    marked = [
        mark_turns(d, transcript.turns, c.start_char) for d, c in zip(docs, cuts, strict=True)
    ]
    return [PeopleMarker()(doc) for doc in marked]


def located(quotes: Iterable[str], text: str, *, speech: bool) -> list[Span]:
    """Where quotes stand in the session's text; a quote that speech has changed is left out."""
    wanted = [as_speech(q) if speech else q for q in quotes]
    return [(i, i + len(q)) for q in wanted if (i := text.find(q)) >= 0]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--split", default="test", choices=["train", "validation", "test"])
    parser.add_argument("--gold", default="reviewed", choices=["drafts", "reviewed"])
    parser.add_argument("--speech", action="store_true", help="no capitals, no marks")
    parser.add_argument("--errors", action="store_true", help="list what is wrong")
    options = parser.parse_args()
    reviewed = options.gold == "reviewed"
    path = REVIEWED if reviewed else CORPUS / "session-gold" / f"{options.split}.json"
    sessions = json.loads(path.read_text(encoding="utf-8"))
    turns = session_turns("test" if reviewed else options.split)
    nlp = load_language(everything=True)
    score, goals, words, seconds = Score(), GoalScore(), 0, 0.0
    for session in sessions:
        docs = session_docs(nlp, turns[session["session"]], speech=options.speech)
        start = time.process_time()
        docs = [PeopleMarker()(doc) for doc in docs]
        people, found = inventory(docs), session_goals(docs)
        seconds += time.process_time() - start
        words += sum(len(doc.text.split()) for doc in docs)
        gold = reviewed_people(session) if reviewed else draft_people(session)
        score_session(gold, people, score, session["session"])
        text = "".join(doc.text for doc in docs)
        offsets = np.cumsum([0, *(len(doc.text) for doc in docs)])
        spans = [
            (int(offsets[g.doc]) + g.start_char, int(offsets[g.doc]) + g.end_char) for g in found
        ]
        quotes = session["goals"] if reviewed else [g["quote"] for g in session["goals"]]
        optional = session["optional_goals"] if reviewed else []
        score_goals(
            located(quotes, text, speech=options.speech),
            located(optional, text, speech=options.speech),
            spans,
            goals,
        )
    print(
        f"{len(sessions)} sessions, {options.gold}: people P {score.precision:.3f} "
        f"R {score.recall:.3f} F {score.f1:.3f}; relation {score.relation_accuracy:.3f} of "
        f"{score.related}; deceased {score.deceased_accuracy:.3f} of {score.deceased}, dead "
        f"{score.dead_right} of {score.dead}, {score.dead_found} said; goals F {goals.f1:.3f} "
        f"({goals.matched} of {goals.gold}, {goals.found} found); "
        f"{words / seconds:,.0f} words/s of CPU"
    )
    if options.errors:
        print("\n".join(score.wrong))


if __name__ == "__main__":
    main()
