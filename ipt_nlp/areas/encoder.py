"""The sentence encoder: text -> embedding, on ONNX Runtime, as a scikit-learn transformer.

The shipped weights are all-MiniLM-L6-v2 (Wang et al. 2020, arXiv:2002.10957; sentence-transformers,
Reimers & Gurevych 2019, arXiv:1908.10084), quantised by ``training/encoder/build.py``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from ipt_nlp.errors import BundleError

if TYPE_CHECKING:
    import onnxruntime
    import tokenizers

Array = NDArray[np.float32]

ENCODER_FILES = ("encoder.onnx", "tokenizer.json")
_SPECIAL_TOKENS = 2


@dataclass(frozen=True)
class EncodedText:
    """A text's embedding and, token by token, what it is made of.

    ``embedding`` (n_dimensions,) has unit length. ``tokens`` (n_tokens, n_dimensions) are the
    states whose mean it is; ``offsets`` (n_tokens, 2) are their code points in the text, (0, 0)
    for the marks the tokenizer adds.
    """

    embedding: Array
    tokens: Array
    offsets: NDArray[np.int64]


class SentenceEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Texts -> unit-length sentence embeddings.

    Every text is run on its own: the activations' 8-bit scales then depend on that text alone, so
    its embedding is the same in any batch, order or number of threads, and nothing is padded.
    Texts of more than ``window`` tokens are read in overlapping windows; the embedding is the mean
    over all tokens, each counted once, so no words are cut off.

    Args:
        path: Folder with ``encoder.onnx`` and ``tokenizer.json``.
        window: Tokens of a window, the two special ones included; 256 by default, at most 512.
        overlap: Tokens of context at each side of a window that are read and not counted.
        n_threads: Texts encoded side by side; by default one for each core this process may use.
    """

    def __init__(
        self,
        path: str | Path = "",
        window: int = 256,
        overlap: int = 32,
        n_threads: int | None = None,
    ) -> None:
        self.path = path
        self.window = window
        self.overlap = overlap
        self.n_threads = n_threads

    def fit(self, X: Iterable[str], y: object = None) -> SentenceEncoder:
        """Nothing is learned: the weights are given."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __getstate__(self) -> dict[str, Any]:
        # A session cannot be pickled; it is opened again at the first use.
        state: dict[str, Any] = super().__getstate__()
        return {k: v for k, v in state.items() if not k.startswith("_loaded")}

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        width = self._session().get_outputs()[0].shape[-1]
        return np.array([f"embedding{i}" for i in range(width)], dtype=object)

    def transform(self, X: Iterable[str]) -> Array:
        """Embeddings (n_texts, n_dimensions), float32, rows of unit length.

        Raises:
            BundleError: The encoder's files are not in ``path``.
        """
        return np.stack([e.embedding for e in self.encode(list(X))])

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        """Embedding and token states of each text, in order."""
        if not texts:
            return []
        self._session()
        workers = self.n_threads or _cores()
        if workers == 1 or len(texts) == 1:
            return [self._encode_one(t) for t in texts]
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(self._encode_one, texts))

    def _encode_one(self, text: str) -> EncodedText:
        encoding = self._tokenizer().encode(text)
        ids = np.asarray(encoding.ids, dtype=np.int64)
        offsets = np.asarray(encoding.offsets, dtype=np.int64)
        if len(ids) <= self.window:
            states = self._run(ids)
        else:
            states, keep = self._windowed(ids)
            offsets = offsets[keep]
        mean = states.mean(axis=0)
        return EncodedText(unit(mean), states, offsets)

    def _run(self, ids: NDArray[np.int64]) -> Array:
        row = ids[np.newaxis, :]
        feed = {"input_ids": row, "attention_mask": np.ones_like(row)}
        states: Array = self._session().run(["tokens"], feed)[0][0]
        return states

    def _windowed(self, ids: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
        first, last, inner = ids[:1], ids[-1:], ids[1:-1]
        size = self.window - _SPECIAL_TOKENS
        stride = size - 2 * self.overlap
        kept: list[Array] = []
        place = 0
        while place < len(inner):
            begin = max(0, place - self.overlap)
            end = min(len(inner), begin + size)
            stop = end if end == len(inner) else min(end, place + stride)
            states = self._run(np.concatenate([first, inner[begin:end], last]))[1:-1]
            kept.append(states[place - begin : stop - begin])
            place = stop
        return np.concatenate(kept), np.arange(1, len(ids) - 1)

    def open_bytes(self, model: bytes, tokenizer: bytes) -> SentenceEncoder:
        """Use weights that were already read (and checked) instead of those at ``path``.

        Args:
            model: Content of ``encoder.onnx``.
            tokenizer: Content of ``tokenizer.json``.
        """
        import onnxruntime
        import tokenizers

        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._loaded_tokenizer = tokenizers.Tokenizer.from_buffer(tokenizer)
        # The file asks for 128 tokens and padding; windows are cut here instead.
        self._loaded_tokenizer.no_truncation()
        self._loaded_tokenizer.no_padding()
        self._loaded_session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        return self

    def _session(self) -> onnxruntime.InferenceSession:
        if not hasattr(self, "_loaded_session"):
            folder = Path(self.path)
            for name in ENCODER_FILES:
                if not (folder / name).is_file():
                    raise BundleError(f"encoder: {name} is missing from the folder {folder.name!r}")
            self.open_bytes(*((folder / name).read_bytes() for name in ENCODER_FILES))
        return self._loaded_session

    def _tokenizer(self) -> tokenizers.Tokenizer:
        self._session()
        return self._loaded_tokenizer


def unit(vector: Array) -> Array:
    """The vector at length 1."""
    return (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
