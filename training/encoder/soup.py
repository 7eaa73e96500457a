"""Mean of several fine-tuned encoders: steadier on texts that none of them learned from.

    python -m training.encoder.soup --weights DIR DIR ... --output DIR

Weights that were fine-tuned from the same ones can be averaged ("model soups", Wortsman et al.
2022, arXiv:2203.05482); the mean is as large and as fast as one of them.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

WEIGHTS = "model.safetensors"


def soup(folders: Sequence[Path], output: Path) -> None:
    """Write the mean of the weights of ``folders``; configuration and tokenizer are the last's.

    Raises:
        ValueError: Their weights have other names or shapes.
    """
    loaded = [load_file(folder / WEIGHTS) for folder in folders]
    shapes = [{name: w.shape for name, w in weights.items()} for weights in loaded]
    if any(found != shapes[0] for found in shapes):
        raise ValueError("the folders hold weights of different encoders")
    mean = {
        name: np.mean([weights[name] for weights in loaded], axis=0, dtype=np.float64).astype(
            first.dtype
        )
        if np.issubdtype(first.dtype, np.floating)
        else first
        for name, first in loaded[0].items()
    }
    output.mkdir(parents=True, exist_ok=True)
    for file in folders[-1].glob("*.json"):
        shutil.copyfile(file, output / file.name)
    save_file(mean, output / WEIGHTS, metadata={"format": "pt"})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--weights", type=Path, nargs="+", required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    soup(options.weights, options.output)


if __name__ == "__main__":
    main()
