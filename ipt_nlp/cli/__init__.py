"""The command line. Commands import what they need when they run: ``--help`` stays fast."""

from __future__ import annotations

import typer

from ipt_nlp import crash
from ipt_nlp.cli import (
    agreement,
    check,
    corpus,
    evaluate,
    forget,
    models,
    redact,
    review,
    tag,
    train,
)

app = typer.Typer(
    name="ipt-nlp",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help=(
        "Tag session transcripts and notes by Interpersonal Therapy (IPT) problem area.\n\n"
        "Everything runs on this machine; nothing is sent anywhere. Results go to standard "
        "output, progress and warnings to standard error.\n\n"
        "Start with:  ipt-nlp tag session.vtt\n\n"
        "Decision support: it does not diagnose, and a missing label means nothing."
    ),
)
app.command("tag")(tag.tag)
app.command("check")(check.check)
app.command("redact")(redact.redact)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("review")(review.review)
app.command("agreement")(agreement.agreement)
app.command("forget")(forget.forget)
corpus.app.command("import")(review.import_corpus)
app.add_typer(corpus.app, name="corpus")
app.add_typer(models.app, name="models")


def main() -> None:
    """Entry point of the console script."""
    crash.guarded(app)
