"""The right to be forgotten: everything of a client goes, and a tombstone without content stays.

Erased: texts, labels, memos, quotes and reasons in the decision log, exports that hold any of it,
result documents in the reviewed folder, pseudonym keys. Listed, because only a person can decide:
bundles that learned from the client, and files of other programs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from pydantic import ValidationError

from ipt_nlp.areas.view_cache import forget_views
from ipt_nlp.errors import ReviewError
from ipt_nlp.places import user_folder, write_private
from ipt_nlp.review import database
from ipt_nlp.review.exports.made import FOLDER as EXPORTS
from ipt_nlp.review.imports import RESULT_SUFFIXES, result_files
from ipt_nlp.review.schema import (
    bundles,
    decisions,
    exports,
    reviews,
    segment_labels,
    segments,
    sessions,
    tombstones,
)
from ipt_nlp.review.store import Store

RETENTION = "retention_days"
"""Setting: sessions added longer ago than this many days are due to be forgotten."""


@dataclass(frozen=True)
class Forgotten:
    """What was erased, and what is left for a person to look at. Names of files, never content."""

    sessions: int
    segments: int
    decisions: int
    exports: tuple[str, ...]
    files: tuple[str, ...]
    keys: tuple[str, ...]
    bundles: tuple[str, ...]
    left: tuple[str, ...]


def forget_client(
    store: Store,
    room: Path,
    client: str,
    *,
    keys: Sequence[Path] = (),
    bundle_folders: Sequence[Path] = (),
) -> Forgotten:
    """Forget everything of a client.

    Args:
        store: The room's data.
        room: The room's own folder; the reviewed folder is the one that holds it.
        client: Id of the client.
        keys: Pseudonym key files to destroy, besides those named after the client.
        bundle_folders: Folders to look for bundles in, besides the reviewed folder.

    Raises:
        ReviewError: No session, file or key of that client.
    """
    with store.reading() as c:
        ids = list(c.scalars(sa.select(sessions.c.id).where(sessions.c.client == client)))
    folder = room.parent
    own = {client} | {k for k in [client.strip()] if k}
    key_files = [*keys, *_named_keys(folder, client)]
    in_files = list(_files_with(folder, own, _digests(store, ids)))
    if not ids and not in_files and not key_files:
        raise ReviewError("no session of this client here; ids are listed by --list")
    digests = _digests(store, ids)
    files = tuple(_erase_from_files(folder, own, digests))
    return _forget(store, room, ids, files, key_files, bundle_folders)


def forget_sessions(store: Store, room: Path, ids: Sequence[int]) -> Forgotten:
    """Forget single sessions, as retention asks."""
    files = tuple(_erase_from_files(room.parent, set(), _digests(store, ids)))
    return _forget(store, room, ids, files, (), ())


def expired(store: Store, days: int, *, today: datetime | None = None) -> list[int]:
    """Sessions that were added more than so many days ago."""
    limit = ((today or datetime.now(UTC)) - timedelta(days=days)).isoformat(timespec="seconds")
    with store.reading() as c:
        return list(c.scalars(sa.select(sessions.c.id).where(sessions.c.added_at < limit)))


def _forget(
    store: Store,
    room: Path,
    ids: Sequence[int],
    files: tuple[str, ...],
    keys: Sequence[Path],
    bundle_folders: Sequence[Path],
) -> Forgotten:
    learned = tuple(_bundles_that_learned(store, room, ids, bundle_folders))
    gone_exports = tuple(_erase_exports(store, room, ids))
    n_segments, n_decisions = _erase_rows(store, ids)
    gone_keys = tuple(path.name for path in dict.fromkeys(keys) if _destroy(path))
    store.forget_cached()
    forget_views()
    database.erase_free_pages(store.engine)
    return Forgotten(
        sessions=len(ids),
        segments=n_segments,
        decisions=n_decisions,
        exports=gone_exports,
        files=files,
        keys=gone_keys,
        bundles=learned,
        left=tuple(_other_files(room)),
    )


def _erase_rows(store: Store, ids: Sequence[int]) -> tuple[int, int]:
    n_segments = n_decisions = 0
    at = database.now()
    with store.writing() as c:
        for session_id in ids:
            own = sa.select(segments.c.id).where(segments.c.session_id == session_id)
            logged = c.scalar(
                sa.select(sa.func.count()).where(decisions.c.session_id == session_id)
            )
            c.execute(sa.delete(reviews).where(reviews.c.segment_id.in_(own)))
            c.execute(sa.delete(segment_labels).where(segment_labels.c.segment_id.in_(own)))
            gone = c.execute(sa.delete(segments).where(segments.c.session_id == session_id))
            c.execute(sa.delete(sessions).where(sessions.c.id == session_id))
            c.execute(
                sa.insert(tombstones).values(
                    session_id=session_id, at=at, segments=gone.rowcount, decisions=logged or 0
                )
            )
            # The tombstone first: only then does the log let its content go.
            c.execute(
                sa.update(decisions)
                .where(decisions.c.session_id == session_id)
                .values(before=None, after=None, reason=None)
            )
            n_segments += gone.rowcount
            n_decisions += logged or 0
    return n_segments, n_decisions


def _erase_exports(store: Store, room: Path, ids: Sequence[int]) -> Iterator[str]:
    wanted = set(ids)
    with store.reading() as c:
        rows = c.execute(sa.select(exports)).all()
    for row in rows:
        if wanted & set(json.loads(row.sessions)) and _destroy(room / EXPORTS / row.name):
            yield row.name


def _bundles_that_learned(
    store: Store, room: Path, ids: Sequence[int], folders: Sequence[Path]
) -> Iterator[str]:
    """Bundles made by ``--retrain``, and those whose manifest names an export with the client."""
    from ipt_nlp.areas.bundle import MANIFEST, Manifest

    wanted = set(ids)
    with store.reading() as c:
        made = c.execute(sa.select(bundles)).all()
        names = {
            row.name
            for row in c.execute(sa.select(exports))
            if wanted & set(json.loads(row.sessions))
        }
    for row in made:
        if wanted & set(json.loads(row.sessions)):
            yield f"{row.path} ({row.digest[:12]})"
    for folder in dict.fromkeys([room.parent, *folders]):
        for path in sorted(folder.rglob(MANIFEST)):
            try:
                manifest = Manifest.model_validate_json(path.read_bytes())
            except (OSError, ValidationError):
                continue
            if any(name in corpus.name for corpus in manifest.corpora for name in names):
                yield str(path.parent)


def _digests(store: Store, ids: Sequence[int]) -> set[str]:
    with store.reading() as c:
        return set(c.scalars(sa.select(sessions.c.text_sha256).where(sessions.c.id.in_(ids))))


def _belongs(line: str, clients: set[str], digests: set[str]) -> bool:
    try:
        document = json.loads(line)
    except ValueError:
        return False
    if not isinstance(document, dict):
        return False
    return document.get("client_id") in clients or document.get("text_sha256") in digests


def _files_with(folder: Path, clients: set[str], digests: set[str]) -> Iterator[Path]:
    for path in result_files(folder):
        lines = path.read_text(encoding="utf-8").splitlines()
        if any(_belongs(line, clients, digests) for line in lines):
            yield path


def _erase_from_files(folder: Path, clients: set[str], digests: set[str]) -> Iterator[str]:
    """Take the sessions out of the result documents that they were added from; otherwise the
    next start would bring them back."""
    for path in list(_files_with(folder, clients, digests)):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not _belongs(line, clients, digests)]
        if any(line.strip() for line in kept):
            content = "".join(kept)
            _overwrite(path)
            write_private(path, content)
        else:
            _destroy(path)
        yield path.name


def _named_keys(folder: Path, client: str) -> Iterator[Path]:
    for place in (folder, user_folder(), user_folder() / "keys"):
        for path in (place / f"{client}.key", place / f"{client}.key.json"):
            if path.parent == place and path.is_file():
                yield path


def _other_files(room: Path) -> Iterator[str]:
    """Files in the reviewed folder that this program did not make: transcripts, above all."""
    from ipt_nlp.readers import SUFFIXES

    for path in sorted(room.parent.iterdir()):
        known = path.suffix.casefold() in SUFFIXES and path.suffix not in RESULT_SUFFIXES
        if path.is_file() and known and not path.name.startswith("."):
            yield path.name


def _destroy(path: Path) -> bool:
    if not path.is_file():
        return False
    _overwrite(path)
    path.unlink()
    return True


def _overwrite(path: Path) -> None:
    """Write over the bytes before they are let go; copies that a disk keeps are beyond us."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        for start in range(0, size, 1 << 20):
            file.write(bytes(min(1 << 20, size - start)))
        file.flush()
        os.fsync(file.fileno())
