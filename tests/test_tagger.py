from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import docx
import jsonschema
import numpy as np
import pytest

import ipt_nlp
from ipt_nlp import codebook, readers
from ipt_nlp.result import TaggedSession, json_schema
from ipt_nlp.tagger import Tagger
from ipt_nlp.transcript import Transcript

EXAMPLE = Path(__file__).parents[1] / "corpora" / "examples" / "session.vtt"
FILES = sorted((Path(__file__).parent / "cases" / "readers").iterdir())
TEXTS = [
    "My father died last year and I still miss him every day.",
    "My husband and I argue all the time and he does not listen to me.",
    "I can't sleep and my heart races at night.",
]


@pytest.fixture(scope="module")
def session(tagger: Tagger) -> TaggedSession:
    return tagger.tag(EXAMPLE)


def test_the_example_is_tagged_as_its_writer_meant_it(session: TaggedSession) -> None:
    found = {a for s in session.segments for a, score in s.areas.items() if score.present}
    assert found == set(codebook.AREAS)
    assert session.segments[0].primary == "grief"
    assert session.summary.primary is not None
    assert session.summary.runner_up is not None


def test_the_document_reads_back_the_same(session: TaggedSession) -> None:
    assert TaggedSession.from_json(session.to_json()) == session


def check(document: dict[str, Any]) -> None:
    jsonschema.validate(document, json_schema())
    text = document["text"]
    for segment in document["segments"]:
        assert text[segment["start_char"] : segment["end_char"]] == segment["text"]
        for span in segment["evidence"] + segment["patterns"] + segment["flags"]:
            assert text[span["start_char"] : span["end_char"]] == span["quote"]


def test_there_is_a_file_of_every_format() -> None:
    assert {".txt", ".md", ".vtt", ".srt", ".json", ".csv", ".jsonl"} <= {p.suffix for p in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_format_gives_a_valid_document(tagger: Tagger, path: Path) -> None:
    transcripts = list(readers.read(path))
    assert transcripts
    for session in tagger.pipe(transcripts):
        check(json.loads(session.to_json()))


def test_a_word_document_gives_a_valid_document(tagger: Tagger, tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Therapist: How was the week?")
    document.add_paragraph("Client: We argued again and he walked out.")
    document.save(str(tmp_path / "session.docx"))
    check(json.loads(tagger.tag(tmp_path / "session.docx").to_json()))


def test_probabilities_and_labels_of_texts(tagger: Tagger) -> None:
    probabilities = tagger.predict_proba(TEXTS)
    assert probabilities.shape == (3, 4)
    assert probabilities.dtype == float
    assert tagger.predict(TEXTS).dtype == bool
    thresholds = tagger.bundle.thresholds("text")
    np.testing.assert_array_equal(tagger.predict(TEXTS), probabilities >= thresholds)
    assert tagger.predict_proba([]).shape == (0, 4)


def test_batches_change_nothing(tagger: Tagger) -> None:
    many = [f"{t} {i}" for i in range(22) for t in TEXTS][:64]
    together = tagger.predict_proba(many)
    alone = np.vstack([tagger.predict_proba([t]) for t in many])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_a_row_is_tagged_like_a_text(tagger: Tagger) -> None:
    row = tagger.tag(Transcript.from_row(TEXTS[0], source="row-1"))
    assert len(row.segments) == 1
    expected = tagger.predict_proba([TEXTS[0]])[0]
    found = [row.segments[0].areas[a].probability for a in ipt_nlp.AREAS]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_processes_and_order_change_nothing(tagger: Tagger) -> None:
    transcripts = [Transcript.from_text(t, source=str(i)) for i, t in enumerate(TEXTS)]
    alone = [tagger.tag(t) for t in transcripts]
    assert list(tagger.pipe(transcripts, n_jobs=2)) == alone
    assert list(tagger.pipe(transcripts[::-1])) == alone[::-1]


def test_a_long_session_is_read_in_blocks(
    tagger: Tagger, session: TaggedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ipt_nlp.tagger.BLOCK", 2)
    assert len(session.segments) > 2
    assert tagger.tag(EXAMPLE) == session


def test_annotate_marks_patterns(tagger: Tagger) -> None:
    text = "Then she yelled at me."
    spans = tagger.annotate(text)
    assert [text[s.start_char : s.end_char] for s in spans] == [s.quote for s in spans]
    assert any(getattr(s, "pattern", None) == "hostility" for s in spans)


def test_half_of_a_surrogate_pair_stops_nothing(tagger: Tagger) -> None:
    text = "\ud83d She yelled at me. \udc00"
    assert [s.quote for s in tagger.annotate(text)] == ["She yelled at me"]
    assert tagger.predict_proba([text]).shape == (1, 4)


@pytest.mark.parametrize(
    "text", ["T: Hm?\nC: Hm.", "T: Okay.\nC: Yeah.", "T: Hello!\nC: Hi … hello."]
)
def test_a_session_of_nothing_said_is_about_nothing(tagger: Tagger, text: str) -> None:
    session = tagger.tag(Transcript.from_text(text))
    assert session.summary.primary is None
    assert not any(score.present for s in session.segments for score in s.areas.values())


def test_shares_are_of_the_clients_words(session: TaggedSession) -> None:
    assert all(0 <= share <= 1 for share in session.summary.areas.values())
    assert sum(session.summary.areas.values()) > 0.5


def test_reviews_have_reasons(session: TaggedSession) -> None:
    for s in session.segments:
        assert s.needs_review == bool(s.review_reasons)


def test_load_takes_a_path(tmp_path: Path, tagger: Tagger) -> None:
    shutil.copytree(tagger.bundle.path, tmp_path / "copy")
    assert ipt_nlp.load(tmp_path / "copy").bundle.digest == tagger.bundle.digest
