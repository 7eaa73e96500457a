"""Where in a folder something of a client is: what this program wrote, and files of others.

Results in JSON Lines, CSV and Parquet are known session by session, by what is in them and not by
their names, which ``tag --output`` leaves to the user. In all other files words are looked for:
runs of words that the client said in the sessions that are forgotten.
"""

from __future__ import annotations

import csv
import html
import json
import os
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ipt_nlp.batch import RECORD
from ipt_nlp.places import PARTIAL_PREFIX, PARTIAL_SUFFIX
from ipt_nlp.result import NOTICE
from ipt_nlp.review.database import ROOM
from ipt_nlp.review.erasing import Write
from ipt_nlp.review.exports.made import FOLDER as EXPORTS

RUN = 5
"""Words of a run; a file that has three runs of the client's, about seven words, holds words."""

ENOUGH = 3
MAX_BYTES = 100 * 2**20
"""Files of others above this size are named and not looked into."""

_REPORT = re.compile(r"<title>IPT report: ")
_SECTION = '<section class="session"'
_WORD = re.compile(r"[^\W_]+")
_ENTITY_ENDS = re.compile(
    r"</(?:p|div|li|td|th|tr|h\d|si|row|w:p|text:p)\b[^>]*>|<br\b[^>]*>", re.I
)
_TAG = re.compile(r"<[^<>]*>")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|[nrt])")
_KEY = b'"ipt-nlp-key/'

HOLDS = "holds words of the client, as a transcript or a copy: erase it, or those words"
SEVERAL = "a report that holds words of the client beside others': erase it and make it again"
SAME = "holds the words of a session that is also another client's in the room: look whose it is"
BROKEN = "has lines that cannot be read, with words of the client: erase them"
NO_OWNER = "holds words of the client in a session that is not in the room: look whose it is"
IN_NAME = "has the client's id in its name: look whether it is the client's"
SAYS_ID = "a report that gives the client's id: erase it and make it again"
CLOSED = "could not be looked into: look whether it is the client's"
LARGE = "too large to be looked into: look whether it is the client's"
TRANSCRIPT = "none of the words that were erased are in it: look whether it is the client's"
KEY_FILE = "a key of pseudonyms: name it with --key if it is the client's"
OTHER_ROOM = "a review room of its own: forget the client there too"
LINK = "a link to another folder, which was not looked into"


@dataclass(frozen=True)
class Left:
    """A file that stays, as it is named in the folder, and why."""

    file: str
    why: str


@dataclass(frozen=True)
class Wanted:
    """What is to be forgotten.

    ``clients`` are the spellings of the id; ``digests`` the hashes of the texts; ``gone`` the
    sessions (source, hash); ``owners`` says of every session of the room whose it is, which goes
    before what a file says: a session may have been given to another client there.
    """

    clients: frozenset[str]
    digests: frozenset[str]
    gone: frozenset[tuple[str, str]]
    owners: Mapping[tuple[str, str], str | None]

    def goes(self, client: str | None, source: str, digest: str) -> bool:
        """Whether a session that a file holds is one of those."""
        if (source, digest) in self.owners:
            return (source, digest) in self.gone
        return digest in self.digests or (client is not None and client in self.clients)

    def renamed(self, client: str | None, source: str, digest: str) -> bool:
        """Whether it stays, but under the id of the client who is forgotten."""
        return (
            client is not None and client in self.clients and not self.goes(client, source, digest)
        )

    def same_words(self, source: str, digest: str) -> bool:
        """Whether it stays because the room says that it is another's, with the same words."""
        return digest in self.digests and not self.goes(None, source, digest)


class Runs:
    """Runs of words that the client said, by session."""

    def __init__(self) -> None:
        self._all: set[int] = set()
        self._by_session: dict[str, frozenset[int]] = {}

    def add(self, document: Mapping[str, Any]) -> None:
        """The words of a result document, of the client's turns where it says which those are."""
        text = str(document.get("text") or "")
        turns = [t for t in document.get("turns") or () if isinstance(t, dict)]
        said = [t for t in turns if t.get("role") == "client"] or turns
        parts = [text[t.get("start_char", 0) : t.get("end_char", 0)] for t in said] or [text]
        found = frozenset().union(*(_runs(part) for part in parts))
        found = found or _runs(text) or frozenset({_hash(_words(text))})
        self._by_session[str(document.get("text_sha256"))] = found
        self._all |= found

    def add_text(self, key: str, text: str) -> None:
        """Words of a row of a table."""
        found = _runs(text)
        self._by_session[key] = self._by_session.get(key, frozenset()) | found
        self._all |= found

    def held_by(self, text: str) -> bool:
        """Whether a text holds words of the client."""
        found = (_runs(text) or {_hash(_words(text))}) & self._all
        return len(found) >= min(ENOUGH, max(1, len(self._all)))

    def is_one(self, text: str) -> bool:
        """Whether a text holds most of one of the sessions."""
        found = _runs(text)
        return any(2 * len(own & found) >= len(own) for own in self._by_session.values() if own)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _hash(words: Sequence[str]) -> int:
    return hash(tuple(words))


