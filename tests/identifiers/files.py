"""Files of every format with the same invented people in them, in and around the talk."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import docx

GOLD = (
    "Marta Oyelaran", "Anna Kowalski", "Oyelaran", "Kowalski", "Marta", "Anna", "Siobhan",
    "S-I-O-B-H-A-N", "Copperdale Bakery", "27 Larkspur Close", "QX1 4TB", "07700 900123",
    "anna.k@example.com", "14/03/1986",
)  # fmt: skip
"""Longest first where one holds another."""

LINES = [
    ("Marta Oyelaran", "How was Sunday, Anna? You said you would see your sister."),
    ("Anna Kowalski", "I rang my sister Siobhan and she hung up. It's spelled S-I-O-B-H-A-N."),
    ("Marta Oyelaran", "And what would you want to tell her?"),
    ("Anna Kowalski", "That I work nights at Copperdale Bakery, and that I live at 27 Larkspur "
     "Close, QX1 4TB now. She can ring me on 07700 900123 or write to anna.k@example.com."),
    ("Marta Oyelaran", "You were born on 14/03/1986, so you are the older one."),
    ("Anna Kowalski", "I am. Every Tuesday I think, today Siobhan will ring."),
]  # fmt: skip


def stamp(i: int, comma: str = ".") -> str:
    """Cue times of line ``i``."""
    return f"00:00:{i * 5:02d}{comma}000 --> 00:00:{i * 5 + 4:02d}{comma}500"


def txt() -> bytes:
    return "\r\n".join(f"{who}: {said}" for who, said in LINES).encode()


def md() -> bytes:
    head = "# Session 4 with Anna Kowalski\n\n"
    return (head + "\n\n".join(f"**{who}:** {said}" for who, said in LINES) + "\n").encode()


def vtt() -> bytes:
    cues = [
        f"{i + 1}\n{stamp(i)} align:start\n<v {who}>{said}\n" for i, (who, said) in enumerate(LINES)
    ]
    return ("WEBVTT - recorded by Marta Oyelaran\n\nNOTE client Anna Kowalski, tel 07700 900123\n\n"
            + "\n".join(cues)).encode()  # fmt: skip


def srt() -> bytes:
    return "\n".join(
        f"{i + 1}\n{stamp(i, ',')}\n{who}: {said}\n" for i, (who, said) in enumerate(LINES)
    ).encode()


def csv() -> bytes:
    rows = ["client,session,turn_index,speaker,text"]
    rows += [f'Kowalski,4,{i},{who},"{said}"' for i, (who, said) in enumerate(LINES)]
    return ("\n".join(rows) + "\n").encode()


def jsonl() -> bytes:
    return "".join(
        json.dumps({"speaker": who, "text": said, "start": i * 5.10}) + "\n"
        for i, (who, said) in enumerate(LINES)
    ).encode()


def whisper() -> bytes:
    segments = [
        {"id": i, "start": i * 5.0, "end": i * 5.0 + 4.5, "text": " " + said, "speaker": who,
         "words": [{"word": " " + w, "start": i * 5.0} for w in said.split()]}
        for i, (who, said) in enumerate(LINES)
    ]  # fmt: skip
    return json.dumps(
        {"text": " ".join(s for _, s in LINES), "segments": segments, "language": "en"}, indent=2
    ).encode()


def word() -> bytes:
    document = docx.Document()
    properties = document.core_properties
    properties.author, properties.title = "Marta Oyelaran", "Session with Anna Kowalski"
    properties.last_modified_by = "Marta Oyelaran"
    section = document.sections[0]
    section.header.paragraphs[0].text = "Client: Anna Kowalski, born 14/03/1986"
    section.footer.paragraphs[0].text = "Copperdale Bakery"
    for who, said in LINES:
        paragraph = document.add_paragraph()
        paragraph.add_run(f"{who}: ").bold = True
        middle = len(said) // 2
        paragraph.add_run(said[:middle]).italic = True
        paragraph.add_run(said[middle:])
    split = document.add_paragraph()
    for part in ("She called me An", "na", " Kow", "alski twice."):
        split.add_run(part).bold = part == "na"
    document.add_comment(split.runs, text="Ask Siobhan.", author="Marta Oyelaran", initials="MO")
    packed = io.BytesIO()
    document.save(packed)
    return _with_changes(packed.getvalue())


def _with_changes(data: bytes) -> bytes:
    """The document with a tracked insertion and deletion, a link, and properties of an office."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w") as after:
        for item in before.infolist():
            content = before.read(item)
            if item.filename == "word/document.xml":
                change = (
                    '<w:p><w:ins w:id="9" w:author="Marta Oyelaran" w:date="2026-01-02T03:04:05Z">'
                    "<w:r><w:t>Siobhan rang back.</w:t></w:r></w:ins>"
                    '<w:del w:id="10" w:author="Marta Oyelaran" w:date="2026-01-02T03:04:05Z">'
                    "<w:r><w:delText>Anna Kowalski cried.</w:delText></w:r></w:del></w:p>"
                )
                content = content.replace(b"<w:sectPr", change.encode() + b"<w:sectPr", 1)
            if item.filename == "word/_rels/document.xml.rels":
                link = (
                    '<Relationship Id="rId99" TargetMode="External"'
                    ' Target="mailto:anna.k@example.com"'
                    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"/>'
                )
                content = content.replace(b"</Relationships>", link.encode() + b"</Relationships>")
            if item.filename == "docProps/app.xml":
                content = content.replace(
                    b"</Properties>", b"<Manager>Oyelaran</Manager></Properties>"
                )
            after.writestr(item, content)
    return out.getvalue()


