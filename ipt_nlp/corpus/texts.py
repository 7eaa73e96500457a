"""Corpora -> labelled texts, through ``datasets``.

Local corpora are loaded with a private cache that is deleted afterwards: the cache of ``datasets``
leaves world-readable copies of whatever it loads.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ipt_nlp import codebook
from ipt_nlp.corpus.sessions import session_segments
from ipt_nlp.errors import CorpusError
from ipt_nlp.transcript import Kind

TABULAR_SUFFIXES = (".jsonl", ".json", ".parquet", ".csv")
MIN_TURN_WORDS = 8
KIND_OF_GENRE: dict[str, Kind] = {"session": "transcript", "note": "note"}


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with area labels, as arrays of the same length.

    ``groups`` keeps texts of one client or writer together; ``sources`` is where each text came
    from, for figures by source. ``sessions`` names the session of each segment, in order;
    ``whole`` is false for single turns, which the tagger never sees alone.
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
        corpora: Paths of files or folders, or names on the Hugging Face hub, each with the
            configurations to read after a colon (``corpora/ipt-synth:posts,notes``; all by
            default). Only a name on the hub, given on purpose, ever uses the network.
        split: Read this split, or these, only; all splits by default.
        text_column: Column with the text, for corpora of another format.
        mapping: For corpora of another format: column -> value -> areas.

    Of sessions, turns of at least ``MIN_TURN_WORDS`` words come alone, and all turns again as the
    segments that the tagger would cut.

    Raises:
        CorpusError: A corpus is missing, has no such column, or labels outside the codebook.
    """
    wanted = frozenset([split] if isinstance(split, str) else split or ())
    columns: dict[str, list[Any]] = {field.name: [] for field in fields(LabelledTexts)}
    for corpus in corpora:
        turns: list[Mapping[str, Any]] = []
        for i, row in enumerate(_dataset_rows(corpus, wanted)):
            _append(columns, corpus, i, row, text_column, mapping)
            if row.get("genre") == "session" and row.get("turn_index") is not None:
                turns.append(row)
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
    corpus: str,
    i: int,
    row: Mapping[str, Any],
    text_column: str,
    mapping: Mapping[str, Mapping[str, Sequence[str]]] | None,
) -> None:
    name = Path(corpus).name
    text = row.get(text_column)
    if not isinstance(text, str) or not text.strip():
        raise CorpusError(f"{name}: row {i + 1}: column {text_column!r} holds no text")
    if mapping is None:
        if "areas" not in row:
            raise CorpusError(f"{name}: row {i + 1}: no column 'areas'; map another with --map")
        areas = list(row["areas"] or ())
    else:
        areas = [
            area
            for column, values in mapping.items()
            for area in values.get(str(row.get(column)), ())
        ]
    unscored = list(row.get("unscored_areas") or ())
    if set(areas) | set(unscored) > set(codebook.AREAS) or not set(areas) <= set(codebook.AREAS):
        raise CorpusError(f"{name}: row {i + 1}: areas: a label that is not in the codebook")
    if row.get("genre") == "session" and _is_short_or_prompt(row, text, areas):
        return
    identity = str(row.get("id") or f"{name}-{i + 1}")
    columns["ids"].append(identity)
    columns["texts"].append(text)
    columns["areas"].append(frozenset(areas))
    columns["unscored"].append(frozenset(unscored))
    columns["groups"].append(str(row.get("client") or row.get("writer") or identity))
    columns["sources"].append(str(row.get("source") or row.get("genre") or name))
    columns["rules"].append(tuple(row.get("rules") or ()))
    kind = KIND_OF_GENRE.get(str(row.get("genre")), "text")
    columns["kinds"].append(kind)
    columns["sessions"].append(str(row.get("session") or identity))
    columns["whole"].append(kind != "transcript")
    columns["splits"].append(str(row.get("split") or ""))


def _is_short_or_prompt(row: Mapping[str, Any], text: str, areas: Sequence[str]) -> bool:
    """Turns that take their theme from their neighbours only; their segments teach it instead."""
    return len(text.split()) < MIN_TURN_WORDS or (row.get("role") == "therapist" and not areas)


def _append_segments(columns: dict[str, list[Any]], turns: Sequence[Mapping[str, Any]]) -> None:
    for made in session_segments(turns):
        columns["ids"].append(f"{made.session}-segment-{made.index}")
        columns["texts"].append(made.text)
        columns["areas"].append(made.areas)
        columns["unscored"].append(frozenset())
        columns["groups"].append(made.client)
        columns["sources"].append("session segment")
        columns["rules"].append(())
        columns["kinds"].append("transcript")
        columns["sessions"].append(made.session)
        columns["whole"].append(True)
        columns["splits"].append(made.split)


def _dataset_rows(corpus: str, splits: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    corpus, only = _split_name(corpus)
    path = Path(corpus)
    local = path.exists()
    if local:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import datasets

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory(prefix="ipt-nlp-") as cache:
        try:
            loaded = (
                _load_local(datasets, path, cache, only)
                if local
                else _load_hub(datasets, corpus, only)
            )
        except CorpusError:
            raise
        except Exception as error:
            raise CorpusError(
                f"{path.name}: cannot be loaded as a corpus ({type(error).__name__})"
            ) from None
        for part in loaded:
            for name, rows in part.items():
                if not splits or name in splits:
                    yield from ({**row, "split": name} for row in rows)


def _split_name(corpus: str) -> tuple[str, tuple[str, ...]]:
    """``corpora/ipt-synth:posts,notes`` is two configurations of one corpus."""
    name, colon, configurations = corpus.rpartition(":")
    if colon and not Path(corpus).exists() and re.fullmatch(r"[\w,-]+", configurations):
        return name, tuple(configurations.split(","))
    return corpus, ()


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
