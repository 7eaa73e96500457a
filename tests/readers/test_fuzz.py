"""Any bytes are read or refused, by every reader and by the loader of result documents.

The same targets run for hours in ``training/benchmarks/fuzz``; here they get a few hundred inputs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipt_nlp.readers import SUFFIXES
from tests.review.documents import document
from training.benchmarks.fuzz import targets as fuzz

TARGETS = fuzz.targets(json.loads(document("a.vtt").to_json()))
CASES = Path(__file__).parents[1] / "cases" / "readers"
SEEDS = {
    name: [p.read_bytes() for p in sorted(CASES.iterdir()) if p.suffix in fuzzed.seeds]
    or [bytes(range(256))]
    for name, fuzzed in TARGETS.items()
}
SNIPPETS = (
    b'"', b"{", b"[", b"\\ud800", b"\\u0000", b"\r", b"\n\n", b"-->", b"\xff", b"\xef\xbb\xbf",
    b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"T: ", b"<v ", b"00:00:01.000 --> 00:00:02.000\n", b",",
    b'"text":', b"1e999", b"\t", b":", b"\xcc\x81", b"\x00",
)  # fmt: skip


def few(test: Callable[[str, st.DataObject], None]) -> Callable[..., None]:
    made: Callable[..., None] = settings(
        max_examples=60, deadline=None, suppress_health_check=list(HealthCheck)
    )(given(data=st.data())(test))
    return made


@pytest.mark.parametrize("name", sorted(TARGETS))
@few
def test_mutated_files(name: str, data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from(SEEDS[name]))[:2000])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(whole)))
        cut = data.draw(st.integers(0, 30))
        whole[at : at + cut] = data.draw(st.sampled_from(SNIPPETS) | st.binary(max_size=8))
    TARGETS[name].target(bytes(whole))


@pytest.mark.parametrize("name", sorted(TARGETS))
@few
def test_any_bytes(name: str, data: st.DataObject) -> None:
    TARGETS[name].target(data.draw(st.binary(max_size=400) | st.text().map(_encoded)))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def test_every_reader_is_a_target() -> None:
    seen = {suffix for fuzzed in TARGETS.values() for suffix in fuzzed.seeds} | {".docx"}
    formats = {SUFFIXES[suffix] for suffix in seen}
    assert formats == set(SUFFIXES.values())


def test_a_target_fails_when_offsets_do_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """What finds nothing must be able to find something."""
    monkeypatch.setattr("ipt_nlp.transcript.normalise", lambda text: text)
    with pytest.raises((AssertionError, UnicodeEncodeError)):
        TARGETS["jsonl"].target(b'{"id": "a", "text": "x\\ud800"}')
