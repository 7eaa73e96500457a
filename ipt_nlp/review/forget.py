"""The right to be forgotten: everything of a client goes, and a tombstone without content stays.

Erased: texts, labels, memos, quotes and reasons in the decision log, the client's id in the log of
whose session it is, exports that hold any of it, results of every format in the reviewed folder,
pseudonym keys. Listed, each with why: bundles that learned from the client, and every file that
stays and holds words of the client or could not be looked into.

A session that was given to another client in the room is that client's: it stays when the first
one is forgotten, without the first one's id, and goes with the second.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout
from pydantic import ValidationError

from ipt_nlp.areas.view_cache import forget_views
from ipt_nlp.batch import LOCK
from ipt_nlp.errors import ReviewError
from ipt_nlp.places import user_folder
from ipt_nlp.review import database
from ipt_nlp.review.erasing import erase
from ipt_nlp.review.exports.made import FOLDER as EXPORTS
from ipt_nlp.review.schema import (
    blanked_changes,
    bundles,
    client_changes,
    decisions,
    exports,
    reviews,
    segment_labels,
    segments,
    sessions,
    tombstones,
)
from ipt_nlp.review.store import Store
from ipt_nlp.review.traces import Left, Survey, Wanted, survey, with_client
from ipt_nlp.scratch import remove_abandoned

RETENTION = "retention_days"
"""Setting: sessions added longer ago than this many days are due to be forgotten."""


@dataclass(frozen=True)
class Forgotten:
    """What was erased, and what is left for a person to look at. Names of files, never content.

    ``moved`` are sessions that a file or the log gives to the client and the room to another or
    to nobody: they stay, without the client's id. ``renamed`` files lost that id alone.
    """

    sessions: int
    segments: int
    decisions: int
    exports: tuple[str, ...]
    files: tuple[str, ...]
    keys: tuple[str, ...]
    bundles: tuple[str, ...]
    left: tuple[Left, ...]
    moved: tuple[int, ...] = ()
    renamed: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Scope:
    """What is to be forgotten in the database; ``moved`` says whose those sessions are now."""

    ids: tuple[int, ...]
    own: frozenset[str]
    wanted: Wanted
    moved: dict[int, str | None] = field(default_factory=dict)
    changes: tuple[int, ...] = ()


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
        ReviewError: Nothing of that client is here, or a file cannot be erased or rewritten.
    """
    if not client.strip():
        raise ReviewError("--client: is empty; ids are listed by --list")
    own = frozenset({client, " ".join(client.split())})
    with store.reading() as c:
        ids = tuple(c.scalars(sa.select(sessions.c.id).where(sessions.c.client.in_(own))))
        scope = _scope(c, ids, own)
    key_files = [*keys, *_named_keys(room.parent, client)]
    with _no_other_run(room.parent):
        found = survey(room.parent, scope.wanted, _documents(store, ids))
        if not (ids or found.plan or key_files or scope.moved or scope.changes):
            raise ReviewError("no session of this client here; ids are listed by --list")
        return _forget(store, room, scope, found, key_files, bundle_folders)


def forget_sessions(store: Store, room: Path, ids: Sequence[int]) -> Forgotten:
    """Forget single sessions, as retention asks.

    Raises:
        ReviewError: A file cannot be erased or rewritten.
    """
    with store.reading() as c:
        scope = _scope(c, tuple(ids), frozenset())
    with _no_other_run(room.parent):
        found = survey(room.parent, scope.wanted, _documents(store, ids))
        return _forget(store, room, scope, found, (), ())


def expired(store: Store, days: int, *, today: datetime | None = None) -> list[int]:
    """Sessions that were added more than so many days ago."""
    limit = ((today or datetime.now(UTC)) - timedelta(days=days)).isoformat(timespec="seconds")
    with store.reading() as c:
        return list(c.scalars(sa.select(sessions.c.id).where(sessions.c.added_at < limit)))


def _scope(c: sa.Connection, ids: tuple[int, ...], own: frozenset[str]) -> _Scope:
    rows = c.execute(
        sa.select(sessions.c.id, sessions.c.source, sessions.c.text_sha256, sessions.c.client)
    ).all()
    erased = set(ids)
    wanted = Wanted(
        clients=own,
        digests=frozenset(r.text_sha256 for r in rows if r.id in erased),
        gone=frozenset((r.source, r.text_sha256) for r in rows if r.id in erased),
        owners={(r.source, r.text_sha256): r.client for r in rows},
    )
    logged = c.execute(
        sa.select(client_changes.c.id, client_changes.c.session_id).where(
            sa.or_(
                client_changes.c.client_before.in_(own),
                client_changes.c.client_after.in_(own),
                client_changes.c.session_id.in_(ids),
            )
        )
    ).all()
    said = {row.session_id for row in logged} | set(_documents_that_say(c, own))
    owners = {r.id: r.client for r in rows}
    moved = {i: owners[i] for i in sorted(said - erased) if i in owners}
    return _Scope(ids, own, wanted, moved, tuple(row.id for row in logged))


def _documents_that_say(c: sa.Connection, own: frozenset[str]) -> Iterator[int]:
    """Sessions whose document gives the id, whatever the room says."""
    for client in own:
        # In JSON text no string holds a quotation mark as such, so this is the field itself.
        said = f'"client_id":{json.dumps(client, ensure_ascii=False)}'
        where = sessions.c.document.contains(said, autoescape=True)
        yield from c.scalars(sa.select(sessions.c.id).where(where))


