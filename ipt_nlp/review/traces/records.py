"""The record that ``ipt-nlp tag`` keeps in a folder of results: names of files and sessions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ipt_nlp.review.erasing import Write
from ipt_nlp.review.traces.found import Survey
from ipt_nlp.review.traces.results import parsed


def _record_lines(path: Path) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
    with path.open("rb") as file:
        for raw in file:
            yield raw, parsed(raw)


def single_outputs(records: Iterable[Path]) -> set[Path]:
    """Results of one session each, as the records say."""
    found: set[Path] = set()
    for path in records:
        for _, entry in _record_lines(path):
            if entry is not None:
                output = path.parent / str(entry.get("output"))
                (found.add if entry.get("sessions") == 1 else found.discard)(output)
    return found


def take_up_record(path: Path, found: Survey) -> None:
    """Take the entries of erased results out, and warnings that name erased sessions."""
    change = partial(_recorded, path.parent, dict(found.plan), frozenset(found.sources))
    lines = list(_record_lines(path))
    if all(change(raw, entry) == raw for raw, entry in lines):
        return
    if all(change(raw, entry) == b"" for raw, entry in lines):
        found.plan[path] = None
    else:
        found.plan[path] = partial(_write_record, path, change)
    found.erased.append(path)


def _recorded(
    folder: Path,
    plan: Mapping[Path, Write | None],
    sources: frozenset[str],
    raw: bytes,
    entry: Mapping[str, Any] | None,
) -> bytes:
    """What stays of a line of the record."""
    if entry is None:
        # The last line of a run that was killed: it is of no use to anybody.
        return raw if not sources else b""
    output = folder / str(entry.get("output"))
    of_gone = Path(str(entry.get("file"))).name in sources
    if (output in plan and plan[output] is None) or (of_gone and not output.is_file()):
        return b""
    told = {
        name: [line for line in entry.get(name) or () if not _names(str(line), sources)]
        for name in ("warnings", "failures")
    }
    if all(len(kept) == len(entry.get(name) or ()) for name, kept in told.items()):
        return raw
    return (json.dumps({**entry, **told}) + "\n").encode("ascii")


def _names(line: str, sources: frozenset[str]) -> bool:
    return any(line.startswith(f"{source}:") for source in sources)


def _write_record(
    path: Path, change: Callable[[bytes, Mapping[str, Any] | None], bytes], file: BinaryIO
) -> None:
    for raw, entry in _record_lines(path):
        file.write(change(raw, entry))
