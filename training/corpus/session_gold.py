"""Writers' session drafts -> who is in each session and what its goals are, checked on the text.

    python -m training.corpus.session_gold DRAFTS corpora/ipt-synth

DRAFTS holds ``CLIENT-NUMBER.jsonl``, whose first line says what the writer had in mind: phase,
focus, goals, people. Written to ``session-gold/{train,validation,test}.json``, split as the
sessions are. These are not rows of the corpus, hence not JSON Lines. The text of the corpus is the
truth: goals get their turn and offsets (code points into the turn's text), mentions are written as
they first occur, and what does not occur in the session is an error here, not a line there.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from ipt_nlp.corpus import CorpusRow, read_rows

SPLITS = ("train", "validation", "test")
FOLDER = "session-gold"

Draft = dict[str, Any]


class GoldError(ValueError):
    """A draft says something that its session's text does not hold."""


def find_mention(texts: list[str], mention: str) -> str:
    """The mention as it first stands in the session, in its own case if it is there so.

    Raises:
        GoldError: It does not occur as words of their own.
    """
    for flags in (0, re.IGNORECASE):
        pattern = re.compile(rf"(?<!\w){re.escape(mention)}(?!\w)", flags)
        for text in texts:
            if found := pattern.search(text):
                return found.group()
    raise GoldError(f"a mention of {len(mention)} characters does not occur in the session")


def find_goal(texts: list[str], goal: str) -> dict[str, Any]:
    """Turn, offsets and quote of a goal.

    Raises:
        GoldError: No turn holds it word for word.
    """
    for index, text in enumerate(texts):
        if (start := text.find(goal)) >= 0:
            end = start + len(goal)
            return {"turn_index": index, "start_char": start, "end_char": end, "quote": goal}
    raise GoldError(f"a goal of {len(goal)} characters does not occur in the session")


def session_gold(session: str, draft: Draft, texts: list[str]) -> dict[str, Any]:
    """The checked gold of one session; ``texts`` are its turns in order."""
    people = []
    for person in draft["people"]:
        mentions = [find_mention(texts, m) for m in person["mentions"]]
        names = [find_mention(texts, n) for n in person["names"]]
        people.append(
            {
                "relation": person["relation"],
                "mentions": list(dict.fromkeys(mentions)),
                "names": list(dict.fromkeys(names)),
                "deceased": person["deceased"],
            }
        )
    return {
        "session": session,
        "client": draft["client"],
        "session_number": draft["session_number"],
        "phase": draft["phase"],
        "focus": draft["focus"],
        "goals": [find_goal(texts, g) for g in draft["goals"]],
        "people": people,
    }


def session_texts(path: Path) -> dict[str, list[str]]:
    """Turns of each session of a JSON Lines file, in order."""
    turns: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for _, row in read_rows(path):
        if isinstance(row, CorpusRow) and row.session is not None and row.turn_index is not None:
            turns[row.session][row.turn_index] = row.text
    return {s: [by_index[i] for i in sorted(by_index)] for s, by_index in turns.items()}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("drafts", type=Path)
    parser.add_argument("corpus", type=Path)
    options = parser.parse_args()
    (options.corpus / FOLDER).mkdir(exist_ok=True)
    for split in SPLITS:
        found = []
        for session, texts in sorted(
            session_texts(options.corpus / f"sessions/{split}.jsonl").items()
        ):
            with (options.drafts / f"{session}.jsonl").open(encoding="utf-8") as lines:
                draft = json.loads(next(lines))
            try:
                found.append(session_gold(session, draft, texts))
            except GoldError as error:
                sys.exit(f"{session}: {error}")
        target = options.corpus / FOLDER / f"{split}.json"
        target.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        people = sum(len(s["people"]) for s in found)
        print(f"{split}: {len(found)} sessions, {people} people")


if __name__ == "__main__":
    main()
