"""Writers' drafts -> IPT-Synth rows (format ``ipt-nlp-corpus/1``).

Writers hand in compact JSON Lines: the text and, for every label, the quoted words. This computes
offsets, ids and identifier spans, and places each writer and client in one split. It changes no
word of any text.

    python -m training.corpus.assemble DRAFTS corpora/ipt-synth

DRAFTS holds ``posts/WRITER.jsonl``, ``sessions/CLIENT-NUMBER.jsonl``, ``notes/WRITER.jsonl`` and
``identifiers/WRITER.jsonl``; ``second/*.jsonl`` is the second, blind pass, and
``settled/*.jsonl`` (id and the labels that were settled by the codebook where the passes differ)
replaces the writer's own labels.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ipt_nlp import codebook
from ipt_nlp.corpus import CorpusFlag, CorpusPattern, CorpusRow

Draft = dict[str, Any]

TEST_WRITERS = frozenset({"p05", "p13", "i03", "n03"})
VALIDATION_WRITERS = frozenset({"p01", "p12", "p18", "p19", "p20", "p21", "p22", "n02"})
FIRST_ROUND = frozenset({f"p{i:02d}" for i in range(1, 8)})
"""Their posts turned out too narrated; they are a configuration of their own."""
PATTERN_WRITERS = frozenset({"p02", "p06", "p07"})
TEST_CLIENTS = frozenset({"c04", "c07", "c10", "c13", "c19", "c22", "c26", "c31", "c35", "c38"})
VALIDATION_CLIENTS = frozenset({"c02", "c09", "c16", "c24", "c33"})
ROLES = {"T": "therapist", "C": "client", "O": "other"}


def split_of(writer: str, client: str | None) -> str:
    """The split of a row: sessions by client, everything else by writer."""
    if client is not None and not writer.startswith("n"):
        if client in TEST_CLIENTS:
            return "test"
        return "validation" if client in VALIDATION_CLIENTS else "train"
    if writer in TEST_WRITERS:
        return "test"
    return "validation" if writer in VALIDATION_WRITERS else "train"


def find_all(text: str, quote: str) -> list[tuple[int, int]]:
    """Where a name stands in a text as a word of its own (a possessive s may follow)."""
    pattern = rf"(?<!\w){re.escape(quote)}(?!\w)"
    return [m.span() for m in re.finditer(pattern, text)]


def locate(text: str, quotes: Sequence[str]) -> list[tuple[int, int]]:
    """Offsets of quotes, the n-th mention of the same quote at its n-th place in the text."""
    seen: defaultdict[str, int] = defaultdict(int)
    spans = []
    for quote in quotes:
        start = text.find(quote, seen[quote])
        if start < 0:
            start = text.index(quote)
        seen[quote] = start + 1
        spans.append((start, start + len(quote)))
    return spans


def either(draft: Draft, long: str, short: str) -> list[Any]:
    """A list under its long or short key; empty when it is under neither."""
    found: list[Any] = draft.get(long) or draft.get(short) or []
    return found


def make_row(draft: Draft, names: Sequence[str], **fields: Any) -> CorpusRow:
    """A corpus row of a draft with long or short keys."""
    text: str = draft["text"] if "text" in draft else draft["t"]
    areas: list[str] = either(draft, "areas", "a")
    primary = draft.get("primary", draft.get("p", areas[0] if areas else None))
    patterns: list[list[str]] = either(draft, "patterns", "pat")
    flags: list[list[str]] = either(draft, "flags", "f")
    identifiers: list[list[str]] = draft.get("spans", [])
    found = [
        CorpusPattern(start_char=s, end_char=e, quote=text[s:e], pattern=p[1], who=p[2])
        for p, (s, e) in zip(patterns, locate(text, [p[0] for p in patterns]), strict=True)
    ]
    marked = [
        CorpusFlag(start_char=s, end_char=e, quote=text[s:e], flag=f[0], status=f[2], subject=f[3])
        for f, (s, e) in zip(flags, locate(text, [f[1] for f in flags]), strict=True)
    ]
    marked += [
        CorpusFlag(start_char=s, end_char=e, quote=text[s:e], flag="identifier", kind=i[1])
        for i, (s, e) in zip(identifiers, locate(text, [i[0] for i in identifiers]), strict=True)
    ]
    taken = {(f.start_char, f.end_char) for f in marked if f.flag == "identifier"}
    for name in sorted(set(names), key=len, reverse=True):
        for s, e in find_all(text, name):
            if not any(a <= s and e <= b for a, b in taken):
                taken.add((s, e))
                marked.append(
                    CorpusFlag(
                        start_char=s, end_char=e, quote=text[s:e], flag="identifier", kind="person"
                    )
                )
    order = {key: i for i, key in enumerate(codebook.AREAS)}
    return CorpusRow(
        text=text,
        areas=tuple(sorted(set(areas), key=order.__getitem__)),
        primary=primary if areas else None,
        patterns=tuple(sorted(found, key=lambda p: (p.start_char, p.end_char))),
        flags=tuple(sorted(marked, key=lambda f: (f.start_char, f.end_char))),
        rules=tuple(draft.get("rules", [])),
        codebook=codebook.VERSION,
        synthetic=True,
        **fields,
    )


def read_drafts(path: Path) -> list[Draft]:
    """The rows of one draft file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def posts(folder: Path, *, first: bool) -> Iterator[CorpusRow]:
    """A row for each post of the first or of the later rounds."""
    for path in sorted(folder.glob("*.jsonl")):
        if (path.stem in FIRST_ROUND) != first:
            continue
        for n, draft in enumerate(read_drafts(path), 1):
            yield make_row(
                draft,
                draft.get("names", []),
                id=f"{path.stem}-{n:03d}",
                genre=draft["genre"],
                writer=path.stem,
                patterns_labelled=path.stem in PATTERN_WRITERS or bool(draft.get("patterns")),
            )


