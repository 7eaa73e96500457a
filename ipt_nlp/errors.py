"""The errors that this package raises on purpose.

Messages say what was wrong, where (file, line or turn, field) and what to do, and never repeat
words of the text: they must be safe to send to a colleague.
"""

from __future__ import annotations


class IptNlpError(Exception):
    """Base of every error that is the input's or the set-up's fault, not the program's."""


class ReadError(IptNlpError):
    """A file could not be read as a transcript, a note or rows of text.

    Args:
        source: File id (a name, no folder).
        problem: What is wrong and what to do, without words of the file.
        line: 1-based line, row or cue, where one is known.
    """

    def __init__(self, source: str, problem: str, line: int | None = None) -> None:
        self.source = source
        self.problem = problem
        self.line = line
        where = f"{source}:{line}" if line is not None else source
        super().__init__(f"{where}: {problem}")

    def __reduce__(self) -> tuple[type[ReadError], tuple[str, str, int | None]]:
        return type(self), (self.source, self.problem, self.line)


class ResultError(IptNlpError):
    """A result document breaks its format: an unknown field, a quote that is not its slice."""


class BundleError(IptNlpError):
    """A model bundle is missing, changed, untrusted or made for other versions."""


class CorpusError(IptNlpError):
    """A corpus is missing, or a row of it breaks the corpus format."""


class OptionError(IptNlpError):
    """An option's value cannot be used (an unknown speaker name, a session number out of range)."""


class ReviewError(IptNlpError):
    """The review room cannot do that: a label outside the segment, a user or database missing."""