def _runs(text: str) -> frozenset[int]:
    words = _words(text)
    return frozenset(_hash(words[i : i + RUN]) for i in range(len(words) - RUN + 1))


@dataclass
class Survey:
    """What is to be done with the files of a folder; nothing is done yet.

    ``plan`` is for :func:`ipt_nlp.review.erasing.erase`. ``renamed`` files only lose the id.
    """

    folder: Path
    plan: dict[Path, Write | None] = field(default_factory=dict)
    erased: list[Path] = field(default_factory=list)
    renamed: list[Path] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)

    def leave(self, path: Path, why: str) -> None:
        """Name a file that stays."""
        self.left.append(Left(self.name(path), why))

    def name(self, path: Path) -> str:
        """A file as it is named in the folder."""
        return str(path.relative_to(self.folder))


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
    rest = [path for path in files if not _results(path, wanted, found, runs)]
    records = [path for path in rest if path.name == RECORD]
    single = _single_outputs(records)
    for path in rest:
        if path.name != RECORD:
            _look(path, wanted, found, runs, single)
    for path in records:
        _record(path, found)
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


# Results of `ipt-nlp tag`, which are taken apart session by session.


def _results(path: Path, wanted: Wanted, found: Survey, runs: Runs) -> bool:
    """Take up a file if it is of a format that is known session by session."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
        if b'"format":"ipt-nlp/1"' in b"".join(head[:400].split()):
            _json_results(path, wanted, found, runs)
        elif head.startswith(b"PAR1") and _is_parquet(path):
            _parquet_results(path, wanted, found, runs)
        elif {"client_id", "text_sha256", "segment_index"} <= _header(head):
            _csv_results(path, wanted, found, runs)
        else:
            return False
    except (OSError, csv.Error, UnicodeDecodeError):
        return False
    return True


@dataclass
class _Count:
    """What the sessions or rows of a file are."""

    gone: int = 0
    stay: int = 0
    renamed: int = 0
    same: int = 0
    doubt: int = 0

    def add(
        self, wanted: Wanted, session: tuple[str | None, str, str], text: str, runs: Runs
    ) -> bool:
        """Count one; whether it goes."""
        client, source, digest = session
        if wanted.goes(client, source, digest):
            self.gone += 1
            return True
        if (source, digest) not in wanted.owners and runs.held_by(text):
            # Tagged again after a correction, say: other words, another hash.
            self.doubt += 1
        self.stay += 1
        self.renamed += wanted.renamed(client, source, digest)
        self.same += wanted.same_words(source, digest)
        return False


def _take_up(path: Path, count: _Count, write: Write, found: Survey) -> None:
    if count.gone:
        found.erased.append(path)
    elif count.renamed:
        found.renamed.append(path)
    if count.gone or count.renamed:
        found.plan[path] = write if count.stay else None
    if count.doubt:
        found.leave(path, NO_OWNER)
    elif count.same:
        found.leave(path, SAME)


def _json_results(path: Path, wanted: Wanted, found: Survey, runs: Runs) -> None:
    count, broken = _Count(), []
    for raw, document in _documents(path):
        if document is None:
            if raw.strip():
                count.stay += 1
                broken.append(raw)
            continue
        session = _session_of(document)
        if count.add(wanted, session, str(document.get("text") or ""), runs):
            runs.add(document)
            found.sources.add(session[1])
    if any(runs.held_by(_plain_json(raw.decode("utf-8", "replace"))) for raw in broken):
        found.leave(path, BROKEN)
    _take_up(path, count, partial(_write_json, path, wanted), found)


def _documents(path: Path) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
    """Lines with the result document in each, or the whole file where it holds one over lines."""
    with path.open("rb") as file:
        first = file.readline()
        if _parsed(first) is None:
            whole = first + file.read(MAX_BYTES)
            document = _parsed(whole)
            if document is not None:
                yield whole, document
                return
        file.seek(0)
        # Not str.splitlines: JSON may hold U+2028 and the like inside a string.
        for raw in file:
            yield raw, _parsed(raw)


def _parsed(raw: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _session_of(document: Mapping[str, Any]) -> tuple[str | None, str, str]:
    client = document.get("client_id")
    return (
        None if client is None else str(client),
        str(document.get("source")),
        str(document.get("text_sha256")),
    )


def _write_json(path: Path, wanted: Wanted, file: BinaryIO) -> None:
    for raw, document in _documents(path):
        if document is not None:
            session = _session_of(document)
            if wanted.goes(*session):
                continue
            if wanted.renamed(*session):
                file.write(with_client(document, wanted.owners.get(session[1:])) + b"\n")
                continue
        file.write(raw)


def with_client(document: Mapping[str, Any], client: str | None) -> bytes:
    """A result document on one line, under another client's id."""
    changed = {**document, "client_id": client}
    try:
        return json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON allows
        return json.dumps(changed, separators=(",", ":")).encode("ascii")


