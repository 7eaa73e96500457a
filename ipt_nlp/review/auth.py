"""Who is at the other end: a one-time token for one person, names and passwords for several."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Literal, get_args

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from ipt_nlp.errors import ReviewError
from ipt_nlp.places import write_private
from ipt_nlp.review import database
from ipt_nlp.review.schema import sign_ins, users
from ipt_nlp.review.store import Store

Role = Literal["supervisor", "reviewer"]
ROLES: tuple[Role, ...] = get_args(Role)

SESSION_HOURS = 12
MIN_PASSWORD = 12
_NAME = re.compile(r"[\w][\w .@-]{0,63}")
_FREE_FAILURES = 5
_WAIT_SECONDS = 30.0


@dataclass(frozen=True)
class Person:
    """Someone who is signed in; ``csrf`` is what their forms must carry."""

    name: str
    role: Role
    csrf: str

    @property
    def supervises(self) -> bool:
        return self.role == "supervisor"


def room_secret(room: Path) -> str:
    """The secret that signs cookies of named users; made once, readable by the owner alone."""
    path = room / "secret"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii").strip()


@dataclass
class Gate:
    """Signs people in. ``token`` opens the room once, for ``reviewer``; with ``named`` users sign
    in with a password instead."""

    store: Store
    secret: str
    reviewer: str = "reviewer"
    token: str | None = None
    named: bool = False
    _lock: Lock = field(default_factory=Lock, repr=False)
    _failures: dict[str, tuple[int, float]] = field(default_factory=dict, repr=False)

    def open_with_token(self, token: str) -> str | None:
        """The cookie for the one-time token, or None; the token is void afterwards."""
        with self._lock:
            if self.token is None or not hmac.compare_digest(token.encode(), self.token.encode()):
                return None
            self.token = None
        return self._cookie(self.reviewer, "supervisor")

    def sign_in(self, name: str, password: str) -> str | None:
        """The cookie for a name and password, or None. Failures of a name slow it down.

        Raises:
            ReviewError: Too many failures; wait.
        """
        name = " ".join(name.split())
        role = self.role_of(name, password)
        return None if role is None else self._cookie(name, role)

    def role_of(self, name: str, password: str) -> Role | None:
        """The role of a name if the password is right; nobody is signed in by asking.

        Raises:
            ReviewError: Too many failures; wait.
        """
        name = " ".join(name.split())
        with self._lock:
            count, until = self._failures.get(name, (0, 0.0))
            if time.monotonic() < until:
                raise ReviewError("too many failures: wait half a minute")
        with self.store.reading() as c:
            row = c.execute(sa.select(users).where(users.c.name == name)).first()
        hasher = PasswordHasher()
        kept = row.password_hash if row is not None else None
        try:
            # The same work whether or not the name exists.
            hasher.verify(kept or _nobodys_hash(), password)
            valid = kept is not None
        except (VerificationError, InvalidHashError):
            valid = False
        with self._lock:
            if not valid or row is None:
                count += 1
                until = time.monotonic() + _WAIT_SECONDS if count >= _FREE_FAILURES else 0.0
                self._failures[name] = (count, until)
                return None
            self._failures.pop(name, None)
        role: Role = row.role
        return role

    def sign_in_again(self, name: str) -> str | None:
        """A new cookie for somebody whose password was changed just now; None for nobody."""
        role = self._role_now(name)
        return None if role is None else self._cookie(name, role)

    def sign_out(self, cookie: str | None) -> None:
        """Refuse this cookie from now on, wherever a copy of it is."""
        data = self._read(cookie)
        if data is not None:
            with self.store.writing() as c:
                c.execute(sa.delete(sign_ins).where(sign_ins.c.key_sha256 == _hash(data[2])))

    def person(self, cookie: str | None) -> Person | None:
        """Who a cookie stands for; None when it is missing, forged, old or was taken back."""
        data = self._read(cookie)
        if data is None:
            return None
        name, role, key = data
        with self.store.reading() as c:
            held = sa.select(sign_ins.c.name).where(sign_ins.c.key_sha256 == _hash(key))
            if c.scalar(held) != name:
                return None
        now = self._role_now(name) if self.named else role
        return None if now is None else Person(name, now, self._csrf.dumps(key))

    def _read(self, cookie: str | None) -> tuple[str, Role, str] | None:
        """Name, role and key of a cookie that this room signed and that is not old."""
        if not cookie:
            return None
        try:
            data = self._sessions.loads(cookie, max_age=SESSION_HOURS * 3600)
            return data["n"], data["r"], data["k"]
        except (BadData, KeyError, TypeError):
            return None

    def _role_now(self, name: str) -> Role | None:
        # A user whose role was changed has the new one at once.
        with self.store.reading() as c:
            role: Role | None = c.scalar(sa.select(users.c.role).where(users.c.name == name))
        return role

    def _cookie(self, name: str, role: str) -> str:
        key = secrets.token_urlsafe(24)
        old = datetime.now(UTC) - timedelta(hours=SESSION_HOURS)
        with self.store.writing() as c:
            c.execute(sa.delete(sign_ins).where(sign_ins.c.at < old.isoformat(timespec="seconds")))
            c.execute(
                sa.insert(sign_ins).values(key_sha256=_hash(key), name=name, at=database.now())
            )
        return str(self._sessions.dumps({"n": name, "r": role, "k": key}))

    @property
    def _sessions(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret, salt="session")

    @property
    def _csrf(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.secret, salt="csrf")


def _hash(key: str) -> str:
    # Whoever reads the database gets no key to a session from it.
    return hashlib.sha256(key.encode("utf-8")).hexdigest()


@cache
def _nobodys_hash() -> str:
    return PasswordHasher().hash(secrets.token_urlsafe(12))


def check_name(name: str) -> str:
    """The name of a reviewer as it is stored.

    Raises:
        ReviewError: Empty, too long, or with characters that no name has.
    """
    name = " ".join(name.split())
    if not _NAME.fullmatch(name):
        raise ReviewError("a reviewer's name has 1 to 64 letters, digits, spaces or . @ - _")
    return name


def add_user(store: Store, name: str, password: str, role: Role = "supervisor") -> None:
    """Add a user, or give one a new password and role; every session of that name ends.

    Raises:
        ReviewError: Not a name, or the password is short.
    """
    name = check_name(name)
    if len(password) < MIN_PASSWORD:
        raise ReviewError(f"a password has at least {MIN_PASSWORD} characters")
    row = {"password_hash": PasswordHasher().hash(password), "role": role}
    with store.writing() as c:
        c.execute(sa.delete(sign_ins).where(sign_ins.c.name == name))
        if not c.execute(sa.update(users).where(users.c.name == name).values(row)).rowcount:
            c.execute(sa.insert(users).values(name=name, created_at=database.now(), **row))


def remove_user(store: Store, name: str) -> None:
    """Remove a user, whose sessions end; what they decided stays in the log.

    Raises:
        ReviewError: No such user.
    """
    name = " ".join(name.split())
    with store.writing() as c:
        if not c.execute(sa.delete(users).where(users.c.name == name)).rowcount:
            raise ReviewError("no such user: names are compared letter by letter")
        c.execute(sa.delete(sign_ins).where(sign_ins.c.name == name))


def user_names(store: Store) -> list[str]:
    """Names of the users who can sign in."""
    with store.reading() as c:
        return list(c.scalars(sa.select(users.c.name).order_by(users.c.name)))
