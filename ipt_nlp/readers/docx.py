"""Word documents (.docx): paragraphs and table rows in document order.

Text of tracked insertions is read, that of tracked deletions is not; text boxes and content
controls are. Comments, footnotes, headers and footers are not, with a warning when they have text.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from ipt_nlp.errors import ReadError
from ipt_nlp.readers.files import MAX_BYTES, MAX_PARTS, OLE_MAGIC, ZIP_MAGIC, Raw, limited
from ipt_nlp.speakers import find_label, is_note_heading, is_time, role_of_label
from ipt_nlp.transcript import Transcript

if TYPE_CHECKING:
    from docx.document import Document

_Element = Any  # an lxml element: lxml has no types of its own
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Held twice (once more in an mc:Choice), gone, or the paragraph's format and not its words.
_SKIPPED = {_FALLBACK, f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", f"{_W}sectPr"}
_CHARACTERS = {
    f"{_W}tab": "\t",
    f"{_W}br": "\n",
    f"{_W}cr": "\n",
    f"{_W}noBreakHyphen": "\u2011",
    f"{_W}ptab": "\t",
}
MAX_UNPACKED = 4 * MAX_BYTES
"""Bytes of all parts of a document, pictures among them, that are unpacked ..."""
MAX_MARKUP = MAX_BYTES // 2
"""... and of those that are XML: its tree takes about thirty times as much memory. A document of
a million words has about 20 MiB."""
_MARKUP_SUFFIXES = (".xml", ".rels")
_BEFORE_MARKUP = b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"
_MARKUP_STARTS = (b"<", b"\x4c\x6f\xa7\x94")  # the second is "<?xm" in EBCDIC
_DAMAGED = "not a Word document, or a damaged one; open it and save it again as .docx"
_ASIDE = re.compile(r"(?:comments|footnotes|endnotes|header\d*|footer\d*)\.xml$")


@dataclass(frozen=True)
class Line:
    """A paragraph or table row; ``lead`` is the bold text it begins with."""

    text: str
    lead: str = ""
    heading: bool = False
    listed: bool = False


def read(raw: Raw, *, therapist: str | None = None) -> Iterator[Transcript]:
    """One transcript or note.

    A bold name at the start of a paragraph is a speaker label even without a colon when it says a
    role or recurs, and so is the cell before the last in a row of a table.

    Raises:
        ReadError: Not a .docx, password-protected, too large when unpacked, or no words in it.
    """
    document, headings = _open(raw)
    found = list(islice(_blocks(document.element.body, headings), MAX_PARTS + 1))
    limited(raw.source, len(found), "paragraphs")
    lines = [line for line in found if line.text.strip()]
    if not lines:
        raise ReadError(raw.source, "no words in it")
    yield Transcript.from_text(
        _joined(_labelled(lines)),
        source=raw.source,
        therapist=therapist,
        warnings=_aside_warnings(document),
    )


def _open(raw: Raw) -> tuple[Document, set[str]]:
    """The document, and the ids of the styles that are headings."""
    if raw.data.startswith(OLE_MAGIC):
        raise ReadError(
            raw.source,
            "password-protected, or an old .doc; save it as .docx without a password",
        )
    if not raw.data.startswith(ZIP_MAGIC):
        raise ReadError(raw.source, "not a .docx (which is a zip file); save it again as .docx")
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        _check_size(raw)
        document = docx.Document(io.BytesIO(raw.data))
        tree = document.element.getroottree()
        # Word writes no document type; what its entities stand for would be left out unseen.
        if document.element.body is None or tree.docinfo.internalDTD is not None:
            raise ReadError(raw.source, _DAMAGED)
        return document, _heading_styles(document)
    except (
        zipfile.BadZipFile,
        PackageNotFoundError,
        SyntaxError,
        KeyError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        EOFError,
        AttributeError,
        TypeError,
        AssertionError,
        IndexError,
        zlib.error,
    ):
        raise ReadError(raw.source, _DAMAGED) from None


def _check_size(raw: Raw) -> None:
    """Refuse what unpacks to more than memory holds; nothing is unpacked yet.

    A zip file says how long its parts are, and no more than that is read of any.
    """
    with zipfile.ZipFile(io.BytesIO(raw.data)) as packed:
        parts = packed.infolist()
        if sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise ReadError(raw.source, f"unpacks to more than {MAX_UNPACKED // 2**20} MiB")
        if sum(part.file_size for part in parts if _is_markup(packed, part)) > MAX_MARKUP:
            raise ReadError(
                raw.source, f"unpacks to more than {MAX_MARKUP // 2**20} MiB of text; split it"
            )


def _is_markup(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Whether a part is XML by its name or, as a name is only a name, by how it begins."""
    if part.filename.casefold().endswith(_MARKUP_SUFFIXES):
        return True
    with packed.open(part) as file:
        head = file.read(4096).lstrip(_BEFORE_MARKUP)
    return not head or head.startswith(_MARKUP_STARTS)


def _heading_styles(document: Document) -> set[str]:
    return {
        style.style_id
        for style in document.styles
        if style.style_id and (style.name or "").casefold().startswith(("heading", "title"))
    }