def sessions(folder: Path) -> Iterator[CorpusRow]:
    """A row for each turn."""
    for path in sorted(folder.glob("*.jsonl")):
        meta, *turns = read_drafts(path)
        for n, draft in enumerate(turns):
            yield make_row(
                draft,
                meta["names"],
                id=f"{path.stem}-{n:03d}",
                genre="session",
                client=meta["client"],
                session=path.stem,
                session_number=meta["session_number"],
                turn_index=n,
                role=ROLES[draft["r"]],
                writer=meta["writer"],
                patterns_labelled=True,
            )


def notes(folder: Path) -> Iterator[CorpusRow]:
    """A row for each paragraph."""
    for path in sorted(folder.glob("*.jsonl")):
        for n, note in enumerate(read_drafts(path), 1):
            for i, draft in enumerate(note["paragraphs"]):
                yield make_row(
                    draft,
                    [*note.get("names", []), *draft.get("names", [])],
                    id=f"{path.stem}-{n:03d}-{i}",
                    genre="note",
                    client=f"{path.stem}-{note.get('client', n)}",
                    session=f"{path.stem}-{n:03d}",
                    session_number=note.get("session_number"),
                    turn_index=i,
                    writer=path.stem,
                    patterns_labelled=True,
                )


def identifiers(folder: Path) -> Iterator[CorpusRow]:
    """A row for each text of the guard's set; its areas are not labelled."""
    for path in sorted(folder.glob("*.jsonl")):
        for n, draft in enumerate(read_drafts(path), 1):
            yield make_row(
                draft,
                [],
                id=f"{path.stem}-{n:03d}",
                genre="identifier",
                writer=path.stem,
                unscored_areas=codebook.AREAS,
            )


