"""Word documents: every part of the package that can hold words, formatting left alone.

A paragraph is one piece, whatever runs it is cut into; what replaces a name stands in the run where
the name began. Text of tracked deletions is a piece of its own. Document properties are searched
and then emptied, authors of changes and comments are pieces, pictures are only counted.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from ipt_nlp.errors import ReadError
from ipt_nlp.identifiers.formats import AUTHOR, Piece, renamed
from ipt_nlp.readers.files import MAX_BYTES, OLE_MAGIC, ZIP_MAGIC, Raw

_Element = Any  # lxml has no types of its own
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_TEXT = {f"{_W}t", f"{_W}delText", f"{_W}instrText", f"{_W}delInstrText", f"{_A}t"}
_GAPS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}ptab": "\t"}
_PARAGRAPH = {f"{_W}p", f"{_A}p"}
_OWNERS = re.compile(r"author$")
_NAMED = re.compile(r"(?:descr|title|alt|instr|tooltip|anchor|string|placeholder)$")
_VALUED = {
    f"{_W}{name}"
    for name in ("alias", "tag", "docVar", "dataSource", "query", "statusText", "helpText",
                 "listEntry", "default")
}  # fmt: skip
_CHOICES = {"displayText", "value"}
_BOOKMARK = f"{_W}bookmarkStart"
_CUSTOM_PROPERTY = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/custom-properties}property"
)
_NAME_KEYS = {f"{_W}name", "name"}
# Names that Word gives bookmarks and shapes by itself.
_OWN_BOOKMARK = re.compile(r"_(?:Toc|Ref|Hlk|Hlt|MON_)\d+|_GoBack|OLE_LINK\d+")
_OWN_FIELD = re.compile(
    rf"\s*(?:PAGEREF|REF|NOTEREF|HYPERLINK\s+\\l)\s+\"?(?:{_OWN_BOOKMARK.pattern})\"?"
    r"(?:\s+\\[a-zA-Z*]|\s+MERGEFORMAT)*\s*"
)
_OWN_SHAPE = re.compile(
    r"(?:Picture|Image|Graphic|Grafik|Shape|Text ?Box|Rectangle|Oval|Freeform|Group|Chart|"
    r"Diagram|Table|Object|Line|Canvas|(?:Straight (?:Arrow )?)?Connector|"
    r"(?:Right|Left|Up|Down) Arrow) ?\d*",
    re.IGNORECASE,
)
_PLAIN_PARTS = re.compile(
    r"word/(?:styles|stylesWithEffects|fontTable|numbering|webSettings|theme/.*|latentStyles)"
    r"(?:\.xml)?$"
)
_CUSTOM = "docProps/custom.xml"
_PROPERTIES = re.compile(r"docProps/(?:core|app|custom)\.xml$")
_EMPTIED = re.compile(
    r"(?:creator|lastModifiedBy|title|subject|description|keywords|category|contentStatus|"
    r"identifier|Company|Manager|HyperlinkBase|lpwstr|lpstr|bstr|filetime|created|modified|"
    r"lastPrinted)$"
)
_NO_LINK = "https://example.com/"
_NAMES = {_BOOKMARK: "name of a bookmark"}
_STAMP = "1980-01-01T00:00:00Z"
_PLACES = {
    "document": "paragraph", "header": "header", "footer": "footer", "comments": "comment",
    "footnotes": "footnote", "endnotes": "endnote",
}  # fmt: skip


@dataclass
class _Slot:
    """A place in a part's tree that holds a piece: text nodes, or one attribute."""

    nodes: list[_Element]
    gaps: list[tuple[int, str]]
    attribute: str | None = None


class DocxFile:
    """A Word document's pieces."""

    def __init__(self, raw: Raw) -> None:
        self._items = _unpack(raw)
        self._trees: dict[str, _Element] = {}
        self.pieces: list[Piece] = []
        self._slots: list[_Slot] = []
        pictures = 0
        for name, data in self._items.items():
            pictures += name.startswith("word/media/") or name.startswith("word/embeddings/")
            if not name.endswith((".xml", ".rels")) or _PLAIN_PARTS.match(name):
                continue
            try:
                tree = etree.fromstring(data, etree.XMLParser(resolve_entities=False))
            except etree.XMLSyntaxError:
                raise ReadError(raw.source, "damaged: a part of it is no XML") from None
            self._trees[name] = tree
            for link in tree if name.endswith(".rels") else ():
                if str(link.get("Type")).endswith("/thumbnail"):
                    tree.remove(link)
            for slot, piece in _pieces(name, tree):
                self._slots.append(slot)
                self.pieces.append(piece)
        self.warnings: tuple[str, ...] = ()
        if pictures:
            self.warnings = (f"{pictures} picture(s) or embedded file(s) cannot be looked into",)

    def rebuild(self, texts: Sequence[str]) -> bytes:
        """The document with other texts, its properties emptied and its thumbnail left out."""
        chosen = self._told_apart(texts)
        for slot, piece, new in zip(self._slots, self.pieces, chosen, strict=True):
            if new != piece.text:
                _put(slot, piece.text, new)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in self._items.items():
                if name.startswith("docProps/thumbnail"):
                    continue
                if name in self._trees:
                    data = _serialise(name, self._trees[name])
                # Without the times at which the parts were written.
                packed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data,
                                zipfile.ZIP_DEFLATED)  # fmt: skip
        return out.getvalue()

    def _told_apart(self, texts: Sequence[str]) -> list[str]:
        """The texts with bookmarks and properties that keep different names.

        Links and fields that lead to a bookmark follow it to its new name.
        """
        chosen = list(texts)
        for owner in (_BOOKMARK, _CUSTOM_PROPERTY):
            places = [n for n, slot in enumerate(self._slots) if _is_named(slot, owner)]
            names = {self.pieces[n].text: chosen[n] for n in places}
            changed = {old: _identifier(new) for old, new in names.items() if old != new}
            new_names = renamed(changed, names.keys() - changed.keys())
            for n in places:
                chosen[n] = new_names.get(self.pieces[n].text, self.pieces[n].text)
            if owner == _BOOKMARK and new_names:
                for n, piece in enumerate(self.pieces):
                    if n not in places:
                        chosen[n] = _following(self._slots[n], piece, chosen[n], new_names)
        return chosen


