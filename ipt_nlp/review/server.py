"""Starting a review room: database, documents of the folder, address, server."""

from __future__ import annotations

import getpass
import html
import ipaddress
import os
import secrets
import socket
import ssl
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from ipt_nlp.errors import ReviewError
from ipt_nlp.review import auth, database, imports
from ipt_nlp.review.app import create_app
from ipt_nlp.review.store import Store
from ipt_nlp.review.web import Room

if TYPE_CHECKING:
    from ipt_nlp.tagger import Tagger

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class ServeOptions:
    """How a room is served. ``names`` are host names that a proxy or a network gives it."""

    host: str = LOOPBACK
    port: int = 0
    reviewer: str | None = None
    names: Sequence[str] = ()
    certificate: Path | None = None
    key: Path | None = None


@dataclass
class Served:
    """A room that is ready: ``address`` opens it, ``run`` serves it until it is stopped."""

    address: str
    room: Room
    sock: socket.socket
    server: uvicorn.Server
    opener: Path | None = field(default=None)

    def run(self) -> None:
        """Serve until interrupted."""
        try:
            self.server.run(sockets=[self.sock])
        finally:
            self.sock.close()
            if self.opener is not None:
                self.opener.unlink(missing_ok=True)

    def write_opener(self) -> Path:
        """A page that leads to the address, readable by the owner alone.

        A browser started with the address itself would show the token to every user of the
        machine, in the list of processes.
        """
        handle, name = tempfile.mkstemp(prefix="ipt-nlp-open-", suffix=".html")
        target = html.escape(self.address)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(
                "<!doctype html><meta charset=utf-8><title>Review room</title>"
                f'<meta http-equiv="refresh" content="0; url={target}">'
                f'<a href="{target}">Open the review room</a>'
            )
        self.opener = Path(name)
        return self.opener


def open_store(folder: Path, address: str | None = None) -> tuple[Store, Path]:
    """The store of a reviewed folder, and the room's own folder.

    Raises:
        ReviewError: No such folder, or the database cannot be opened.
    """
    room = database.room_folder(folder)
    return Store(database.open_database(room, address)), room


def prepare(
    store: Store,
    room: Path,
    options: ServeOptions,
    load_tagger: Callable[[], Tagger] | None = None,
) -> Served:
    """Everything but the serving.

    Raises:
        ReviewError: Another host without named users, a name that is none, a port in use.
    """
    os.umask(0o077)
    named = bool(auth.user_names(store))
    local = is_loopback(options.host)
    if not local and not named:
        raise ReviewError(
            "--host: others could reach this room, so it needs named users; "
            "add one with --add-user NAME"
        )
    reviewer = auth.check_name(options.reviewer or _user())
    sock = _bound(options.host, options.port)
    port = int(sock.getsockname()[1])
    gate = auth.Gate(
        store,
        auth.room_secret(room) if named else secrets.token_urlsafe(48),
        reviewer=reviewer,
        token=None if named else secrets.token_urlsafe(24),
        named=named,
    )
    secure = options.certificate is not None
    made = Room(
        store, gate, room, cookie=f"ipt_review_{port}", secure=secure, load_tagger=load_tagger
    )
    shown = LOOPBACK if local else options.host
    app = create_app(made, hosts=_hosts(options, port, secure))
    config = uvicorn.Config(
        app,
        # Nothing is logged: an address or an error could hold words of a client.
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
        timeout_graceful_shutdown=3,
    )
    path = "/login" if named else f"/open?token={gate.token}"
    place = f"[{shown}]" if ":" in shown else shown
    address = f"{'https' if secure else 'http'}://{place}:{port}{path}"
    return Served(address, made, sock, uvicorn.Server(config))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _hosts(options: ServeOptions, port: int, secure: bool) -> set[str]:
    names = {"127.0.0.1", "localhost", "[::1]", *options.names}
    if options.host not in {"0.0.0.0", "::"}:  # named, not bound
        names.add(f"[{options.host}]" if ":" in options.host else options.host)
    else:
        names |= {socket.gethostname(), socket.getfqdn()}
    default = 443 if secure else 80
    with_port = {f"{name}:{port}" for name in names}
    # Behind a proxy, and at the default port, the header holds no port.
    return with_port | set(options.names) | (names if port == default else set())


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise ReviewError(
            f"--port: {host}:{port} cannot be used ({error.strerror}); 0 takes a free one"
        ) from None
    return sock


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "reviewer"


def add_documents(store: Store, room: Path, *, by: str, synthetic: bool) -> imports.Imported:
    """Add the result documents of the reviewed folder."""
    return imports.add_folder(store, room.parent, by=by, synthetic=synthetic)