def settled_labels(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Labels on which the passes agreed in the end, by row id."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        found |= {draft["id"]: draft for draft in read_drafts(path)}
    return found


def settle(row: CorpusRow, settled: Mapping[str, Any]) -> CorpusRow:
    """The row with the settled labels in place of its writer's."""
    values = row.model_dump()
    if "areas" in settled:
        values["areas"] = tuple(a for a in codebook.AREAS if a in settled["areas"])
        values["primary"] = settled.get("primary") if settled["areas"] else None
        if values["areas"] and values["primary"] not in values["areas"]:
            values["primary"] = values["areas"][0] if len(values["areas"]) == 1 else row.primary
            if values["primary"] not in values["areas"]:
                values["primary"] = values["areas"][0]
    if "patterns" in settled:
        values["patterns"] = sorted(settled["patterns"], key=_place)
    if "risk_flags" in settled:
        names = [f.model_dump() for f in row.flags if f.flag == "identifier"]
        values["flags"] = sorted([*settled["risk_flags"], *names], key=_place)
    return CorpusRow.model_validate(values)


def _place(span: Mapping[str, Any]) -> tuple[int, int]:
    return span["start_char"], span["end_char"]


def first_pass(row: CorpusRow) -> dict[str, Any]:
    """A row's own labels in the form in which the second pass hands them in."""
    return {
        "id": row.id,
        "areas": list(row.areas),
        "flags": [
            [f.flag, f.quote, f.status, f.subject] for f in row.flags if f.flag != "identifier"
        ],
        "patterns": [[p.quote, p.pattern, p.who] for p in row.patterns],
    }


def write_passes(rows: Sequence[CorpusRow], second: Path, output: Path) -> int:
    """Write both passes over the rows that were labelled twice; returns their number.

    Of a session only turns with something on them have a line in the second pass; the others
    count as labelled with nothing.
    """
    given = settled_labels(second)
    sessions = {i.rsplit("-", 1)[0] for i in given if i.startswith("c")}
    first_lines, second_lines = [], []
    for row in rows:
        if row.id not in given and row.session not in sessions:
            continue
        labelled = ["areas", "flags", *(["patterns"] if row.patterns_labelled else [])]
        other = given.get(row.id, {})
        if row.genre != "session" and row.genre != "note" and "patterns" not in other:
            labelled = labelled[:2] if row.writer not in PATTERN_WRITERS else labelled
        again = {key: other.get(key, []) for key in ("areas", "flags", "patterns")}
        first_lines.append(json.dumps(first_pass(row) | {"labelled": labelled}))
        second_lines.append(json.dumps({"id": row.id} | again | {"labelled": labelled}))
    output.mkdir(parents=True, exist_ok=True)
    for name, lines in (("first", first_lines), ("second", second_lines)):
        (output / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(first_lines)


def assemble(drafts: Path, output: Path) -> dict[str, int]:
    """Write ``CONFIG/SPLIT.jsonl`` for every configuration; returns rows by configuration."""
    settled = settled_labels(drafts / "settled")
    counts = {}
    drafted: list[CorpusRow] = []
    rows = {
        "posts": posts(drafts / "posts", first=False),
        "posts_first": posts(drafts / "posts", first=True),
        "sessions": sessions(drafts / "sessions"),
        "notes": notes(drafts / "notes"),
        "identifiers": identifiers(drafts / "identifiers"),
    }
    for name, made in rows.items():
        by_split: defaultdict[str, list[str]] = defaultdict(list)
        for draft_row in made:
            drafted.append(draft_row)
            row = settle(draft_row, settled[draft_row.id]) if draft_row.id in settled else draft_row
            split = split_of(row.writer, row.client)
            by_split[split].append(row.model_dump_json())
        counts[name] = sum(map(len, by_split.values()))
        (output / name).mkdir(parents=True, exist_ok=True)
        for split, lines in by_split.items():
            (output / name / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    counts["labelled twice"] = write_passes(drafted, drafts / "second", output / "passes")
    return counts


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("drafts", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    print(json.dumps(assemble(options.drafts, options.output)))


if __name__ == "__main__":
    main()
