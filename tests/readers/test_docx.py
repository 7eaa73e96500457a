"""Word documents: order, labels, tracked changes, and what is refused."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest
from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from ipt_nlp.errors import ReadError
from ipt_nlp.readers import docx as reader
from ipt_nlp.readers.files import OLE_MAGIC, Raw
from ipt_nlp.transcript import Transcript


def saved(document: Document) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def read(document: Document) -> Transcript:
    return next(reader.read(Raw("a.docx", saved(document))))


def turns(transcript: Transcript) -> list[tuple[str | None, str]]:
    return [(t.speaker, transcript.turn_text(t)) for t in transcript.turns]


@pytest.mark.parametrize("colon", ["", ":", "\uff1a"])
def test_paragraphs_and_tables_in_order(colon: str) -> None:
    document = docx.Document()
    document.add_paragraph("Therapist: Where do you eat?")
    table = document.add_table(rows=2, cols=3)
    rows = [("00:10", f"Client{colon}", "In the car."), ("00:14", f"Therapist{colon}", "Alone?")]
    for row, cells in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.add_paragraph("Client: Yes.")
    found = read(document)
    assert turns(found) == [
        ("Therapist", "Where do you eat?"),
        ("Client", "In the car."),
        ("Therapist", "Alone?"),
        ("Client", "Yes."),
    ]
    assert [t.start_s for t in found.turns] == [None, 10.0, 14.0, None]


def test_bold_labels_without_a_colon() -> None:
    document = docx.Document()
    said = (("Therapist", "And the letter?"), ("Lena", "Unopened."), ("Lena", "Still."))
    for name, words in said:
        paragraph = document.add_paragraph()
        paragraph.add_run(name).bold = True
        paragraph.add_run(f" {words}")
    assert turns(read(document)) == [
        ("Therapist", "And the letter?"),
        ("Lena", "Unopened."),
        ("Lena", "Still."),
    ]


def test_tracked_insertions_are_read_and_deletions_are_not() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("She left ")
    paragraph._p.append(
        parse_xml(
            f'<w:ins {nsdecls("w")} w:id="1" w:author="a"><w:r><w:t>in March</w:t></w:r></w:ins>'
        )
    )
    paragraph._p.append(
        parse_xml(
            f'<w:del {nsdecls("w")} w:id="2" w:author="a">'
            "<w:r><w:delText>now</w:delText></w:r></w:del>"
        )
    )
    assert read(document).text == "She left in March"


def test_moved_text_is_read_where_it_went() -> None:
    document = docx.Document()
    for tag, words in (("moveFrom", "Here."), ("moveTo", "There.")):
        document.add_paragraph()._p.append(
            parse_xml(
                f'<w:{tag} {nsdecls("w")} w:id="1" w:author="a">'
                f"<w:r><w:t>{words}</w:t></w:r></w:{tag}>"
            )
        )
    assert read(document).text == "There."


def test_text_boxes_are_read_once() -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>Boxed.</w:t></w:r></w:p></w:txbxContent>"
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    document = docx.Document()
    document.add_paragraph("Before.")._p.append(
        parse_xml(
            f"<w:r {nsdecls('w')} {mc}><mc:AlternateContent>"
            f'<mc:Choice Requires="wps">{box}</mc:Choice>'
            f"<mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
        )
    )
    assert read(document).text == "Before.\nBoxed."


def test_content_controls_are_read() -> None:
    document = docx.Document()
    document.add_paragraph("Before.")
    document.element.body.insert(
        1,
        parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>Inside.</w:t></w:r></w:p>"
            "</w:sdtContent></w:sdt>"
        ),
    )
    assert read(document).text == "Before.\nInside."


def test_note_with_headings_and_list() -> None:
    document = docx.Document()
    document.add_heading("Plan", 1)
    document.add_paragraph("Ring the union.")
    document.add_paragraph("First thing", style="List Bullet")
    document.add_paragraph("Second thing", style="List Bullet")
    found = read(document)
    assert found.kind == "note"
    assert turns(found) == [(None, "Plan\nRing the union."), (None, "First thing\nSecond thing")]


def test_text_in_a_header_is_mentioned() -> None:
    document = docx.Document()
    document.add_paragraph("Body.")
    document.sections[0].header.paragraphs[0].text = "Clinic"
    assert read(document).warnings == ("text in header was not read",)


def zipped(name: str, content: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"Therapist: hello", "not a .docx"),
        (OLE_MAGIC + b"\x00" * 100, "password-protected"),
        (zipped("a.txt", "hello"), "not a Word document"),
        (saved(docx.Document())[:2000], "not a Word document"),
        (zipped("[Content_Types].xml", "<broken"), "not a Word document"),
        (saved(docx.Document()), "no words"),
    ],
)
def test_refused(data: bytes, says: str) -> None:
    with pytest.raises(ReadError, match=says) as caught:
        next(reader.read(Raw("a.docx", data)))
    assert str(caught.value).startswith("a.docx: ")