def _is_named(slot: _Slot, owner: str) -> bool:
    return (
        slot.attribute is not None and slot.nodes[0].tag == owner and slot.attribute in _NAME_KEYS
    )


def _identifier(name: str) -> str:
    """A name as Word takes it for a bookmark: letters, digits and underscores."""
    return re.sub(r"\W", "_", name)


def _following(slot: _Slot, piece: Piece, new: str, names: dict[str, str]) -> str:
    """What refers to bookmarks, with their new names."""
    if slot.attribute is not None and etree.QName(slot.attribute).localname == "anchor":
        return names.get(piece.text, new)
    field = slot.attribute is not None and etree.QName(slot.attribute).localname == "instr"
    if not field and etree.QName(slot.nodes[0]).localname not in {"instrText", "delInstrText"}:
        return new
    made = ""
    for a, b, put in edits(piece.text, new):
        old = piece.text[a:b]
        made += names.get(old, old if put is None else put)
    return made


def _unpack(raw: Raw) -> dict[str, bytes]:
    if raw.data.startswith(OLE_MAGIC):
        raise ReadError(raw.source, "password-protected, or an old .doc; save it as .docx")
    if not raw.data.startswith(ZIP_MAGIC):
        raise ReadError(raw.source, "not a .docx (which is a zip file)")
    try:
        with zipfile.ZipFile(io.BytesIO(raw.data)) as packed:
            if sum(item.file_size for item in packed.infolist()) > 4 * MAX_BYTES:
                raise ReadError(raw.source, f"unpacks to more than {4 * MAX_BYTES // 2**20} MiB")
            items = {item.filename: packed.read(item) for item in packed.infolist()}
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError):
        raise ReadError(raw.source, "a damaged .docx; open it and save it again") from None
    if "word/document.xml" not in items:
        raise ReadError(raw.source, "a zip file, but not a Word document")
    return items


def _pieces(name: str, tree: _Element) -> Iterator[tuple[_Slot, Piece]]:
    if name.endswith(".rels"):
        for link in tree:
            if link.get("TargetMode") == "External" and link.get("Target") != _NO_LINK:
                yield _attribute(link, "Target", "link", group=3)
        return
    if _PROPERTIES.match(name) or name.startswith(("docProps/", "customXml/")):
        for node in tree.iter():
            if not isinstance(node.tag, str):
                continue
            if name == _CUSTOM and (node.get("name") or "").strip():
                yield _name(node, "name", "name of a document property")
            if (node.text or "").strip():
                yield (
                    _Slot([node], []),
                    Piece(node.text, "document properties", 2, code=True, spoken=False),
                )
        return
    stem = re.sub(r"\d*$", "", name.rsplit("/", 1)[-1].removesuffix(".xml"))
    place = _PLACES.get(stem, stem)
    count = 0
    for node in tree.iter():
        if not isinstance(node.tag, str):
            continue
        if node.tag in _PARAGRAPH:
            count += 1
            for slot, text, deleted in _paragraph(node):
                where = f"{place} {count}" + (" (deleted text)" if deleted else "")
                yield slot, Piece(text, where, 0, spoken=stem == "document" and not deleted)
        for key in list(node.attrib):
            plain = etree.QName(key).localname
            if _OWNERS.match(plain):
                yield _attribute(node, key, f"{AUTHOR} in {place}", group=1)
            elif _is_name(node, plain, node.get(key)):
                yield _name(node, key, _NAMES.get(node.tag, f"{plain} in {place}"))
            elif (
                _NAMED.match(plain)
                or (node.tag in _VALUED and plain in {"val", "name"})
                or (node.tag == f"{_W}listItem" and plain in _CHOICES)
            ):
                yield _attribute(node, key, f"{plain} in {place}", group=3)


