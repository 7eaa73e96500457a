"""Corpora -> labelled texts, through ``datasets``.

Local corpora are loaded with a private cache that is deleted afterwards: the cache of ``datasets``
leaves world-readable copies of whatever it loads.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ipt_nlp import codebook
from ipt_nlp.corpus.sessions import SessionTurn, session_segments
from ipt_nlp.errors import CorpusError
from ipt_nlp.readers.tables import TableName, as_corpus_error, quiet_datasets, table_name
from ipt_nlp.scratch import scratch_folder
from ipt_nlp.transcript import Kind

TABULAR_SUFFIXES = (".jsonl", ".json", ".parquet", ".csv")
MIN_TURN_WORDS = 8
KIND_OF_GENRE: dict[str, Kind] = {
    "session": "transcript",
    "segment": "transcript",
    "note": "note",
}


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with area labels, as arrays of the same length.

    ``groups`` keeps texts of one client or writer together; ``sources`` is where each text came
    from, for figures by source. ``sessions`` names the session of each segment, in order,
    and differs between clients; ``whole`` is false for single turns, which the tagger never sees
    alone.
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    areas: tuple[frozenset[str], ...]
    unscored: tuple[frozenset[str], ...]
    groups: tuple[str, ...]
    sources: tuple[str, ...]
    rules: tuple[tuple[str, ...], ...]
    kinds: tuple[Kind, ...]
    sessions: tuple[str, ...]
    whole: tuple[bool, ...]
    splits: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)


def load_texts(
    corpora: Sequence[str],
    *,
    split: str | Sequence[str] | None = None,
    text_column: str = "text",
    mapping: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
) -> LabelledTexts:
    """Labelled texts of one or more corpora, through ``datasets``.

    Args:
        corpora: Paths of files or folders, or corpora on the Hugging Face hub named
            ``hub:owner/name``, each with the configurations to read after a colon
            (``corpora/ipt-synth:posts,notes``; by default all of a folder, and of a corpus on
            the hub its default). Only ``hub:`` ever uses the network.
        split: Read this split, or these, only; all splits by default.
        text_column: Column with the text, for corpora of another format.
        mapping: For corpora of another format: column -> value -> areas.

    Of sessions, turns of at least ``MIN_TURN_WORDS`` words come alone, and all turns again as the
    segments that the tagger would cut.

    Raises:
        CorpusError: A corpus is missing, has no such column, or labels outside the codebook.
    """
    sources = [table_name(corpus) for corpus in corpora]
    datasets = quiet_datasets(on_hub=any(source.on_hub for source in sources))
    wanted = frozenset([split] if isinstance(split, str) else split or ())
    columns: dict[str, list[Any]] = {field.name: [] for field in fields(LabelledTexts)}
    for corpus, source in zip(corpora, sources, strict=True):
        turns: list[SessionTurn] = []
        for i, row in enumerate(_dataset_rows(datasets, source, wanted)):
            _append(columns, turns, Path(corpus).name, i, row, text_column, mapping)
        _append_segments(columns, turns)
    if not columns["ids"]:
        raise CorpusError("no rows in the corpora that were named")
    return LabelledTexts(**{name: tuple(values) for name, values in columns.items()})


def read_mapping(path: Path) -> dict[str, dict[str, list[str]]]:
    """A mapping for :func:`load_texts` from TOML: a table for each column, value = list of areas.

    Raises:
        CorpusError: Not such a file, or an area that is not in the codebook.
    """
    try:
        mapping = tomllib.loads(path.read_text(encoding="utf-8"))
        named = {a for values in mapping.values() for areas in values.values() for a in areas}
    except (OSError, ValueError, AttributeError, TypeError):
        raise CorpusError(
            f"{path.name}: a mapping is TOML with a table for each column, value = [areas]"
        ) from None
    if not named <= set(codebook.AREAS):
        raise CorpusError(f"{path.name}: an area that is not in the codebook")
    return mapping


def _append(
    columns: dict[str, list[Any]],
    turns: list[SessionTurn],
    name: str,
    i: int,
    row: Mapping[str, Any],
    text_column: str,
    mapping: Mapping[str, Mapping[str, Sequence[str]]] | None,
) -> None:
    where = f"{name}: row {i + 1}"
    text = row.get(text_column)
    if not isinstance(text, str) or not text.strip():
        raise CorpusError(f"{where}: column {text_column!r} holds no text")
    if mapping is None:
        if "areas" not in row:
            raise CorpusError(f"{where}: no column 'areas'; map another with --map")
        areas = _labels(row, "areas", where)
    else:
        areas = frozenset(
            area
            for column, values in mapping.items()
            for area in values.get(str(row.get(column)), ())
        )
    unscored = _labels(row, "unscored_areas", where)
    identity = _first_of(row, "id") or f"{name}-{i + 1}"
    session = _first_of(row, "session")
    group = _first_of(row, "client", "writer")
    if row.get("genre") == "session":
        turn = _turn(row, where, text, areas, unscored)
        turns.append(turn)
        group = turn.client
        if _is_short_or_prompt(row, text, areas):
            return
    group = group or identity
    columns["ids"].append(identity)
    columns["texts"].append(text)
    columns["areas"].append(areas)
    columns["unscored"].append(unscored)
    columns["groups"].append(group)
    columns["sources"].append(str(row.get("source") or row.get("genre") or name))
    columns["rules"].append(tuple(_strings(row, "rules", where)))
    kind = KIND_OF_GENRE.get(str(row.get("genre")), "text")
    columns["kinds"].append(kind)
    columns["sessions"].append(_session_key(group, session) if session else identity)
    columns["whole"].append(row.get("genre") != "session")
    columns["splits"].append(str(row.get("split") or ""))


def _turn(
    row: Mapping[str, Any],
    where: str,
    text: str,
    areas: frozenset[str],
    unscored: frozenset[str],
) -> SessionTurn:
    session, role, index = _first_of(row, "session"), _first_of(row, "role"), row.get("turn_index")
    if session is None:
        raise CorpusError(f"{where}: session: a row of genre 'session' needs one")
    if role is None:
        raise CorpusError(f"{where}: role: a row of genre 'session' needs one")
    if not isinstance(index, int):
        raise CorpusError(f"{where}: turn_index: a row of genre 'session' needs a whole number")
    return SessionTurn(
        text=text,
        role=role,
        areas=areas,
        unscored=unscored,
        # The row's own id would tear the turns of one session apart.
        client=_first_of(row, "client", "writer") or session,
        session=session,
        index=index,
        split=str(row.get("split") or ""),
    )


def _first_of(row: Mapping[str, Any], *names: str) -> str | None:
    """The first of these columns that holds something, as a string."""
    return next((str(row[name]) for name in names if row.get(name) not in (None, "")), None)


def _strings(row: Mapping[str, Any], column: str, where: str) -> list[str]:
    values = row.get(column)
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise CorpusError(f"{where}: {column}: not a list of names")
    return values


def _labels(row: Mapping[str, Any], column: str, where: str) -> frozenset[str]:
    labels = frozenset(_strings(row, column, where))
    if not labels <= set(codebook.AREAS):
        raise CorpusError(f"{where}: {column}: a label that is not in the codebook")
    return labels


def _session_key(client: str, session: str) -> str:
    return f"{client}\x1f{session}"


def _is_short_or_prompt(row: Mapping[str, Any], text: str, areas: frozenset[str]) -> bool:
    """Turns that take their theme from their neighbours only; their segments teach it instead."""
    return len(text.split()) < MIN_TURN_WORDS or (row.get("role") == "therapist" and not areas)


def _append_segments(columns: dict[str, list[Any]], turns: Sequence[SessionTurn]) -> None:
    for made in session_segments(turns):
        columns["ids"].append(f"{made.session}-segment-{made.index}")
        columns["texts"].append(made.text)
        columns["areas"].append(made.areas)
        columns["unscored"].append(made.unscored)
        columns["groups"].append(made.client)
        columns["sources"].append("session segment")
        columns["rules"].append(())
        columns["kinds"].append("transcript")
        columns["sessions"].append(_session_key(made.client, made.session))
        columns["whole"].append(True)
        columns["splits"].append(made.split)


def _dataset_rows(
    datasets: Any, source: TableName, splits: frozenset[str]
) -> Iterator[Mapping[str, Any]]:
    path = Path(source.name)
    with scratch_folder() as cache:
        with as_corpus_error(path.name):
            loaded = (
                _load_hub(datasets, source.name, source.only)
                if source.on_hub
                else _load_local(datasets, path, str(cache), source.only)
            )
        for part in loaded:
            for name, rows in part.items():
                if not splits or name in splits:
                    yield from ({**row, "split": name} for row in rows)


def _load_local(
    datasets: Any, path: Path, cache: str, only: Sequence[str]
) -> list[Mapping[str, Iterable[Any]]]:
    options = {"cache_dir": cache, "keep_in_memory": True}
    if path.is_file():
        if path.suffix not in TABULAR_SUFFIXES:
            raise CorpusError(f"{path.name}: a corpus is one of {', '.join(TABULAR_SUFFIXES)}")
        kind = {".jsonl": "json", ".json": "json", ".parquet": "parquet", ".csv": "csv"}
        return [datasets.load_dataset(kind[path.suffix], data_files=str(path), **options)]
    # A folder's card names its configurations; those without areas are not for this task.
    names = datasets.get_dataset_config_names(str(path))
    if missing := sorted(set(only) - set(names)):
        raise CorpusError(
            f"{path.name}: no configuration {missing[0]!r}; it has {', '.join(names)}"
        )
    names = list(only) or names
    found = [datasets.load_dataset(str(path), name, **options) for name in names]
    return [d for d in found if all("areas" in rows.column_names for rows in d.values())]


def _load_hub(datasets: Any, name: str, only: Sequence[str]) -> list[Mapping[str, Iterable[Any]]]:
    return [datasets.load_dataset(name, part) for part in only or (None,)]


def fingerprint(texts: LabelledTexts) -> str:
    """SHA-256 over ids, texts and labels: the same rows in any order give the same value."""
    digests = sorted(
        hashlib.sha256("\x1f".join([i, t, *sorted(a)]).encode("utf-8")).hexdigest()
        for i, t, a in zip(texts.ids, texts.texts, texts.areas, strict=True)
    )
    return hashlib.sha256("".join(digests).encode("ascii")).hexdigest()