def _documents(store: Store, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    for session_id in ids:
        with store.reading() as c:
            raw = c.scalar(sa.select(sessions.c.document).where(sessions.c.id == session_id))
        if raw is not None:
            yield json.loads(raw)


@contextmanager
def _no_other_run(folder: Path) -> Iterator[None]:
    """Keep runs of ``ipt-nlp tag`` out, which would write again what is erased."""
    with ExitStack() as locks:
        for lock in sorted(folder.rglob(LOCK)):
            try:
                locks.enter_context(FileLock(lock, timeout=0))
            except Timeout:
                raise ReviewError(
                    f"{lock.parent.name}: ipt-nlp tag is writing into this folder; nothing was "
                    "erased: wait until it is done, and give the same command again"
                ) from None
            except OSError:
                continue  # a folder that cannot be written is told when it must be
        yield


def _forget(
    store: Store,
    room: Path,
    scope: _Scope,
    found: Survey,
    keys: Sequence[Path],
    bundle_folders: Sequence[Path],
) -> Forgotten:
    learned = tuple(_bundles_that_learned(store, room, scope.ids, bundle_folders))
    gone_exports = list(_exports_with(store, room, scope))
    gone_keys = [path for path in dict.fromkeys(keys) if path.is_file()]
    # Files first: what a file still held would come back when the room is opened again.
    erase({**found.plan, **dict.fromkeys([*gone_exports, *gone_keys])})
    try:
        n_segments, n_decisions = _erase_rows(store, scope)
    except sa.exc.OperationalError as error:
        raise ReviewError(
            f"the files are erased, but the database cannot be written ({type(error).__name__}): "
            "stop the rooms that run, make room on the disk, and give the same command again"
        ) from None
    store.forget_cached()
    forget_views()
    remove_abandoned(Path(tempfile.gettempdir()))
    database.erase_free_pages(store.engine)
    return Forgotten(
        sessions=len(scope.ids),
        segments=n_segments,
        decisions=n_decisions,
        exports=tuple(path.name for path in gone_exports),
        files=tuple(found.name(path) for path in found.erased),
        keys=tuple(path.name for path in gone_keys),
        bundles=learned,
        left=tuple(left for left in found.left if left.file not in _relative(room, gone_keys)),
        moved=tuple(scope.moved),
        renamed=tuple(found.name(path) for path in found.renamed),
    )


def _relative(room: Path, paths: Sequence[Path]) -> set[str]:
    folder = room.parent.resolve()
    whole = [path.resolve() for path in paths]
    return {str(path.relative_to(folder)) for path in whole if path.is_relative_to(folder)}


def _erase_rows(store: Store, scope: _Scope) -> tuple[int, int]:
    n_segments = n_decisions = 0
    at = database.now()
    with store.writing() as c:
        for session_id in scope.ids:
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
        _blank_changes(c, scope, at)
        for session_id, client in scope.moved.items():
            _rename_document(c, session_id, client, scope.own)
    return n_segments, n_decisions


def _blank_changes(c: sa.Connection, scope: _Scope, at: str) -> None:
    """Empty the client's id in the log of whose session it is; all ids of erased sessions."""
    erased = set(scope.ids)
    rows = c.execute(sa.select(client_changes).where(client_changes.c.id.in_(scope.changes))).all()
    for row in rows:
        sides = {"client_before": row.client_before, "client_after": row.client_after}
        blank = {
            side: ""
            for side, client in sides.items()
            if client in scope.own or (client is not None and row.session_id in erased)
        }
        if not blank:
            continue
        known = blanked_changes.c.change_id == row.id
        if c.scalar(sa.select(blanked_changes.c.change_id).where(known)) is None:
            # The tombstone first: only then does the log let the id go.
            c.execute(sa.insert(blanked_changes).values(change_id=row.id, at=at))
        c.execute(sa.update(client_changes).where(client_changes.c.id == row.id).values(blank))


def _rename_document(
    c: sa.Connection, session_id: int, client: str | None, own: frozenset[str]
) -> None:
    where = sessions.c.id == session_id
    document = json.loads(c.scalar(sa.select(sessions.c.document).where(where)) or "{}")
    if document.get("client_id") in own:
        text = with_client(document, client).decode("utf-8")
        c.execute(sa.update(sessions).where(where).values(document=text))


def _exports_with(store: Store, room: Path, scope: _Scope) -> Iterator[Path]:
    """Exports that hold a session, or gave the client's id to one that was moved since."""
    wanted = set(scope.ids)
    with store.reading() as c:
        rows = c.execute(sa.select(exports)).all()
        moved = c.execute(
            sa.select(client_changes.c.session_id, sa.func.max(client_changes.c.at))
            .where(client_changes.c.session_id.in_(list(scope.moved)))
            .group_by(client_changes.c.session_id)
        )
        since: dict[int, str] = {row[0]: row[1] for row in moved}
    for row in rows:
        held = set(json.loads(row.sessions))
        path = room / EXPORTS / row.name
        old = any(i in held and row.at <= since.get(i, row.at) for i in scope.moved)
        if (wanted & held or old) and path.is_file():
            yield path


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


def _named_keys(folder: Path, client: str) -> Iterator[Path]:
    for place in (folder, user_folder(), user_folder() / "keys"):
        for path in (place / f"{client}.key", place / f"{client}.key.json"):
            if path.parent == place and path.is_file():
                yield path
