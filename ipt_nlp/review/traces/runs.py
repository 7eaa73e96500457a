"""Runs of words that a client said, by which copies and reports are known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

RUN = 5
"""Words of a run; a file that has three runs of the client's, about seven words, holds words."""

ENOUGH = 3

_WORD = re.compile(r"[^\W_]+")


class Runs:
    """Runs of words that the client said, by session."""

    def __init__(self) -> None:
        self._all: set[int] = set()
        self._by_session: dict[str, frozenset[int]] = {}

    def add(self, document: Mapping[str, Any]) -> None:
        """The words of a result document, of the client's turns where it says which those are."""
        text = str(document.get("text") or "")
        turns = [t for t in document.get("turns") or () if isinstance(t, dict)]
        said = [t for t in turns if t.get("role") == "client"] or turns
        parts = [text[t.get("start_char", 0) : t.get("end_char", 0)] for t in said] or [text]
        found = frozenset().union(*(_runs(part) for part in parts))
        found = found or _runs(text) or frozenset({_hash(_words(text))})
        self._by_session[str(document.get("text_sha256"))] = found
        self._all |= found

    def add_text(self, key: str, text: str) -> None:
        """Words of a row of a table."""
        found = _runs(text)
        self._by_session[key] = self._by_session.get(key, frozenset()) | found
        self._all |= found

    def held_by(self, text: str) -> bool:
        """Whether a text holds words of the client."""
        found = (_runs(text) or {_hash(_words(text))}) & self._all
        return len(found) >= min(ENOUGH, max(1, len(self._all)))

    def is_one(self, text: str) -> bool:
        """Whether a text holds most of one of the sessions."""
        found = _runs(text)
        return any(2 * len(own & found) >= len(own) for own in self._by_session.values() if own)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _hash(words: Sequence[str]) -> int:
    return hash(tuple(words))


def _runs(text: str) -> frozenset[int]:
    words = _words(text)
    return frozenset(_hash(words[i : i + RUN]) for i in range(len(words) - RUN + 1))
