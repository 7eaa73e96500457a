"""Third fine-tuning of the sentence encoder: patterns and risk where they stand in a text.

    python -m training.encoder.clauses --weights DIR --output DIR --half 0 [--epochs 3]

The first two read a text as a whole, which is what areas need. Here the token states of each
clause say which communication patterns it shows, those of each sentence which risk: a linear
layer on the states of the stretch beside those of the text. What the areas are read from is kept
where it was (learning without forgetting, Li & Hoiem 2016, arXiv:1606.09282): the scores that the
areas' classifiers of a bundle give to a text and its sentences, and the direction of its embedding,
are held to those of the encoder that ``--keep`` names. Segments of sessions are not held: their
areas are learned here.

Each run learns from one half of the clients and writers (``training/halves.py``): what is fitted
on the states later can then be judged on texts that an encoder has not seen. The shipped weights
are the mean of both halves. Five to eight minutes an epoch on one core:

    SECOND=weights that refine and soup made; AREAS=a bundle with an encoder of those
    clauses --weights SECOND --output A0 --half 0 --layers 4 --learning-rate 5e-5
    soup --weights SECOND A0 --output B0
    clauses --weights B0 --head A0 --output C0 --half 0 --layers 6 --learning-rate 6e-5
            --keep SECOND --areas AREAS
    (the same for half 1)
    soup --weights C0 C1 --output MEAN; AREAS2=a bundle with an encoder of those
    clauses --weights C0 --head C0 --output D0 --half 0 --layers 6 --learning-rate 6e-5
            --keep MEAN --areas AREAS2
    clauses --weights D0 --head D0 --output E0 --half 0 --layers 6 --learning-rate 5e-5
            --keep MEAN --areas AREAS2 --epochs 2 --others 0.3
    clauses --weights E0 --head E0 --output F0 ... --epochs 2 --others 0.4
    clauses --weights E0 --head E0 --output G0 ... --epochs 2 --others 0.5 --seed 1
    soup --weights F0 G0 --output H0
    (the same for half 1)
    soup --weights H0 H1 --output SHIPPED

In the runs up to ``D``, sessions were held as well. ``E`` knew round 9 of IPT-Synth, ``F`` seven of
the eight writers of round 10, and ``G`` the second reading of patterns.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from ipt_nlp import codebook
from ipt_nlp.areas.bundle import open_bundle
from ipt_nlp.clauses.pattern_pairs import N_PATTERNS
from ipt_nlp.clauses.risk_model import WHOLE_WEIGHT
from ipt_nlp.transcript import Kind
from training.encoder.clause_texts import ClauseText, clause_texts
from training.encoder.loop import BATCH, SCALE, Descent, move_upper, whole_states
from training.halves import HALF_FILE

MAX_TOKENS = 224
KEPT_KINDS: tuple[Kind, ...] = ("text", "transcript")
"""Notes are not held: their first stage is much like that of transcripts."""
SESSION_AREAS = 5.0
"""Of a session's segment, whose reading is not kept but learned, beside other texts."""
KEPT_SCORES, KEPT_PARTS, KEPT_DIRECTION = 1.0, 0.5, 4.0
RARELY = -3.0
"""Where the layer starts: nearly every cell is empty."""
HEAD = "clause_head.pt"


