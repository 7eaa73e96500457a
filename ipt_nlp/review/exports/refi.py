"""REFI-QDA: the codebook (``.qdc``) and a project (``.qdpx``) for other analysis programs.

Two traps of the format. Positions count code points of the text file as stored, so it is written
with line feeds and without a byte order mark; a program that stores carriage returns moves every
later position. And an end position is the one after the last character, as the examples of the
specification show (selections 40-56 and 56-70 of one text touch).
"""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from xml.etree import ElementTree as ET

from ipt_nlp import codebook
from ipt_nlp.review.exports.reviewed import Reviewed
from ipt_nlp.review.labels import Labels

ORIGIN = "ipt-nlp"
PROJECT = "urn:QDA-XML:project:1.0"
CODEBOOK = "urn:QDA-XML:codebook:1.0"
_NAMES = uuid.UUID("6a2f3c1e-54a8-4c0e-9c7c-2f6a3a6b9d10")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535), "�")

_COLOURS = {
    "grief": "#6A3D9A",
    "role_transition": "#0B6969",
    "conflict": "#A03C10",
    "isolation": "#2456A6",
}
_PATTERN_COLOURS = {False: "#B8A568", True: "#2F5D35"}
_FLAG_COLOUR = "#9B1C1C"


def guid(*parts: object) -> str:
    """The same parts give the same GUID: two exports of one room can be compared."""
    return str(uuid.uuid5(_NAMES, "\x1f".join(map(str, parts))))


def code_guid(key: str) -> str:
    return guid("code", key)


def write_codebook() -> bytes:
    """The codebook alone, for ``.qdc``."""
    root = ET.Element("CodeBook", {"xmlns": CODEBOOK, "origin": ORIGIN})
    _codes(root)
    return _xml(root)


def _codes(parent: ET.Element) -> None:
    codes = ET.SubElement(parent, "Codes")
    areas = _code(codes, "areas", "Problem areas", "What a segment is about.", codable=False)
    for key, area in codebook.AREA_INFO.items():
        _code(areas, key, area.name, area.definition, _COLOURS[key])
    patterns = _code(
        codes,
        "patterns",
        "Communication patterns",
        "How the people in a segment communicate.",
        codable=False,
    )
    for key, pattern in codebook.PATTERN_INFO.items():
        often = "often helpful" if pattern.helpful else "often unhelpful"
        _code(
            patterns,
            key,
            pattern.name,
            f"{pattern.shows} ({often})",
            _PATTERN_COLOURS[pattern.helpful],
        )
    flags = _code(codes, "flags", "Review flags", "What a supervisor must see.", codable=False)
    for key in codebook.FLAGS:
        info = codebook.FLAG_INFO[key]
        _code(flags, key, info.name, info.shows, _FLAG_COLOUR)


def _code(
    parent: ET.Element,
    key: str,
    name: str,
    description: str,
    colour: str | None = None,
    *,
    codable: bool = True,
) -> ET.Element:
    attributes = {
        "guid": code_guid(key),
        "name": name,
        "isCodable": "true" if codable else "false",
    }
    if colour:
        attributes["color"] = colour
    code = ET.SubElement(parent, "Code", attributes)
    _text(code, "Description", description)
    return code


def write_project(found: Iterable[Reviewed], *, at: str) -> bytes:
    """The reviewed sessions as a project, for ``.qdpx``.

    Args:
        found: Reviewed segments, session by session.
        at: When the export is made: ISO 8601.
    """
    by_session = [(i, list(group)) for i, group in groupby(found, lambda r: r.session_id)]
    people = sorted({name for _, group in by_session for r in group for name in r.verdict.by})
    users = {name: guid("user", name) for name in people or [ORIGIN]}
    root = ET.Element(
        "Project",
        {
            "xmlns": PROJECT,
            "name": "Review room",
            "origin": ORIGIN,
            "creatingUserGUID": next(iter(users.values())),
            "creationDateTime": at,
        },
    )
    listed = ET.SubElement(root, "Users")
    for name, user in users.items():
        ET.SubElement(listed, "User", {"guid": user, "name": _clean(name)})
    _codes(ET.SubElement(root, "CodeBook"))
    _variables(root)
    _cases(root, by_session)
    notes: list[tuple[str, str, str]] = []
    files: dict[str, str] = {}
    if by_session:
        sources = ET.SubElement(root, "Sources")
        for session_id, group in by_session:
            _source(sources, session_id, group, users, at, notes, files)
    if notes:
        listed = ET.SubElement(root, "Notes")
        for name, note, text in notes:
            element = ET.SubElement(listed, "Note", {"guid": note, "name": name})
            _text(element, "PlainTextContent", text)
    return _archive(_xml(root), files)


