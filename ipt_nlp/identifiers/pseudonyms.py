"""Pseudonyms: the same one for the same person, over all files of a run and of a key."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipt_nlp.errors import OptionError
from ipt_nlp.identifiers import surrogates
from ipt_nlp.identifiers.kinds import KINDS, Kind
from ipt_nlp.identifiers.words import fold, plain, words

FORMAT = "ipt-nlp-key/1"
_PARTICLES = frozenset("de da di du del der den van von bin al el la le mac mc st umm abu".split())


@dataclass
class Entry:
    """One person, number or place, by all the forms it was met in.

    ``names`` are folded words for people and places of work, the whole folded text for the rest;
    ``surrogate`` is the invented name, part by part.
    """

    kind: Kind
    number: int
    names: list[str]
    surrogate: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"[{self.kind.upper()}_{self.number}]"


class Pseudonyms:
    """Hands out pseudonyms and remembers them.

    Args:
        secret: Decides which surrogates are drawn; new and random by default.
        invented: Draw invented names instead of ``[PERSON_1]`` where the kind has any.
    """

    def __init__(self, secret: bytes | None = None, *, invented: bool = False) -> None:
        self.secret = secret or secrets.token_bytes(32)
        self.invented = invented
        self.entries: list[Entry] = []
        self._avoid: set[str] = set()

    def avoid(self, real: Iterable[str]) -> None:
        """Words that occur in the texts, which no surrogate may be."""
        self._avoid.update(real)

    def replace(self, text: str, kind: Kind) -> str:
        """What stands in for an identifier of this kind."""
        entry = self._entry(text, kind)
        if not self.invented:
            return entry.label
        made = surrogates.invent(self, entry, text)
        return entry.label if made is None else made

    def accepted(self, text: str) -> bool:
        """Whether a found identifier is one of the surrogates that were made."""
        keys = [w.key for w in words(text)]
        made = {k for e in self.entries for s in e.surrogate for k in [w.key for w in words(s)]}
        return bool(keys) and all(k in made for k in keys)

    def free(self, word: str) -> bool:
        """Whether a word may serve as a surrogate: neither in the texts nor taken."""
        key = fold(word)
        taken = {fold(part) for e in self.entries for part in e.surrogate}
        return key not in self._avoid and key not in taken

    def people(self) -> set[str]:
        """Folded words of the people met so far."""
        return {n for e in self.entries if e.kind == "person" for n in e.names}

    def _entry(self, text: str, kind: Kind) -> Entry:
        names = name_words(text) if kind == "person" else [_whole(text)]
        for entry in self.entries:
            if entry.kind == kind and kind != "person" and names[0] in entry.names:
                return entry
        if kind == "person" and (known := self._person(names)) is not None:
            known.names += [n for n in names if n not in known.names]
            return known
        number = 1 + sum(e.kind == kind for e in self.entries)
        entry = Entry(kind, number, names)
        self.entries.append(entry)
        return entry

    def _person(self, names: list[str]) -> Entry | None:
        """The one person who can be meant: the same first name, or the only one with that name."""
        people = [e for e in self.entries if e.kind == "person"]
        # "Kowalski, Anna", as names of files have it.
        turned = [e for e in people if len(names) > 1 and set(e.names) == set(names)]
        if len(turned) == 1:
            return turned[0]
        if same := [e for e in people if e.names[0] == names[0]]:
            fits = [
                e for e in same
                if len(names) == 1 or len(e.names) == 1 or set(names[1:]) & set(e.names[1:])
            ]  # fmt: skip
            if fits:
                return fits[0]
            return None
        if len(names) == 1:
            last = [e for e in people if names[0] in e.names]
            return last[0] if len(last) == 1 else None
        # "Anna Smith" after "Ms Smith" alone.
        last = [e for e in people if e.names == [names[-1]]]
        return last[0] if len(last) == 1 else None

    def save(self, path: Path) -> None:
        """Write the key, for its owner alone: it turns pseudonyms back into names."""
        from ipt_nlp.places import write_private

        made = {
            "format": FORMAT,
            "secret": self.secret.hex(),
            "entries": [vars(e) for e in self.entries],
        }
        write_private(path, json.dumps(made, ensure_ascii=False, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path, *, invented: bool = False) -> Pseudonyms:
        """A key that :meth:`save` wrote.

        Raises:
            OptionError: No key, or one that cannot be read.
        """
        try:
            read: dict[str, Any] = json.loads(path.read_text("utf-8"))
            if read["format"] != FORMAT:
                raise ValueError("another format")
            made = cls(bytes.fromhex(read["secret"]), invented=invented)
            made.entries = [
                Entry(e["kind"], int(e["number"]), _words(e["names"]), _words(e["surrogate"]))
                for e in read["entries"]
                if e["kind"] in KINDS
            ]
            if not all(entry.names for entry in made.entries):
                raise ValueError("somebody without a name")
        except OSError as error:
            raise OptionError(f"--key: {path.name}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise OptionError(
                f"--key: {path.name} is not a key that `ipt-nlp redact --key` wrote"
            ) from None
        return made


def name_words(text: str) -> list[str]:
    """The folded words of a person's name; a spelled-out name is one word."""
    keys = [plain(w.key) for w in words(text)]
    letters = [k for k in keys if k not in {"fada", "accent", "double"}]
    if len(letters) > 2 and all(len(k) == 1 for k in letters):
        return ["".join(letters)]
    kept = [k for k in keys if len(k) > 1 and k not in _PARTICLES]
    return kept or keys or [_whole(text)]


def _words(listed: Any) -> list[str]:
    if not isinstance(listed, list) or not all(isinstance(word, str) for word in listed):
        raise TypeError("not a list of words")
    return listed


def _whole(text: str) -> str:
    return " ".join(plain(fold(text)).split()) or text
