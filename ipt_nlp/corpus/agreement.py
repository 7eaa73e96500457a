"""How far two labelling passes agree, where both were asked about the same rows.

``passes/first.jsonl`` and ``passes/second.jsonl`` hold a line a row: ``id``; ``labelled``, what the
line was asked (areas, flags, patterns); ``areas``; ``flags`` as [flag, quote, status, subject];
``patterns`` as [quote, pattern, who]. A kind that was asked and has no labels is empty.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from ipt_nlp import codebook
from ipt_nlp.codebook import RiskStatus, RiskSubject, Who
from ipt_nlp.corpus.checks import PlacedRow
from ipt_nlp.corpus.rows import PASSES_FOLDER, CorpusRow
from ipt_nlp.errors import CorpusError
from ipt_nlp.result import AreaKey, FlagKey, PatternKey

LEAST_OVERLAP = 0.5
"""Spans match when they share this much of the shorter one."""

Asked = Literal["areas", "flags", "patterns"]
Span = tuple[int, int]


class PassLine(BaseModel):
    """What one pass says of one row. Further keys (a primary, remarks) are not read."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    labelled: frozenset[Asked]
    areas: tuple[AreaKey, ...] = ()
    flags: tuple[tuple[FlagKey, str, RiskStatus | None, RiskSubject | None], ...] = ()
    patterns: tuple[tuple[str, PatternKey, Who | None], ...] = ()

    def labels(self, asked: Asked) -> set[str]:
        """The labels that are present on the row."""
        if asked == "areas":
            return set(self.areas)
        if asked == "flags":
            return {flag for flag, *_ in self.flags}
        return {pattern for _, pattern, _ in self.patterns}


@dataclass(frozen=True)
class LabelAgreement:
    """One label on the rows that both passes were asked about: how many have it, and kappa.

    ``kappa`` is ``None`` where chance agreement is all there is: neither pass ever used the label,
    or both always.
    """

    kind: Asked
    label: str
    rows: int
    first: int
    second: int
    both: int
    kappa: float | None
    kappa_by_config: dict[str, float | None]


@dataclass(frozen=True)
class SpanAgreement:
    """Spans of a pattern, or of all (``label`` is "all"), and how many match one to one."""

    label: str
    first: int
    second: int
    matched: int
    f: float | None


@dataclass(frozen=True)
class Agreement:
    """Agreement of two passes.

    ``unpaired`` lines have no partner in the other pass and ``unknown`` ids no row in the corpus:
    both are left out. ``quotes_not_found`` are patterns whose words are not in the text; their
    spans match nothing.
    """

    rows: dict[str, int]
    """Rows compared, for each kind."""
    labels: tuple[LabelAgreement, ...]
    spans: tuple[SpanAgreement, ...]
    unpaired: int
    unknown: int
    quotes_not_found: int


@dataclass(frozen=True)
class _Pair:
    first: PassLine
    second: PassLine
    placed: PlacedRow


def read_passes(corpus: Path) -> tuple[dict[str, PassLine], dict[str, PassLine]] | None:
    """Both passes of a corpus folder by row id; ``None`` when it has none.

    Raises:
        CorpusError: A line is broken or an id stands twice; or one pass is there without the other.
    """
    first, second = (corpus / PASSES_FOLDER / f"{name}.jsonl" for name in ("first", "second"))
    if not first.is_file() and not second.is_file():
        return None
    return _read_pass(first), _read_pass(second)


def _read_pass(path: Path) -> dict[str, PassLine]:
    where = f"{PASSES_FOLDER}/{path.name}"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise CorpusError(f"{where}: cannot be read as UTF-8 text") from None
    found: dict[str, PassLine] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            read = PassLine.model_validate_json(line)
        except ValidationError as error:
            broken = error.errors(include_input=False, include_url=False, include_context=False)[0]
            field = ".".join(map(str, broken["loc"])) or "line"
            raise CorpusError(f"{where}:{number}: {field}: {broken['msg']}") from None
        if read.id in found:
            raise CorpusError(f"{where}:{number}: id: used before")
        found[read.id] = read
    return found


def agreement(
    first: Mapping[str, PassLine], second: Mapping[str, PassLine], rows: Sequence[PlacedRow]
) -> Agreement:
    """Compare two passes over the rows that both have."""
    by_id = {placed.row.id: placed for placed in rows}
    shared = [key for key in first if key in second]
    pairs = [_Pair(first[key], second[key], by_id[key]) for key in shared if key in by_id]
    spans, not_found = _spans(_asked(pairs, "patterns"))
    return Agreement(
        rows={kind: len(_asked(pairs, kind)) for kind in get_args(Asked)},
        labels=tuple(_labels(pairs)),
        spans=tuple(spans),
        unpaired=len(first.keys() ^ second.keys()),
        unknown=len(shared) - len(pairs),
        quotes_not_found=not_found,
    )


