"""Where things are on this machine: what is shipped with the package, and the user's own folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import platformdirs

HOME_VARIABLE = "IPT_NLP_HOME"
"""Environment variable that moves the user's folder (trust file, keys)."""

SHIPPED_BUNDLE = "ipt-areas"
SHIPPED_LANGUAGE = "en_ipt_core"

PARTIAL_PREFIX, PARTIAL_SUFFIX = ".ipt-nlp-", ".part"
"""Names of files that are being written; one that stays was left by a run that was killed."""


def shipped_models() -> Path:
    """The folder of shipped models: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


def user_folder() -> Path:
    """The user's own folder; not made here."""
    moved = os.environ.get(HOME_VARIABLE)
    return Path(moved) if moved else Path(platformdirs.user_data_dir("ipt-nlp", appauthor=False))


def private_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for the owner alone."""
    path = path.resolve()
    for folder in reversed([f for f in (path, *path.parents) if not f.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file that only its owner can read, whole or not at all (:func:`open_private`)."""
    with open_private(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def open_private(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, that only its owner can read and that is there whole or not at all.

    Missing folders are made, for the owner alone. A link stays, and what it points to is written.
    The content is written beside the target, forced to disk and renamed into place when the block
    ends; nothing is left of a block that raises.
    """
    path = path.resolve()
    private_folder(path.parent)
    # A name that nobody can guess, opened only if it is new, with mode 0600.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=PARTIAL_PREFIX, suffix=PARTIAL_SUFFIX)
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
