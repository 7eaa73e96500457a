"""Public corpora without labels: rows are pre-labelled, and those worth a person's time queued.

Worth it is what the model is unsure of and what is unlike the rest already chosen: half of the
rows come from the margin to the thresholds, spread by k-means over the embeddings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans

from ipt_nlp.areas.views import view_array
from ipt_nlp.errors import CorpusError, ReadError
from ipt_nlp.readers.tables import HUB_PREFIX, as_corpus_error, stream
from ipt_nlp.result import TaggedSession
from ipt_nlp.review.store import Store
from ipt_nlp.scratch import scratch_folder
from ipt_nlp.tagger import Tagger
from ipt_nlp.transcript import Transcript

MIN_WORDS = 8
POOL = 20
"""Rows looked at for each row that is queued."""

UNSURE_SHARE = 0.5
_CHUNK = 64


@dataclass(frozen=True)
class Source:
    """A public synthetic corpus whose columns are known; its card says its licence.

    ``only`` begins the names of the files that are synthetic, where others are not.
    ``sessions``: each text is a whole dialogue with speaker labels.
    """

    name: str
    hub: str
    text_column: str
    only: str = ""
    sessions: bool = False


SOURCES: dict[str, Source] = {
    # The other file, from interviews with caregivers, is not synthetic: it is never read.
    "mentalchat16k": Source(
        "mentalchat16k", "ShenLab/MentalChat16K", "input", only="Synthetic_Data_10K"
    ),
    "cactus": Source("cactus", "LangAGI-Lab/cactus", "dialogue", sessions=True),
}
_SUFFIXES = {".jsonl": "json", ".json": "json", ".parquet": "parquet", ".csv": "csv"}


def source_of(name: str) -> Source | None:
    """The known corpus that a name, a name on the hub or a local copy stands for."""
    folded = name.casefold().removeprefix("hub:")
    stem = Path(name).stem.casefold()
    for source in SOURCES.values():
        alike = {source.name, source.hub.casefold()}
        if folded in alike or stem in {source.name, source.only.casefold()} - {""}:
            return source
    return None


def read_texts(name: str, column: str, limit: int) -> list[tuple[str, str]]:
    """(id, text) of rows of at least ``MIN_WORDS`` words, at most ``limit``, repeats left out.

    Args:
        name: A local file or folder, or ``hub:owner/name``, which alone uses the network.
        column: Column with the text.
        limit: How many rows.

    Raises:
        CorpusError: Nothing there that can be read, or no such column.
    """
    known = source_of(name)
    found: dict[str, str] = {}
    shown = Path(name).name
    for place, row in enumerate(_rows(name, known.only if known else "")):
        text = row.get(column)
        if text is None and column not in row:
            raise CorpusError(f"{shown}: row {place + 1}: no column {column!r}")
        if not isinstance(text, str):
            continue
        text = text.strip()
        if len(text.split()) >= MIN_WORDS:
            found.setdefault(text, f"{Path(name).stem}-{place + 1}")
        if len(found) >= limit:
            break
    if not found:
        raise CorpusError(f"{shown}: no row of at least {MIN_WORDS} words in column {column!r}")
    return [(identity, text) for text, identity in found.items()]


def _rows(name: str, only: str) -> Iterator[Mapping[str, object]]:
    on_hub = name.startswith(HUB_PREFIX)
    with scratch_folder() as cache, as_corpus_error(Path(name).name):
        if on_hub:
            files = {"data_files": f"*{only}*"} if only else {}
            hub = name.removeprefix(HUB_PREFIX)
            yield from stream(hub, on_hub=True, cache=str(cache), split="train", **files)
            return
        for file in _files(Path(name), only):
            kind, data = _SUFFIXES[file.suffix], str(file)
            yield from stream(kind, on_hub=False, cache=str(cache), data_files=data, split="train")


def _files(path: Path, only: str) -> list[Path]:
    found = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    files = [p for p in found if p.suffix in _SUFFIXES and p.name.startswith(only)]
    if not files:
        raise CorpusError(f"{path.name}: no such corpus: no .jsonl, .json, .csv or .parquet of it")
    return files


def choose(
    probabilities: NDArray[np.float64],
    thresholds: NDArray[np.float64],
    embeddings: NDArray[np.float32],
    n: int,
    *,
    seed: int = 0,
) -> list[int]:
    """Places of ``n`` rows worth labelling: near a threshold, and unlike each other.

    Args:
        probabilities: (n_rows, 4).
        thresholds: (4,).
        embeddings: (n_rows, width).
        n: How many.
        seed: Of the clustering.
    """
    if n >= len(probabilities):
        return list(range(len(probabilities)))
    margins = np.abs(probabilities - thresholds).min(axis=1)
    # Rows that the model is sure of are kept out, unless there are too few others.
    unsure = np.argsort(margins, kind="stable")[: max(n, int(UNSURE_SHARE * len(margins)))]
    clusters = MiniBatchKMeans(n_clusters=n, random_state=seed, n_init=1, batch_size=1024)
    labels = clusters.fit_predict(embeddings[unsure])
    chosen: list[int] = []
    for cluster in range(n):
        members = unsure[labels == cluster]
        if len(members):
            chosen.append(int(members[np.argmin(margins[members])]))
    rest = [int(i) for i in unsure if int(i) not in set(chosen)]
    return sorted(chosen + rest[: n - len(chosen)])


def queue_texts(
    store: Store,
    tagger: Tagger,
    texts: Sequence[tuple[str, str]],
    n: int,
    *,
    by: str,
    synthetic: bool,
    sessions: bool = False,
) -> list[int]:
    """Tag the rows worth labelling and put them into the queue; ids of the new sessions."""
    probabilities, embeddings = _scored(tagger, [text for _, text in texts])
    thresholds = tagger.bundle.thresholds("text")
    places = choose(probabilities, thresholds, embeddings, n)
    tagged: list[TaggedSession] = []
    for place in places:
        identity, text = texts[place]
        try:
            made = (
                Transcript.from_text(text, source=identity)
                if sessions
                else Transcript.from_row(text, source=identity)
            )
            tagged.append(tagger.tag(made))
        except (ReadError, ValueError):
            continue
    chosen = frozenset(range(len(tagged)))
    return store.add(tagged, by=by, synthetic=synthetic, chosen=chosen)


def _scored(
    tagger: Tagger, words: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Probabilities (n_texts, 4) and embeddings (n_texts, width), each text encoded once."""
    bundle = tagger.bundle
    probabilities, embeddings = [], []
    for start in range(0, len(words), _CHUNK):
        some = words[start : start + _CHUNK]
        encoded = bundle.encoder.encode(some)
        # The states of the tokens are let go with the chunk: those of 10,000 rows fill gigabytes.
        embeddings.append(np.stack([e.embedding for e in encoded]))
        probabilities.append(bundle.classifier.predict_proba(view_array(some, encoded), "text"))
    return np.concatenate(probabilities), np.concatenate(embeddings)
