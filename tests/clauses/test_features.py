"""Pooling over spans."""

import numpy as np

from ipt_nlp.areas.encoder import EncodedText
from ipt_nlp.clauses.features import pool


def _encoded() -> EncodedText:
    # "ab cd" as two tokens between the marks that the tokenizer adds.
    states = np.array([[9, 9], [3, 4], [0, 2], [9, 9]], dtype=np.float32)
    offsets = np.array([[0, 0], [0, 2], [3, 5], [0, 0]], dtype=np.int64)
    return EncodedText(states[1], states, offsets)


def test_a_span_is_the_unit_mean_of_its_tokens() -> None:
    pooled = pool(_encoded(), [(0, 2), (3, 5), (0, 5)])
    mean = np.array([1.5, 3.0]) / np.hypot(1.5, 3.0)
    np.testing.assert_allclose(pooled, [[0.6, 0.8], [0.0, 1.0], mean], rtol=1e-6)


def test_a_span_that_cuts_a_token_has_it() -> None:
    np.testing.assert_allclose(pool(_encoded(), [(1, 2)]), [[0.6, 0.8]], rtol=1e-6)


def test_a_span_without_tokens_is_zero() -> None:
    np.testing.assert_array_equal(pool(_encoded(), [(2, 3)]), [[0.0, 0.0]])
