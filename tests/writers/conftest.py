"""Tagged sessions made by hand: no model is needed to write one down."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ipt_nlp import codebook
from ipt_nlp.result import TaggedSession
from ipt_nlp.summary import summarise
from ipt_nlp.transcript import Transcript, Turn

Build = Callable[..., TaggedSession]
THRESHOLD = 0.5


def build(case: Mapping[str, Any]) -> TaggedSession:
    """A session from turns, segments that begin at some words, and spans found by their words."""
    turns, offset = [], 0
    for i, turn in enumerate(case["turns"]):
        speaker = turn.get("speaker")
        role = turn.get("role", (speaker or "other").lower())
        end = offset + len(turn["text"])
        turns.append(
            Turn(i, speaker, role, turn.get("role_source", "label"), offset, end,
                 turn.get("start_s"), turn.get("end_s"))
        )  # fmt: skip
        offset = end + 1
    text = "\n".join(turn["text"] for turn in case["turns"])
    transcript = Transcript(
        source=case.get("source", "case"), text=text, turns=tuple(turns),
        kind=case.get("kind", "transcript"),
    )  # fmt: skip
    starts = [text.index(s["from"]) if "from" in s else 0 for s in case["segments"]]
    segments = [
        _segment(i, segment, transcript, start, end)
        for i, (segment, start, end) in enumerate(
            zip(case["segments"], starts, [*starts[1:], len(text)], strict=True)
        )
    ]
    known = {
        key: case[key]
        for key in ("client_id", "session_number", "session_date", "phase")
        if key in case
    }
    session = TaggedSession.model_validate(
        {
            **known,
            "source": transcript.source,
            "kind": transcript.kind,
            "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "model": {"name": "ipt-areas", "version": "0.1.0", "sha256": "5f" * 32},
            "language": {"name": "en_ipt_core", "version": "0.1.0"},
            "codebook": codebook.VERSION,
            "thresholds": dict.fromkeys(codebook.AREAS, THRESHOLD),
            "warnings": case.get("warnings", ()),
            "text": text,
            "turns": [vars(turn) for turn in turns],
            "segments": segments,
            "summary": dict.fromkeys(("primary", "runner_up")) | {
                "confidence": 0.0, "areas": {}, "patterns": {}, "flags": {},
            },
        }
    )  # fmt: skip
    summary = summarise(transcript, session.segments).model_copy(
        update={
            "goals": [_span(text, 0, {"quote": quote}) for quote in case.get("goals", ())],
            "people": case.get("people", ()),
        }
    )
    return TaggedSession.model_validate(
        {**session.model_dump(), "summary": summary.model_dump(warnings=False)}
    )


def _span(text: str, start: int, span: Mapping[str, Any]) -> dict[str, Any]:
    begin = text.index(span["quote"], start)
    return {**span, "start_char": begin, "end_char": begin + len(span["quote"])}


def _segment(
    index: int, segment: Mapping[str, Any], transcript: Transcript, start: int, end: int
) -> dict[str, Any]:
    text = transcript.text
    touched = [t.index for t in transcript.turns if t.start_char < end and start < t.end_char]
    scores = dict(zip(codebook.AREAS, segment["probabilities"], strict=True))
    best = max(scores, key=lambda area: scores[area])
    patterns = [
        {"helpful": codebook.PATTERN_INFO[p["pattern"]].helpful, **_span(text, start, p)}
        for p in segment.get("patterns", ())
    ]
    for pattern in patterns:
        if pattern["helpful"] == "unknown":
            pattern["helpful"] = None
    reasons = segment.get("needs_review", ())
    return {
        "index": index,
        "turns": (touched[0], touched[-1]),
        "start_char": start,
        "end_char": end,
        "text": text[start:end],
        "areas": {
            area: {"probability": p, "present": p >= THRESHOLD} for area, p in scores.items()
        },
        "primary": best if scores[best] >= THRESHOLD else None,
        "evidence": [_span(text, start, e) for e in segment.get("evidence", ())],
        "patterns": patterns,
        "flags": [_span(text, start, f) for f in segment.get("flags", ())],
        "exchanges": [
            {**e, "moves": [_span(text, start, m) for m in e["moves"]]}
            for e in segment.get("exchanges", ())
        ],
        "needs_review": bool(reasons),
        "review_reasons": reasons,
    }


@pytest.fixture(name="build")
def build_fixture() -> Build:
    return build


@pytest.fixture(scope="session")
def session() -> TaggedSession:
    """The invented conversation, with every kind of span."""
    case = Path(__file__).parents[1] / "cases" / "writers" / "session.toml"
    return build(tomllib.loads(case.read_text(encoding="utf-8")))


HOSTILE = (
    "<script>alert(1)</script> </style><img src=x onerror=alert(2)> \"quoted\" 'single' &amp; "
    "{{ 7 * 7 }} {% raw %} [bold red]markup[/] :smile: \x1b[31mred\x1b]0;title\x07 "
    "\u202egnihtemos\u202c \u2066isolated\u2069 e\u0301\u0323 👩‍👩‍👧 \U0001f1ec\U0001f1e7 end"
)


@pytest.fixture(scope="session")
def hostile() -> TaggedSession:
    """Text that would act, in every place that text can reach."""
    return build(
        {
            "source": "=cmd|'/c calc'!A1<script>.txt",
            "client_id": "<b>\x1b[2J</b>",
            "session_date": "</title><script>",
            "warnings": ["<script>warning</script> \x1b[5m"],
            "goals": ["👩‍👩‍👧"],
            "people": [
                {"mention": "<i>Ann</i>", "names": ["\x1b[1mBob"], "relation": "</dl>", "count": 1}
            ],
            "turns": [
                {"speaker": "<svg/onload=1> \x1b[7m", "role": "client", "text": "=1+1"},
                {"speaker": "T\u202e", "role": "therapist", "text": HOSTILE},
            ],
            "segments": [
                {
                    "probabilities": [0.9, 0.8, 0.7, 0.6],
                    "needs_review": ["risk_self_harm", "mixed"],
                    # Borders inside an emoji and between a letter and its combining marks.
                    "evidence": [
                        {
                            "area": "grief", "weight": 1,
                            "quote": "<script>alert(1)</script> </style><img",
                        },
                        {"area": "conflict", "quote": "</script> </style><img src=x", "weight": 1},
                        {"area": "isolation", "quote": "\u0301\u0323 👩", "weight": -0.5},
                    ],
                    "patterns": [
                        {
                            "pattern": "blame", "who": "both", "source": "rule:<script>",
                            "quote": "ert(1)</script> </style><img src=x onerror=alert(2)> \"quo",
                        },
                    ],
                    "flags": [
                        {
                            "flag": "risk_self_harm", "kind": "<kind>\x1b[0m",
                            "quote": "\x1b[31mred\x1b]0;title\x07 \u202egni",
                        },
                    ],
                    "exchanges": [
                        {
                            "sequence": "<script>x</script>",
                            "moves": [{"quote": "<script>alert(1)", "who": "client"}],
                        }
                    ],
                }
            ],
        }
    )  # fmt: skip
