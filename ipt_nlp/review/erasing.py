"""Taking bytes out of files for good, in an order in which nothing of anybody else can be lost.

What stays of a file is on disk, whole and under its name, before the old bytes are overwritten; a
file of which something stays is never opened for writing before that. Copies that a file system
or a disk keeps are beyond us.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from ipt_nlp.errors import ReviewError
from ipt_nlp.places import PARTIAL_PREFIX, PARTIAL_SUFFIX

Write = Callable[[BinaryIO], None]
"""Writes what stays of a file."""

_CHUNK = 1 << 20


def erase(plan: Mapping[Path, Write | None]) -> None:
    """Take out of each file what is not written again; None takes the whole file away.

    What stays of every file is written first, beside it: a full disk or a folder that cannot be
    written is met before anything is touched.

    Raises:
        ReviewError: A file cannot be read, rewritten or taken away; what other clients have in it
            is whole.
    """
    partials: dict[Path, Path] = {}
    try:
        _stage(plan, partials)
        for path, write in plan.items():
            try:
                _replace(path.resolve(), partials.pop(path)) if write else destroy(path)
            except OSError as error:
                raise ReviewError(
                    f"{path.name}: could not be erased ({error.strerror}); what other clients have "
                    "in these files is whole, and the database still holds the client: put that "
                    "right, and give the same command again"
                ) from None
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)


def _stage(plan: Mapping[Path, Write | None], partials: dict[Path, Path]) -> None:
    for path, write in plan.items():
        target = path.resolve()
        try:
            _check(target)
            if write is not None:
                partials[path] = _written_beside(target, write)
        except OSError as error:
            raise ReviewError(
                f"{path.name}: what stays of it could not be written ({error.strerror}), so "
                "nothing was erased or changed: make room on the disk, or the file and its folder "
                "writable, and give the same command again"
            ) from None


def _check(target: Path) -> None:
    """That the file can be overwritten and its folder be changed.

    Raises:
        OSError: One of them cannot.
    """
    if not os.access(target, os.W_OK):
        target.chmod(stat.S_IRUSR | stat.S_IWUSR)
    with target.open("r+b"):
        pass
    # Not os.access: it knows nothing of a file system that is mounted to be read alone.
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=PARTIAL_PREFIX, suffix=PARTIAL_SUFFIX)
    os.close(handle)
    Path(name).unlink()


def _written_beside(target: Path, write: Write) -> Path:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=PARTIAL_PREFIX, suffix=PARTIAL_SUFFIX)
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return partial


def _replace(target: Path, partial: Path) -> None:
    """Put what stays under the name of the file; overwrite the old bytes once that is on disk."""
    if os.name == "nt":
        # There an open file cannot be replaced: its bytes get a second name instead.
        old = partial.with_name(partial.name.removesuffix(PARTIAL_SUFFIX) + "o" + PARTIAL_SUFFIX)
        os.link(target, old)
        partial.replace(target)
        destroy(old)
        return
    with target.open("r+b") as file:
        try:
            partial.replace(target)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
        _overwrite(file)


def destroy(path: Path) -> bool:
    """Overwrite a file and take it away, through a link too; whether it was there.

    Raises:
        OSError: It cannot be.
    """
    if not path.is_file():
        return False
    target = path.resolve()
    with target.open("r+b") as file:
        _overwrite(file)
    target.unlink()
    if path.is_symlink():
        path.unlink()
    return True


def _overwrite(file: BinaryIO) -> None:
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    for start in range(0, size, _CHUNK):
        file.write(bytes(min(_CHUNK, size - start)))
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
