"""What leaves the room, read back by whoever takes it."""

from __future__ import annotations

import csv
import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from ipt_nlp import codebook
from ipt_nlp.corpus import load_texts
from ipt_nlp.corpus.rows import CorpusRow, read_rows
from ipt_nlp.errors import ReviewError
from ipt_nlp.review import exports, labels
from ipt_nlp.review.exports import tables
from ipt_nlp.review.store import Change
from tests.review.conftest import Rig
from tests.review.documents import Part, document

ACCEPT = Change("accept", labels.decide)
SCHEMA = Path(__file__).parents[2].parent / "shared/data/refi-qda/Project.xsd"
PROJECT = "{urn:QDA-XML:project:1.0}"

# The codebook's own schema is printed in the specification only: elements in their order.
CODE = {"Description", "Code"}


@pytest.fixture
def decided(rig: Rig) -> Rig:
    """Three segments decided, one of them with a memo, a mark and a dismissed flag."""
    store = rig.store
    with store.reading() as c:
        segment = store.place(c, 2).segment
    flag = labels.of_model(segment).flags[0].key
    edits = [
        Change("memo", lambda b: labels.set_memo(b, "=1+1 is no formula\x0b & <memo>")),
        Change("dismiss", lambda b: labels.judge_flag(b, flag, "dismissed", "a song")),
        ACCEPT,
    ]
    for version, edit in enumerate(edits):
        store.change(2, "moss", "moss", version, edit)
    for one in (1, 3):
        store.change(one, "moss", "moss", 0, ACCEPT)
    return rig


def made(rig: Rig, kind: str, **options: bool) -> bytes:
    export = exports.make_export(rig.store, rig.room.folder, kind, by="moss", **options)
    assert stat.S_IMODE(export.path.stat().st_mode) == 0o600
    return export.path.read_bytes()


def test_corpus_rows_are_rows_and_train_reads_them(decided: Rig) -> None:
    export = exports.make_export(decided.store, decided.room.folder, "corpus", by="moss")
    rows = [row for _, row in read_rows(export.path)]
    assert all(isinstance(row, CorpusRow) for row in rows)
    second = rows[1]
    assert isinstance(second, CorpusRow)
    assert (second.areas, second.primary, second.client) == (
        ("grief", "conflict"),
        "conflict",
        "c01",
    )
    assert [p.quote for p in second.patterns] == ["I told her how I feel", "she just hung up on me"]
    assert second.flags == ()
    assert second.synthetic
    texts = load_texts([str(export.path)])
    assert len(texts) == 3
    assert set(texts.groups) == {"c01"}


def test_identifiers_stay_in_the_room_unless_someone_says_so(folder: Path, rig: Rig) -> None:
    (real,) = rig.store.add([document("real.vtt", client="c08")], by="tests")
    with rig.store.reading() as c:
        ids = [i.id for i in exports_ids(rig, c, real)]
    for segment in ids:
        rig.store.change(segment, "moss", "moss", 0, ACCEPT)
    without = exports.make_export(rig.store, rig.room.folder, "corpus", by="moss")
    assert (without.segments, without.left_out) == (4, 1)
    assert b"Karen" not in without.path.read_bytes()
    with_all = exports.make_export(
        rig.store, rig.room.folder, "corpus", by="moss", with_identifiers=True
    )
    assert (with_all.segments, with_all.left_out) == (5, 0)


def exports_ids(rig: Rig, c: Any, session_id: int) -> Any:
    from ipt_nlp.review import queue

    filters = queue.Filters(session=str(session_id), everything="1")
    return queue.page(c, filters, "moss", 1.0)[0]


def test_what_reviewers_dispute_is_left_unscored(decided: Rig) -> None:
    decided.store.change(
        1, "ray", "ray", 0, Change("area", lambda b: labels.toggle_area(b, "isolation"))
    )
    decided.store.change(1, "ray", "ray", 1, ACCEPT)
    first = json.loads(made(decided, "corpus").splitlines()[0])
    assert first["areas"] == ["grief"]
    assert first["unscored_areas"] == ["isolation"]


def test_tables_hold_no_formula(decided: Rig) -> None:
    rows = list(csv.DictReader(io.StringIO(made(decided, "csv").decode("utf-8-sig"))))
    assert len(rows) == 3
    assert tuple(rows[0]) == tables.COLUMNS
    assert rows[1]["memo"].startswith("'=1+1")
    assert rows[1]["dismissed_flags"] == "risk_self_harm: a song"
    assert (rows[1]["conflict"], rows[1]["conflict_probability"]) == ("true", "0.81")


@pytest.mark.skipif(not tables.has_xlsx(), reason="openpyxl is not installed")
def test_the_workbook_holds_the_same(decided: Rig) -> None:
    openpyxl: Any = pytest.importorskip("openpyxl")
    sheet = openpyxl.load_workbook(io.BytesIO(made(decided, "xlsx"))).active
    rows = list(sheet.values)
    assert rows[0] == tables.COLUMNS
    assert len(rows) == 4


@pytest.mark.skipif(not SCHEMA.is_file(), reason="the official schema is not here")
def test_the_project_is_valid(decided: Rig) -> None:
    with zipfile.ZipFile(io.BytesIO(made(decided, "qdpx"))) as archive:
        project = etree.fromstring(archive.read("project.qde"))
    etree.XMLSchema(etree.parse(str(SCHEMA))).assertValid(project)


