"""Every format there and back: no identifier survives, and everything else is what it was."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import docx
import pytest

from ipt_nlp import readers
from ipt_nlp.errors import ReadError
from ipt_nlp.identifiers.analyzer import PresidioFinder, load_finder
from ipt_nlp.identifiers.pseudonyms import Pseudonyms
from ipt_nlp.identifiers.redaction import redact_files
from ipt_nlp.identifiers.search import label_identifiers, search_file
from ipt_nlp.readers.files import load
from tests.identifiers.files import GOLD, MAKERS, everything_in, make, word_with_names

CASES = Path(__file__).parents[1] / "cases" / "identifiers"
FILE_NAMES = json.loads((CASES / "file_names.json").read_text("utf-8"))
LABEL = re.compile(r"\[[A-Z_]+_\d+\]|\bPERSON_\d+\b")


@pytest.fixture(scope="module")
def finder() -> PresidioFinder:
    return load_finder()


def redacted(path: Path, finder: PresidioFinder, folder: Path, made: Pseudonyms) -> Path:
    [copy] = redact_files([path], finder, made)
    target = folder / copy.name
    folder.mkdir(exist_ok=True)
    target.write_bytes(copy.data)
    return target


def without_gold(text: str) -> str:
    for gold in GOLD:
        text = text.replace(gold, "§")
    return text


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_survives_anywhere_in_the_file(
    name: str, tmp_path: Path, finder: PresidioFinder
) -> None:
    target = redacted(make(tmp_path, name), finder, tmp_path / "out", Pseudonyms())
    left = everything_in(target)
    assert [gold for gold in GOLD if gold in left] == []


@pytest.mark.parametrize("name", MAKERS)
def test_everything_else_is_the_same(name: str, tmp_path: Path, finder: PresidioFinder) -> None:
    path = make(tmp_path, name)
    target = redacted(path, finder, tmp_path / "out", Pseudonyms())
    before, after = (readers.read_one(p) for p in (path, target))
    assert LABEL.sub("§", after.text) == without_gold(before.text)
    times = [[(t.start_s, t.end_s, t.role) for t in r.turns] for r in (before, after)]
    assert times[0] == times[1]


@pytest.mark.parametrize("name", [n for n in MAKERS if not n.endswith(".docx")])
def test_bytes_around_identifiers_are_the_same(
    name: str, tmp_path: Path, finder: PresidioFinder
) -> None:
    path = make(tmp_path, name)
    target = redacted(path, finder, tmp_path / "out", Pseudonyms())
    if name == "whisper.json":  # there a name of two words is two strings
        return
    assert LABEL.sub("§", target.read_bytes().decode()) == without_gold(path.read_bytes().decode())


@pytest.mark.parametrize("name", MAKERS)
def test_a_file_without_identifiers_keeps_its_bytes(
    name: str, tmp_path: Path, finder: PresidioFinder
) -> None:
    path = make(tmp_path, name)
    once = redacted(path, finder, tmp_path / "once", Pseudonyms())
    twice = redacted(once, finder, tmp_path / "twice", Pseudonyms())
    assert twice.read_bytes() == once.read_bytes()


@pytest.mark.parametrize("name", MAKERS)
def test_check_accepts_the_surrogates_that_were_made(
    name: str, tmp_path: Path, finder: PresidioFinder
) -> None:
    made = Pseudonyms(invented=True)
    target = redacted(make(tmp_path, name), finder, tmp_path / "out", made)
    made.save(tmp_path / "key.json")
    key = Pseudonyms.load(tmp_path / "key.json")
    left = [f for f in search_file(load(target), finder).findings if not key.accepted(f.words)]
    assert left == []


def test_a_person_is_the_same_in_all_files(tmp_path: Path, finder: PresidioFinder) -> None:
    paths = [make(tmp_path, name) for name in ("session.txt", "session.vtt", "whisper.json")]
    texts = []
    for copy in redact_files(paths, finder, Pseudonyms()):
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / copy.name).write_bytes(copy.data)
        texts.append(readers.read_one(tmp_path / "out" / copy.name).text)
    assert texts[0] == texts[1] == texts[2]


def test_a_name_clear_in_one_file_is_found_in_another(
    tmp_path: Path, finder: PresidioFinder
) -> None:
    (tmp_path / "a.txt").write_text("My friend Roisin came. Her name is Roisin.")
    (tmp_path / "b.txt").write_text("then roisin, then nothing, then a lot of rain")
    copies = list(redact_files([tmp_path / "a.txt", tmp_path / "b.txt"], finder, Pseudonyms()))
    assert b"roisin" not in copies[1].data


def test_a_name_is_left_in_a_phrase_that_everybody_uses(
    tmp_path: Path, finder: PresidioFinder
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Her daughter is called Olive. olive rang. They cook with olive oil.")
    [copy] = redact_files([path], finder, Pseudonyms())
    assert copy.data == b"Her daughter is called [PERSON_1]. [PERSON_1] rang. " + (
        b"They cook with olive oil."
    )


def test_formatting_of_runs_stays(tmp_path: Path, finder: PresidioFinder) -> None:
    path = make(tmp_path, "session.docx")
    target = redacted(path, finder, tmp_path / "out", Pseudonyms())
    before, after = docx.Document(str(path)), docx.Document(str(target))
    shape = [[[(r.bold, r.italic) for r in p.runs] for p in d.paragraphs] for d in (before, after)]
    assert shape[0] == shape[1]
    assert after.core_properties.author == ""
    assert [c.author for c in after.comments] != [c.author for c in before.comments]


def test_a_name_in_a_file_name_is_replaced(tmp_path: Path, finder: PresidioFinder) -> None:
    path = tmp_path / "anna_kowalski_session-04.txt"
    path.write_bytes(MAKERS["session.txt"]())
    [copy] = redact_files([path], finder, Pseudonyms())
    assert re.fullmatch(r"PERSON_\d_session-04\.txt", copy.name)


def test_turns_are_those_of_the_reader(tmp_path: Path, finder: PresidioFinder) -> None:
    for name in ("session.txt", "session.vtt", "session.docx", "whisper.json"):
        found = search_file(load(make(tmp_path, name)), finder).findings
        turns = {f.turn for f in found if f.words == "Copperdale Bakery" and f.turn is not None}
        assert turns == {3}, name


def test_whisper_words_follow_their_segment(tmp_path: Path, finder: PresidioFinder) -> None:
    target = redacted(make(tmp_path, "whisper.json"), finder, tmp_path / "out", Pseudonyms())
    for segment in json.loads(target.read_text())["segments"]:
        said = "".join(w["word"] for w in segment["words"]).split()
        assert said == segment["text"].split()


def test_names_of_bookmarks_properties_and_pictures_are_replaced(
    tmp_path: Path, finder: PresidioFinder
) -> None:
    path = tmp_path / "note.docx"
    path.write_bytes(
        word_with_names(
            {"Anna_Kowalski": "first", "kowalski": "second", "Plan": "third", "_Toc12": "fourth"},
            {"Client Anna Kowalski": "quiet", "Kowalski Anna": "quiet", "Language": "en"},
            picture="anna_kowalski.jpg",
        )
    )
    found = search_file(load(path), finder).findings
    places = {f.where for f in found}
    assert {"name of a bookmark", "name of a document property", "anchor in paragraph"} <= places
    assert ("name in paragraph", "anna_kowalski") in {(f.where, f.words) for f in found}
    target = redacted(path, finder, tmp_path / "out", Pseudonyms())
    copy = everything_in(target)
    assert "kowalski" not in copy.lower()
    names = re.findall(r'<w:bookmarkStart [^>]*w:name="(\w+)"', copy)
    assert len(set(names)) == 4
    assert {"Plan", "_Toc12"} < set(names)
    for name in names:
        assert f" REF {name} \\h " in copy
        assert f'w:anchor="{name}"' in copy
    properties = re.findall(r'<property [^>]*name="([^"]+)"', copy)
    assert len(set(properties)) == 3
    assert "Language" in properties
    assert docx.Document(str(target)).paragraphs[0].text == "We argued."


def test_headings_of_a_table_and_names_of_fields_are_replaced(
    tmp_path: Path, finder: PresidioFinder
) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text('id,text,Notes by Ngozi Okafor,"Siobhan, mood"\n1,We argued.,quiet,low\n')
    fields = tmp_path / "whisper.json"
    fields.write_text(
        '{"Anna Kowalski": "quiet", "segments": [{"start": 0, "end": 1, "text": "We argued."}]}'
    )
    texts = []
    for path, place in ((rows, "line 1, heading 3"), (fields, "name of a field")):
        assert place in {f.where for f in search_file(load(path), finder).findings}
        target = redacted(path, finder, tmp_path / "out", Pseudonyms())
        texts.append(target.read_text())
        assert [t.text for t in readers.read(target)] == ["We argued."]
    assert texts[0].splitlines()[0] == 'id,text,Notes by PERSON_1,"PERSON_2, mood"'
    assert texts[1].startswith('{"PERSON_1": "quiet", "segments"')


@pytest.mark.parametrize("case", FILE_NAMES, ids=lambda case: case["name"])
def test_names_in_file_names(case: dict[str, Any]) -> None:
    found = label_identifiers(case["name"], (), "everyday")
    assert [case["name"][f.start_char : f.end_char] for f in found] == case["found"]


def test_a_file_of_which_no_copy_can_be_made_does_not_stop_the_others(
    tmp_path: Path, finder: PresidioFinder
) -> None:
    make(tmp_path, "session.txt")
    (tmp_path / "broken.docx").write_bytes(b"PK\x03\x04 nothing")
    paths = [tmp_path / "broken.docx", tmp_path / "session.txt"]
    failed: list[str] = []
    copies = redact_files(
        paths, finder, Pseudonyms(), failed=lambda path, _: failed.append(path.name)
    )
    assert [copy.original for copy in copies] == [tmp_path / "session.txt"]
    assert failed == ["broken.docx"]
    with pytest.raises(ReadError, match=r"broken\.docx"):
        list(redact_files(paths, finder, Pseudonyms()))
