"""``ipt-nlp redact``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipt_nlp.cli.check import PROFILE_HELP, ProfileName
from ipt_nlp.cli.console import EXIT_FAILED, reported, warn
from ipt_nlp.errors import IptNlpError, OptionError

if TYPE_CHECKING:
    from ipt_nlp.identifiers.pseudonyms import Pseudonyms
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
    Time stamps and formatting stay; document properties are emptied; names in names of files and
    folders are replaced too. A file that cannot be read is named on standard error and the others
    are still copied; the exit code is then 2. Whoever holds the key can turn pseudonyms back into
    names.

    Example:  ipt-nlp redact sessions/ --output redacted/ --key ~/keys/client-7.json
    """  # fmt: skip
    failures: list[str] = []
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

        def failed(file: Path, error: Exception) -> None:
            failures.append(_told(file, error))

        copies = list(redact_files(files, load_finder(profile.value), made, failed=failed))
        targets: list[Path] = []
        for copy in copies:
            parents = _parents(path, copy.original, made, profile)
            targets.append(_target(path, output, parents, copy, targets))
        _write(targets, copies, made if copies else None, key)
        for target, copy in zip(targets, copies, strict=True):
            typer.echo(f"{target}: {copy.replaced} replaced")
            for warning in copy.warnings:
                warn(f"{target.name}: {warning}")
        for failure in failures:
            warn(failure)
        if copies:
            warn(NOTICE)
    if failures:
        raise typer.Exit(EXIT_FAILED)


def _told(file: Path, error: Exception) -> str:
    """Why no copy was made of a file; of an unforeseen error only the type, which has no words."""
    if isinstance(error, IptNlpError):
        return f"{error} (no copy was made)"
    from ipt_nlp.readers.files import shown

    return (
        f"{shown(file)}: no copy could be made of it ({type(error).__name__}); please report this"
    )


def _parents(path: Path, file: Path | None, made: Pseudonyms, profile: ProfileName) -> list[str]:
    """The folders of a file below the one that is copied, with pseudonyms in their names."""
    from ipt_nlp.identifiers.search import label_identifiers

    parents: list[str] = []
    if file is None or not path.is_dir():
        return parents
    for folder in file.relative_to(path).parts[:-1]:
        for f in reversed(label_identifiers(folder, made.people(), profile.value)):
            new = made.replace(folder[f.start_char : f.end_char], f.kind).strip("[]")
            folder = folder[: f.start_char] + new + folder[f.end_char :]
        parents.append(folder)
    return parents


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
        if source in kept.parents:
            raise OptionError(
                "--key: lies in the folder that is copied and would be copied too; "
                "name another place"
            )
        _check_writable(key)


def _check_writable(key: Path) -> None:
    """Told before the work, not after it: without its key no copy is written."""
    kept = key.resolve()
    if kept.is_dir():
        raise OptionError(f"--key: {key.name or key} is a folder; name a file for the key")
    folder = next(parent for parent in kept.parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise OptionError(
            f"--key: {key.name} cannot be written in that folder; name a place of your own. "
            "No copy was written"
        )


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


def _write(
    targets: list[Path], copies: list[Redacted], made: Pseudonyms | None, key: Path | None
) -> None:
    """Write the key, then the copies: all of them or none, and no copy without its key."""
    from ipt_nlp.places import write_private

    for target in targets:
        if _exists(target):
            raise OptionError(f"--output: {target.name} exists already; name another place")
    with ExitStack() as undo:
        if key is not None and made is not None:
            undo.callback(_restore, key, _content(key))
            try:
                made.save(key)
            except OSError as error:
                raise OptionError(
                    f"--key: {key.name} cannot be written ({error.strerror}); name another place. "
                    "No copy was written"
                ) from None
        for target, copy in zip(targets, copies, strict=True):
            for folder in [f for f in target.parents if not f.exists()][::-1]:
                undo.callback(_remove, folder.rmdir)
            undo.callback(_remove, target.unlink)
            try:
                write_private(target, copy.data)
            except OSError as error:
                raise OptionError(
                    f"--output: {target.name} cannot be written ({error.strerror}); "
                    "name another place. No copy was kept"
                ) from None
        undo.pop_all()


def _exists(target: Path) -> bool:
    try:
        return target.exists() or target.is_symlink()
    except OSError as error:
        raise OptionError(f"--output: {target.name} cannot be written ({error.strerror})") from None


def _content(key: Path) -> bytes | None:
    return key.read_bytes() if key.exists() else None


def _restore(key: Path, content: bytes | None) -> None:
    """The key as it was before a run that wrote no copies."""
    from ipt_nlp.places import write_private

    if content is None:
        key.unlink(missing_ok=True)
    elif content != _content(key):
        write_private(key, content)


def _remove(remove: Callable[[], None]) -> None:
    with suppress(OSError):  # it was never made, or somebody else's file is in it
        remove()