def _blocks(parent: _Element, headings: set[str]) -> Iterator[Line]:
    for child in parent:
        if child.tag in _SKIPPED:
            continue
        if child.tag == f"{_W}p":
            yield _paragraph(child, headings)
            for box in child.iter(f"{_W}txbxContent"):
                if _is_own(box, child):
                    yield from _blocks(box, headings)
        elif child.tag == f"{_W}tbl":
            yield from _rows(child, headings)
        else:  # content controls, insertions and custom XML hold blocks of their own
            yield from _blocks(child, headings)


def _is_own(box: _Element, paragraph: _Element) -> bool:
    """Whether a text box hangs on this paragraph, not on one in a box in it, and is no fallback."""
    for above in box.iterancestors():
        if above is paragraph:
            return True
        if above.tag == _FALLBACK or above.tag == f"{_W}txbxContent":
            return False
    return False


def _rows(table: _Element, headings: set[str]) -> Iterator[Line]:
    for row in table.iter(f"{_W}tr"):
        if next(row.iterancestors(f"{_W}tbl")) is not table:
            continue  # of a table within a cell, which _blocks comes to
        cells = [
            "\n".join(line.text for line in _blocks(cell, headings) if line.text.strip()).strip()
            for cell in row.iter(f"{_W}tc")
            if next(cell.iterancestors(f"{_W}tr")) is row
        ]
        filled = [cell for cell in cells if cell]
        if filled:
            yield Line(_row_text(filled), listed=True)


def _row_text(cells: Sequence[str]) -> str:
    """``[time] speaker: words`` where a row looks like that, else its cells with bars between."""
    time = f"[{cells[0].strip('[]()')}] " if len(cells) > 2 and is_time(cells[0]) else ""
    rest = list(cells[1:] if time else cells)
    if len(rest) > 1 and _is_name(rest[0]):
        return f"{time}{_uncoloned(rest[0])}: {' | '.join(rest[1:])}"
    return " | ".join(cells)


def _is_name(text: str) -> bool:
    name = _uncoloned(text)
    label = find_label(f"{name}:")
    return label is not None and label.text_start > len(name)


def _uncoloned(text: str) -> str:
    return text.rstrip(":\uff1a").rstrip()


def _paragraph(element: _Element, headings: set[str]) -> Line:
    text: list[str] = []
    lead: list[str] = []
    leading = True
    for run in _runs(element):
        words = _run_text(run)
        text.append(words)
        leading = leading and (_is_bold(run) or not words.strip())
        if leading:
            lead.append(words)
    style = element.find(f"{_W}pPr/{_W}pStyle")
    name = str(style.get(f"{_W}val")) if style is not None else ""
    return Line(
        "".join(text).strip(),
        "".join(lead).strip(),
        heading=name in headings,
        listed=element.find(f"{_W}pPr/{_W}numPr") is not None or name.startswith("List"),
    )


def _runs(element: _Element) -> Iterator[_Element]:
    for child in element:
        if child.tag in _SKIPPED or child.tag == f"{_W}txbxContent":
            continue
        if child.tag == f"{_W}r":
            yield child
        else:
            yield from _runs(child)


def _run_text(run: _Element) -> str:
    found: list[str] = []
    for child in run:
        if child.tag == f"{_W}t":
            found.append(child.text or "")
        elif child.tag in _CHARACTERS:
            found.append(_CHARACTERS[str(child.tag)])
    return "".join(found)


def _is_bold(run: _Element) -> bool:
    bold = run.find(f"{_W}rPr/{_W}b")
    return bold is not None and bold.get(f"{_W}val") not in {"0", "false", "off"}


def _labelled(lines: Sequence[Line]) -> list[Line]:
    """Lines with the colon that a bold speaker label goes without."""
    leads = Counter(line.lead for line in lines if _is_bare_label(line))
    made: list[Line] = []
    for line in lines:
        role = role_of_label(line.lead) if line.lead in leads else None
        if leads[line.lead] > 1 or (line.lead in leads and role in {"therapist", "client"}):
            rest = line.text[len(line.lead) :].strip()
            line = Line(f"{line.lead}: {rest}", listed=True)
        made.append(line)
    return made


def _is_bare_label(line: Line) -> bool:
    return (
        0 < len(line.lead) <= 60
        and ":" not in line.lead
        and not line.heading
        and not line.text[len(line.lead) :].lstrip().startswith(":")
        and _is_name(line.lead)
        and not is_note_heading(line.lead)
    )


def _joined(lines: Sequence[Line]) -> str:
    """One text: an empty line between paragraphs, none in a list, a table or after a heading."""
    parts: list[str] = []
    for before, line in zip([None, *lines], lines, strict=False):
        close = before is not None and (before.heading or (before.listed and line.listed))
        parts.append(line.text if before is None else ("\n" if close else "\n\n") + line.text)
    return "".join(parts)


def _aside_warnings(document: Document) -> list[str]:
    found = sorted(
        {
            match[0].removesuffix(".xml").rstrip("0123456789")
            for part in document.part.package.iter_parts()
            if (match := _ASIDE.search(str(part.partname))) and b"<w:t" in part.blob
        }
    )
    return [f"text in {', '.join(found)} was not read"] if found else []
