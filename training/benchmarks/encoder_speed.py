"""The 8-bit ONNX encoder beside sentence-transformers' way of encoding with torch, in one run.

    python -m training.benchmarks.encoder_speed --weights DIR [--texts 400] [--threads 2] [--runs 3]

DIR holds the weights of ``all-MiniLM-L6-v2`` as published. Where ``sentence-transformers`` is
installed it encodes; where not, the same model by ``transformers`` and torch in batches of 32
sorted by length, mean of the token states, unit length, which is what it does. The texts are
segments of IPT-Synth's sessions, the same for both, the two in turn in every run; the best run of
each counts, with the machine's load beside it. Needs the extra ``train``.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ipt_nlp.areas.bundle import shipped_bundle
from ipt_nlp.areas.encoder import SentenceEncoder
from ipt_nlp.corpus import load_texts

ROOT = Path(__file__).resolve().parents[2]
CORPUS = f"{ROOT / 'corpora' / 'ipt-synth'}:sessions"
BATCH = 32
MAX_TOKENS = 256

Encode = Callable[[Sequence[str]], Any]


def segments(n: int) -> list[str]:
    """The first ``n`` segments of the test clients' sessions."""
    corpus = load_texts([CORPUS], split="test")
    whole = [t for t, is_whole in zip(corpus.texts, corpus.whole, strict=True) if is_whole]
    return whole[:n]


def torch_encoder(weights: Path, threads: int) -> tuple[str, Encode]:
    """Name and function of the encoder on torch."""
    import torch

    torch.set_num_threads(threads)
    if importlib.util.find_spec("sentence_transformers"):
        library = importlib.import_module("sentence_transformers")
        model = library.SentenceTransformer(str(weights), device="cpu")
        model.max_seq_length = MAX_TOKENS
        return "sentence-transformers + torch", lambda texts: model.encode(
            list(texts), batch_size=BATCH, normalize_embeddings=True
        )
    return "transformers + torch, mean pooling", _plain_torch(weights)


def _plain_torch(weights: Path) -> Encode:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(weights))
    model = AutoModel.from_pretrained(str(weights)).eval()

    def encode(texts: Sequence[str]) -> Any:
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        found: list[Any] = [None] * len(texts)
        with torch.inference_mode():
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                feed = tokenizer(
                    [texts[i] for i in rows],
                    padding=True,
                    truncation=True,
                    max_length=MAX_TOKENS,
                    return_tensors="pt",
                )
                states = model(**feed).last_hidden_state
                mask = feed["attention_mask"].unsqueeze(-1).to(states.dtype)
                mean = (states * mask).sum(1) / mask.sum(1)
                for i, row in zip(rows, torch.nn.functional.normalize(mean), strict=True):
                    found[i] = row.numpy()
        return np.stack(found)

    return encode


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=400)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    texts = segments(options.texts)
    words = sum(len(t.split()) for t in texts)
    ours = SentenceEncoder(str(shipped_bundle() / "encoder"), n_threads=options.threads)
    name, theirs = torch_encoder(options.weights, options.threads)
    encoders: dict[str, Encode] = {"int8 ONNX": ours.transform, name: theirs}
    seconds: dict[str, list[float]] = {key: [] for key in encoders}
    for encode in encoders.values():
        encode(texts[:BATCH])  # warm
    for _ in range(options.runs):
        for key, encode in encoders.items():
            start = time.perf_counter()
            encode(texts)
            seconds[key].append(time.perf_counter() - start)
    best = {key: min(found) for key, found in seconds.items()}
    figures = {
        "texts": len(texts),
        "words": words,
        "threads": options.threads,
        "words_per_s": {key: round(words / s) for key, s in best.items()},
        "times_faster": round(best[name] / best["int8 ONNX"], 2),
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
