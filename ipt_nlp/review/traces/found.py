"""What is looked for, and what is found: nothing is done to a file here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ipt_nlp.review.erasing import Write

MAX_BYTES = 100 * 2**20
"""Files of others above this size are named and not looked into."""

HOLDS = "holds words of the client, as a transcript or a copy: erase it, or those words"
SEVERAL = "a report that holds words of the client beside others': erase it and make it again"
SAME = "holds the words of a session that is also another client's in the room: look whose it is"
BROKEN = "has lines that cannot be read, with words of the client: erase them"
NO_OWNER = "holds words of the client in a session that is not in the room: look whose it is"
IN_NAME = "has the client's id in its name: look whether it is the client's"
SAYS_ID = "a report that gives the client's id: erase it and make it again"
CLOSED = "could not be looked into: look whether it is the client's"
LARGE = "too large to be looked into: look whether it is the client's"
TRANSCRIPT = "none of the words that were erased are in it: look whether it is the client's"
KEY_FILE = "a key of pseudonyms: name it with --key if it is the client's"
OTHER_ROOM = "a review room of its own: forget the client there too"
LINK = "a link to another folder, which was not looked into"


@dataclass(frozen=True)
class Left:
    """A file that stays, as it is named in the folder, and why."""

    file: str
    why: str


@dataclass(frozen=True)
class Wanted:
    """What is to be forgotten.

    ``clients`` are the spellings of the id; ``digests`` the hashes of the texts; ``gone`` the
    sessions (source, hash); ``owners`` says of every session of the room whose it is, which goes
    before what a file says: a session may have been given to another client there.
    """

    clients: frozenset[str]
    digests: frozenset[str]
    gone: frozenset[tuple[str, str]]
    owners: Mapping[tuple[str, str], str | None]

    def goes(self, client: str | None, source: str, digest: str) -> bool:
        """Whether a session that a file holds is one of those."""
        if (source, digest) in self.owners:
            return (source, digest) in self.gone
        return digest in self.digests or (client is not None and client in self.clients)

    def renamed(self, client: str | None, source: str, digest: str) -> bool:
        """Whether it stays, but under the id of the client who is forgotten."""
        return (
            client is not None and client in self.clients and not self.goes(client, source, digest)
        )

    def same_words(self, source: str, digest: str) -> bool:
        """Whether it stays because the room says that it is another's, with the same words."""
        return digest in self.digests and not self.goes(None, source, digest)


@dataclass
class Survey:
    """What is to be done with the files of a folder; nothing is done yet.

    ``plan`` is for :func:`ipt_nlp.review.erasing.erase`. ``renamed`` files only lose the id.
    """

    folder: Path
    plan: dict[Path, Write | None] = field(default_factory=dict)
    erased: list[Path] = field(default_factory=list)
    renamed: list[Path] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)

    def leave(self, path: Path, why: str) -> None:
        """Name a file that stays."""
        self.left.append(Left(self.name(path), why))

    def name(self, path: Path) -> str:
        """A file as it is named in the folder."""
        return str(path.relative_to(self.folder))
