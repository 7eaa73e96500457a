"""Tables of texts, read row by row through ``datasets``: Parquet, Arrow, the Hugging Face hub.

Each row is a loose text of its own. Nothing is kept in memory or copied to a cache, so a table may
be of any size. Only a name that begins with ``hub:`` ever uses the network.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipt_nlp.errors import CorpusError, ReadError
from ipt_nlp.scratch import scratch_folder
from ipt_nlp.transcript import Transcript

HUB_PREFIX = "hub:"
KINDS = {".parquet": "parquet", ".arrow": "arrow"}
"""Suffixes of tables and the builders of ``datasets`` that read them."""

PART_ROWS = 1000
PART_CHARS = 400_000
"""A table is tagged in parts of so many rows or code points: about half a minute on one core."""

_SAVED = ("dataset_dict.json", "dataset_info.json", "state.json")
"""One of these is in a folder that ``Dataset.save_to_disk`` wrote."""


@dataclass(frozen=True)
class TableName:
    """A table that was named: a path, or a name on the hub, and the configurations to read."""

    name: str
    only: tuple[str, ...]
    on_hub: bool


@dataclass(frozen=True)
class TableRow:
    """A row's id and text; ``text`` is None where there is none, ``where`` says which row it is."""

    id: str
    text: str | None
    where: str

    def transcript(self) -> Transcript:
        """The row as a session of one segment.

        Raises:
            ReadError: It holds no words.
        """
        if self.text is not None:
            try:
                return Transcript.from_row(self.text, source=self.id)
            except ReadError:
                pass
        raise ReadError(self.where, "no words in the column with the text")


_CARD = "README.md"
"""Of a dataset; any other Markdown is a note to be read."""


