"""Fine-tune the sentence encoder on IPT-Synth, gently.

    python -m training.encoder.fine_tune --weights DIR --output DIR [--epochs 2]

Multi-label cross-entropy on the pooled embedding with one linear head for each source of text
(later posts, first posts, segments of sessions, paragraphs of notes), so that what is peculiar to
a source is learned by its head and not by the encoder. Only the upper layers move. The heads are
thrown away; the classifier of a bundle is fitted afresh. Texts of the validation and test splits
are never seen: a bundle's second stage is calibrated on validation texts, for which the encoder
is as new as for anyone's. CPU: about five minutes an epoch on two cores.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from ipt_nlp import codebook
from ipt_nlp.corpus import LabelledTexts, load_texts
from training.encoder.loop import BATCH, Descent, embed, move_upper

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "corpora" / "ipt-synth"
SOURCES = ("posts", "posts_first", "sessions", "notes")
SEED = 0


Row = tuple[str, list[bool], int]
"""A text, the areas it shows (n_areas,), and the index of its head."""


def training_texts() -> list[Row]:
    """Texts of the train split with their labels and the index of their head."""
    found = []
    for head, source in enumerate(SOURCES):
        texts: LabelledTexts = load_texts([f"{CORPUS}:{source}"], split="train")
        for text, areas, whole in zip(texts.texts, texts.areas, texts.whole, strict=True):
            if whole:
                found.append((text, [a in areas for a in codebook.AREAS], head))
    return found


def fine_tune(
    weights: Path, output: Path, *, epochs: int, layers: int, learning_rate: float
) -> None:
    """Train and write ``model.safetensors``, ``config.json`` and the tokenizer into ``output``."""
    torch.manual_seed(SEED)
    torch.set_num_threads(os.cpu_count() or 1)
    tokenizer = AutoTokenizer.from_pretrained(weights)
    encoder = AutoModel.from_pretrained(weights)
    moving = move_upper(encoder, layers)
    rows = training_texts()
    labels = np.array([row[1] for row in rows])
    # Rare areas weigh more, by the root: the full ratio makes every text a little of everything.
    balance = torch.tensor(np.sqrt((~labels).sum(axis=0) / labels.sum(axis=0))).float()
    loss_of = torch.nn.BCEWithLogitsLoss(pos_weight=balance)
    heads = torch.nn.ModuleList(
        torch.nn.Linear(encoder.config.hidden_size, len(codebook.AREAS)) for _ in SOURCES
    )
    descent = Descent(
        moving,
        heads.parameters(),
        learning_rate=learning_rate,
        steps=epochs * len(rows) // BATCH,
        warm=100,
    )
    encoder.train()

    def loss(batch: list[Row]) -> Any:
        embedded = embed(encoder, tokenizer, [row[0] for row in batch])
        wanted = torch.tensor([row[1] for row in batch]).float()
        total = torch.zeros(())
        for head, layer in enumerate(heads):
            members = [i for i, row in enumerate(batch) if row[2] == head]
            if members:
                share = len(members) / len(batch)
                total = total + share * loss_of(layer(embedded[members]), wanted[members])
        return total

    descent.run(rows, lambda row: row[0], loss, epochs=epochs, seed=SEED)
    encoder.save_pretrained(output)
    tokenizer.save_pretrained(output)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--weights", type=Path, required=True, help="folder of the base encoder")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--layers", type=int, default=3, help="upper layers that are trained")
    parser.add_argument("--learning-rate", type=float, default=3e-5)
    options = parser.parse_args()
    fine_tune(
        options.weights,
        options.output,
        epochs=options.epochs,
        layers=options.layers,
        learning_rate=options.learning_rate,
    )


if __name__ == "__main__":
    main()
