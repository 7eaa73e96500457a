"""Rows of IPT-Synth -> texts with pattern spans, as the tagger would meet them.

Turns of sessions are cut into segments as the tagger cuts them; the spans of most posts are in a
file of their own, ``training/pattern_posts.jsonl``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, ValidationError
from spacy.language import Language
from spacy.tokens import Doc

from ipt_nlp import codebook
from ipt_nlp.clauses.scoring import LabelledSpan
from ipt_nlp.codebook import Who
from ipt_nlp.corpus.agreement import disputed_patterns, read_passes
from ipt_nlp.corpus.rows import CorpusRow, Problem, read_rows
from ipt_nlp.errors import CorpusError
from ipt_nlp.language.turns import mark_turns
from ipt_nlp.segments import segment
from ipt_nlp.transcript import Kind, Transcript, Turn, Utterance

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "corpora" / "ipt-synth"
SESSION_PARTS = ("sessions", "sessions_open")
PATTERN_PARTS = ("posts_first", "notes", *SESSION_PARTS)
"""Folders of IPT-Synth whose rows carry pattern spans."""
UNSETTLED_PARTS = ("sessions_open",)
"""Folders whose rows carry the spans of two passes, and what only one has is settled by nobody."""
POSTS = Path(__file__).parent / "pattern_posts.jsonl"
"""Pattern spans of 4,770 posts, each read in two passes. A span that one of them alone has carries
``agreed: false``: it is neither learned from nor scored."""

Spans = tuple[LabelledSpan, ...]


@dataclass(frozen=True)
class PatternText:
    """A text as the tagger would see it, with its labelled spans.

    ``turns`` have offsets into the text; ``group`` is the client or writer.
    """

    id: str
    text: str
    kind: Kind
    turns: tuple[Turn, ...]
    spans: Spans
    group: str


def part_texts(part: str, *splits: str, corpus: Path = CORPUS) -> list[PatternText]:
    """Texts of a part of the corpus whose patterns are labelled.

    Args:
        part: Folder of ``corpus``.
        splits: Names of its files, without suffix; those that are not there are left out.
        corpus: The corpus.

    Raises:
        CorpusError: A row or a line of a pass is broken.
    """
    files = (corpus / part / f"{split}.jsonl" for split in splits)
    rows = [row for file in files if file.is_file() for row in read_corpus(file)]
    return pattern_texts(rows, disputed_spans(rows, corpus) if part in UNSETTLED_PARTS else {})


def disputed_spans(rows: Sequence[CorpusRow], corpus: Path) -> dict[str, Spans]:
    """What only one of two passes marks in a row, by the row's id.

    Raises:
        CorpusError: A line of a pass is broken.
    """
    passes = read_passes(corpus)
    if passes is None:
        return {}
    first, second = passes
    return {
        row.id: tuple(
            # Whoever it is, it is neither learned from nor scored.
            LabelledSpan(start, end, pattern, "client", agreed=False)
            for pattern, (start, end) in disputed_patterns(row, first[row.id], second[row.id])
        )
        for row in rows
        if row.id in first and row.id in second
    }


def pattern_texts(
    rows: Sequence[CorpusRow], disputed: Mapping[str, Spans] = MappingProxyType({})
) -> list[PatternText]:
    """Texts of rows whose patterns are labelled; turns of sessions become segments.

    Args:
        rows: Of a corpus.
        disputed: Spans that nobody settled, by the row's id.
    """
    found: list[PatternText] = []
    sessions: defaultdict[tuple[str, str], list[CorpusRow]] = defaultdict(list)
    for row in rows:
        if not row.patterns_labelled:
            continue
        if row.genre == "session" and row.client and row.session:
            sessions[row.client, row.session].append(row)
        else:
            kind: Kind = "note" if row.genre == "note" else "text"
            group = row.client or row.writer
            spans = (*_spans(row), *disputed.get(row.id, ()))
            found.append(PatternText(row.id, row.text, kind, (), spans, group))
    for turns in sessions.values():
        turns.sort(key=lambda r: r.turn_index or 0)
        found += _segments(turns, [(*_spans(r), *disputed.get(r.id, ())) for r in turns])
    return found


def _spans(row: CorpusRow) -> Spans:
    return tuple(LabelledSpan(p.start_char, p.end_char, p.pattern, p.who) for p in row.patterns)


def _segments(rows: Sequence[CorpusRow], labelled: Sequence[Spans]) -> Iterator[PatternText]:
    """Segments of one session, its turns in order, with the spans of each turn."""
    client = rows[0].client or ""
    transcript = Transcript.from_utterances(
        [Utterance(r.text, (r.role or "client").capitalize()) for r in rows], source=client
    )
    spans = [
        replace(
            span,
            start_char=turn.start_char + span.start_char,
            end_char=turn.start_char + span.end_char,
        )
        for turn, of_turn in zip(transcript.turns, labelled, strict=True)
        for span in of_turn
    ]
    for cut in segment(transcript, _sentence_starts):
        start, end = cut.start_char, cut.end_char
        yield PatternText(
            id=f"{client}-{rows[0].session}-{cut.index}",
            text=transcript.text[start:end],
            kind="transcript",
            turns=tuple(
                replace(t, start_char=max(t.start_char, start) - start, end_char=t.end_char - start)
                for t in transcript.turns[cut.first_turn : cut.last_turn + 1]
            ),
            spans=tuple(
                replace(s, start_char=s.start_char - start, end_char=min(s.end_char, end) - start)
                for s in spans
                if start <= s.start_char < end
            ),
            group=client,
        )


def _sentence_starts(text: str) -> list[int]:
    return [0, *(i + 2 for i in range(len(text) - 2) if text[i] in ".!?…" and text[i + 1] == " ")]


def read_corpus(path: Path) -> list[CorpusRow]:
    """Rows of a file.

    Raises:
        CorpusError: A row is broken.
    """
    rows = []
    for _, row in read_rows(path):
        if isinstance(row, Problem):
            raise CorpusError(str(row))
        rows.append(row)
    return rows


class _PostSpan(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    start_char: int
    end_char: int
    quote: str
    pattern: str
    who: Who
    agreed: bool = True


class _LabelledPost(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    passes: int
    patterns: tuple[_PostSpan, ...]


def post_texts(corpus: Path = CORPUS, posts: Path = POSTS) -> list[PatternText]:
    """Posts with their pattern spans from ``posts``, those of the validation split too.

    Raises:
        CorpusError: A row or a label is broken: a quote that is not the slice at its offsets, a
            pattern that is not in the codebook, an id that no post has or that comes twice.
    """
    labelled = _labels(posts)
    files = (
        corpus / "posts" / "train.jsonl",
        corpus / "posts_open" / "train.jsonl",
        corpus / "posts_open" / "validation.jsonl",
    )
    found = []
    for path in files:
        for row in read_corpus(path):
            label = labelled.pop(row.id, None)
            if label is not None:
                spans = tuple(_checked(row, span) for span in label.patterns)
                found.append(PatternText(row.id, row.text, "text", (), spans, row.writer))
    if labelled:
        raise CorpusError(f"{posts.name}: {next(iter(labelled))}: no post has this id")
    return found


def _labels(posts: Path) -> dict[str, _LabelledPost]:
    found: dict[str, _LabelledPost] = {}
    for number, line in enumerate(posts.read_text(encoding="utf-8").splitlines(), 1):
        try:
            label = _LabelledPost.model_validate_json(line)
        except ValidationError as error:
            place = ".".join(map(str, error.errors()[0]["loc"]))
            raise CorpusError(f"{posts.name}:{number}: {place}: not as expected") from None
        if label.id in found:
            raise CorpusError(f"{posts.name}:{number}: id: used before")
        found[label.id] = label
    return found


def _checked(row: CorpusRow, span: _PostSpan) -> LabelledSpan:
    if row.text[span.start_char : span.end_char] != span.quote:
        raise CorpusError(f"{row.id}: a quote is not the words at its offsets")
    if span.pattern not in codebook.PATTERNS:
        raise CorpusError(f"{row.id}: a pattern is not in the codebook")
    return LabelledSpan(span.start_char, span.end_char, span.pattern, span.who, span.agreed)


def read_docs(texts: Sequence[PatternText], nlp: Language) -> Iterator[Doc]:
    """Each text through the whole pipeline, its turns marked first."""
    made = (mark_turns(nlp.make_doc(t.text), t.turns) for t in texts)
    yield from nlp.pipe(made)
