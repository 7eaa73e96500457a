"""JSON Lines: one result document a line, read back with ``TaggedSession.from_json``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ipt_nlp.result import TaggedSession


def write(sessions: Iterable[TaggedSession]) -> Iterator[str]:
    """One line a session."""
    for session in sessions:
        yield session.to_json() + "\n"
