"""What is said of an error that nobody foresaw: where it was, and never what it says.

A library's message may quote the text it was given (``KeyError: 'Wilhelmina'``), and a traceback
prints messages. What stands here is safe to send to a colleague: types, files, lines, functions.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

EXIT_CRASHED = 70
"""The exit code of a program that failed within, as sysexits.h has it."""
_PACKAGE = Path(__file__).resolve().parent
_MAX_FRAMES = 12


def describe(error: BaseException) -> str:
    """The types of an error and of those that led to it, and the program's own lines, last first.

    >>> describe(KeyError("a client's words"))
    'the program failed (KeyError)'
    """
    types: list[str] = []
    current: BaseException | None = error
    while current is not None and len(types) < _MAX_FRAMES:
        types.append(type(current).__name__)
        current = current.__cause__ or current.__context__
    lines = [f"the program failed ({', after '.join(types)})"]
    frames = list(traceback.walk_tb(error.__traceback__))[::-1][:_MAX_FRAMES]
    lines += [
        f"  in {_place(frame.f_code.co_filename)}:{line} {frame.f_code.co_name}"
        for frame, line in frames
    ]
    return "\n".join(lines)


def guarded(run: Callable[[], None]) -> None:
    """Run a program; an error that nobody caught is described, not printed, and ends it.

    Typer and others set ``sys.excepthook`` for themselves, so no hook would last.

    Raises:
        SystemExit: With ``EXIT_CRASHED`` after an error.
    """
    try:
        run()
    except Exception as error:
        sys.stderr.write(
            f"ipt-nlp: {describe(error)}\n"
            "ipt-nlp: no words of any text are in these lines; please report them\n"
        )
        sys.exit(EXIT_CRASHED)


def _place(file: str) -> str:
    """A file within this package or an installed one, without the folders of the user's machine."""
    path = Path(file)
    if path.is_relative_to(_PACKAGE):
        return path.relative_to(_PACKAGE.parent).as_posix()
    parts = path.parts
    if "site-packages" in parts:
        return "/".join(parts[parts.index("site-packages") + 1 :])
    return path.name
