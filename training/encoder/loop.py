"""What the two fine-tunings share: batches, the layers that move, the embedding that is read."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import torch

MAX_TOKENS = 160
BATCH = 16
BUCKET = 20
SCALE = 8.0
"""Embeddings have unit length; what is put on them reads them at this scale."""

Item = TypeVar("Item")


def batches(
    items: Sequence[Item], text_of: Callable[[Item], str], seed: int
) -> Iterator[list[Item]]:
    """Shuffled batches of texts of similar length."""
    draw = random.Random(seed)
    shuffled = list(items)
    draw.shuffle(shuffled)
    made = []
    for start in range(0, len(shuffled), BATCH * BUCKET):
        near = sorted(shuffled[start : start + BATCH * BUCKET], key=lambda item: len(text_of(item)))
        made += [near[i : i + BATCH] for i in range(0, len(near), BATCH)]
    draw.shuffle(made)
    yield from made


def move_upper(encoder: Any, layers: int) -> list[Any]:
    """Let only the upper ``layers`` of an encoder learn; their parameters."""
    n_layers = encoder.config.num_hidden_layers
    upper = tuple(f"layer.{i}." for i in range(n_layers - layers, n_layers))
    for name, parameter in encoder.named_parameters():
        parameter.requires_grad = any(layer in name for layer in upper)
    return [p for p in encoder.parameters() if p.requires_grad]


def embed(encoder: Any, tokenizer: Any, texts: Sequence[str]) -> Any:
    """Scaled mean states of texts (n_texts, n_dimensions), as the shipped encoder pools them."""
    tokens = tokenizer(
        list(texts), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
    )
    states = encoder(**tokens).last_hidden_state
    mask = tokens["attention_mask"][:, :, None].float()
    pooled = (states * mask).sum(dim=1) / mask.sum(dim=1)
    return SCALE * torch.nn.functional.normalize(pooled, dim=1)
