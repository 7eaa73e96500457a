"""One clear error, or a documented fallback, for every odd file; never a client's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipt_nlp.errors import ReadError
from ipt_nlp.readers import expand, files, read, read_one, read_stream

SECRET = "Wilhelmina"
CASES: list[tuple[str, bytes, int | None, str]] = [
    ("a.txt", b"", None, "empty"),
    ("a.txt", b"\xff\xfe", None, "empty"),
    ("a.txt", b" \n\n", None, "empty"),
    ("a.txt", b"... -- !", None, "no words"),
    ("a.txt", b"%PDF-1.7 ...", None, "a PDF"),
    ("a.txt", bytes(range(256)) * 8, None, "binary"),
    ("a.txt", f"{SECRET}\0{SECRET} is here".encode(), None, "binary"),
    ("a.vtt", f"{SECRET}\n\n00:01.000 --> 00:02.000\nx".encode(), 1, "WEBVTT"),
    ("a.vtt", f"WEBVTT\n\n{SECRET}".encode(), None, "no cue"),
    ("a.vtt", f"WEBVTT\n\n00:01.000 --> {SECRET}\nx".encode(), 3, "broken time"),
    ("a.vtt", b"WEBVTT\n\n00:01.000 --> 00:61.000\nx", 3, "broken time"),
    ("a.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\n", None, "no cue has words"),
    ("a.srt", f"{SECRET} spoke".encode(), None, "no cue"),
    ("a.srt", f"1\n00:00:01,000 -> 00:00:02,000\n{SECRET}\n".encode(), None, "no cue"),
    ("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\nA\n\n2\n0x --> 1\nB\n", 6, "broken time"),
    ("a.json", f'{{"segments": [{SECRET}'.encode(), 1, "not JSON"),
    ("a.json", b'{"a": 1}', None, "not a transcript"),
    ("a.json", b'"x"', None, "not a transcript"),
    ("a.json", b"[" * 100_000, None, "nested too deep"),
    ("a.json", b'{"segments": []}', None, "empty"),
    ("a.json", b'{"segments": [{"text": "a"}, {"start": 1}]}', None, "segment 2: field 'text'"),
    ("a.json", b'{"segments": [{"text": "a", "start": "soon"}]}', None, "segment 1: field 'start'"),
    ("a.json", b'{"segments": [{"text": "a", "start": NaN}]}', None, "NaN"),
    ("a.json", b'{"format": "ipt-nlp/1", "text": "a", "segments": []}', None, "a result of this"),
    ("a.jsonl", f'{{"id": 1, "text": "a"}}\n{SECRET}\n'.encode(), 2, "not JSON"),
    ("a.jsonl", b'{"id": 1, "text": "a"}\n[1]\n', 2, "not a JSON object"),
    ("a.jsonl", b'{"id": 1, "text": "a"}\n{"id": 2}\n', 2, "field 'text' is missing"),
    ("a.jsonl", b'{"id": 1, "text": 7}\n', 1, "field 'text' is a number"),
    ("a.jsonl", b'{"id": 1, "text": "a"}\n{"id": "1", "text": "b"}\n', 2, "the same as on line 1"),
    ("a.jsonl", b'{"id": 1, "text": "a", "text": "b"}\n', 1, "same field twice"),
    ("a.jsonl", b'{"id": 1, "text": " "}\n', 1, "field 'text' has no words"),
    ("a.jsonl", b'{"text": "a"}\n', 1, "rows need the fields"),
    ("a.jsonl", b'{"speaker": "A", "role": "chair", "text": "a"}\n', 1, "field 'role'"),
    ("a.jsonl", b'{"speaker": "A", "text": "a", "turn_index": 1.5}\n', 1, "'turn_index' is not"),
    ("a.csv", f"name,words\n{SECRET},a\n".encode(), 1, "does not name the columns"),
    ("a.csv", f"id,text\n1,a\n2,{SECRET}, again\n".encode(), 3, "3 cells under 2 columns"),
    ("a.csv", b'id,text\n1,"a\n2,b\n', 2, "quote"),
    ("a.csv", b"id,text\n1\n", 2, "field 'text' is missing"),
    ("a.csv", b"id,text,text\n1,a,b\n", 1, "same name"),
    ("a.csv", b"id,text\n", None, "no rows"),
    ("a.csv", b"session,turn_index,speaker,text\n1,1,A,x\n1,1,B,y\n", 3, "occurs twice"),
    ("a.csv", b"speaker,role,text\nA,client,x\nA,therapist,y\n", 3, "differs"),
]


@pytest.mark.parametrize(("name", "data", "line", "says"), CASES)
def test_errors_name_file_and_place(
    tmp_path: Path, name: str, data: bytes, line: int | None, says: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ReadError, match=says) as caught:
        list(read(tmp_path / name))
    assert (caught.value.source, caught.value.line) == (name, line)
    assert SECRET not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_missing_folder_and_forbidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReadError, match=r"no\.txt: no such file"):
        read(tmp_path / "no.txt")
    (tmp_path / "d.txt").mkdir()
    with pytest.raises(ReadError, match="is a folder"):
        read(tmp_path / "d.txt")
    (tmp_path / "f.txt").write_text("T: a\nC: b")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ReadError, match="permissions"):
        read(tmp_path / "f.txt")


def test_size_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    assert len(list(read_stream(b"Some words"))) == 1
    with pytest.raises(ReadError, match="larger than"):
        read_stream(b"Some words.")


def test_several_texts_where_one_is_wanted(cases: Path) -> None:
    with pytest.raises(ReadError, match=r"holds 2 texts.*ipt-nlp tag"):
        read_one(cases / "posts.csv")


def test_expand(tmp_path: Path) -> None:
    (tmp_path / "a" / "empty").mkdir(parents=True)
    for name in ("b.txt", "a/z.vtt", "a/.hidden.txt", ".git/x.txt", "a/pic.png", "~$b.docx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert expand([tmp_path / "b.txt", tmp_path, "-"]) == [
        tmp_path / "b.txt",
        tmp_path / "a" / "z.vtt",
        Path("-"),
    ]
    with pytest.raises(ReadError, match=r"pic\.png: unknown kind.*\.docx.*\.jsonl"):
        expand([tmp_path / "a" / "pic.png"])
    with pytest.raises(ReadError, match="no file to read"):
        expand([tmp_path / "a" / "empty"])
    with pytest.raises(ReadError, match="no such file"):
        expand([tmp_path / "none"])


@pytest.mark.parametrize(
    "name",
    [
        "letters.txt",
        "note.md",
        "zoom.vtt",
        "voices.vtt",
        "plain.srt",
        "whisperx.json",
        "whisper.json",
        "posts.csv",
        "turns.csv",
        "posts.jsonl",
        "utf16le.txt",
        "cp1252.txt",
    ],
)
def test_a_stream_is_read_as_its_file_is(cases: Path, name: str) -> None:
    streamed = list(read_stream((cases / name).read_bytes(), source=name))
    assert streamed == list(read(cases / name))


def test_captions_in_a_text_file(cases: Path, tmp_path: Path) -> None:
    for name in ("zoom.vtt", "plain.srt"):
        copy = tmp_path / f"{name}.txt"
        copy.write_bytes((cases / name).read_bytes())
        assert read_one(copy).turns == read_one(cases / name).turns


def test_lines_outside_cues_are_kept_with_a_warning() -> None:
    data = (
        b"WEBVTT\n\nstray before\n\n00:01.000 --> 00:02.000\n<v T>One\n\nstray after\n\n"
        b"00:03.000 --> 00:04.000\n<v C>Two\n"
    )
    found = next(read_stream(data, source="a.vtt"))
    assert all(w in found.text for w in ("stray before", "One", "stray after", "Two"))
    assert "outside a cue" in found.warnings[0]


def test_damaged_utf8_and_other_encodings_are_warned_about() -> None:
    damaged = "Résumé naïve façade, tout à fait\n".encode() + b"T: caf\xe9\n"
    found = next(read_stream(damaged))
    assert "naïve" in found.text
    assert "caf\ufffd" in found.text
    assert found.warnings == (
        "1 damaged character(s), the first on line 2, were replaced by U+FFFD",
    )
    cyrillic = "Терапевт спросил, как прошла неделя. Она молчала долго и смотрела в окно."
    other = next(read_stream(cyrillic.encode("cp1251")))
    assert "неделя" in other.text
    assert "encoding was guessed" in other.warnings[0]


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        (b'{"text": "I moved away."}', ["note"]),
        (b'{"segments": [{"id": 0, "text": "I moved away."}]}', ["note"]),
        (b'{"id": 3, "text": "I moved away."}', ["text"]),
        (b'{"id": 3, "text": "I moved."}\n{"id": 4, "text": "I stayed."}', ["text", "text"]),
        (b"[ 00:01 ] Anna: hi\n[ 00:02 ] Bob: ho [laughs]", ["transcript"]),
        (b"He sent a text, text, text\nand left.", ["note"]),
        (b"{coughs} T: hi", ["note"]),
    ],
)
def test_formats_of_streams(data: bytes, kinds: list[str]) -> None:
    assert [t.kind for t in read_stream(data)] == kinds


@pytest.mark.parametrize("junk", ["<v ", "<c ", "&amp", "<", "(1:", "[[", "**", " ", "- ", "1:2:"])
def test_a_hundred_thousand_characters_of_mark_up(junk: str) -> None:
    words = f"x{junk * (100_000 // len(junk))}y"
    for data in (
        f"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Client>{words}\n",
        f"1\n00:00:01,000 --> 00:00:02,000\nClient: {words}\n",
        f"T: Well?\nClient: {words}\n",
    ):
        (found,) = read_stream(data.encode())
        assert found.turns[-1].role == "client"
        assert found.text.startswith("x" if "-->" in data else "Well?")
        assert found.text.endswith("y")