def _asked(pairs: Sequence[_Pair], kind: Asked) -> list[_Pair]:
    return [p for p in pairs if kind in p.first.labelled and kind in p.second.labelled]


def _labels(pairs: Sequence[_Pair]) -> Iterator[LabelAgreement]:
    names: dict[Asked, Sequence[str]] = {
        "areas": codebook.AREAS,
        "flags": codebook.FLAGS,
        "patterns": codebook.PATTERNS,
    }
    for kind, labels in names.items():
        asked = _asked(pairs, kind)
        by_config: defaultdict[str, list[_Pair]] = defaultdict(list)
        for pair in asked:
            by_config[pair.placed.config].append(pair)
        for label in labels:
            a, b = _present(asked, kind, label)
            if not asked or (kind == "flags" and not any(a) and not any(b)):
                continue
            yield LabelAgreement(
                kind=kind,
                label=label,
                rows=len(asked),
                first=sum(a),
                second=sum(b),
                both=sum(x and y for x, y in zip(a, b, strict=True)),
                kappa=_kappa(a, b),
                kappa_by_config={
                    config: _kappa(*_present(some, kind, label))
                    for config, some in by_config.items()
                },
            )


def _present(pairs: Sequence[_Pair], kind: Asked, label: str) -> tuple[list[bool], list[bool]]:
    return (
        [label in pair.first.labels(kind) for pair in pairs],
        [label in pair.second.labels(kind) for pair in pairs],
    )


def _kappa(first: Sequence[bool], second: Sequence[bool]) -> float | None:
    if len({*first, *second}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score

    value = float(cohen_kappa_score(first, second, labels=[False, True]))
    return None if math.isnan(value) else value


def disputed_patterns(
    row: CorpusRow, first: PassLine, second: PassLine
) -> list[tuple[PatternKey, Span]]:
    """Pattern spans that one pass has and the row has not, in order; none unless both were asked.

    Where nobody settled what two passes differ on, a row has what both mark: these are the rest.
    """
    if "patterns" not in first.labelled & second.labelled:
        return []
    kept = [(p.pattern, (p.start_char, p.end_char)) for p in row.patterns]
    marked = {
        (pattern, span)
        for line in (first, second)
        for pattern, spans in _located(row.text, line).items()
        for span in spans
        if span is not None
    }
    return sorted(
        (pattern, span)
        for pattern, span in marked
        if not any(other == pattern and _overlap(span, at) for other, at in kept)
    )


def _spans(pairs: Sequence[_Pair]) -> tuple[list[SpanAgreement], int]:
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    matched: Counter[str] = Counter()
    not_found = 0
    for pair in pairs:
        text = pair.placed.row.text
        a, b = _located(text, pair.first), _located(text, pair.second)
        for pattern in codebook.PATTERNS:
            ours, theirs = a[pattern], b[pattern]
            first[pattern] += len(ours)
            second[pattern] += len(theirs)
            there = [span for span in ours if span], [span for span in theirs if span]
            not_found += len(ours) + len(theirs) - sum(map(len, there))
            matched[pattern] += match_spans(*there)
    if not pairs:
        return [], 0
    lines = [_f(p, first[p], second[p], matched[p]) for p in codebook.PATTERNS]
    return [*lines, _f("all", first.total(), second.total(), matched.total())], not_found


def _f(label: str, first: int, second: int, matched: int) -> SpanAgreement:
    total = first + second
    return SpanAgreement(label, first, second, matched, 2 * matched / total if total else None)


def _located(text: str, line: PassLine) -> defaultdict[PatternKey, list[Span | None]]:
    """Spans by pattern; the n-th mention of a quote under a pattern is its n-th place."""
    found: defaultdict[PatternKey, list[Span | None]] = defaultdict(list)
    seen: Counter[tuple[str, str]] = Counter()
    for quote, pattern, _ in line.patterns:
        start = text.find(quote, seen[pattern, quote]) if quote else -1
        if start < 0 and quote:
            start = text.find(quote)
        seen[pattern, quote] = start + 1
        found[pattern].append((start, start + len(quote)) if start >= 0 else None)
    return found


def match_spans(first: Sequence[Span], second: Sequence[Span]) -> int:
    """The most one-to-one pairs that share at least ``LEAST_OVERLAP`` of the shorter span."""
    partner: dict[int, int] = {}

    def find(i: int, tried: set[int]) -> bool:
        for j, span in enumerate(second):
            if j not in tried and _overlap(first[i], span):
                tried.add(j)
                if j not in partner or find(partner[j], tried):
                    partner[j] = i
                    return True
        return False

    return sum(find(i, set()) for i in range(len(first)))


def _overlap(a: Span, b: Span) -> bool:
    shared = min(a[1], b[1]) - max(a[0], b[0])
    return shared > 0 and shared >= LEAST_OVERLAP * min(a[1] - a[0], b[1] - b[0])