def _header(head: bytes) -> set[str]:
    first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    return set(first.decode("utf-8", "replace").strip().split(","))


def _csv_rows(path: Path) -> Iterator[list[str]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file)


def _csv_session(row: Sequence[str], places: Sequence[int]) -> tuple[str | None, str, str]:
    # A cell that a spreadsheet would run was written with an apostrophe before it.
    client, source, digest = (row[i] if i < len(row) else "" for i in places)
    return _unquoted(client) or None, _unquoted(source), digest


def _unquoted(cell: str) -> str:
    return (
        cell[1:]
        if cell[:1] == "'" and cell[1:].lstrip(" \n")[:1] in set("=+-@\t＝＋－＠")
        else cell
    )


def _csv_places(header: list[str]) -> list[int]:
    return [header.index(name) for name in ("client_id", "source", "text_sha256")]


def _csv_results(path: Path, wanted: Wanted, found: Survey, runs: Runs) -> None:
    rows = _csv_rows(path)
    header = next(rows)
    places, text = _csv_places(header), header.index("text") if "text" in header else None
    count = _Count()
    for row in rows:
        session = _csv_session(row, places)
        words = row[text] if text is not None and text < len(row) else ""
        if count.add(wanted, session, words, runs):
            found.sources.add(session[1])
            runs.add_text(session[2], words)
    _take_up(path, count, partial(_write_csv, path, wanted), found)


def _write_csv(path: Path, wanted: Wanted, file: BinaryIO) -> None:
    with path.open("rb") as old:
        if old.read(3) == b"\xef\xbb\xbf":
            file.write(b"\xef\xbb\xbf")
    import io

    rows = _csv_rows(path)
    header = next(rows)
    places = _csv_places(header)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    for row in rows:
        session = _csv_session(row, places)
        if wanted.goes(*session):
            continue
        if wanted.renamed(*session):
            row[places[0]] = _quoted(wanted.owners.get(session[1:]) or "")
        table.writerow(row)
    # The file is not this function's to close.
    text.flush()
    text.detach()


def _quoted(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" \n")[:1] in set("=+-@\t＝＋－＠") and cell.strip() else cell


_PARQUET_KEYS = ["client_id", "source", "text_sha256"]


def _is_parquet(path: Path) -> bool:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        names = set(pq.read_schema(path).names)
    except (pa.ArrowException, OSError):
        return False
    return {*_PARQUET_KEYS, "segment_index", "text"} <= names


def _parquet_results(path: Path, wanted: Wanted, found: Survey, runs: Runs) -> None:
    import pyarrow.parquet as pq

    count = _Count()
    with pq.ParquetFile(path) as table:
        for batch in table.iter_batches(columns=[*_PARQUET_KEYS, "text"]):
            for row in batch.to_pylist():
                session = (row["client_id"], row["source"], row["text_sha256"])
                if count.add(wanted, session, row["text"] or "", runs):
                    found.sources.add(row["source"])
                    runs.add_text(row["text_sha256"], row["text"] or "")
    _take_up(path, count, partial(_write_parquet, path, wanted), found)