@dataclass(frozen=True)
class Table:
    """A table to be read: from :func:`table_at`; ``path`` is None on the hub."""

    table: TableName
    text_column: str = "text"

    @property
    def path(self) -> Path | None:
        return None if self.table.on_hub else Path(self.table.name)

    @property
    def shown(self) -> str:
        """Its name without a folder, with the configurations that were asked for."""
        name = self.table.name if self.table.on_hub else Path(self.table.name).resolve().name
        return ":".join([name, *self.table.only])

    def splits(self) -> Iterator[tuple[str, Iterator[TableRow]]]:
        """Each split's name with its rows, which come as they are asked for.

        The id of a row is its ``id``, or the table's name, split and place of the row (from 1).

        Raises:
            CorpusError: The table cannot be read, or has no such column.
        """
        with scratch_folder() as cache:
            for config, parts in _streams(self.table, str(cache)):
                for split, rows in parts.items():
                    name = "-".join(part for part in (config, split) if part)
                    yield name, self._rows(name, rows)

    def _rows(self, split: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[TableRow]:
        with as_corpus_error(self.shown):
            columns = {self.text_column, "id"}
            known = getattr(rows, "column_names", None)
            if known is not None:
                if self.text_column not in known:
                    raise CorpusError(
                        f"{self.shown}: no column {self.text_column!r}; name one of "
                        f"{', '.join(map(repr, known))} with --text-column"
                    )
                # Other columns may be large, and are not even read from the disk.
                rows = rows.select_columns([c for c in known if c in columns])  # type: ignore[attr-defined]
            for number, row in enumerate(rows, 1):
                if self.text_column not in row:
                    raise CorpusError(f"{self.shown}: no column {self.text_column!r}")
                text, given = row[self.text_column], row.get("id")
                yield TableRow(
                    f"{self.shown}#{split}-{number}" if given in (None, "") else str(given),
                    text if isinstance(text, str) else None,
                    f"{self.shown}#{split}:{number}",
                )


def is_table(path: Path) -> bool:
    """Whether a path is a table: a name on the hub, a Parquet or Arrow file, or a folder of them.

    A folder is one if ``datasets`` saved it, or it holds such files and nothing else to read.
    """
    if path.as_posix().startswith(HUB_PREFIX) or path.suffix.casefold() in KINDS:
        return True
    if not path.is_dir():
        return False
    if any((path / name).is_file() for name in _SAVED):
        return True
    from ipt_nlp.readers import SUFFIXES

    suffixes = {
        p.suffix.casefold()
        for p in path.rglob("*")
        if not p.name.startswith(".") and p.is_file() and p.name != _CARD
    }
    return bool(suffixes & set(KINDS)) and not suffixes & set(SUFFIXES)


def table_at(path: Path, text_column: str = "text") -> Table:
    """The table at a path, or on the hub (``hub:owner/name``, ``hub:owner/name:configuration``).

    Raises:
        CorpusError: Neither there nor named as one on the hub.
    """
    return Table(table_name(path.as_posix()), text_column)


def table_name(corpus: str) -> TableName:
    """``corpora/ipt-synth:posts,notes`` is two configurations of one corpus.

    Raises:
        CorpusError: Neither there nor named as a corpus on the hub.
    """
    on_hub = corpus.startswith(HUB_PREFIX)
    name = corpus.removeprefix(HUB_PREFIX)
    only: tuple[str, ...] = ()
    if on_hub or not Path(name).exists():
        before, colon, configurations = name.rpartition(":")
        if colon and re.fullmatch(r"[\w,-]+", configurations):
            name, only = before, tuple(configurations.split(","))
    if on_hub and not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise CorpusError(f"{Path(name).name}: a corpus on the hub is named hub:owner/name")
    if on_hub and Path(name).exists():
        # It would be read instead, and leave a copy in the cache of `datasets`.
        raise CorpusError(f"{Path(name).name}: on the hub, but a folder of that name is here too")
    if not on_hub and not Path(name).exists():
        raise CorpusError(
            f"{Path(name).name}: no such file or folder; "
            "a corpus on the hub is named hub:owner/name"
        )
    return TableName(name, only, on_hub)


def quiet_datasets(*, on_hub: bool) -> Any:
    """The module ``datasets``, silent, and off the network unless something is on the hub."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if not on_hub:
        # Set before `datasets` is imported: a local copy never reaches out.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import datasets

    datasets.disable_progress_bars()
    # Whoever imported it before may not have switched this off: loading a table is counted by a
    # server, local files too.
    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False
    return datasets


def stream(
    name: str, config: str | None = None, *, on_hub: bool, cache: str, **options: Any
) -> Any:
    """``datasets.load_dataset``, streaming: rows are read as they are asked for.

    Args:
        name: On the hub, a folder, or a builder such as ``parquet``.
        config: Configuration, where it has several.
        on_hub: Whether the network may be used.
        cache: Folder for whatever ``datasets`` would cache.
        options: More for ``load_dataset``.
    """
    datasets = quiet_datasets(on_hub=on_hub)
    return datasets.load_dataset(name, config, streaming=True, cache_dir=cache, **options)


def _streams(table: TableName, cache: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Configuration ("" for the only one) and splits."""
    path = Path(table.name)
    with as_corpus_error(path.name):
        if not table.on_hub and path.is_file():
            kind = KINDS.get(path.suffix.casefold())
            if kind is None:
                raise CorpusError(f"{path.name}: a table is one of {', '.join(KINDS)}")
            yield "", stream(kind, on_hub=False, cache=cache, data_files=str(path))
        elif not table.on_hub and any((path / name).is_file() for name in _SAVED):
            yield "", _saved(path)
        else:
            names: Sequence[str | None] = table.only or _configurations(table)
            for name in names:
                part = stream(table.name, name, on_hub=table.on_hub, cache=cache)
                yield (name or "") if len(names) > 1 else "", part


def _saved(path: Path) -> Mapping[str, Any]:
    """What ``save_to_disk`` wrote, mapped into memory as it is read."""
    loaded = quiet_datasets(on_hub=False).load_from_disk(str(path))
    if hasattr(loaded, "keys"):
        splits: Mapping[str, Any] = loaded
        return splits
    return {str(loaded.split or "train"): loaded}


def _configurations(table: TableName) -> Sequence[str | None]:
    """All of a folder, and of a dataset on the hub its default."""
    if table.on_hub:
        return (None,)
    names: list[str] = quiet_datasets(on_hub=False).get_dataset_config_names(table.name)
    return names


@contextmanager
def as_corpus_error(shown: str) -> Iterator[None]:
    """Failures of ``datasets`` as errors of ours, which repeat none of its words."""
    try:
        yield
    except CorpusError:
        raise
    except Exception as error:
        raise CorpusError(
            f"{shown}: cannot be loaded as a corpus ({type(error).__name__})"
        ) from None
