"""What ``forget`` does to files: nothing of others is lost on the way, nothing is left unnamed."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from filelock import FileLock

from ipt_nlp import writers
from ipt_nlp.batch import LOCK, RECORD
from ipt_nlp.errors import ReviewError
from ipt_nlp.result import TaggedSession
from ipt_nlp.review import erasing, forget, server
from ipt_nlp.review.traces import found
from ipt_nlp.writers import parquet
from tests.review.conftest import Rig
from tests.review.documents import PARTS, Part, document

SECRET = Part(
    "About the quixotic lighthouse?",
    "He yelled about the xylophone all night and threw the marzipan at me again.",
    {"conflict": 0.9},
)
MADE = document("secret.vtt", (SECRET,), client="c66", people=())
OTHER = document("other.vtt", PARTS[:2], client="c01", number=9)


def as_bytes(suffix: str, *sessions: TaggedSession) -> bytes:
    return "".join(writers.writer(suffix, color=False)(sessions)).encode()


@pytest.fixture
def added(rig: Rig) -> Rig:
    """A room with the client's session in a file that others share."""
    with (rig.folder / "tagged.jsonl").open("a") as file:
        file.write(MADE.to_json() + "\n")
    server.add_documents(rig.store, rig.room.folder, by="tests", synthetic=False)
    return rig


def forgotten(rig: Rig, client: str = "c66") -> forget.Forgotten:
    return forget.forget_client(rig.store, rig.room.folder, client)


def clients_in(path: Path) -> list[str | None]:
    return [json.loads(line)["client_id"] for line in path.read_text().split("\n") if line]


def no_room(*_: object, **__: object) -> Any:
    raise OSError(28, "No space left on device")


def not_allowed(*_: object, **__: object) -> Any:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    ("where", "fails"), [((os, "fsync"), no_room), ((tempfile, "mkstemp"), not_allowed)]
)
def test_results_of_others_outlive_a_full_disk_and_a_closed_folder(
    added: Rig, monkeypatch: pytest.MonkeyPatch, where: Any, fails: Callable[..., Any]
) -> None:
    before = (added.folder / "tagged.jsonl").read_bytes()
    with monkeypatch.context() as broken:
        module, name = where
        broken.setattr(module, name, fails)
        with pytest.raises(ReviewError, match="nothing was erased or changed: make room") as told:
            forgotten(added)
    assert "xylophone" not in str(told.value)
    assert (added.folder / "tagged.jsonl").read_bytes() == before
    assert list(added.folder.glob(".ipt-nlp-*.part")) == []
    # The same command, once there is room.
    assert forgotten(added).files == ("tagged.jsonl",)
    assert clients_in(added.folder / "tagged.jsonl") == ["c01", "c01", "c02"]


def test_nothing_is_overwritten_before_the_rest_stands_under_its_name(
    added: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []

    def killed(file: BinaryIO) -> None:
        seen.append(file.read())
        raise KeyboardInterrupt

    monkeypatch.setattr(erasing, "_overwrite", killed)
    with pytest.raises(KeyboardInterrupt):
        forgotten(added)
    assert b"xylophone" in seen[0]
    assert clients_in(added.folder / "tagged.jsonl") == ["c01", "c01", "c02"]


def test_the_old_bytes_are_overwritten(added: Rig) -> None:
    # A second name keeps the old bytes in reach.
    os.link(added.folder / "tagged.jsonl", added.folder.parent / "second-name")
    forgotten(added)
    old = (added.folder.parent / "second-name").read_bytes()
    assert set(old) == {0}


def test_a_file_that_only_its_owner_may_read_is_rewritten(added: Rig) -> None:
    (added.folder / "tagged.jsonl").chmod(0o400)
    assert forgotten(added).files == ("tagged.jsonl",)


def test_a_session_with_a_line_separator_in_its_words_goes_too(rig: Rig) -> None:
    part = Part("And then?", "He yelled about the\u2028xylophone\x0ball\x85night long.")
    made = document("odd.vtt", (part,), client="c66", people=())
    (rig.folder / "odd.jsonl").write_bytes((made.to_json() + "\n" + OTHER.to_json()).encode())
    server.add_documents(rig.store, rig.room.folder, by="tests", synthetic=False)
    assert forgotten(rig).files == ("odd.jsonl",)
    assert "xylophone" not in (rig.folder / "odd.jsonl").read_text()
    assert clients_in(rig.folder / "odd.jsonl") == ["c01"]


@pytest.mark.parametrize("name", ["a.csv", "deep/er/a.csv", ".hidden/a.csv", "named-by-hand.txt"])
def test_rows_of_a_table_go_and_the_others_stay(added: Rig, name: str) -> None:
    path = added.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_bytes("csv", MADE, OTHER))
    done = forgotten(added)
    assert name in done.files
    assert path.read_bytes() == as_bytes("csv", OTHER)
    assert done.left == ()