MAKERS = {
    "session.txt": txt, "session.md": md, "session.vtt": vtt, "session.srt": srt,
    "session.csv": csv, "turns.jsonl": jsonl, "whisper.json": whisper, "session.docx": word,
}  # fmt: skip


def make(folder: Path, name: str) -> Path:
    """Write one of ``MAKERS`` into a folder."""
    path = folder / name
    path.write_bytes(MAKERS[name]())
    return path


def everything_in(path: Path) -> str:
    """All bytes of a file as text, those of a zip's parts unpacked, with XML tags taken out."""
    data = path.read_bytes()
    if path.suffix != ".docx":
        return data.decode()
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        parts = [packed.read(i).decode("utf-8", "replace") for i in packed.infolist()
                 if i.filename.endswith((".xml", ".rels"))]  # fmt: skip
    import re

    return "\n".join(parts) + "\n" + "\n".join(re.sub(r"<[^>]+>", "", part) for part in parts)


def word_with_names(
    bookmarks: dict[str, str], properties: dict[str, str], picture: str = "Picture 1"
) -> bytes:
    """A Word document with bookmarks (name: text), each led to by a field and by a link.

    It also has custom properties (name: value) and a drawing that is called ``picture``.
    """
    document = docx.Document()
    document.add_paragraph("We argued.")
    packed = io.BytesIO()
    document.save(packed)
    body = ""
    for n, (name, text) in enumerate(bookmarks.items()):
        body += (
            f'<w:p><w:bookmarkStart w:id="{n}" w:name="{name}"/><w:r><w:t>{text}</w:t></w:r>'
            f'<w:bookmarkEnd w:id="{n}"/></w:p>'
            '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
            f"<w:r><w:instrText> REF {name} \\h </w:instrText></w:r>"
            '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
            f'<w:p><w:hyperlink w:anchor="{name}"><w:r><w:t>above</w:t></w:r></w:hyperlink></w:p>'
        )
    body += (
        '<w:p><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006'
        f'/wordprocessingDrawing"><wp:docPr id="1" name="{picture}"/></wp:inline></w:drawing></w:r>'
        "</w:p>"
    )
    custom = "".join(
        '<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" '
        f'pid="{n}" name="{name}"><vt:lpwstr>{value}</vt:lpwstr></property>'
        for n, (name, value) in enumerate(properties.items(), 2)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(packed) as before, zipfile.ZipFile(out, "w") as after:
        for item in before.infolist():
            content = before.read(item)
            if item.filename == "word/document.xml":
                content = content.replace(b"<w:sectPr", body.encode() + b"<w:sectPr", 1)
            after.writestr(item, content)
        after.writestr(
            "docProps/custom.xml",
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Properties xmlns="http://schemas.'
            'openxmlformats.org/officeDocument/2006/custom-properties" xmlns:vt="http://schemas.'
            f'openxmlformats.org/officeDocument/2006/docPropsVTypes">{custom}</Properties>',
        )
    return out.getvalue()
