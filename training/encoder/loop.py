"""What the fine-tunings share: batches, the layers that move, the embedding, the steps."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import torch

MAX_TOKENS = 160
BATCH = 16
BUCKET = 20
SCALE = 8.0
"""Embeddings have unit length; what is put on them reads them at this scale."""

HEAD_RATE = 2e-3

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


class Descent:
    """AdamW with a short warm-up and a linear end, gradients of the encoder clipped.

    Args:
        encoder: Parameters of the encoder that move.
        heads: Those of what is put on it, which learn faster and are not shipped.
        learning_rate: Of the encoder.
        steps: That will be made.
        warm: Steps until the full rate.
    """

    def __init__(
        self, encoder: Any, heads: Any, *, learning_rate: float, steps: int, warm: float
    ) -> None:
        self.encoder = encoder
        self.optimiser = torch.optim.AdamW(
            [{"params": encoder, "lr": learning_rate}, {"params": heads, "lr": HEAD_RATE}],
            weight_decay=0.01,
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: min(1.0, (step + 1) / warm) * max(0.05, 1 - step / steps)
        )

    def step(self, loss: Any) -> float:
        """Move against the gradient of a loss; its value."""
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.encoder, 1.0)
        self.optimiser.step()
        self.schedule.step()
        return float(loss.detach())

    def run(
        self,
        items: Sequence[Item],
        text_of: Callable[[Item], str],
        loss_of: Callable[[list[Item]], Any],
        *,
        epochs: int,
        seed: int,
    ) -> None:
        """Go over the items so many times, in batches; the mean loss of each time is printed."""
        start = time.perf_counter()
        for epoch in range(epochs):
            losses = [self.step(loss_of(batch)) for batch in batches(items, text_of, seed + epoch)]
            spent = time.perf_counter() - start
            mean = sum(losses) / len(losses)
            print(f"epoch {epoch + 1}: loss {mean:.4f}, {spent:.0f} s", flush=True)


def embed(encoder: Any, tokenizer: Any, texts: Sequence[str]) -> Any:
    """Scaled mean states of texts (n_texts, n_dimensions), as the shipped encoder pools them."""
    tokens = tokenizer(
        list(texts), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
    )
    states = encoder(**tokens).last_hidden_state
    return SCALE * whole_states(states, tokens["attention_mask"])


def whole_states(states: Any, attention: Any) -> Any:
    """Mean states of texts (n_texts, n_dimensions), of unit length.

    Args:
        states: (n_texts, n_tokens, n_dimensions).
        attention: (n_texts, n_tokens), 1 for a token and 0 for padding.
    """
    mask = attention[:, :, None].float()
    return torch.nn.functional.normalize((states * mask).sum(dim=1) / mask.sum(dim=1), dim=1)
