"""The database of the review room: opened, migrated, readable by its owner alone.

SQLite in a hidden folder of the reviewed folder, or any SQLAlchemy address (PostgreSQL for a
clinic). A transaction that has returned is on disk: SQLite runs with full synchronisation.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event

from ipt_nlp.errors import ReviewError

ROOM = ".ipt-nlp-review"
"""Hidden folder of the reviewed folder: database, exports, secret."""

FILE = "review.sqlite3"
_WRITES = "ipt_nlp_writes"
_CHECKPOINTS = 50


def now() -> str:
    """The time as it is stored: ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def room_folder(folder: Path) -> Path:
    """The room's own folder inside ``folder``, made for the owner alone.

    Raises:
        ReviewError: No such folder, or it cannot be written.
    """
    if not folder.is_dir():
        raise ReviewError(f"{folder.name or folder}: no such folder")
    room = folder / ROOM
    try:
        room.mkdir(mode=0o700, exist_ok=True)
        room.chmod(0o700)
    except OSError as error:
        raise ReviewError(f"{folder.name}: cannot be written ({error.strerror})") from None
    return room


def open_database(room: Path, address: str | None = None) -> sa.Engine:
    """The database of a room, brought up to date.

    Args:
        room: The room's own folder.
        address: SQLAlchemy address of another database.

    Raises:
        ReviewError: It cannot be opened, or a newer version made it.
    """
    try:
        engine = _sqlite(room / FILE) if address is None else sa.create_engine(address)
        migrate(engine)
    except ModuleNotFoundError as error:
        raise ReviewError(f"--database: needs the package {error.name!r}: install it") from None
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        # The message of a driver may hold the address, which may hold a password.
        raise ReviewError(f"the database cannot be opened ({type(error).__name__})") from None
    return engine


def _sqlite(path: Path) -> sa.Engine:
    # Made before SQLite does, so that it and its journals are never readable by others.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: Any) -> None:
        # The driver would begin transactions on its own, and late: see _begin.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            # What is forgotten is overwritten, not only unlinked.
            "secure_delete=ON",
            "cache_size=-32000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A writer takes its lock at once: two that read first could not both go on.
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def migrate(engine: sa.Engine) -> None:
    """Run the migrations that the database lacks.

    Raises:
        ReviewError: The database is of a newer version of this program.
    """
    config = Config()
    # The option's percent signs would be read as references.
    where = str(Path(__file__).parent / "migrations").replace("%", "%%")
    config.set_main_option("script_location", where)
    script = ScriptDirectory.from_config(config)
    with writing(engine) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current == script.get_current_head():
            return
        if current is not None and current not in {s.revision for s in script.walk_revisions()}:
            raise ReviewError("the database was made by a newer version of ipt-nlp: update first")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that writes: committed and on disk when the block ends without an error."""
    with engine.execution_options(**{_WRITES: True}).begin() as connection:
        yield connection


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that only reads."""
    with engine.connect() as connection:
        yield connection


def erase_free_pages(engine: sa.Engine) -> None:
    """Rewrite the database so that nothing deleted is left in its files.

    Raises:
        ReviewError: Another process reads without a pause, or the disk is full.
    """
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            cursor = connection.cursor()
            try:
                cursor.execute("VACUUM")
                whole = True
            except sqlite3.OperationalError:
                # It needs as much room as the database takes. Deleted rows were overwritten
                # already (secure_delete), so that the journal is what matters.
                whole = False
            for _ in range(_CHECKPOINTS):
                # Busy while a room that runs is reading; its next pause is enough.
                busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                if not busy:
                    break
                time.sleep(0.2)
        finally:
            connection.close()
        if busy:
            raise ReviewError(
                "everything is erased, but a room that runs still holds old pages: stop it, "
                "and open this one once more"
            )
        if not whole:
            raise ReviewError(
                "everything is erased, and overwritten where it lay; only packing the database "
                "failed: make room on the disk before the next ipt-nlp forget"
            )
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as autocommit:
        autocommit.exec_driver_sql("VACUUM FULL")
