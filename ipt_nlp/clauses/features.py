"""Clause features: token states that the encoder has made already, pooled over spans of a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipt_nlp.areas.encoder import Array, EncodedText, unit


def pool(encoded: EncodedText, spans: Sequence[tuple[int, int]]) -> Array:
    """Unit-length means of the token states inside each span.

    Args:
        encoded: The text, encoded once for areas, evidence and clauses alike.
        spans: (start, end) code points into that text.

    Returns:
        (n_spans, n_dimensions) float32; zeros for a span without a token of its own.
    """
    starts, ends = encoded.offsets[:, 0], encoded.offsets[:, 1]
    pooled = np.zeros((len(spans), encoded.tokens.shape[1]), dtype=np.float32)
    for row, (start, end) in enumerate(spans):
        inside = (starts < end) & (ends > start) & (ends > starts)
        if inside.any():
            pooled[row] = unit(encoded.tokens[inside].mean(axis=0))
    return pooled
