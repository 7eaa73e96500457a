"""Second fine-tuning of the sentence encoder: little text, the nearest to what people write.

    python -m training.encoder.refine --weights DIR --output DIR [--epochs 3]

The first (``fine_tune``) learns from texts that were written for a label. This one starts from its
weights and reads the posts that were written life first and labelled afterwards, some of the other
posts, and texts about risk; one linear layer says area, risk and communication patterns of the
whole text at once, so what the clause readers need is not lost to the areas. Cells that nobody
settled or labelled cost nothing. The layer is thrown away. Train split only: thresholds and
calibration come from validation posts, for which the encoder is as new as for anyone's. About two
and a half minutes an epoch on two cores. The shipped weights are the mean (``soup``) of three runs:

    --epochs 3 --layers 3 --writers p25 p26 p27 p28
    --epochs 5 --layers 6 --learning-rate 5e-5 --writers p25 p26 p27 p28
    --epochs 3 --layers 3
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from ipt_nlp import codebook
from ipt_nlp.corpus.rows import CorpusRow, read_rows
from training.encoder.loop import BATCH, batches, embed, move_upper

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "corpora" / "ipt-synth"
PATTERN_POSTS = ROOT / "training" / "pattern_posts.jsonl"
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


def example(row: CorpusRow, patterns: set[str] | None) -> Example:
    """A row as it is learned from; ``patterns`` are those it shows, ``None`` when unlabelled."""
    flags = {f.flag for f in row.flags}
    shown = {*row.areas, *flags, *(patterns or ())}
    unsettled = {*row.unscored_areas, *row.unscored_flags}
    if patterns is None:
        unsettled |= set(codebook.PATTERNS)
    return Example(
        row.text,
        tuple(label in shown for label in LABELS),
        tuple(label not in unsettled for label in LABELS),
    )


def training_examples(writers: Sequence[str] | None = None) -> list[Example]:
    """Open posts of the train split, some other posts, those with patterns first, and risk.

    Args:
        writers: Of the open posts; all by default.
    """
    lines = PATTERN_POSTS.read_text(encoding="utf-8").splitlines()
    patterns = {
        line["id"]: {span["pattern"] for span in line["patterns"]}
        for line in map(json.loads, lines)
    }
    draw = random.Random(SEED)
    posts = _rows("posts")
    draw.shuffle(posts)
    posts.sort(key=lambda row: row.id not in patterns)
    risk = _rows("risk")
    draw.shuffle(risk)
    opened = [r for r in _rows("posts_open") if writers is None or r.writer in writers]
    chosen = [*opened, *posts[:N_POSTS], *risk[:N_RISK]]
    return [example(row, patterns.get(row.id)) for row in chosen]


def _rows(part: str) -> list[CorpusRow]:
    found = (row for _, row in read_rows(CORPUS / part / "train.jsonl"))
    return [row for row in found if isinstance(row, CorpusRow)]


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
    optimiser = torch.optim.AdamW(
        [{"params": moving, "lr": learning_rate}, {"params": head.parameters(), "lr": 2e-3}],
        weight_decay=0.01,
    )
    steps = epochs * len(examples) // BATCH
    warm = max(1.0, 0.1 * steps)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / warm) * max(0.05, 1 - step / steps)
    )
    encoder.train()
    start = time.perf_counter()
    for epoch in range(epochs):
        total, count = 0.0, 0
        for batch in batches(examples, lambda e: e.text, SEED + epoch):
            embedded = embed(encoder, tokenizer, [e.text for e in batch])
            wanted = torch.tensor([e.labels for e in batch]).float()
            settled = torch.tensor([e.settled for e in batch]).float()
            cells = loss_of(head(embedded), wanted) * settled * weight_of
            loss = cells.sum() / (len(codebook.AREAS) * len(batch))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(moving, 1.0)
            optimiser.step()
            schedule.step()
            total, count = total + float(loss.detach()), count + 1
        spent = time.perf_counter() - start
        print(f"epoch {epoch + 1}: loss {total / count:.4f}, {spent:.0f} s", flush=True)
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
