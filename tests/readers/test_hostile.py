"""Files made to exhaust the machine or to hide what they say: one clear error, or exact offsets."""

from __future__ import annotations

import io
import os
import sys
import zipfile
from pathlib import Path

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipt_nlp.errors import ReadError
from ipt_nlp.readers import docx as docx_reader
from ipt_nlp.readers import expand, files, read, read_one, read_stream
from ipt_nlp.readers.files import Raw
from training.benchmarks.fuzz.targets import check

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
PARAGRAPH = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"

# Each is one way to write what the other forms write with other code points, or runs the other way.
SCRIPTS = {
    "emoji": "😀 She left 👩‍👩‍👧 and 👍🏽 that was 🇬🇧 it.",
    "combining": "e\u0301t\u00e9 n\u0303 a\u0328\u0301 Z\u0351\u036b\u0343 cafe\u0301",
    "bidi": "He said \u202ehello\u202c and \u2067left\u2069 \u200fagain\u200e.",
    "hebrew": "אמא שלי אמרה no, ואז הלכה 3 פעמים.",
    "arabic": "قالت أمي لا، ثم ذهبت 3 مرات.",
    "beyond": "𝒯𝒽ℯ 𝔢𝔫𝔡 \U0002a6d6 \U0010ffff x",
    "invisible": "We\u200b\u00ad\u2060 argue\ufeff \u00a0\u3000again\u2028and\u2029on\x85off.",
    "controls": "It \x1b[31mwas\x07 \x0bbad" + " and we fought about it again" * 6,
}


def document(body: str, before: str = "", *, also: dict[str, bytes] | None = None) -> bytes:
    """A Word file with this in its body."""
    plain = io.BytesIO()
    docx.Document().save(plain)
    out = io.BytesIO()
    main = f"<?xml version='1.0'?>{before}<w:document {W}><w:body>{body}</w:body></w:document>"
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, main if name == "word/document.xml" else old.read(name))
        for name, content in (also or {}).items():
            new.writestr(name, content)
    return out.getvalue()


def said(data: bytes) -> str:
    return next(docx_reader.read(Raw("a.docx", data))).text


def refused(data: bytes, source: str = "a.docx") -> str:
    with pytest.raises(ReadError) as caught:
        list(read_stream(data, source=source))
    assert caught.value.source == source
    return caught.value.problem


@pytest.mark.parametrize("name", ["word/media/image1.png", "word/x.xml", "word/y.bin"])
def test_a_zip_bomb_is_not_unpacked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = document(PARAGRAPH.format("x"), also={name: b"\0" * (docx_reader.MAX_UNPACKED + 1)})
    assert len(bomb) < 2**20
    monkeypatch.setattr(docx, "Document", None)  # nothing is opened
    assert "unpacks to more than 256 MiB" in refused(bomb)


