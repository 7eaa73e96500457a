"""Train one config, as `spacy train` does, on the matrix library that is fast on this processor.

spaCy multiplies with BLIS, which reaches a third of the speed of NumPy's own library on the
processors this was built on (21 against 69 GFLOP/s). The command line gives no way to choose.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_nlp
from spacy.util import load_config
from thinc.api import NumpyOps, set_current_ops


def main(
    config: Path,
    output: Path,
    train: Path,
    dev: Path,
    base: Annotated[Path, typer.Option(help="blank pipeline with vectors and tokenizer")],
    steps: Annotated[int, typer.Option(help="updates; the learning rate falls to 0 by then")],
    window: Annotated[int | None, typer.Option(help="neighbours a layer sees; senter only")] = None,
) -> None:
    """Train CONFIG and write model-best and model-last below OUTPUT.

    python -m training.language.train configs/syntax.cfg out train.spacy dev.spacy \\
        --base vectors --steps 5000
    """
    set_current_ops(NumpyOps(use_blis=False))
    overrides: dict[str, str | int] = {
        "paths.train": str(train),
        "paths.dev": str(dev),
        "paths.base": str(base),
        "training.max_steps": steps,
        "training.optimizer.learn_rate.total_steps": steps,
    }
    if window is not None:
        overrides["components.senter.model.tok2vec.encode.window_size"] = window
    nlp = init_nlp(load_config(config, overrides=overrides, interpolate=False))
    output.mkdir(parents=True, exist_ok=True)
    train_nlp(nlp, output, stdout=sys.stdout, stderr=sys.stderr)


if __name__ == "__main__":
    typer.run(main)
