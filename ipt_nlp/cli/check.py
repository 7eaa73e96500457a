"""``ipt-nlp check``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ipt_nlp.cli.console import EXIT_FAILED, progress_bar, reported, warn
from ipt_nlp.errors import IptNlpError

if TYPE_CHECKING:
    from ipt_nlp.identifiers.pseudonyms import Pseudonyms
    from ipt_nlp.identifiers.search import Finding, Searched
    from ipt_nlp.readers.files import Raw

EXIT_FOUND = 1
STANDARD_STREAM = Path("-")


class ProfileName(StrEnum):
    """What counts as an identifier."""

    everyday = "everyday"
    safe_harbor = "safe-harbor"


class Format(StrEnum):
    """How findings are written."""

    pretty = "pretty"
    json = "json"


PROFILE_HELP = (
    "everyday, or safe-harbor: also dates, places below state level, ages over 89, initials."
)


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files, folders, or - for standard input.", show_default=False),
    ] = None,
    profile: Annotated[ProfileName, typer.Option(help=PROFILE_HELP)] = ProfileName.everyday,
    output_format: Annotated[
        Format, typer.Option("--format", "-f", help="How findings are written.")
    ] = Format.pretty,
    hide: Annotated[
        bool, typer.Option("--hide", help="Do not print the words that were found.")
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(help="Key of `ipt-nlp redact`: accept its surrogates.", show_default=False),
    ] = None,
    categories: Annotated[
        bool,
        typer.Option("--categories", help="Print the 18 safe-harbour categories and stop."),
    ] = False,
) -> None:
    """List what could identify someone: names, numbers, addresses, in all of a file.

    Looks into file names, headers, comments, tracked changes and document properties too. Exit
    code 1 if anything was found, 0 if nothing was, 2 if a file could not be read. Finding nothing
    is no proof that nothing is there.

    Example:  ipt-nlp check session-04.docx
    """
    if categories:
        _print_categories()
        return
    if not paths:
        raise typer.BadParameter("name at least one file or folder", param_hint="PATHS")
    failures: list[str] = []
    with reported():
        searched = list(_search(paths, profile, key, failures))
        if output_format is Format.json:
            typer.echo(json.dumps(_document(searched, profile, hide=hide), ensure_ascii=False))
        else:
            _print(searched, hide=hide)
        for failure in failures:
            warn(failure)
    if failures:
        raise typer.Exit(EXIT_FAILED)
    if any(one.findings for one in searched):
        raise typer.Exit(EXIT_FOUND)


def _search(
    paths: Sequence[Path], profile: ProfileName, key: Path | None, failures: list[str]
) -> Iterator[Searched]:
    from ipt_nlp.identifiers.pseudonyms import Pseudonyms

    accepted = Pseudonyms.load(key) if key is not None else None
    raws = list(_raws(paths, failures))
    if not raws:
        return
    from ipt_nlp.identifiers.analyzer import load_finder
    from ipt_nlp.identifiers.search import search_file

    finder = load_finder(profile.value)
    with progress_bar() as bar:
        for raw in bar.track(raws, description="checking"):
            try:
                one = search_file(raw, finder)
            except IptNlpError as error:
                failures.append(str(error))
                continue
            one.findings = _kept(one.findings, accepted)
            yield one


def _raws(paths: Iterable[Path], failures: list[str]) -> Iterator[Raw]:
    from ipt_nlp import readers
    from ipt_nlp.readers.files import MAX_BYTES, Raw, checked, load

    for path in paths:
        try:
            for file in readers.expand([path]):
                if file == STANDARD_STREAM:
                    yield checked(Raw("stdin.txt", sys.stdin.buffer.read(MAX_BYTES + 1)))
                else:
                    yield load(file)
        except IptNlpError as error:
            failures.append(str(error))


def _kept(findings: Iterable[Finding], accepted: Pseudonyms | None) -> list[Finding]:
    if accepted is None:
        return list(findings)
    return [f for f in findings if not accepted.accepted(f.words)]


def _document(searched: Iterable[Searched], profile: ProfileName, *, hide: bool) -> dict[str, Any]:
    from ipt_nlp.identifiers.kinds import NOTICE

    files = []
    for one in searched:
        found = []
        for f in one.findings:
            row: dict[str, Any] = {
                "where": f.where,
                "turn": f.turn,
                "kind": f.found.kind,
                "score": f.found.score,
                "level": f.found.level,
            }
            found.append(row if hide else row | {"words": f.words})
        files.append({"file": one.raw.source, "findings": found, "warnings": one.warnings})
    return {
        "format": "ipt-nlp-check/1",
        "profile": profile.value,
        "notice": NOTICE,
        "files": files,
    }


def _print(searched: Sequence[Searched], *, hide: bool) -> None:
    from ipt_nlp.identifiers.kinds import NOTICE

    total = 0
    for one in searched:
        total += len(one.findings)
        typer.echo(f"{one.raw.source}: {len(one.findings) or 'nothing'} found")
        for f in one.findings:
            turn = f"turn {f.turn}" if f.turn is not None else ""
            line = (
                f"  {f.where:<24} {turn:<9} {f.found.kind:<14} {f.found.score:.2f}  "
                f"{f.found.level:<6}"
            )
            typer.echo(line.rstrip() if hide else f"{line}  {' '.join(f.words.split())}")
        for warning in one.warnings:
            typer.echo(f"  not looked into: {warning}")
    if searched:
        typer.echo(f"\n{total} in {len(searched)} file(s). {NOTICE}")


def _print_categories() -> None:
    from ipt_nlp.identifiers.kinds import NOTICE, SAFE_HARBOR

    for number, (category, done) in enumerate(SAFE_HARBOR, 1):
        typer.echo(f"{number:>2}. {category}: {done}")
    typer.echo(f"\n{NOTICE}")
