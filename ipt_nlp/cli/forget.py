"""``ipt-nlp forget``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipt_nlp.cli.console import reported, warn
from ipt_nlp.cli.review import Database, Folder

if TYPE_CHECKING:
    from ipt_nlp.review.forget import Forgotten


def forget(
    folder: Folder,
    client: Annotated[
        str | None, typer.Option(help="Id of the client to forget.", show_default=False)
    ] = None,
    expired: Annotated[
        bool, typer.Option("--expired", help="Forget sessions older than the room's retention.")
    ] = False,
    list_clients: Annotated[
        bool, typer.Option("--list", help="List the clients, and erase nothing.")
    ] = False,
    key: Annotated[
        list[Path] | None,
        typer.Option(help="A pseudonym key file to destroy as well.", show_default=False),
    ] = None,
    bundles: Annotated[
        list[Path] | None,
        typer.Option(help="A folder to look for bundles in.", show_default=False),
    ] = None,
    database: Database = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Erase everything of a client from a review room.

    Erases texts, labels, memos, quotes and reasons in the decision log, exports in the room,
    results of ipt-nlp tag in FOLDER and below it, and pseudonym keys. Who decided when stays,
    without content. A session that was given to another client in the room stays, without this
    client's id. Names every file that stays and holds words of the client or could not be looked
    into, and the bundles that learned from the client: they have to be trained again without.
    Copies elsewhere (downloads, backups) are out of reach. There is no way back.

    Example:  ipt-nlp forget tagged/ --client c07
    """
    with reported():
        from ipt_nlp.errors import OptionError
        from ipt_nlp.review import course
        from ipt_nlp.review import forget as room_forget
        from ipt_nlp.review.server import open_store

        if sum((client is not None, expired, list_clients)) != 1:
            raise OptionError("name one of --client ID, --expired and --list")
        store, room = open_store(folder, database)
        if list_clients:
            with store.reading() as c:
                for name, n in course.clients(c):
                    typer.echo(f"{name}\t{n}")
            return
        if client is not None:
            done = room_forget.forget_client(
                store, room, client, keys=key or (), bundle_folders=bundles or ()
            )
        else:
            days = store.setting(room_forget.RETENTION)
            if not days:
                raise OptionError("--expired: no retention is set; set it in the review room")
            ids = room_forget.expired(store, int(days))
            done = room_forget.forget_sessions(store, room, ids)
        typer.echo(json.dumps(asdict(done)) if as_json else report(done))
        if done.left:
            warn(f"{len(done.left)} files in the folder stay: look at each that is named as left")


def report(done: Forgotten) -> str:
    """What was erased and what is left to do."""
    lines = [
        f"erased {done.sessions} sessions, {done.segments} segments; "
        f"blanked {done.decisions} entries of the log"
    ]
    for what, names in (
        ("export erased", done.exports),
        ("erased, or rewritten without the client", done.files),
        ("rewritten without the client's id", done.renamed),
        ("key destroyed", done.keys),
        ("bundle that learned from the client: train it again without", done.bundles),
    ):
        lines += [f"{what}: {name}" for name in names]
    lines += [
        f"session {session}: is not this client's any more in the room; it stays, without the id"
        for session in done.moved
    ]
    lines += [f"left: {left.file}: {left.why}" for left in done.left]
    return "\n".join(lines)