def _is_name(node: _Element, plain: str, value: str) -> bool:
    """Whether an attribute is what its writer called a bookmark, a form's field or a picture."""
    if (node.tag == _BOOKMARK and plain == "name") or plain == "anchor":
        return not _OWN_BOOKMARK.fullmatch(value)
    if node.tag == f"{_W}name" and plain == "val":
        return bool(etree.QName(node.getparent()).localname == "ffData")
    drawn = etree.QName(node).localname in {"cNvPr", "docPr"}
    return drawn and plain == "name" and not _OWN_SHAPE.fullmatch(value.strip())


def _name(node: _Element, key: str, where: str) -> tuple[_Slot, Piece]:
    piece = Piece(node.get(key), where, 1, code=True, spoken=False, bare=True)
    return _Slot([node], [], key), piece


def _attribute(node: _Element, key: str, where: str, group: int) -> tuple[_Slot, Piece]:
    return _Slot([node], [], key), Piece(node.get(key), where, group, code=group == 1, spoken=False)


def _paragraph(paragraph: _Element) -> Iterator[tuple[_Slot, str, bool]]:
    """Text of a paragraph's own runs, that of deleted and of field code apart."""
    for wanted in ("t", "delText", "instrText", "delInstrText"):
        nodes: list[_Element] = []
        gaps: list[tuple[int, str]] = []
        length = 0
        for node in paragraph.iter(*_TEXT, *_GAPS):
            owner = next(node.iterancestors(*_PARAGRAPH), None)
            if owner is not paragraph:
                continue
            if node.tag in _GAPS:
                if nodes:
                    gaps.append((length, _GAPS[node.tag]))
                    length += 1
            elif etree.QName(node).localname == wanted:
                nodes.append(node)
                length += len(node.text or "")
        if nodes and any((n.text or "").strip() for n in nodes):
            slot = _Slot(nodes, gaps)
            text = _joined(slot)
            if wanted in {"t", "delText"} or not _OWN_FIELD.fullmatch(text):
                yield slot, text, wanted != "t"


def _joined(slot: _Slot) -> str:
    """The slot's text, with the characters that elements between its nodes stand for."""
    text = "".join(n.text or "" for n in slot.nodes)
    for at, character in slot.gaps:
        text = text[:at] + character + text[at:]
    return text


def _put(slot: _Slot, old: str, new: str) -> None:
    """Write a changed text into the nodes that held the old one."""
    if slot.attribute is not None:
        # A pseudonym in brackets is no address, and Word calls a document with one damaged.
        link = slot.attribute == "Target"
        slot.nodes[0].set(slot.attribute, _NO_LINK if link else new)
        return
    owners: list[int | None] = []
    gaps = {at for at, _ in slot.gaps}
    for k, node in enumerate(slot.nodes):
        for _ in node.text or "":
            while len(owners) in gaps:
                owners.append(None)
            owners.append(k)
    owners += [None] * (len(old) - len(owners))
    made = [""] * len(slot.nodes)
    for a, b, put in edits(old, new):
        if put is None:
            for k in range(a, b):
                if (n := owners[k]) is not None:
                    made[n] += old[k]
            continue
        first = next((n for n in owners[a:b] if n is not None), None)
        if first is None:
            first = next((n for n in reversed(owners[:a]) if n is not None), 0)
        made[first] += put
    for node, text in zip(slot.nodes, made, strict=True):
        if node.text != text:
            node.text = text or None
            if text != text.strip() and node.tag.startswith(_W):
                node.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")


def edits(old: str, new: str) -> Iterator[tuple[int, int, str | None]]:
    """How a text became another: kept stretches (None), and stretches with what replaces them."""
    from difflib import SequenceMatcher

    words = re.compile(r"\w+|\W")
    a, b = words.findall(old), words.findall(new)
    at = [0]
    for word in a:
        at.append(at[-1] + len(word))
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        yield at[i], at[j], None if tag == "equal" else "".join(b[k:m])


def _serialise(name: str, tree: _Element) -> bytes:
    if name.startswith("docProps/"):
        for node in list(tree.iter()):
            local = etree.QName(node).localname if isinstance(node.tag, str) else ""
            if local in {"HeadingPairs", "TitlesOfParts"} and node.getparent() is not None:
                node.getparent().remove(node)
            elif _EMPTIED.match(local):
                dated = (node.text or "").endswith("Z") and "T" in (node.text or "")
                node.text = _STAMP if dated else None
    for node in tree.iter():
        if isinstance(node.tag, str):
            for key in list(node.attrib):
                plain = etree.QName(key).localname
                if plain in {"date", "dateUtc"}:
                    node.set(key, _STAMP)
                elif plain in {"initials", "userId"}:
                    node.set(key, "")
    made: bytes = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)
    return made


def open_pieces(raw: Raw) -> DocxFile:
    """The pieces of a Word document."""
    return DocxFile(raw)
