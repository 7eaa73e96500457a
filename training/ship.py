"""Train the bundle that the package ships and pin its digest.

    python -m training.ship [--encoder DIR] [--fine-tuned]

Reads ``corpora/ipt-synth`` (train and validation splits; test stays unseen) and
``training/areas.toml``, writes ``models/ipt-areas`` and ``ipt_nlp/areas/shipped.json``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from ipt_nlp.areas.bundle import shipped_bundle
from ipt_nlp.areas.training import TrainOptions, train_bundle
from ipt_nlp.corpus import load_texts

ROOT = Path(__file__).resolve().parent.parent
CORPUS = f"{ROOT / 'corpora' / 'ipt-synth'}:posts,sessions,notes"
SPLITS = ("train", "validation")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--encoder", type=Path, help="folder of other encoder weights")
    parser.add_argument(
        "--fine-tuned", action="store_true", help="the encoder was trained on the train split"
    )
    options = parser.parse_args()
    texts = load_texts([CORPUS], split=SPLITS)
    trained = train_bundle(
        texts,
        shipped_bundle(),
        corpus_names=["ipt-synth (train and validation: posts, sessions, notes)"],
        client_data=False,
        options=TrainOptions.from_toml(ROOT / "training" / "areas.toml"),
        encoder=options.encoder,
        trusted=False,
        calibrate=np.array(texts.splits) == "validation" if options.fine_tuned else None,
    )
    pins = ROOT / "ipt_nlp" / "areas" / "shipped.json"
    pins.write_text(json.dumps({"ipt-areas": trained.digest}, indent=1) + "\n", encoding="utf-8")
    print(trained.digest)


if __name__ == "__main__":
    main()
