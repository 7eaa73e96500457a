"""Second fine-tuning of the sentence encoder: little text, the nearest to what people write.

    python -m training.encoder.refine --weights DIR --output DIR [--epochs 3]

The first (``fine_tune``) learns from texts that were written for a label. This one starts from its
weights and reads the posts that were written life first and labelled afterwards, some of the other
posts, and texts about risk; one linear layer says area, risk and communication patterns of the
whole text at once, so what the clause readers need is not lost to the areas. Cells that nobody
settled or labelled cost nothing. The layer is thrown away. Train split only: thresholds and
calibration come from validation posts, for which the encoder is as new as for anyone's. About two
and a half minutes an epoch on two cores. ``clauses`` goes on from the mean (``soup``) of three
runs, made when patterns were labelled in 1,176 posts and by one pass:

    --epochs 3 --layers 3 --writers p25 p26 p27 p28
    --epochs 5 --layers 6 --learning-rate 5e-5 --writers p25 p26 p27 p28
    --epochs 3 --layers 3
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from ipt_nlp import codebook
from ipt_nlp.clauses.scoring import LabelledSpan
from ipt_nlp.corpus.rows import CorpusRow
from training.encoder.loop import BATCH, Descent, embed, move_upper
from training.pattern_texts import CORPUS, post_texts, read_corpus

N_POSTS, N_RISK = 450, 300
WEIGHTS = {"areas": 1.0, "risk": 0.5, "patterns": 0.4}
MAX_BALANCE = 4.0
SEED = 0

LABELS = (*codebook.AREAS, *codebook.RISK_FLAGS, *codebook.PATTERNS)


@dataclass(frozen=True)
class Example:
    """A text, what it shows (n_labels,), and which of these cells are settled (n_labels,)."""

    text: str
    labels: tuple[bool, ...]
    settled: tuple[bool, ...]


def example(row: CorpusRow, spans: Sequence[LabelledSpan] | None) -> Example:
    """A row as it is learned from; ``spans`` of patterns are ``None`` when nobody labelled them."""
    patterns = {s.pattern for s in spans or () if s.agreed}
    shown = {*row.areas, *(f.flag for f in row.flags), *patterns}
    unsettled = {*row.unscored_areas, *row.unscored_flags}
    unsettled |= {*codebook.PATTERNS} if spans is None else {s.pattern for s in spans} - patterns
    return Example(
        row.text,
        tuple(label in shown for label in LABELS),
        tuple(label not in unsettled for label in LABELS),
    )


def training_examples(writers: Sequence[str] | None = None) -> list[Example]:
    """Open posts of the train split, some other posts, and risk.

    Args:
        writers: Of the open posts; all by default.
    """
    spans = {t.id: t.spans for t in post_texts()}
    draw = random.Random(SEED)
    posts = _rows("posts")
    draw.shuffle(posts)
    risk = _rows("risk")
    draw.shuffle(risk)
    opened = [r for r in _rows("posts_open") if writers is None or r.writer in writers]
    chosen = [*opened, *posts[:N_POSTS], *risk[:N_RISK]]
    return [example(row, spans.get(row.id)) for row in chosen]


def _rows(part: str) -> list[CorpusRow]:
    return read_corpus(CORPUS / part / "train.jsonl")


def refine(
    weights: Path,
    output: Path,
    *,
    epochs: int,
    layers: int,
    learning_rate: float,
    writers: Sequence[str] | None = None,
) -> None:
    """Train and write ``model.safetensors``, ``config.json`` and the tokenizer into ``output``."""
    torch.manual_seed(SEED)
    torch.set_num_threads(os.cpu_count() or 1)
    tokenizer = AutoTokenizer.from_pretrained(weights)
    encoder = AutoModel.from_pretrained(weights)
    moving = move_upper(encoder, layers)
    head = torch.nn.Linear(encoder.config.hidden_size, len(LABELS))
    examples = training_examples(writers)
    shown = np.array([e.labels for e in examples])
    ratio = np.sqrt((~shown).sum(axis=0) / np.maximum(1, shown.sum(axis=0)))
    balance = torch.tensor(np.minimum(MAX_BALANCE, ratio)).float()
    loss_of = torch.nn.BCEWithLogitsLoss(pos_weight=balance, reduction="none")
    weight_of = torch.tensor(
        [WEIGHTS["areas"]] * len(codebook.AREAS)
        + [WEIGHTS["risk"]] * len(codebook.RISK_FLAGS)
        + [WEIGHTS["patterns"]] * len(codebook.PATTERNS)
    )
    steps = epochs * len(examples) // BATCH
    descent = Descent(
        moving,
        head.parameters(),
        learning_rate=learning_rate,
        steps=steps,
        warm=max(1.0, 0.1 * steps),
    )
    encoder.train()

    def loss(batch: list[Example]) -> Any:
        embedded = embed(encoder, tokenizer, [e.text for e in batch])
        wanted = torch.tensor([e.labels for e in batch]).float()
        settled = torch.tensor([e.settled for e in batch]).float()
        cells = loss_of(head(embedded), wanted) * settled * weight_of
        return cells.sum() / (len(codebook.AREAS) * len(batch))

    descent.run(examples, lambda e: e.text, loss, epochs=epochs, seed=SEED)
    encoder.save_pretrained(output)
    tokenizer.save_pretrained(output)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--weights", type=Path, required=True, help="folder that fine_tune wrote")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--layers", type=int, default=3, help="upper layers that are trained")
    parser.add_argument("--learning-rate", type=float, default=4e-5)
    parser.add_argument("--writers", nargs="+", help="of the open posts; all by default")
    options = parser.parse_args()
    refine(
        options.weights,
        options.output,
        epochs=options.epochs,
        layers=options.layers,
        learning_rate=options.learning_rate,
        writers=options.writers,
    )


if __name__ == "__main__":
    main()