class Keeper:
    """How far an encoder moves from another in what areas are read from.

    Dropout stays on in the one that moves: what it does to the scores is held small too.

    Args:
        folder: Weights of the other.
        areas: Bundle whose classifiers of areas were fitted on its embeddings.
    """

    def __init__(self, folder: Path, areas: Path) -> None:
        self.encoder = AutoModel.from_pretrained(folder).eval()
        classifier = open_bundle(areas).classifier
        firsts = [f for kind in KEPT_KINDS for f in classifier.of_kind(kind).first_]
        self.scorers = torch.tensor(np.stack([f.coef_.ravel() for f in firsts])).float()

    def loss(self, tokens: Any, states: Any, pools: Sequence[Any]) -> Any:
        """For texts: their tokens, their states, and how their sentences are pooled from them."""
        with torch.no_grad():
            before = self.encoder(**tokens).last_hidden_state
        now, then = (whole_states(s, tokens["attention_mask"]) for s in (states, before))
        moved = ((now - then) @ self.scorers.T).square().mean()
        turned = (1 - (now * then).sum(dim=1)).mean()
        parts = torch.cat(
            [
                _unit(pool @ states[i]) - _unit(pool @ before[i])
                for i, pool in enumerate(pools)
                if len(pool)
            ]
        )
        parts_moved = (parts @ self.scorers.T).square().mean()
        return KEPT_SCORES * (moved + KEPT_PARTS * parts_moved) + KEPT_DIRECTION * turned


def _unit(states: Any) -> Any:
    return torch.nn.functional.normalize(states, dim=1)


def pooling(offsets: Any, spans: Sequence[tuple[int, int]]) -> tuple[Any, Any]:
    """Weights (n_kept, n_tokens) that pool the tokens of each span; which spans hold a token."""
    starts, ends = offsets[:, 0], offsets[:, 1]
    bounds = np.array(spans, dtype=np.int64).reshape(-1, 2)
    inside = (starts < bounds[:, 1:]) & (ends > bounds[:, :1]) & (ends > starts)
    counts = inside.sum(axis=1)
    held = counts > 0
    return torch.tensor(inside[held] / counts[held][:, np.newaxis]).float(), held


def balance_of(texts: Sequence[ClauseText]) -> Any:
    """Weight of a shown cell by label: the fourth root of how rare it is, at most 3."""
    shown = sum((t.labels * (t.weights > 0)).sum(axis=0) for t in texts)
    known = sum((t.weights > 0).sum(axis=0) for t in texts)
    ratio = (known - shown) / np.maximum(1, shown)
    return torch.tensor(np.minimum(3.0, ratio**0.25)).float()


def cells_of(
    texts: Sequence[ClauseText], states: Any, embedded: Any, offsets: Any
) -> tuple[Any, Any, Any, list[Any]]:
    """What the layer reads of each stretch, its labels and weights, and sentences' poolings."""
    read, labels, weights, sentences = [], [], [], []
    for i, text in enumerate(texts):
        pool, held = pooling(offsets[i], text.spans)
        own = _unit(pool @ states[i])
        read.append(torch.cat([own, WHOLE_WEIGHT * embedded[i].expand_as(own)], dim=1))
        labels.append(text.labels[held])
        weights.append(text.weights[held])
        sentences.append(pool[int(held[: text.n_clauses].sum()) :])
    return (
        SCALE * torch.cat(read),
        torch.tensor(np.concatenate(labels)).float(),
        torch.tensor(np.concatenate(weights)).float(),
        sentences,
    )


def area_loss(texts: Sequence[ClauseText], embedded: Any, layer: Any) -> Any:
    """Of the whole texts whose areas are labelled; nothing else holds those of sessions."""
    known = [(i, t.areas) for i, t in enumerate(texts) if t.areas is not None]
    if not known:
        return torch.zeros(())
    wanted = torch.tensor(np.stack([areas for _, (areas, _) in known])).float()
    weights = [scored * (SESSION_AREAS if texts[i].session else 1.0) for i, (_, scored) in known]
    settled = torch.tensor(np.stack(weights)).float()
    cells = torch.nn.functional.binary_cross_entropy_with_logits(
        layer(SCALE * embedded[[i for i, _ in known]]), wanted, reduction="none"
    )
    return (cells * settled).sum() / (len(codebook.AREAS) * len(texts))