def _write_parquet(path: Path, wanted: Wanted, file: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with (
        pq.ParquetFile(path) as table,
        pq.ParquetWriter(file, table.schema_arrow, compression="zstd") as out,
    ):
        for batch in table.iter_batches():
            keys = batch.select(_PARQUET_KEYS).to_pylist()
            sessions = [(k["client_id"], k["source"], k["text_sha256"]) for k in keys]
            names = [
                wanted.owners.get((s[1], s[2])) if wanted.renamed(*s) else s[0] for s in sessions
            ]
            place = batch.schema.get_field_index("client_id")
            named = pa.array(names, type=batch.schema.field(place).type)
            kept = batch.set_column(place, batch.schema.field(place), named).filter(
                pa.array([not wanted.goes(*s) for s in sessions])
            )
            if len(kept):
                out.write_batch(kept)


# Everything else: looked through for words.


def _look(path: Path, wanted: Wanted, found: Survey, runs: Runs, single: set[Path]) -> None:
    """Erase a report that is of the client alone; name what else holds words or may do so."""
    from ipt_nlp.readers import SUFFIXES

    text, closed = _text_of(path)
    if text is None:
        found.leave(path, closed)
        return
    held = runs.held_by(text)
    if path.name.startswith(PARTIAL_PREFIX) and path.name.endswith(PARTIAL_SUFFIX):
        # Left by a run that was killed; nobody reads it.
        if held:
            _goes(path, found)
        return
    is_html = _REPORT.search(text[:4000]) is not None
    is_report = is_html or NOTICE in " ".join(text[-4000:].split())
    if is_html:
        sections = text.split(_SECTION)[1:] or [text]
        alone = all(runs.is_one(_plain_html(section)) for section in sections)
    else:
        alone = is_report and path in single and runs.is_one(text)
    if is_html:
        held = runs.held_by(_plain_html(text))
    if held and alone:
        _goes(path, found)
    elif held:
        found.leave(path, SEVERAL if is_report else HOLDS)
    elif is_report and _says_id(_plain_html(text) if is_html else text, wanted):
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


def _text_of(path: Path) -> tuple[str | None, str]:
    """The words in a file of any kind; None and why where they cannot be had."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return None, LARGE
        data = path.read_bytes()
    except OSError:
        return None, CLOSED
    if data.startswith(b"PK\x03\x04"):
        text = _zipped(path)
        return text, CLOSED
    if data.startswith(b"PAR1"):
        return _strings(path), CLOSED
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), CLOSED
    if b"\0" in data[:8192] or data.startswith(b"%PDF"):
        return None, CLOSED
    text = data.decode("utf-8", "replace")
    if path.suffix.casefold() in {".json", ".jsonl", ".ndjson"}:
        text = _plain_json(text)
    elif path.suffix.casefold() in {".xml", ".htm", ".html"} and not _REPORT.search(text[:4000]):
        text = _plain_html(text)
    return text, CLOSED


def _zipped(path: Path) -> str | None:
    """Words of a Word, Excel or REFI-QDA file, or of any archive of texts."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_BYTES:
                return None
            parts = [archive.read(info) for info in archive.infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError):
        return None
    texts = (part.decode("utf-8", "replace") for part in parts if b"\0" not in part[:8192])
    return "\n".join(_plain_html(text) if text.lstrip()[:1] == "<" else text for text in texts)


def _strings(path: Path) -> str | None:
    """Words of a table that this program did not write."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as table:
            schema = table.schema_arrow
            names = [f.name for f in schema if pa.types.is_string(f.type)]
            return "\n".join(
                str(value)
                for batch in table.iter_batches(columns=names)
                for row in batch.to_pylist()
                for value in row.values()
                if value is not None
            )
    except (pa.ArrowException, OSError):
        return None


def _plain_html(text: str) -> str:
    return html.unescape(_TAG.sub("", _ENTITY_ENDS.sub(" ", text)))


def _plain_json(text: str) -> str:
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else " ", text)


# The record that `ipt-nlp tag` keeps in a folder of results: names of files and of sessions.


def _record_lines(path: Path) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
    with path.open("rb") as file:
        for raw in file:
            yield raw, _parsed(raw)


def _single_outputs(records: Iterable[Path]) -> set[Path]:
    """Results of one session each, as the records say."""
    found: set[Path] = set()
    for path in records:
        for _, entry in _record_lines(path):
            if entry is not None:
                output = path.parent / str(entry.get("output"))
                (found.add if entry.get("sessions") == 1 else found.discard)(output)
    return found


def _record(path: Path, found: Survey) -> None:
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
