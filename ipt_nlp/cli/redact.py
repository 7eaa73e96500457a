"""``ipt-nlp redact``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipt_nlp.cli.check import PROFILE_HELP, ProfileName
from ipt_nlp.cli.console import reported, warn
from ipt_nlp.errors import OptionError

if TYPE_CHECKING:
    from ipt_nlp.identifiers.redaction import Redacted


def redact(
    path: Annotated[Path, typer.Argument(help="A file or a folder.", show_default=False)],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="File or folder to write; never the original.",
            show_default=False,
        ),
    ],
    surrogates: Annotated[
        bool, typer.Option("--surrogates", help="Invented names instead of [PERSON_1].")
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(
            help="Key file, read and written: the same pseudonyms in the next run. Keep it apart.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[ProfileName, typer.Option(help=PROFILE_HELP)] = ProfileName.everyday,
) -> None:
    """Write a pseudonymised copy in the same format; it is still personal data.

    The same person gets the same pseudonym in all files of a folder, and with --key in later runs.
    Time stamps and formatting stay; document properties are emptied; names in file names are
    replaced too. Whoever holds the key can turn pseudonyms back into names.

    Example:  ipt-nlp redact sessions/ --output redacted/ --key ~/keys/client-7.json
    """  # fmt: skip
    with reported():
        from ipt_nlp import readers
        from ipt_nlp.identifiers.kinds import NOTICE
        from ipt_nlp.identifiers.pseudonyms import Pseudonyms

        files = readers.expand([path])
        if any(str(file) == "-" for file in files):
            raise OptionError("redact needs a file or a folder, not standard input")
        _check_paths(path, output, key)
        made = Pseudonyms(invented=surrogates)
        if key is not None and key.exists():
            made = Pseudonyms.load(key, invented=surrogates)
        from ipt_nlp.identifiers.analyzer import load_finder
        from ipt_nlp.identifiers.redaction import redact_files
        from ipt_nlp.identifiers.search import label_identifiers

        copies = list(redact_files(files, load_finder(profile.value), made))
        targets: list[Path] = []
        for file, copy in zip(files, copies, strict=True):
            parents = []
            if path.is_dir():
                for folder in file.relative_to(path).parts[:-1]:
                    for f in reversed(label_identifiers(folder, made.people(), profile.value)):
                        new = made.replace(folder[f.start_char : f.end_char], f.kind).strip("[]")
                        folder = folder[: f.start_char] + new + folder[f.end_char :]
                    parents.append(folder)
            targets.append(_target(path, output, parents, copy, targets))
        _write(targets, copies)
        if key is not None:
            made.save(key)
        for target, copy in zip(targets, copies, strict=True):
            typer.echo(f"{target}: {copy.replaced} replaced")
            for warning in copy.warnings:
                warn(f"{target.name}: {warning}")
        warn(NOTICE)


def _check_paths(path: Path, output: Path, key: Path | None) -> None:
    source, target = path.resolve(), output.resolve()
    if source == target or source in target.parents or (target in source.parents and path.is_dir()):
        raise OptionError("--output: must not be the original, in it or around it; name another")
    if path.is_dir() and output.is_file():
        raise OptionError(f"--output: {output.name} is a file, and a folder is to be copied")
    if key is not None:
        kept = key.resolve()
        if kept in (source, target) or target in kept.parents:
            raise OptionError("--key: keep the key apart from the copies; name another place")


def _target(
    path: Path, output: Path, parents: list[str], copy: Redacted, taken: Iterable[Path]
) -> Path:
    """Where a copy goes; a file whose name was taken gets a number."""
    if path.is_file() and output.suffix and not output.is_dir():
        if output.suffix.casefold() != path.suffix.casefold():
            raise OptionError(f"--output: the copy has the same format: {path.suffix}")
        return output
    wanted = output.joinpath(*parents, copy.name)
    found, number = wanted, 2
    while found in set(taken):
        found = wanted.with_stem(f"{wanted.stem}-{number}")
        number += 1
    return found


def _write(targets: list[Path], copies: list[Redacted]) -> None:
    from ipt_nlp.places import write_private

    for target in targets:
        if target.exists():
            raise OptionError(f"--output: {target.name} exists already; name another place")
    for target, copy in zip(targets, copies, strict=True):
        try:
            write_private(target, copy.data)
        except OSError as error:
            raise OptionError(f"--output: {target.name}: {error.strerror}") from None
