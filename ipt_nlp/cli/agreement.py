"""``ipt-nlp agreement``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipt_nlp.cli.console import reported, warn
from ipt_nlp.cli.review import Database, Folder

if TYPE_CHECKING:
    from ipt_nlp.review.agreement import Agreement, Figure


def agreement(
    folder: Folder,
    database: Database = None,
    blind: Annotated[
        bool, typer.Option("--blind", help="Only decisions made without the model's labels.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write.", show_default=False),
    ] = None,
) -> None:
    """Agreement between reviewers, and of each with the model, area by area.

    Reads the decisions of a review room: Cohen's kappa for each pair and Krippendorff's alpha over
    all reviewers, with 95 % intervals from resampling sessions, beside published human figures.

    Example:  ipt-nlp agreement tagged/
    """
    with reported():
        from ipt_nlp.errors import OptionError
        from ipt_nlp.places import write_private
        from ipt_nlp.review.agreement import of_store
        from ipt_nlp.review.server import open_store

        store, _ = open_store(folder, database)
        found = of_store(store, blind_only=blind)
        if not found.reviews:
            warn("nothing is decided here yet" + (" in blind mode" if blind else ""))
        if found.seen:
            warn(
                f"{found.seen} of {found.reviews} decisions were made with the model's labels in "
                "view: agreement is flattered by that (--blind leaves them out)"
            )
        text = json.dumps(found.to_dict()) if as_json else table(found)
        if output is None:
            typer.echo(text)
            return
        try:
            write_private(output, text + "\n")
        except OSError as error:
            raise OptionError(f"--output: {output.name}: {error.strerror}") from None


def table(found: Agreement) -> str:
    """The figures as two plain tables."""
    from ipt_nlp.review.agreement import HUMAN_SOURCE

    lines = [f"{'all reviewers':<32}{'segments':>9}  {'alpha':<22}human kappa"]
    for a in found.areas:
        human = ", ".join(f"{k:.2f}" for k in a.human_kappa)
        lines.append(f"{a.area:<32}{a.n:>9}  {_figure(a.alpha):<22}{human}")
    pair = ("", "")
    for p in found.pairs:
        if (p.first, p.second) != pair:
            pair = (p.first, p.second)
            lines += ["", f"{f'{p.first} and {p.second}':<32}{'segments':>9}  {'kappa':<22}same"]
        lines.append(f"{p.area:<32}{p.n:>9}  {_figure(p.kappa):<22}{100 * p.agreement:.0f} %")
    return "\n".join([*lines, "", HUMAN_SOURCE])


def _figure(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    if figure.low is None:
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"
