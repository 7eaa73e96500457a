"""Encoded texts on disk, so that a run that was stopped goes on where it was.

Embeddings can be turned back into much of their text, so the files are for the owner alone and
are deleted when what they were made for is done, or when any client is forgotten. They are keyed
by the encoder's bytes and the texts themselves: other weights or other words are other files.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ipt_nlp.areas.classifier import ViewArray
from ipt_nlp.areas.encoder import ENCODER_FILES
from ipt_nlp.areas.views import ViewEncoder, Views
from ipt_nlp.errors import BundleError
from ipt_nlp.places import user_folder, write_private

FOLDER = "encoding"


def forget_views(folder: Path | None = None) -> None:
    """Delete everything that runs left behind, whoever's texts it was made from."""
    folder = folder or user_folder() / FOLDER
    _delete(folder.glob("*.npz"), folder)


def _delete(paths: Iterable[Path], folder: Path) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()
    with suppress(OSError):
        folder.rmdir()  # only when no other run's files are in it


class ViewCache:
    """Views of chunks of texts by one encoder; ``folder`` is in the user's own by default.

    Raises:
        BundleError: The encoder's files cannot be read.
    """

    def __init__(self, encoder: ViewEncoder, folder: Path | None = None) -> None:
        self.folder = folder or user_folder() / FOLDER
        key = hashlib.sha256(f"{encoder.window},{encoder.overlap}".encode("ascii"))
        for name in ENCODER_FILES:
            try:
                key.update((Path(encoder.path) / name).read_bytes())
            except OSError:
                where = Path(encoder.path).name
                raise BundleError(f"encoder: no readable {name} in the folder {where!r}") from None
        self._encoder = key.hexdigest()
        self._used: set[Path] = set()

    def get(self, texts: Sequence[str]) -> ViewArray | None:
        """Views of exactly these texts in this order, or None where they are not there whole."""
        path = self._path(texts)
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                whole, parts, bounds = stored["whole"], stored["parts"], stored["bounds"]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None
        if len(whole) != len(texts):
            return None
        self._used.add(path)
        found = np.empty(len(texts), dtype=object)
        for i in range(len(texts)):
            found[i] = Views(whole[i], parts[bounds[i] : bounds[i + 1]])
        return found

    def put(self, texts: Sequence[str], views: ViewArray) -> None:
        """Store the views of these texts."""
        buffer = io.BytesIO()
        np.savez(
            buffer,
            whole=np.stack([v.whole for v in views]),
            parts=np.concatenate([v.parts for v in views]),
            bounds=np.cumsum([0, *(len(v.parts) for v in views)]),
        )
        path = self._path(texts)
        try:
            write_private(path, buffer.getvalue())
        except OSError:
            return  # a full disk or a folder of someone else's: then nothing can be resumed
        self._used.add(path)

    def clear(self) -> None:
        """Delete what was stored or read here; what other runs stored stays."""
        _delete(self._used, self.folder)
        self._used.clear()

    def _path(self, texts: Sequence[str]) -> Path:
        key = hashlib.sha256(self._encoder.encode("ascii"))
        for text in texts:
            key.update(hashlib.sha256(text.encode("utf-8")).digest())
        return self.folder / f"{key.hexdigest()}.npz"
