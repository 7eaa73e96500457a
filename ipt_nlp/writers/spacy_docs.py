"""Tagged sessions for spaCy and for notebooks: documents with spans, ``DocBin``, one HTML cell.

All of them hold the words of the session: what is made from client text is client data.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from itertools import chain

from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from ipt_nlp.errors import ResultError
from ipt_nlp.language.turns import mark_turns
from ipt_nlp.result import EvidenceSpan, FlagSpan, PatternSpan, TaggedSession
from ipt_nlp.writers.html import write as write_html

AREAS_KEY, EVIDENCE_KEY, PATTERNS_KEY, FLAGS_KEY = "areas", "evidence", "patterns", "flags"
Marked = EvidenceSpan | PatternSpan | FlagSpan
SPAN_KEYS: tuple[str, ...] = (AREAS_KEY, EVIDENCE_KEY, PATTERNS_KEY, FLAGS_KEY)
SESSION_KEY = "ipt_session"
"""Where ``doc.user_data`` keeps the result document, as JSON."""

_FRAME_HEIGHT = "40rem"


def to_doc(session: TaggedSession, nlp: Language) -> Doc:
    """A session as one document, tokenised by ``nlp`` and not read by its components.

    ``doc.spans`` has four groups: ``areas`` (a span for each area that is present in a segment),
    ``evidence``, ``patterns`` (the span's id says whose: client, other or both) and ``flags`` (the
    id is the status of a risk, the kind of an identifier). Spans are whole tokens, so that a span
    which ends inside a token is widened; :func:`session_of` has the offsets as they were.
    ``token._.speaker`` and ``token._.role`` are set.

    ``displacy.render(doc, style="span", options={"spans_key": "patterns"})`` shows a group.
    """
    doc = mark_turns(nlp.tokenizer(session.text), session.turns)
    groups: dict[str, list[Span]] = {key: [] for key in SPAN_KEYS}
    for segment in session.segments:
        for area, score in segment.areas.items():
            if score.present:
                bounds = (segment.start_char, segment.end_char)
                groups[AREAS_KEY] += _span(doc, *bounds, area)
        marked: Iterator[Marked] = chain(segment.evidence, segment.patterns, segment.flags)
        for found in marked:
            key, label, note = _described(found)
            groups[key] += _span(doc, found.start_char, found.end_char, label, note)
    for key, spans in groups.items():
        doc.spans[key] = spans
    doc.user_data[SESSION_KEY] = session.to_json()
    return doc


def session_of(doc: Doc) -> TaggedSession:
    """The session that :func:`to_doc` made a document of, checked as it is when read from a file.

    Raises:
        ResultError: The document was not made by :func:`to_doc`, or was changed since.
    """
    raw = doc.user_data.get(SESSION_KEY)
    if not isinstance(raw, str):
        raise ResultError("document: holds no tagged session; make it with to_doc")
    session = TaggedSession.from_json(raw, source="document")
    if session.text != doc.text:
        raise ResultError("document: its text is not that of the session it holds")
    return session


def to_docbin(sessions: Iterable[TaggedSession], nlp: Language) -> DocBin:
    """Sessions as spaCy stores documents, with their spans, speakers and result documents."""
    return DocBin(
        attrs=["ORTH", "SPACY"],
        store_user_data=True,
        docs=(to_doc(session, nlp) for session in sessions),
    )


def from_docbin(stored: DocBin, nlp: Language) -> Iterator[TaggedSession]:
    """The sessions of a ``DocBin``, in order.

    Raises:
        ResultError: A document of it was not made by :func:`to_docbin`.
    """
    yield from map(session_of, stored.get_docs(nlp.vocab))


def render_notebook(session: TaggedSession) -> str:
    """The HTML report as one element for a notebook's cell.

    The report lives in a frame of its own, which may run nothing and load nothing, so that
    neither its styles nor the session's words can touch the notebook. A notebook that is saved
    holds the words.
    """
    page = html.escape("".join(write_html([session])), quote=True)
    title = html.escape(f"IPT report: {session.source}", quote=True)
    return (
        f'<iframe sandbox title="{title}" srcdoc="{page}" loading="lazy"'
        f' style="width:100%;height:{_FRAME_HEIGHT};border:1px solid #d9d6cf"></iframe>'
    )


def _described(found: Marked) -> tuple[str, str, str]:
    """Group, label and note of a span."""
    if isinstance(found, EvidenceSpan):
        return EVIDENCE_KEY, found.area, ""
    if isinstance(found, PatternSpan):
        return PATTERNS_KEY, found.pattern, found.who
    return FLAGS_KEY, found.flag, found.status or found.kind or ""


def _span(doc: Doc, start: int, end: int, label: str, note: str = "") -> list[Span]:
    """The tokens that hold a stretch of text; nothing where it is empty."""
    if start >= end:
        return []
    span = doc.char_span(start, end, label=label, span_id=note, alignment_mode="expand")
    return [] if span is None else [span]