_SESSION_NUMBER = guid("variable", "session_number")


def _variables(root: ET.Element) -> None:
    variables = ET.SubElement(root, "Variables")
    ET.SubElement(
        variables,
        "Variable",
        {"guid": _SESSION_NUMBER, "name": "Session number", "typeOfVariable": "Integer"},
    )


def _cases(root: ET.Element, by_session: list[tuple[int, list[Reviewed]]]) -> None:
    of_client: dict[str, list[int]] = {}
    for session_id, group in by_session:
        if group[0].client:
            of_client.setdefault(group[0].client, []).append(session_id)
    if not of_client:
        return
    cases = ET.SubElement(root, "Cases")
    for client, ids in of_client.items():
        case = ET.SubElement(cases, "Case", {"guid": guid("case", client), "name": _clean(client)})
        for session_id in ids:
            ET.SubElement(case, "SourceRef", {"targetGUID": guid("source", session_id)})


def _source(
    sources: ET.Element,
    session_id: int,
    group: list[Reviewed],
    users: Mapping[str, str],
    at: str,
    notes: list[tuple[str, str, str]],
    files: dict[str, str],
) -> None:
    first = group[0]
    file = f"{guid('text', session_id)}.txt"
    files[file] = first.session.text
    source = ET.SubElement(
        sources,
        "TextSource",
        {
            "guid": guid("source", session_id),
            "name": _clean(first.session.source),
            "plainTextPath": f"internal://{file}",
            "creationDateTime": at,
        },
    )
    for r in group:
        user = users[r.verdict.by[0]] if r.verdict.by else next(iter(users.values()))
        for start, end, codes in _coded(r):
            selection = ET.SubElement(
                source,
                "PlainTextSelection",
                {
                    "guid": guid("selection", session_id, r.segment.index, start, end),
                    "startPosition": str(start),
                    "endPosition": str(end),
                    "creatingUser": user,
                },
            )
            for code in codes:
                coding = ET.SubElement(
                    selection,
                    "Coding",
                    {"guid": guid("coding", session_id, start, end, code), "creatingUser": user},
                )
                ET.SubElement(coding, "CodeRef", {"targetGUID": code_guid(code)})
            whole = (start, end) == _whole(r)
            if whole and (memo := r.verdict.labels.memo):
                note = guid("note", session_id, r.segment.index)
                notes.append((f"Memo, segment {r.segment.index + 1}", note, memo))
                ET.SubElement(selection, "NoteRef", {"targetGUID": note})
    if first.number is not None:
        value = ET.SubElement(source, "VariableValue")
        ET.SubElement(value, "VariableRef", {"targetGUID": _SESSION_NUMBER})
        _text(value, "IntegerValue", str(first.number))


def _whole(r: Reviewed) -> tuple[int, int]:
    """The segment without the line feed that divides it from the next."""
    return r.segment.start_char, r.segment.start_char + len(r.segment.text.rstrip("\n"))


def _coded(r: Reviewed) -> Iterator[tuple[int, int, list[str]]]:
    """Stretches of the text with their codes, each stretch once."""
    labels: Labels = r.verdict.labels
    found: dict[tuple[int, int], list[str]] = {}
    if labels.areas or labels.memo:
        # The primary area comes first.
        found[_whole(r)] = sorted(labels.areas, key=lambda a: a != labels.primary)
    for p in labels.patterns:
        found.setdefault((p.start_char, p.end_char), []).append(p.pattern)
    for f in labels.standing_flags:
        found.setdefault((f.start_char, f.end_char), []).append(f.flag)
    for (start, end), codes in sorted(found.items()):
        yield start, end, list(dict.fromkeys(codes))


def _archive(project: bytes, files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("project.qde", _EPOCH), project)
        for name, text in sorted(files.items()):
            info = zipfile.ZipInfo(f"sources/{name}", _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text.encode("utf-8"))
    return buffer.getvalue()


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = _clean(text)


def _clean(text: str) -> str:
    """The text without what XML cannot hold; a carriage return would be read as a line feed."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROL)


def _xml(root: ET.Element) -> bytes:
    ET.indent(root)
    found: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return found
