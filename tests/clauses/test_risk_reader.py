"""The risk reader on a small corpus written here, with the shipped encoder and pipeline."""

from __future__ import annotations

import io
from dataclasses import replace

import joblib
import numpy as np
import pytest
from spacy.language import Language
from spacy.tokens import Doc

from ipt_nlp.areas.bundle import shipped_bundle
from ipt_nlp.areas.encoder import EncodedText, SentenceEncoder
from ipt_nlp.clauses.risk import RIVAL, RULE_SCORE, RiskReader, risk_input
from ipt_nlp.clauses.risk_units import MAX_WORDS, plain, risk_units
from ipt_nlp.errors import BundleError
from ipt_nlp.language.pipeline import load_language
from training.risk import fit
from training.risk_texts import RiskSpan, RiskText

RISKY = [
    ("I want to kill myself.", "risk_self_harm", "current", "speaker"),
    ("I'm not suicidal.", "risk_self_harm", "denied", "speaker"),
    ("My husband hits me.", "risk_harm_by_other", "current", "speaker"),
    ("Her father beat her when she was a child.", "risk_harm_by_other", "past", "other"),
    ("I slapped my son.", "risk_harm_to_other", "current", "other"),
    ("I have intrusive thoughts of hurting my baby.", "risk_harm_to_other", "unwanted", "other"),
]
QUIET = ["We went to the lake.", "My boss wants a report.", "I miss my mother.", "It rained."]


@pytest.fixture(scope="module")
def nlp() -> Language:
    return load_language()


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder(shipped_bundle() / "encoder", n_threads=1)


def _texts() -> list[RiskText]:
    made = []
    for copy in range(5):
        for k, (text, flag, status, subject) in enumerate(RISKY):
            span = RiskSpan(0, len(text), flag, status, subject)  # type: ignore[arg-type]
            made.append(_text(f"{copy}-{k}", f"{text} {QUIET[copy % 4]}", (span,), f"w{copy}"))
        made += [_text(f"{copy}-q{k}", q, (), f"w{copy}") for k, q in enumerate(QUIET)]
    return made


def _text(key: str, text: str, spans: tuple[RiskSpan, ...], group: str) -> RiskText:
    roles = ((0, len(text), "client"),)
    return RiskText(key, text, "text", roles, spans, frozenset(), group, "risk", "train")


@pytest.fixture(scope="module")
def reader(nlp: Language, encoder: SentenceEncoder) -> RiskReader:
    texts = _texts()
    inputs = [risk_input(nlp(t.text), encoder.encode([t.text])[0], t.kind, t.roles) for t in texts]
    return fit(texts, inputs)[0]


def _read(
    nlp: Language, encoder: SentenceEncoder, *texts: str
) -> tuple[list[Doc], list[EncodedText]]:
    return [nlp(t) for t in texts], encoder.encode(list(texts))


def test_flags_with_status_subject_and_offsets(
    reader: RiskReader, nlp: Language, encoder: SentenceEncoder
) -> None:
    text = "It rained. My husband hits me. We went out."
    (found,) = reader.find(*_read(nlp, encoder, text))
    sure = [f for f in found if f.source.startswith("rule")]
    assert [text[f.start_char : f.end_char] for f in sure] == ["husband hits me"]
    assert (sure[0].status, sure[0].subject) == ("current", "speaker")
    assert sure[0].score >= RULE_SCORE
    assert sure[0].source == "rule:struck_me"


def test_a_therapists_question_raises_no_rule(
    reader: RiskReader, nlp: Language, encoder: SentenceEncoder
) -> None:
    text = "Do you think of killing yourself?\nWe went to the lake."
    roles = [[(0, 33, "therapist"), (34, len(text), "client")]]
    (found,) = reader.find(*_read(nlp, encoder, text), roles=roles, kind="transcript")
    assert not [f for f in found if f.source.startswith("rule") and f.start_char < 33]
    (heard,) = reader.find(*_read(nlp, encoder, text))
    assert [f for f in heard if f.source.startswith("rule") and f.start_char < 33]


def test_a_therapists_question_is_no_rival_of_the_answer(
    reader: RiskReader, nlp: Language, encoder: SentenceEncoder
) -> None:
    text = "Do you want to kill yourself?\nI want to be gone."
    roles = [[(0, 29, "therapist"), (30, len(text), "client")]]
    read = _read(nlp, encoder, text)
    (doc,), (encoded,) = read
    scores = reader.flags.predict_proba([risk_input(doc, encoded, "transcript", roles[0])])
    asked, answered = scores[:, 0]
    careful = replace(reader, thresholds=np.full_like(reader.thresholds, 0.9 * answered))
    assert answered < RIVAL * asked
    (found,) = careful.find(*read, roles=roles, kind="transcript")
    assert [f.flag for f in found if f.start_char >= 30] == ["risk_self_harm"]


def test_a_batch_reads_as_its_texts_do(
    reader: RiskReader, nlp: Language, encoder: SentenceEncoder
) -> None:
    texts = [r[0] for r in RISKY] + QUIET
    together = reader.find(*_read(nlp, encoder, *texts))
    alone = [reader.find(*_read(nlp, encoder, t))[0] for t in texts]
    assert [[replace(f, score=0.0) for f in found] for found in together] == [
        [replace(f, score=0.0) for f in found] for found in alone
    ]
    scores = [f.score for found in alone for f in found]
    assert [f.score for found in together for f in found] == pytest.approx(scores, abs=1e-4)


def test_no_texts(reader: RiskReader) -> None:
    assert reader.find([], []) == []


def test_a_reader_survives_its_file(
    reader: RiskReader, nlp: Language, encoder: SentenceEncoder
) -> None:
    again = RiskReader.from_bytes(reader.to_bytes())
    read = _read(nlp, encoder, "I want to kill myself. It rained.")
    assert again.find(*read) == reader.find(*read)


def test_another_format_is_refused() -> None:
    buffer = io.BytesIO()
    joblib.dump({"format": "other"}, buffer)
    with pytest.raises(BundleError, match="format"):
        RiskReader.from_bytes(buffer.getvalue())


def test_units_cover_every_word_once_and_stay_in_their_turn(nlp: Language) -> None:
    text = "Are you safe? " + "and then " * 60 + "\nNo. I am not."
    cut = text.index("\n")
    units = risk_units(nlp(text), [(0, cut, "therapist"), (cut + 1, len(text), "client")])
    joined = " ".join(text[u.start_char : u.end_char] for u in units)
    assert joined.split() == text.split()
    assert all((u.role == "client") == (u.start_char > cut) for u in units)
    assert max(len(text[u.start_char : u.end_char].split()) for u in units) <= MAX_WORDS


def test_plain_words() -> None:
    assert plain("I  DON’T\nknow") == "i dont know"