@pytest.mark.parametrize("name", ["word/x.xml", "word/x.rels", "word/media/image1.png"])
@pytest.mark.parametrize("start", [b"<a/>", b" \n<a/>", b"\xff\xfe<\0a\0", b"\xef\xbb\xbf<a/>"])
def test_markup_costs_more_than_it_weighs(
    name: str, start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree takes thirty times the memory, and a part is not a picture because its name says."""
    monkeypatch.setattr(docx_reader, "MAX_MARKUP", 2_000_000)
    assert said(document(PARAGRAPH.format("x"))) == "x"
    bomb = document(PARAGRAPH.format("x"), also={name: start + b" " * 2_000_000})
    assert "of text; split it" in refused(bomb)


def test_pictures_are_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docx_reader, "MAX_MARKUP", 2_000_000)
    picture = b"\x89PNG\r\n\x1a\n" + b"\0" * 3_000_000
    assert said(document(PARAGRAPH.format("x"), also={"word/media/image1.png": picture})) == "x"


def test_a_length_that_lies_is_not_believed() -> None:
    """The part is longer than the zip file says: no more than that is read, and it is refused."""
    data = document(PARAGRAPH.format("x" * 100_000))
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        size = packed.getinfo("word/document.xml").file_size
    assert data.count(size.to_bytes(4, "little")) == 2
    lying = data.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert "damaged" in refused(lying)


ENTITIES = "".join(
    f"<!ENTITY e{i} '{('&e' + str(i - 1) + ';') * 10 if i else 'ha'}'>" for i in range(12)
)


@pytest.mark.parametrize(
    "doctype",
    [
        f"<!DOCTYPE w [{ENTITIES}]>",
        "<!DOCTYPE w [<!ENTITY e11 SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE w [<!ENTITY e11 SYSTEM 'http://192.0.2.1/x'>]>",
        "<!DOCTYPE w SYSTEM 'http://192.0.2.1/x' [<!ENTITY e11 'inside'>]>",
    ],
)
def test_entities_are_neither_unfolded_nor_fetched(doctype: str) -> None:
    assert "not a Word document" in refused(document(PARAGRAPH.format("x &e11; y"), doctype))


def test_boxes_in_boxes_are_read_once() -> None:
    inner = PARAGRAPH.format("deep")
    for _ in range(50):
        inner = f"<w:p><w:r><w:txbxContent>{inner}</w:txbxContent></w:r></w:p>"
    assert said(document(inner)) == "deep"


def test_deep_nesting_is_an_error_or_read() -> None:
    for depth in (40, 5_000):
        inner = PARAGRAPH.format("deep")
        for _ in range(depth):
            inner = f"<w:tbl><w:tr><w:tc>{inner}</w:tc></w:tr></w:tbl>"
        if depth == 40:
            assert said(document(inner)) == "deep"
        else:
            assert "damaged" in refused(document(inner))


@pytest.mark.parametrize(
    "main", [f"<w:document {W}/>", f"<w:styles {W}/>", "<a/>", "", "<w:document/>", "\0"]
)
def test_documents_without_a_body(main: str) -> None:
    plain = document(PARAGRAPH.format("x"))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, main if name == "word/document.xml" else old.read(name))
    assert "not a Word document" in refused(out.getvalue())


@pytest.mark.parametrize("part", ["word/styles.xml", "word/_rels/document.xml.rels"])
@pytest.mark.parametrize("content", [None, b"", b"<a/>", b"<!DOCTYPE"])
def test_documents_with_broken_parts_are_read_or_refused(part: str, content: bytes | None) -> None:
    plain = document(PARAGRAPH.format("x"))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
            elif content is not None:
                new.writestr(name, content)
    problem, text = "", ""
    try:
        text = said(out.getvalue())
    except ReadError as error:
        problem = error.problem
    assert text == "x" or "not a Word document" in problem


@pytest.mark.parametrize(
    ("source", "data", "what"),
    [
        ("a.txt", b"T: a\nC: b\n", "lines"),
        ("a.txt", b"T: a\rC: b\r", "lines"),
        ("a.vtt", b"00:01.000 --> 00:02.000\nT: a\n\n", "cues"),
        ("a.srt", b"00:00:01,000 --> 00:00:02,000\nT: a\n\n", "cues"),
        ("a.json", b'{"text": "a"},', "segments"),
        ("a.csv", b"1,a\n", "rows"),
        ("a.jsonl", b'{"speaker": "A", "text": "a"}\n', "rows"),
        ("a.docx", PARAGRAPH.format("x").encode(), "paragraphs"),
    ],
)
def test_a_million_parts(
    source: str, data: bytes, what: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A small file of very many tiny parts costs memory out of all proportion: it is refused."""
    parts = data * (120 if source == "a.docx" else 60)
    whole = {
        "a.vtt": b"WEBVTT\n\n" + parts,
        "a.json": b"[" + parts.rstrip(b",") + b"]",
        "a.csv": b"speaker,text\n" + parts,
        "a.docx": document(parts.decode()),
    }.get(source, parts)
    (tmp_path / source).write_bytes(whole)
    assert len(list(read(tmp_path / source))) == 1
    for module in [m for n, m in sys.modules.items() if n.startswith("ipt_nlp.readers")]:
        if hasattr(module, "MAX_PARTS"):
            monkeypatch.setattr(module, "MAX_PARTS", 50)
    with pytest.raises(ReadError, match=rf"{source}: more than 50 {what} in one file; split it"):
        list(read(tmp_path / source))


def test_no_pattern_looks_at_a_character_again_and_again() -> None:
    """Half a million of them in one place: a pattern that tries every cut would not come back."""
    for junk in ("<v" + " " * 500_000, "<v." + "a" * 500_000, "<c " + "\u00a0" * 500_000):
        data = f"WEBVTT\n\n00:01.000 --> 00:02.000\n{junk}x\n".encode()
        assert next(read_stream(data, source="a.vtt")).text.endswith("x")
    row = '{"speaker": "A", "text": "hi", "session": "' + "a_" * 500_000 + '"}'
    assert next(read_stream(row.encode(), source="a.jsonl")).text == "hi"


@pytest.mark.parametrize("name", sorted(SCRIPTS))
@pytest.mark.parametrize("suffix", [".txt", ".vtt", ".srt", ".json", ".csv", ".jsonl", ".docx"])
def test_offsets_are_code_points_in_every_script(tmp_path: Path, name: str, suffix: str) -> None:
    """What is said comes back to the character, and the turn after it starts where it should."""
    words = SCRIPTS[name]
    if name == "controls" and suffix == ".docx":
        pytest.skip("XML has no such characters")
    one = " ".join(words.split()) if suffix in {".vtt", ".srt", ".docx"} else words
    path = tmp_path / f"a{suffix}"
    path.write_bytes(_written(one, suffix))
    found = read_one(path)
    check(found)
    assert [found.turn_text(t) for t in found.turns] == [one, "Then what?"]
    assert found.turns[1].start_char == len(one) + 1
    assert [t.role for t in found.turns] == ["client", "therapist"]


def _written(words: str, suffix: str) -> bytes:
    import csv
    import json

    turns = [("Client", words), ("Therapist", "Then what?")]
    if suffix == ".docx":
        return document("".join(PARAGRAPH.format(f"{who}: {text}") for who, text in turns))
    if suffix in {".json", ".jsonl"}:
        rows = [{"speaker": who, "text": text} for who, text in turns]
        if suffix == ".json":
            return json.dumps({"segments": rows}).encode()
        return "\n".join(map(json.dumps, rows)).encode()
    if suffix == ".csv":
        out = io.StringIO(newline="")
        csv.writer(out).writerows([("speaker", "text"), *turns])
        return out.getvalue().encode()
    if suffix == ".txt":
        return "\n".join(f"{who}: {text}" for who, text in turns).encode()
    cues = [
        f"{i + 1}\n00:00:0{i}{'.' if suffix == '.vtt' else ','}000 --> "
        f"00:00:0{i}{'.' if suffix == '.vtt' else ','}900\n{who}: {text}"
        for i, (who, text) in enumerate(turns)
    ]
    return "\n\n".join([*(["WEBVTT"] if suffix == ".vtt" else []), *cues]).encode()


HALF = st.text(
    st.characters(categories=["Cs", "Ll", "So", "Mn", "Cf"]), min_size=1, max_size=12
).map(lambda t: f"x{t}")


@given(HALF, HALF, HALF, st.sampled_from(["jsonl", "json"]))
def test_halves_of_surrogate_pairs_never_get_in(
    speaker: str, text: str, client: str, kind: str
) -> None:
    """JSON can hold them, and nothing that is written later can."""
    import json

    row = {"speaker": speaker, "text": text, "client": client, "session": client}
    data = json.dumps(row if kind == "jsonl" else {"segments": [row]}).encode()
    for found in read_stream(data, source=f"a.{kind}"):
        check(found)
    alone = json.dumps({"id": client, "text": text}).encode()
    for found in read_stream(alone, source="a.jsonl"):
        check(found)
        assert found.kind == "text"


def test_a_nul_in_json_is_kept_with_its_offset() -> None:
    (found,) = read_stream(b'{"id": "a", "text": "be\\u0000fore"}', source="a.jsonl")
    check(found)
    assert found.text == "be\0fore"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32"])
def test_nuls_in_text_are_refused(encoding: str) -> None:
    text = "Therapist: How was it?\nClient: It was\0 bad and we fought again."
    assert "binary" in refused(text.encode(encoding), "a.txt")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("T: a\nC: b\n")
    os.mkfifo(tmp_path / "b.txt")
    with pytest.raises(ReadError, match=r"b\.txt: is not a plain file"):
        read(tmp_path / "b.txt")
    assert expand([tmp_path]) == [tmp_path / "a.txt"]


def test_names_of_files_that_are_not_utf8_are_printable(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/s\xff.txt"))
    try:
        path.write_text("T: a\nC: b\n")
    except OSError:
        pytest.skip("this file system takes no such names")
    assert read_one(path).source == "s\ufffd.txt"
    path.write_text("")
    for call in (lambda: read_one(path), lambda: read(path.with_name(path.name + "\udcfe.doc"))):
        with pytest.raises(ReadError) as caught:
            call()
        str(caught.value).encode("utf-8")


def test_a_file_over_the_limit_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "a.txt").open("wb") as file:
        file.truncate(files.MAX_BYTES * 16)  # a file with a hole: it takes no room
    with pytest.raises(ReadError, match=r"a\.txt: larger than 64 MiB; split it"):
        read(tmp_path / "a.txt")
