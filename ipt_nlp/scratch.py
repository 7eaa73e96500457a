"""A folder for what must lie on disk for a moment: for its owner alone, and gone afterwards.

A process that is killed cannot tidy up, so the next one does. Every folder has a lock beside it,
taken before the folder is made and let go by the system when its process ends, however that
happens: a folder whose lock is free is nobody's any more.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX, FOLDER_SUFFIX, LOCK_SUFFIX = "ipt-nlp-", ".d", ".lock"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder among the temporary files, mode 0700, removed with all in it at the end.

    Folders of this user's processes that were killed are removed first.
    """
    base = Path(tempfile.gettempdir())
    remove_abandoned(base)
    # A name that nobody can guess: others may write into the folder of temporary files too.
    name = PREFIX + secrets.token_hex(12)
    folder, lock = base / (name + FOLDER_SUFFIX), base / (name + LOCK_SUFFIX)
    try:
        with FileLock(lock, mode=0o600):
            try:
                folder.mkdir(mode=0o700)
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    finally:
        lock.unlink(missing_ok=True)


def remove_abandoned(base: Path) -> int:
    """Remove this user's folders of which no process holds the lock; how many there were."""
    removed = 0
    for folder in base.glob(f"{PREFIX}*{FOLDER_SUFFIX}"):
        lock = folder.with_name(folder.name.removesuffix(FOLDER_SUFFIX) + LOCK_SUFFIX)
        if not _is_own_folder(folder):
            continue
        try:
            with FileLock(lock, timeout=0, mode=0o600):
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        except (Timeout, OSError):
            continue
        lock.unlink(missing_ok=True)
    return removed


def _is_own_folder(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    own = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return own and stat.S_ISDIR(found.st_mode)