def learn_clauses(
    weights: Path,
    output: Path,
    texts: Sequence[ClauseText],
    *,
    epochs: int,
    layers: int,
    learning_rate: float,
    keeper: Keeper | None = None,
    head: Path | None = None,
    seed: int = 0,
) -> None:
    """Train and write weights, tokenizer and the layers on top.

    Args:
        weights: Folder to start from.
        output: Folder to write to.
        texts: To learn from.
        epochs: Times that all texts are gone over.
        layers: Upper layers that move.
        learning_rate: Of the encoder.
        keeper: What holds the reading of areas.
        head: Folder of an earlier run whose layers on top are gone on with.
        seed: Of dropout and the order of texts.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(os.cpu_count() or 1)
    tokenizer = AutoTokenizer.from_pretrained(weights)
    encoder = AutoModel.from_pretrained(weights)
    moving = move_upper(encoder, layers)
    width = encoder.config.hidden_size
    layer = torch.nn.Linear(2 * width, N_PATTERNS + len(codebook.RISK_FLAGS))
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.constant_(layer.bias, RARELY)
    heads = torch.nn.ModuleDict(
        {"clauses": layer, "areas": torch.nn.Linear(width, len(codebook.AREAS))}
    )
    if head is not None:
        heads.load_state_dict(torch.load(head / HEAD, weights_only=True))
    loss_of = torch.nn.BCEWithLogitsLoss(pos_weight=balance_of(texts), reduction="none")
    steps = epochs * (len(texts) // BATCH + 1)
    descent = Descent(
        moving, heads.parameters(), learning_rate=learning_rate, steps=steps, warm=0.08 * steps
    )
    encoder.train()

    def loss(batch: list[ClauseText]) -> Any:
        tokens = tokenizer(
            [t.text for t in batch], padding=True, truncation=True, max_length=MAX_TOKENS,
            return_tensors="pt", return_offsets_mapping=True,
        )  # fmt: skip
        offsets = tokens.pop("offset_mapping").numpy()
        states = encoder(**tokens).last_hidden_state
        embedded = whole_states(states, tokens["attention_mask"])
        read, labels, known, sentences = cells_of(batch, states, embedded, offsets)
        cells = loss_of(heads["clauses"](read), labels) * known
        total = area_loss(batch, embedded, heads["areas"])
        for columns in (slice(0, N_PATTERNS), slice(N_PATTERNS, None)):
            rows = int((known[:, columns].sum(dim=1) > 0).sum())
            total = total + cells[:, columns].sum() / max(1, rows)
        kept = [i for i, t in enumerate(batch) if not t.session]
        if keeper is None or not kept:
            return total
        held = {name: values[kept] for name, values in tokens.items()}
        return total + keeper.loss(held, states[kept], [sentences[i] for i in kept])

    descent.run(texts, lambda t: t.text, loss, epochs=epochs, seed=seed)
    encoder.save_pretrained(output)
    tokenizer.save_pretrained(output)
    torch.save(heads.state_dict(), output / HEAD)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--weights", type=Path, required=True, help="folder that refine wrote")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--half", type=int, choices=(0, 1), required=True)
    parser.add_argument("--others", type=float, default=1.0, help="share of texts but sessions'")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--layers", type=int, default=4, help="upper layers that are trained")
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    parser.add_argument("--head", type=Path, help="folder of an earlier run to go on from")
    parser.add_argument("--keep", type=Path, help="encoder whose reading of areas is kept")
    parser.add_argument("--areas", type=Path, help="bundle with classifiers for that encoder")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if (options.keep is None) != (options.areas is None):
        parser.error("--keep and --areas go together")
    learn_clauses(
        options.weights,
        options.output,
        clause_texts(options.half, others=options.others),
        epochs=options.epochs,
        layers=options.layers,
        learning_rate=options.learning_rate,
        keeper=Keeper(options.keep, options.areas) if options.keep else None,
        head=options.head,
        seed=options.seed,
    )
    (options.output / HALF_FILE).write_text(f"{options.half}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