def test_selections_of_the_project_are_the_words(decided: Rig) -> None:
    with zipfile.ZipFile(io.BytesIO(made(decided, "qdpx"))) as archive:
        project = etree.fromstring(archive.read("project.qde"))
        names = archive.namelist()
        (source,) = project.findall(f".//{PROJECT}TextSource")
        path = source.get("plainTextPath").removeprefix("internal://")
        raw = archive.read(f"sources/{path}")
    assert len(names) == 2
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    text = raw.decode("utf-8")
    codes = {c.get("guid"): c.get("name") for c in project.iter(f"{PROJECT}Code")}
    found = {
        text[int(s.get("startPosition")) : int(s.get("endPosition"))]: [
            codes[ref.get("targetGUID")] for ref in s.iter(f"{PROJECT}CodeRef")
        ]
        for s in source.findall(f"{PROJECT}PlainTextSelection")
    }
    assert found["she just hung up on me"] == ["Withdrawal"]
    assert found["Karen Whitfield"] == ["Identifier"]
    whole = next(words for words in found if words.startswith("Have you told"))
    assert found[whole] == ["Interpersonal conflict", "Grief and loss"]
    assert whole.endswith("gets light.")
    assert "everyone would be better off without me" not in found
    note = project.find(f".//{PROJECT}Note/{PROJECT}PlainTextContent")
    assert note.text == "=1+1 is no formula\ufffd & <memo>"


def test_two_exports_of_one_room_are_the_same_but_for_the_time(decided: Rig) -> None:
    a, b = (
        zipfile.ZipFile(io.BytesIO(made(decided, "qdpx"))).read("project.qde") for _ in range(2)
    )

    def guids(raw: bytes) -> list[str]:
        return [e.get("guid") for e in etree.fromstring(raw).iter() if e.get("guid")]

    assert guids(a) == guids(b)
    assert len(guids(a)) == len(set(guids(a)))


def test_the_codebook_alone(rig: Rig) -> None:
    root = etree.fromstring(made(rig, "qdc"))
    assert root.tag == "{urn:QDA-XML:codebook:1.0}CodeBook"
    codes = list(root.iter("{urn:QDA-XML:codebook:1.0}Code"))
    codable = [c.get("name") for c in codes if c.get("isCodable") == "true"]
    wanted = len(codebook.AREAS) + len(codebook.PATTERNS) + len(codebook.FLAGS)
    assert len(codable) == len(set(codable)) == wanted
    assert {etree.QName(child).localname for c in codes for child in c} <= CODE


def test_taguette_reads_tags_and_descriptions(rig: Rig) -> None:
    rows = list(csv.DictReader(io.StringIO(made(rig, "taguette").decode())))
    assert set(rows[0]) == {"tag", "description"}
    assert {"area.grief", "pattern.blame", "flag.identifier"} <= {r["tag"] for r in rows}
    assert all(r["description"] for r in rows)


def test_label_studio_tasks_fit_their_configuration(decided: Rig) -> None:
    tasks = json.loads(made(decided, "label-studio"))
    view = etree.fromstring(made(decided, "label-studio-config"))
    known = {e.get("name"): {c.get("value") for c in e} for e in view if e.get("toName")}
    assert len(tasks) == 3
    for task in tasks:
        text = task["data"]["text"]
        for item in task["annotations"][0]["result"] + task["predictions"][0]["result"]:
            value = item["value"]
            chosen = value.get("choices", value.get("labels"))
            assert set(chosen) <= known[item["from_name"]]
            if item["type"] == "labels":
                assert text[value["start"] : value["end"]] == value["text"]


def test_positions_survive_an_emoji(rig: Rig) -> None:
    marks = (("at me", "hostility", "other"),)
    part = Part("💔💔 How?", "She yelled 💔 at me.", {"conflict": 0.9}, marks)
    (session,) = rig.store.add([document("emoji.vtt", (part,), client="c05")], by="tests")
    with rig.store.reading() as c:
        (item,) = exports_ids(rig, c, session)
    rig.store.change(item.id, "moss", "moss", 0, ACCEPT)
    with zipfile.ZipFile(io.BytesIO(made(rig, "qdpx"))) as archive:
        project = etree.fromstring(archive.read("project.qde"))
        name = next(n for n in archive.namelist() if n.startswith("sources/"))
        text = archive.read(name).decode()
    quotes = [
        text[int(s.get("startPosition")) : int(s.get("endPosition"))]
        for s in project.iter(f"{PROJECT}PlainTextSelection")
    ]
    assert "at me" in quotes


def test_unknown_kinds_are_refused(rig: Rig) -> None:
    with pytest.raises(ReviewError, match="no such kind"):
        exports.make_export(rig.store, rig.room.folder, "pdf", by="moss")


def test_exports_come_through_the_browser(decided: Rig) -> None:
    browser = decided.browser()
    response = browser.client.post(
        "/export", data={"kind": "csv"}, headers={"X-CSRF-Token": browser.person.csrf}
    )
    assert response.headers["content-disposition"].startswith("attachment")
    name = next((decided.room.folder / "exports").iterdir()).name
    assert browser.client.get(f"/export/{name}").content == response.content
    assert browser.client.get("/export/..%2F..%2Ftagged.jsonl").status_code in {400, 404}
