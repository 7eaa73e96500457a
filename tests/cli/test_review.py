"""The commands of the review room."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ipt_nlp.cli import agreement, forget, review
from ipt_nlp.review import auth, labels, server
from ipt_nlp.review.store import Change
from tests.review.documents import PARTS, document

app = typer.Typer()
app.command("review")(review.review)
app.command("agreement")(agreement.agreement)
app.command("forget")(forget.forget)
app.command("import")(review.import_corpus)
run = CliRunner().invoke

ACCEPT = Change("accept", labels.decide)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A room in which two reviewers have decided a session of client c01."""
    folder = tmp_path / "tagged"
    folder.mkdir()
    made = [
        document("one.vtt", client="c01"),
        document("two.vtt", PARTS[:2], client="c02"),
    ]
    (folder / "tagged.jsonl").write_text("".join(d.to_json() + "\n" for d in made))
    store, room = server.open_store(folder)
    server.add_documents(store, room, by="tests", synthetic=True)
    for segment in (1, 2, 3):
        store.change(segment, "ray", "ray", 0, ACCEPT, blind=True)
        store.change(segment, "kit", "kit", 0, ACCEPT)
    store.engine.dispose()
    return folder


def test_agreement_prints_and_writes_the_same(folder: Path) -> None:
    shown = run(app, ["agreement", str(folder)])
    assert shown.exit_code == 0
    for words in ("kit and ray", "kit and (model)", "grief", "0.87", "Markowitz 2000"):
        assert words in shown.stdout
    assert "3 of 6 decisions" in shown.stderr
    target = folder / "agreement.json"
    done = run(app, ["agreement", str(folder), "--json", "--output", str(target)])
    assert (done.exit_code, done.stdout) == (0, "")
    assert target.stat().st_mode & 0o077 == 0
    found = json.loads(target.read_text())
    assert found["raters"] == ["kit", "ray", "(model)"]
    blind = json.loads(run(app, ["agreement", str(folder), "--json", "--blind"]).stdout)
    assert blind["raters"] == ["ray", "(model)"]


def test_agreement_of_an_empty_room(tmp_path: Path) -> None:
    shown = run(app, ["agreement", str(tmp_path)])
    assert shown.exit_code == 0
    assert "nothing is decided" in shown.stderr


def test_forget_says_what_it_erased(folder: Path) -> None:
    assert run(app, ["forget", str(folder), "--list"]).stdout == "c01\t1\nc02\t1\n"
    done = run(app, ["forget", str(folder), "--client", "c01", "--json"])
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["sessions"], found["segments"], found["decisions"]) == (1, 5, 6)
    assert found["files"] == ["tagged.jsonl"]
    assert run(app, ["forget", str(folder), "--list"]).stdout == "c02\t1\n"
    assert "voicemail" in (folder / "tagged.jsonl").read_text()
    assert len((folder / "tagged.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["forget"], "--client"),
        (["forget", "--client", "c01", "--expired"], "name one of"),
        (["forget", "--client", "nobody"], "no session of this client"),
        (["forget", "--expired"], "no retention is set"),
        (["review", "--no-browser", "--host", "0.0.0.0"], "--add-user"),
        (["review", "--no-browser", "--reviewer", "(x)"], "name"),
        (["review", "--retrain"], "--output"),
        (["review", "--remove-user", "nobody"], "no such user"),
        (["review", "--database", "nonsense://x"], "cannot be opened"),
    ],
)
def test_what_cannot_be_done_is_one_line(folder: Path, arguments: list[str], said: str) -> None:
    command, *options = arguments
    shown = run(app, [command, str(folder), *options])
    assert shown.exit_code == 2
    assert said in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    for command in ("review", "agreement", "forget"):
        options = ["--list"] if command == "forget" else []
        shown = run(app, [command, str(tmp_path / "missing"), *options])
        assert shown.exit_code == 2
        assert "missing: no such folder" in shown.stderr


def test_users_get_a_password_once(folder: Path) -> None:
    shown = run(app, ["review", str(folder), "--add-user", "Ray", "--role", "reviewer"])
    assert shown.exit_code == 0
    store, _ = server.open_store(folder)
    gate = auth.Gate(store, "secret", named=True)
    assert gate.sign_in("Ray", shown.stdout.strip()) is not None
    assert run(app, ["review", str(folder), "--remove-user", "Ray"]).exit_code == 0
    assert auth.user_names(store) == []
    store.engine.dispose()


def test_a_broken_document_is_named_and_the_others_are_added(folder: Path) -> None:
    broken = document("three.vtt", PARTS[2:4]).to_json().replace("team leader", "boss", 1)
    (folder / "more.jsonl").write_text(broken + "\n" + document("four.vtt").to_json() + "\n")
    store, room = server.open_store(folder)
    added = server.add_documents(store, room, by="tests", synthetic=True)
    assert (added.added, added.known) == (1, 2)
    (problem,) = added.problems
    assert problem.startswith("more.jsonl:1:")
    assert "boss" not in problem
    store.engine.dispose()


def test_rows_of_a_corpus_are_queued(tmp_path: Path) -> None:
    corpus = tmp_path / "own.csv"
    corpus.write_text(
        "text\n" + "".join(f"I moved to town {i} and know nobody here at all\n" for i in range(6))
    )
    room = tmp_path / "room"
    shown = run(app, ["import", str(corpus), "--limit", "2", "--into", str(room)])
    assert shown.exit_code == 0, shown.stderr
    assert "2 of 6 rows queued" in shown.stderr
    assert room.stat().st_mode & 0o077 == 0


def test_forget_names_what_stays_and_says_what_to_do_on_a_full_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    (folder / "raw.vtt").write_text("WEBVTT\n")
    before = (folder / "tagged.jsonl").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        shown = run(app, ["forget", str(folder), "--client", "c01"])
    assert shown.exit_code == 2
    assert "tagged.jsonl: what stays of it could not be written" in shown.stderr
    assert "voicemail" not in shown.stderr
    assert (folder / "tagged.jsonl").read_bytes() == before
    done = run(app, ["forget", str(folder), "--client", "c01", "--json"])
    (left,) = json.loads(done.stdout)["left"]
    assert (left["file"], "look whether" in left["why"]) == ("raw.vtt", True)
    assert "1 files in the folder stay" in done.stderr
