from __future__ import annotations

import io
import random
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from ipt_nlp.areas.bundle import shipped_bundle
from ipt_nlp.areas.encoder import SentenceEncoder
from ipt_nlp.errors import BundleError

TEXTS = [
    "My husband and I argue about money all the time.",
    "I miss her.",
    "Since we moved here I know nobody. " * 6,
    "",
    "Ünïcode and 😀 emoji do not break it.",
]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder(shipped_bundle() / "encoder")


def test_embeddings_have_unit_length(encoder: SentenceEncoder) -> None:
    embeddings = encoder.transform(TEXTS)
    assert embeddings.shape == (len(TEXTS), 384)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)


def test_similar_texts_are_near(encoder: SentenceEncoder) -> None:
    quarrel, row, tree = encoder.transform(
        [TEXTS[0], "We fight over what we spend.", "The tree in the yard lost its leaves."]
    )
    assert quarrel @ row > quarrel @ tree + 0.2


def test_the_batch_changes_nothing(encoder: SentenceEncoder) -> None:
    pool = [f"{t} {i}" for i, t in enumerate(TEXTS * 13)][:64]
    alone = np.vstack([encoder.transform([t]) for t in pool])
    shuffled = list(range(64))
    random.Random(0).shuffle(shuffled)
    together = encoder.transform([pool[i] for i in shuffled])
    np.testing.assert_array_equal(alone[shuffled], together)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_threads_change_nothing(encoder: SentenceEncoder, n_threads: int) -> None:
    other = clone(encoder).set_params(n_threads=n_threads)
    np.testing.assert_array_equal(encoder.transform(TEXTS), other.transform(TEXTS))


def test_no_word_of_a_long_text_is_cut_off(encoder: SentenceEncoder) -> None:
    start = "I went to the shop and bought some bread. " * 125
    ends = [start, start + "My mother died and I miss her so much. " * 12]
    plain, with_grief = encoder.transform(ends)
    assert len(ends[1].split()) > 1000
    assert plain @ with_grief < 0.999
    middle = start[: len(start) // 2] + "My mother died and I miss her. " * 12 + start
    assert plain @ encoder.transform([middle])[0] < 0.999


def test_windows_count_every_token_once(encoder: SentenceEncoder) -> None:
    text = " ".join(f"word{i}" for i in range(400))
    small = clone(encoder).set_params(window=64, overlap=8)
    encoded = small.encode([text])[0]
    assert len(encoded.tokens) == len(encoded.offsets)
    starts = encoded.offsets[:, 0].tolist()
    assert starts == sorted(starts)
    covered = {i for a, b in encoded.offsets.tolist() for i in range(a, b)}
    assert covered == {i for i, c in enumerate(text) if not c.isspace()}


def test_offsets_are_code_points(encoder: SentenceEncoder) -> None:
    text = "😀😀 hello"
    encoded = encoder.encode([text])[0]
    assert text[slice(*encoded.offsets[-2])] == "hello"


def test_it_survives_clone_pickling_and_grid_search(encoder: SentenceEncoder) -> None:
    buffer = io.BytesIO()
    joblib.dump(encoder, buffer)
    assert len(buffer.getvalue()) < 2000
    buffer.seek(0)
    np.testing.assert_array_equal(joblib.load(buffer).transform(TEXTS), encoder.transform(TEXTS))
    search = GridSearchCV(
        make_pipeline(encoder, LogisticRegression()), {"sentenceencoder__window": [64, 128]}, cv=2
    )
    search.fit(["sad and alone", "we fight", "so lonely", "they argue"] * 2, [0, 1, 0, 1] * 2)
    assert search.predict(["I am lonely"]).tolist() == [0]


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"encoder\.onnx is missing"):
        SentenceEncoder(tmp_path).transform(["x"])