def test_rows_of_parquet_go_and_the_others_stay(added: Rig) -> None:
    paths = [added.folder / name for name in ("both.parquet", "alone.parquet")]
    for path, sessions in zip(paths, [(MADE, OTHER), (MADE,)], strict=True):
        with path.open("wb") as file:
            parquet.write(sessions, file)
    done = forgotten(added)
    assert {"both.parquet", "alone.parquet"} <= set(done.files)
    assert not paths[1].exists()
    table = pq.read_table(paths[0])
    assert table.schema.equals(parquet.SCHEMA)
    assert set(table["source"].to_pylist()) == {"other.vtt"}
    assert table.num_rows == len(OTHER.segments)


def test_a_report_goes_and_one_that_others_share_is_named(added: Rig) -> None:
    (added.folder / "secret.html").write_bytes(as_bytes("html", MADE))
    (added.folder / "several.html").write_bytes(as_bytes("html", MADE, OTHER))
    (added.folder / "other.html").write_bytes(as_bytes("html", OTHER))
    (added.folder / "secret.vtt.txt").write_bytes(as_bytes("pretty", MADE))
    (added.folder / "several.txt").write_bytes(as_bytes("pretty", MADE, OTHER))
    record = [
        {"file": "/x/secret.vtt", "output": "secret.vtt.txt", "sessions": 1},
        {"file": "/x/all.csv", "output": "several.txt", "sessions": 2},
    ]
    (added.folder / RECORD).write_text("".join(json.dumps(line) + "\n" for line in record))
    done = forgotten(added)
    assert {"secret.html", "secret.vtt.txt"} <= set(done.files)
    assert not (added.folder / "secret.html").exists()
    assert {left.file: left.why for left in done.left} == {
        "several.html": found.SEVERAL,
        "several.txt": found.SEVERAL,
    }
    assert (added.folder / "other.html").exists()


def test_the_record_of_a_batch_forgets_the_session(added: Rig) -> None:
    (added.folder / "sub").mkdir()
    (added.folder / "sub" / "secret.vtt.jsonl").write_text(MADE.to_json() + "\n")
    record = [
        {"file": "/x/jane-doe/secret.vtt", "output": "sub/secret.vtt.jsonl", "sessions": 1},
        {
            "file": "/x/all.csv",
            "output": "tagged.jsonl",
            "sessions": 4,
            "warnings": ["secret.vtt: short", "other.vtt: long"],
            "failures": [],
        },
    ]
    path = added.folder / RECORD
    path.write_text("".join(json.dumps(line) + "\n" for line in record))
    done = forgotten(added)
    assert RECORD in done.files
    (kept,) = [json.loads(line) for line in path.read_text().splitlines()]
    assert kept["output"] == "tagged.jsonl"
    assert kept["warnings"] == ["other.vtt: long"]
    assert not (added.folder / "sub" / "secret.vtt.jsonl").exists()


def test_every_file_that_still_holds_words_is_named_with_why(added: Rig) -> None:
    import docx

    said = SECRET.says
    (added.folder / "notes").mkdir()
    (added.folder / "notes" / "raw.vtt").write_text(f"WEBVTT\n\n00:01.000 --> 00:09.000\n{said}\n")
    (added.folder / "copy.json").write_text(json.dumps({"tasks": [{"text": said}]}))
    word = docx.Document()
    word.add_paragraph(said)
    word.save(str(added.folder / "letter.docx"))
    (added.folder / "call.m4a").write_bytes(b"\0\1\2")
    (added.folder / "c66.md").write_text("A plan.")
    (added.folder / "new.srt").write_text("Not tagged yet.")
    (added.folder / "pseudonyms.json").write_text('{"format": "ipt-nlp-key/1", "entries": []}')
    broken = MADE.to_json().replace('"kind"', '"kind', 1)
    (added.folder / "broken.jsonl").write_text(OTHER.to_json() + "\n" + broken + "\n")
    (added.folder / ".ipt-nlp-x1.part").write_text(MADE.to_json())
    done = forgotten(added)
    assert {left.file: left.why for left in done.left} == {
        "notes/raw.vtt": found.HOLDS,
        "copy.json": found.HOLDS,
        "letter.docx": found.HOLDS,
        "call.m4a": found.CLOSED,
        "c66.md": found.IN_NAME,
        "new.srt": found.TRANSCRIPT,
        "pseudonyms.json": found.KEY_FILE,
        "broken.jsonl": found.BROKEN,
    }
    assert done.left[0].why in {found.HOLDS, found.BROKEN}
    assert not (added.folder / ".ipt-nlp-x1.part").exists()
    assert all("xylophone" not in left.why + left.file for left in done.left)


def test_a_room_below_is_named(added: Rig) -> None:
    (added.folder / "inner").mkdir()
    store, _ = server.open_store(added.folder / "inner")
    store.engine.dispose()
    done = forgotten(added)
    assert [left.why for left in done.left] == [found.OTHER_ROOM]


def test_a_run_that_writes_is_not_worked_against(added: Rig) -> None:
    (added.folder / "sub").mkdir()
    with FileLock(added.folder / "sub" / LOCK), pytest.raises(ReviewError, match="writing into"):
        forgotten(added)
    assert "c66" in clients_in(added.folder / "tagged.jsonl")
    assert forgotten(added).sessions == 1


def test_no_client_is_no_client(added: Rig) -> None:
    (added.folder / ".key").write_text("x")
    with pytest.raises(ReviewError, match="empty"):
        forgotten(added, " ")
    assert (added.folder / ".key").exists()
