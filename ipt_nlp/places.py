"""Where things are on this machine: what is shipped with the package, and the user's own folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs

HOME_VARIABLE = "IPT_NLP_HOME"
"""Environment variable that moves the user's folder (trust file, keys)."""

SHIPPED_BUNDLE = "ipt-areas"
SHIPPED_LANGUAGE = "en_ipt_core"


def shipped_models() -> Path:
    """The folder of shipped models: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


def user_folder() -> Path:
    """The user's own folder; not made here."""
    moved = os.environ.get(HOME_VARIABLE)
    return Path(moved) if moved else Path(platformdirs.user_data_dir("ipt-nlp", appauthor=False))


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file that only its owner can read, whole or not at all.

    Missing folders are made, for the owner alone. A link stays, and what it points to is written.
    The content is written beside the target, forced to disk and renamed into place.
    """
    path = path.resolve()
    for folder in reversed([f for f in path.parents if not f.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)
    raw = content.encode("utf-8") if isinstance(content, str) else content
    # A name that nobody can guess, opened only if it is new, with mode 0600.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".ipt-nlp-", suffix=".part")
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
