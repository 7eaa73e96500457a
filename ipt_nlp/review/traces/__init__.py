"""Where in a folder something of a client is: what this program wrote, and files of others.

Results in JSON Lines, CSV and Parquet are known session by session, by what is in them and not by
their names, which ``tag --output`` leaves to the user. In all other files words are looked for:
runs of words that the client said in the sessions that are forgotten.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ipt_nlp.batch import RECORD
from ipt_nlp.places import PARTIAL_PREFIX, PARTIAL_SUFFIX
from ipt_nlp.result import NOTICE
from ipt_nlp.review.database import ROOM
from ipt_nlp.review.exports.made import FOLDER as EXPORTS
from ipt_nlp.review.traces.found import (
    BROKEN,
    CLOSED,
    HOLDS,
    IN_NAME,
    KEY_FILE,
    LINK,
    NO_OWNER,
    OTHER_ROOM,
    SAME,
    SAYS_ID,
    SEVERAL,
    TRANSCRIPT,
    Left,
    Survey,
    Wanted,
)
from ipt_nlp.review.traces.records import single_outputs, take_up_record
from ipt_nlp.review.traces.results import take_up_results, with_client
from ipt_nlp.review.traces.runs import Runs
from ipt_nlp.review.traces.texts import is_html_report, plain_html, text_of

__all__ = ["Left", "Survey", "Wanted", "survey", "with_client"]

_SECTION = '<section class="session"'
_KEY = b'"ipt-nlp-key/'


def survey(folder: Path, wanted: Wanted, documents: Iterable[Mapping[str, Any]]) -> Survey:
    """Look through a reviewed folder and all below it, hidden files too.

    Args:
        folder: The reviewed folder.
        wanted: What is to be forgotten.
        documents: The result documents of the room that are to be forgotten.
    """
    found = Survey(folder, sources={source for source, _ in wanted.gone})
    runs = Runs()
    for document in documents:
        runs.add(document)
    files = list(_files(folder, found))
    rest = [path for path in files if not take_up_results(path, wanted, found, runs)]
    records = [path for path in rest if path.name == RECORD]
    single = single_outputs(records)
    for path in rest:
        if path.name != RECORD:
            _look(path, wanted, found, runs, single)
    for path in records:
        take_up_record(path, found)
    # What is known to hold words comes first.
    order = (HOLDS, SEVERAL, BROKEN, NO_OWNER, SAME, SAYS_ID, IN_NAME)
    found.left.sort(key=lambda left: order.index(left.why) if left.why in order else len(order))
    return found


def _files(folder: Path, found: Survey) -> Iterator[Path]:
    from ipt_nlp.areas.bundle import MANIFEST

    own = folder / ROOM

    def closed(error: OSError) -> None:
        found.leave(Path(str(error.filename)), CLOSED)

    for here, inside, names in os.walk(folder, onerror=closed):
        at = Path(here)
        if at == own:
            # The database is no file of ours to change, and recorded exports are found by record.
            inside[:] = [name for name in inside if name == EXPORTS]
            continue
        if at.name == ROOM:
            inside.clear()
            found.leave(at, OTHER_ROOM)
            continue
        if MANIFEST in names and "areas.joblib" in names:
            # A bundle: named where it learned from the client.
            inside.clear()
            continue
        inside.sort()
        for name in list(inside):
            if (at / name).is_symlink():
                inside.remove(name)
                found.leave(at / name, LINK)
        for name in sorted(names):
            if at.parent == own and not name.startswith(PARTIAL_PREFIX):
                continue
            if (at / name).is_file():
                yield at / name


def _look(path: Path, wanted: Wanted, found: Survey, runs: Runs, single: set[Path]) -> None:
    """Erase a report that is of the client alone; name what else holds words or may do so."""
    from ipt_nlp.readers import SUFFIXES

    text, closed = text_of(path)
    if text is None:
        found.leave(path, closed)
        return
    held = runs.held_by(text)
    if path.name.startswith(PARTIAL_PREFIX) and path.name.endswith(PARTIAL_SUFFIX):
        # Left by a run that was killed; nobody reads it.
        if held:
            _goes(path, found)
        return
    is_html = is_html_report(text)
    is_report = is_html or NOTICE in " ".join(text[-4000:].split())
    if is_html:
        sections = text.split(_SECTION)[1:] or [text]
        alone = all(runs.is_one(plain_html(section)) for section in sections)
    else:
        alone = is_report and path in single and runs.is_one(text)
    if is_html:
        held = runs.held_by(plain_html(text))
    if held and alone:
        _goes(path, found)
    elif held:
        found.leave(path, SEVERAL if is_report else HOLDS)
    elif is_report and _says_id(plain_html(text) if is_html else text, wanted):
        found.leave(path, SAYS_ID)
    elif _KEY in path.read_bytes()[:200]:
        found.leave(path, KEY_FILE)
    elif any(_has_token(path.name, client) for client in wanted.clients):
        found.leave(path, IN_NAME)
    elif path.suffix.casefold() in SUFFIXES and not path.name.startswith(".") and not is_report:
        found.leave(path, TRANSCRIPT)


def _goes(path: Path, found: Survey) -> None:
    found.plan[path] = None
    found.erased.append(path)


def _says_id(text: str, wanted: Wanted) -> bool:
    return any(_has_token(text, f"client {client}") for client in wanted.clients)


def _has_token(text: str, token: str) -> bool:
    return re.search(rf"(?<![^\W_]){re.escape(token)}(?![^\W_])", text, re.I) is not None
