"""A room with two clients' sessions, made by hand: no model, no network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ipt_nlp.review import server
from ipt_nlp.review.app import create_app
from ipt_nlp.review.auth import Gate, Person
from ipt_nlp.review.store import Store
from ipt_nlp.review.web import Room
from tests.review.documents import PARTS, document

SECRET = "a secret of the tests, long enough"
HOST = "127.0.0.1:8000"


@dataclass
class Browser:
    """A test client that is signed in, and what its forms must carry."""

    client: TestClient
    person: Person

    def get(self, path: str, **headers: str) -> str:
        response = self.client.get(path, headers=headers)
        assert response.status_code == 200, response.text
        return response.text

    def post(self, path: str, *, partial: bool = True, **form: Any) -> tuple[int, str]:
        """Status and text of the answer to a form."""
        headers = {"X-CSRF-Token": self.person.csrf}
        if partial:
            headers["X-Partial"] = "1"
        response = self.client.post(
            path, data={k: str(v) for k, v in form.items()}, headers=headers
        )
        return response.status_code, response.text

    def edit(self, segment: int, action: str, version: int, **form: Any) -> tuple[int, str]:
        return self.post(f"/segment/{segment}/edit", action=action, version=version, **form)


@dataclass
class Rig:
    """A room, its folder and whoever is signed in."""

    folder: Path
    room: Room
    browsers: dict[str, Browser] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        return self.room.store

    def browser(self, name: str = "moss", role: str = "supervisor") -> Browser:
        """A browser of someone; each has cookies of their own."""
        if name not in self.browsers:
            app = create_app(self.room, hosts={HOST})
            client = TestClient(app, base_url=f"http://{HOST}")
            cookie = self.room.gate._cookie(name, role)
            client.cookies.set(self.room.cookie, cookie)
            person = self.room.gate.person(cookie)
            assert person is not None
            self.browsers[name] = Browser(client, person)
        return self.browsers[name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as `ipt-nlp tag --format jsonl` leaves it."""
    folder = tmp_path / "tagged"
    folder.mkdir()
    lines = [
        document("c01-session-01.vtt", client="c01", number=1),
        document("c01-session-02.vtt", PARTS[1:4], client="c01", number=2),
        document("c02-session-01.vtt", PARTS[:3], client="c02", number=1),
    ]
    (folder / "tagged.jsonl").write_text("".join(d.to_json() + "\n" for d in lines))
    return folder


@pytest.fixture
def rig(folder: Path) -> Iterator[Rig]:
    """The room of that folder, with its documents added."""
    store, room = server.open_store(folder)
    server.add_documents(store, room, by="tests", synthetic=True)
    yield Rig(folder, Room(store, Gate(store, SECRET, reviewer="moss", token="once"), room))
    store.engine.dispose()
