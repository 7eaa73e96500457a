from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ipt_nlp.cli import check as checking
from ipt_nlp.cli import redact as redacting
from ipt_nlp.readers.files import Raw
from tests.identifiers.files import GOLD, MAKERS, make

app = typer.Typer(pretty_exceptions_enable=False)
app.command("check")(checking.check)
app.command("redact")(redacting.redact)
runner = CliRunner()


def test_findings_exit_with_one_and_are_listed(tmp_path: Path) -> None:
    done = runner.invoke(app, ["check", str(make(tmp_path, "session.vtt")), "-f", "json"])
    assert done.exit_code == 1
    read = json.loads(done.stdout)
    [file] = read["files"]
    assert file["file"] == "session.vtt"
    found = {f["words"]: f for f in file["findings"]}
    assert ("line 3 (note)", "phone") in {(f["where"], f["kind"]) for f in file["findings"]}
    assert found["Copperdale Bakery"] | {"score": 0} == {
        "where": "line 19", "turn": 3, "kind": "employer", "score": 0, "level": "direct",
        "words": "Copperdale Bakery",
    }  # fmt: skip
    assert "cannot certify" in read["notice"]


def test_nothing_found_exits_with_zero(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Client slept badly. Plan: weekly sessions until April.")
    done = runner.invoke(app, ["check", str(tmp_path / "note.txt")])
    assert done.exit_code == 0
    assert "nothing found" in done.stdout


@pytest.mark.parametrize("form", ["pretty", "json"])
def test_hidden_words_are_not_printed(tmp_path: Path, form: str) -> None:
    path = make(tmp_path, "session.docx")
    done = runner.invoke(app, ["check", str(path), "--hide", "-f", form])
    assert done.exit_code == 1
    assert not [gold for gold in GOLD if gold in done.stdout]


def test_a_file_that_cannot_be_read_exits_with_two_and_the_rest_is_checked(tmp_path: Path) -> None:
    (tmp_path / "broken.docx").write_bytes(b"PK\x03\x04 nothing")
    make(tmp_path, "session.txt")
    done = runner.invoke(app, ["check", str(tmp_path), "-f", "json"])
    assert done.exit_code == 2
    assert [f["file"] for f in json.loads(done.stdout)["files"]] == ["session.txt"]
    assert "broken.docx" in done.stderr


def test_what_surrounds_the_words_of_a_document_is_searched(tmp_path: Path) -> None:
    done = runner.invoke(app, ["check", str(make(tmp_path, "session.docx")), "-f", "json"])
    places = {f["where"].split(" ")[0] for f in json.loads(done.stdout)["files"][0]["findings"]}
    assert {"paragraph", "header", "footer", "comment", "author", "document", "link"} <= places


def test_the_strict_profile_finds_more(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Seen on 3 June in Leeds, aged 93, with J. and a friend.")
    kinds = []
    for profile in ("everyday", "safe-harbor"):
        done = runner.invoke(
            app, ["check", str(tmp_path / "note.txt"), "--profile", profile, "-f", "json"]
        )
        findings = json.loads(done.stdout)["files"][0]["findings"]
        kinds.append({f["kind"]: f["level"] for f in findings})
    assert kinds[0] == {"age_over_89": "weak"}
    assert kinds[1] == dict.fromkeys(["date", "place", "age_over_89", "initials"], "direct")


def test_categories_need_no_file() -> None:
    done = runner.invoke(app, ["check", "--categories"])
    assert done.exit_code == 0
    assert "18. " in done.stdout
    assert "Biometric" in done.stdout


def test_all_formats_can_be_read(tmp_path: Path) -> None:
    for name in MAKERS:
        make(tmp_path, name)
    done = runner.invoke(app, ["check", str(tmp_path), "-f", "json"])
    assert done.exit_code == 1
    assert {f["file"] for f in json.loads(done.stdout)["files"]} == set(MAKERS)


def test_every_file_that_cannot_be_read_is_named_and_the_rest_is_checked(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "b.docx").write_bytes(b"PK\x03\x04 nothing")
    (tmp_path / "c.csv").write_text("one,two\n1,2\n")
    make(tmp_path, "session.txt")
    done = runner.invoke(app, ["check", str(tmp_path), str(tmp_path / "gone.txt"), "-f", "json"])
    assert done.exit_code == 2
    assert [f["file"] for f in json.loads(done.stdout)["files"]] == ["session.txt"]
    named = [line.removeprefix("ipt-nlp: ").split(":")[0] for line in done.stderr.splitlines()]
    assert sorted(named) == ["a.txt", "b.docx", "c.csv", "gone.txt"]


def test_an_error_nobody_foresaw_stops_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ipt_nlp.identifiers import search

    for name in ("session.md", "session.txt"):
        make(tmp_path, name)
    search_file = search.search_file

    def fails_once(raw: Raw, finder: search.Finder) -> search.Searched:
        if raw.source == "session.md":
            raise ValueError(GOLD[0])
        return search_file(raw, finder)

    monkeypatch.setattr(search, "search_file", fails_once)
    done = runner.invoke(app, ["check", str(tmp_path)])
    assert done.exit_code == 2
    assert "session.txt: " in done.stdout
    assert done.stderr.startswith("ipt-nlp: session.md: could not be checked (ValueError)")
    assert GOLD[0] not in done.stderr


@pytest.mark.parametrize("form", ["pretty", "json"])
def test_hidden_names_are_not_in_names_of_files_either(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "Kowalski"
    folder.mkdir()
    for name in ("session.txt", "session.csv"):
        make(folder, name).rename(folder / f"Anna_Kowalski_{name}")
    (folder / "rows.csv").write_text("id,text,Anna Kowalski\n1,We argued.,Siobhan rang\n")
    (folder / "kowalski.txt").write_text("")
    done = runner.invoke(app, ["check", str(tmp_path), "--hide", "-f", form])
    assert done.exit_code == 2
    assert not [g for g in GOLD if g.lower() in (done.stdout + done.stderr).lower()]
    assert "1: [PERSON]_session.csv" in done.stdout
    assert "[PERSON].txt: the file is empty" in done.stderr
    assert "rows.csv" in done.stdout
    assert "folder name" in done.stdout


def test_names_of_folders_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "anna kowalski").mkdir()
    (tmp_path / "anna kowalski" / "note.txt").write_text("Client slept badly.")
    done = runner.invoke(app, ["check", str(tmp_path), "-f", "json"])
    assert done.exit_code == 1
    [finding] = json.loads(done.stdout)["files"][0]["findings"]
    assert (finding["where"], finding["words"]) == ("folder name", "anna kowalski")
