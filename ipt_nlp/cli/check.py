"""``ipt-nlp check``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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
        bool,
        typer.Option(
            "--hide", help="Do not print the words that were found, nor names in file names."
        ),
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

    Looks into names of files and folders, headers, comments, tracked changes and document
    properties too. A file that cannot be read is named on standard error and the others are still
    checked. Exit code 1 if anything was found, 0 if nothing was, 2 if a file could not be read.
    Finding nothing is no proof that nothing is there.

    Example:  ipt-nlp check session-04.docx
    """
    if categories:
        _print_categories()
        return
    if not paths:
        raise typer.BadParameter("name at least one file or folder", param_hint="PATHS")
    failures: list[Failure] = []
    with reported():
        searched = list(_search(paths, profile, key, failures))
        told = _Told(searched, profile, hide=hide)
        if output_format is Format.json:
            typer.echo(json.dumps(_document(told, profile), ensure_ascii=False))
        else:
            _print(told)
        for failure in failures:
            warn(told.failure(failure))
    if failures:
        raise typer.Exit(EXIT_FAILED)
    if any(one.findings for one in searched):
        raise typer.Exit(EXIT_FOUND)


@dataclass(frozen=True)
class Failure:
    """A file or folder that could not be read: its name, and what is said of it."""

    source: str
    message: str


def _search(
    paths: Sequence[Path], profile: ProfileName, key: Path | None, failures: list[Failure]
) -> Iterator[Searched]:
    from ipt_nlp.identifiers.pseudonyms import Pseudonyms

    accepted = Pseudonyms.load(key) if key is not None else None
    files = list(dict.fromkeys(_files(paths, failures)))
    if not files:
        return
    from ipt_nlp.identifiers.analyzer import load_finder
    from ipt_nlp.identifiers.search import folder_findings, search_file

    finder = load_finder(profile.value)
    with progress_bar() as bar:
        for file, folders in bar.track(files, description="checking"):
            name = shown_name(file)
            try:
                one = search_file(_raw(file), finder)
            except IptNlpError as error:
                failures.append(Failure(name, str(error)))
                continue
            except Exception as error:  # a fault of ours in one file: the others are checked
                # A library's message may quote the text, so only its type is told.
                message = f"{name}: could not be checked ({type(error).__name__}); please report it"
                failures.append(Failure(name, message))
                continue
            one.findings = [*folder_findings(folders, finder.profile), *one.findings]
            one.findings = _kept(one.findings, accepted)
            yield one


def _files(
    paths: Iterable[Path], failures: list[Failure]
) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Files with the names of the folders that they lie in, inside a folder that was named."""
    from ipt_nlp import readers

    for path in paths:
        try:
            for file in readers.expand([path]):
                folders = file.relative_to(path).parts[:-1] if path.is_dir() else ()
                yield file, folders
        except IptNlpError as error:
            failures.append(Failure(shown_name(path), str(error)))


def _raw(file: Path) -> Raw:
    from ipt_nlp.readers.files import MAX_BYTES, Raw, checked, load

    if file == STANDARD_STREAM:
        return checked(Raw("stdin.txt", sys.stdin.buffer.read(MAX_BYTES + 1)))
    return load(file)


def shown_name(file: Path) -> str:
    """A file's name as messages give it."""
    from ipt_nlp.readers.files import shown

    return "stdin" if file == STANDARD_STREAM else shown(file) or str(file)


class _Told:
    """What is printed of each file; with ``hide``, names without what is a name in them."""

    def __init__(self, searched: Sequence[Searched], profile: ProfileName, *, hide: bool) -> None:
        self.searched = searched
        self.hide = hide
        self._profile = profile
        self._names: frozenset[str] = frozenset()
        if hide and searched:
            from ipt_nlp.identifiers.search import people_in

            self._names = frozenset(n for one in searched for n in people_in(one.findings))

    def name(self, number: int, one: Searched) -> str:
        """A file's name; what was hidden is numbered, so that files stay apart."""
        if not self.hide:
            return one.raw.source
        path = Path(one.raw.source)
        hidden = self.words(path.stem)
        return one.raw.source if hidden == path.stem else f"{number}: {hidden}{path.suffix}"

    def words(self, text: str) -> str:
        """A name or place in a file without what identifies someone, where that is asked for."""
        if not self.hide:
            return text
        from ipt_nlp.identifiers.search import label_identifiers

        for found in reversed(label_identifiers(text, self._names, self._profile.value)):
            text = f"{text[: found.start_char]}[{found.kind.upper()}]{text[found.end_char :]}"
        return text

    def failure(self, failure: Failure) -> str:
        """What is said of a file that could not be read."""
        path = Path(failure.source)
        hidden = self.words(path.stem) + path.suffix
        return failure.message.replace(failure.source, hidden, 1)


def _kept(findings: Iterable[Finding], accepted: Pseudonyms | None) -> list[Finding]:
    if accepted is None:
        return list(findings)
    return [f for f in findings if not accepted.accepted(f.words)]


def _document(told: _Told, profile: ProfileName) -> dict[str, Any]:
    from ipt_nlp.identifiers.kinds import NOTICE

    files = []
    for number, one in enumerate(told.searched, 1):
        found = []
        for f in one.findings:
            row: dict[str, Any] = {
                "where": told.words(f.where),
                "turn": f.turn,
                "kind": f.found.kind,
                "score": f.found.score,
                "level": f.found.level,
            }
            found.append(row if told.hide else row | {"words": f.words})
        files.append({"file": told.name(number, one), "findings": found, "warnings": one.warnings})
    return {
        "format": "ipt-nlp-check/1",
        "profile": profile.value,
        "notice": NOTICE,
        "files": files,
    }


def _print(told: _Told) -> None:
    from ipt_nlp.identifiers.kinds import NOTICE

    total = 0
    for number, one in enumerate(told.searched, 1):
        total += len(one.findings)
        typer.echo(f"{told.name(number, one)}: {len(one.findings) or 'nothing'} found")
        for f in one.findings:
            turn = f"turn {f.turn}" if f.turn is not None else ""
            line = (
                f"  {told.words(f.where):<24} {turn:<9} {f.found.kind:<14} {f.found.score:.2f}  "
                f"{f.found.level:<6}"
            )
            typer.echo(line.rstrip() if told.hide else f"{line}  {' '.join(f.words.split())}")
        for warning in one.warnings:
            typer.echo(f"  not looked into: {warning}")
    if told.searched:
        typer.echo(f"\n{total} in {len(told.searched)} file(s). {NOTICE}")


def _print_categories() -> None:
    from ipt_nlp.identifiers.kinds import NOTICE, SAFE_HARBOR

    for number, (category, done) in enumerate(SAFE_HARBOR, 1):
        typer.echo(f"{number:>2}. {category}: {done}")
    typer.echo(f"\n{NOTICE}")
