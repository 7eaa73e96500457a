"""Where things are on this machine: what is shipped with the package, and the user's own folder."""

from __future__ import annotations

import os
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

    The folder is made when missing. The content is written beside the target, forced to disk and
    renamed into place.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content.encode("utf-8") if isinstance(content, str) else content
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
