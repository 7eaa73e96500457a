"""``ipt-nlp review``."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipt_nlp.cli.console import progress_bar, reported, warn

if TYPE_CHECKING:
    from ipt_nlp.review.retrain import Retrained
    from ipt_nlp.review.store import Store
    from ipt_nlp.tagger import Tagger

Folder = Annotated[Path, typer.Argument(help="Folder with result documents.", show_default=False)]
Database = Annotated[
    str | None,
    typer.Option(
        help="SQLAlchemy address of the database, for a clinic (postgresql+psycopg://…).",
        show_default="a file in the folder",
    ),
]


class Role(StrEnum):
    """What a user may do: reviewers decide; supervisors also settle, add, export and set."""

    supervisor = "supervisor"
    reviewer = "reviewer"


def review(
    folder: Folder,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address and open nothing.")
    ] = False,
    host: Annotated[
        str, typer.Option(help="Address to listen on; another than this machine needs users.")
    ] = "127.0.0.1",
    host_name: Annotated[
        list[str] | None,
        typer.Option(help="Name under which others reach it.", show_default=False),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="TLS certificate (PEM).", show_default=False)
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="Its private key (PEM).", show_default=False)
    ] = None,
    database: Database = None,
    reviewer: Annotated[
        str | None, typer.Option(help="Your name in the log.", show_default="your user name")
    ] = None,
    blind: Annotated[
        bool | None,
        typer.Option("--blind/--no-blind", help="Hide the model's labels.", show_default=False),
    ] = None,
    share: Annotated[
        int | None,
        typer.Option(
            min=0, max=100, help="Percent of random samples in the queue.", show_default="5"
        ),
    ] = None,
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="The texts that are added are synthetic.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option(help="Folder of a bundle.", show_default="the shipped one")
    ] = None,
    add_user: Annotated[
        str | None,
        typer.Option(
            help="Add a user, or give one a new password; the password is printed.",
            show_default=False,
        ),
    ] = None,
    role: Annotated[Role, typer.Option(help="Role of that user.")] = Role.supervisor,
    remove_user: Annotated[
        str | None, typer.Option(help="Remove a user.", show_default=False)
    ] = None,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Fit a bundle from the decisions, and stop.")
    ] = False,
    corpus: Annotated[
        list[str] | None,
        typer.Option(help="With --retrain: a corpus to learn from besides.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="With --retrain: the new bundle.", show_default=False)
    ] = None,
) -> None:
    """Review flagged segments in the browser.

    Reads the result documents of FOLDER (written by ipt-nlp tag --format jsonl) and keeps decisions
    in FOLDER/.ipt-nlp-review, readable by you alone. Listens on this machine only; the address
    works once. Stop it with Ctrl+C.

    Example:  ipt-nlp review tagged/
    """
    with reported():
        from ipt_nlp.review import server

        store, room = server.open_store(folder, database)
        if add_user is not None or remove_user is not None:
            _users(store, add_user, remove_user, role)
            return
        if retrain:
            _retrain(store, model, corpus or [], output)
            return
        if blind is not None:
            store.set_setting("blind", "1" if blind else "0")
        if share is not None:
            store.set_setting("share", str(share / 100))
        options = server.ServeOptions(
            host=host,
            port=port,
            reviewer=reviewer,
            names=host_name or (),
            certificate=tls_cert,
            key=tls_key,
        )
        served = server.prepare(store, room, options, lambda: _tagger(model))
        added = server.add_documents(store, room, by=served.room.gate.reviewer, synthetic=synthetic)
        for problem in added.problems:
            warn(problem)
        warn(f"{added.added} sessions added, {added.known} known")
        if added.untagged:
            warn(f"{len(added.untagged)} files are not tagged: add them in the room")
        if not server.is_loopback(host) and tls_cert is None:
            warn("without --tls-cert passwords travel in the clear: put a TLS proxy in front")
        typer.echo(served.address)
        if not no_browser:
            import webbrowser

            webbrowser.open(served.write_opener().as_uri())
        served.run()


def _tagger(model: Path | None) -> Tagger:
    from ipt_nlp.tagger import load

    return load(model)


def _users(store: Store, add: str | None, remove: str | None, role: Role) -> None:
    import secrets

    from ipt_nlp.review import auth

    if remove is not None:
        auth.remove_user(store, remove)
        warn("the user is removed")
    if add is not None:
        password = secrets.token_urlsafe(15)
        auth.add_user(store, add, password, role.value)
        warn("the password, shown this once:")
        typer.echo(password)


def _retrain(store: Store, model: Path | None, corpora: list[str], output: Path | None) -> None:
    from ipt_nlp.areas.bundle import open_bundle, shipped_bundle
    from ipt_nlp.corpus import load_texts
    from ipt_nlp.errors import OptionError
    from ipt_nlp.review.retrain import retrain

    if output is None:
        raise OptionError("--retrain: name the folder of the new bundle with --output")
    old = open_bundle(model or shipped_bundle())
    with progress_bar() as bar:
        task = bar.add_task("encoding", total=None)
        made = retrain(
            store,
            output,
            old,
            corpora=load_texts(corpora) if corpora else None,
            corpus_names=corpora,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    warn(f"learned from {made.learned} decisions, compared on {made.held_back} held back:")
    warn(before_and_after(made))
    typer.echo(json.dumps({"bundle": str(made.trained.path), "sha256": made.trained.digest}))


def before_and_after(made: Retrained) -> str:
    """A table of F1 on the held-back decisions, area by area."""
    lines = [f"{'':<16}  {'before':>20}  {'after':>20}"]
    rows = [
        *((a.area, a.f1, b.f1) for a, b in zip(made.before.areas, made.after.areas, strict=True)),
        ("macro", made.before.macro_f1, made.after.macro_f1),
    ]
    for name, before, after in rows:
        cells = (f"{f.value:.3f} ({f.low:.3f}-{f.high:.3f})" for f in (before, after))
        lines.append("  ".join([f"{name:<16}", *(f"{cell:>20}" for cell in cells)]))
    return "\n".join(lines)


def import_corpus(
    name: Annotated[
        str,
        typer.Argument(
            help="A local file or folder, mentalchat16k, cactus, or hub:owner/name.",
            show_default=False,
        ),
    ],
    limit: Annotated[int, typer.Option(min=1, help="Rows to queue for review.")] = 200,
    text_column: Annotated[
        str | None,
        typer.Option(help="Column with the text.", show_default="that of a known corpus, or text"),
    ] = None,
    into: Annotated[
        Path, typer.Option(help="Folder of the review room; made when it is missing.")
    ] = Path("ipt-nlp-room"),
    pool: Annotated[
        int | None,
        typer.Option(min=1, help="Rows to choose from.", show_default="20 times the limit"),
    ] = None,
    real: Annotated[
        bool, typer.Option("--real", help="The texts are of real people: exports say so.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option(help="Folder of a bundle.", show_default="the shipped one")
    ] = None,
) -> None:
    """Queue rows of a public corpus for review, so that they become training data.

    Rows are labelled by the model; those queued are the ones it is unsure of, unlike each other.
    Only a name with hub: uses the network, and a known name stands for its copy on the hub.

    Example:  ipt-nlp corpus import Synthetic_Data_10K.csv --text-column input --limit 100
    """
    with reported():
        from ipt_nlp.places import write_private
        from ipt_nlp.review import public, server

        known = public.source_of(name)
        column = text_column or (known.text_column if known else "text")
        where = name if known is None or Path(name).exists() else f"hub:{known.hub}"
        texts = public.read_texts(where, column, pool or public.POOL * limit)
        if not into.exists():
            # Makes the folder for its owner alone.
            write_private(into / ".gitignore", "*\n")
        store, _ = server.open_store(into)
        added = public.queue_texts(
            store,
            _tagger(model),
            texts,
            limit,
            by="corpus import",
            synthetic=not real,
            sessions=known is not None and known.sessions and column == known.text_column,
        )
        warn(f"{len(added)} of {len(texts)} rows queued: ipt-nlp review {into.name}")
