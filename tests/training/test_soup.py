"""The mean of fine-tuned weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from training.encoder.soup import WEIGHTS, soup


def _weights(folder: Path, value: float, size: int = 2) -> Path:
    folder.mkdir()
    save_file({"layer": np.full(size, value, np.float32)}, folder / WEIGHTS)
    (folder / "tokenizer.json").write_text("{}")
    return folder


def test_the_mean_of_weights(tmp_path: Path) -> None:
    folders = [_weights(tmp_path / name, value) for name, value in (("a", 1.0), ("b", 4.0))]
    soup(folders, tmp_path / "mean")
    found = load_file(tmp_path / "mean" / WEIGHTS)["layer"]
    np.testing.assert_array_equal(found, np.full(2, 2.5, np.float32))
    assert (tmp_path / "mean" / "tokenizer.json").exists()


def test_weights_of_another_encoder_are_refused(tmp_path: Path) -> None:
    folders = [_weights(tmp_path / "a", 1.0), _weights(tmp_path / "b", 1.0, size=3)]
    with pytest.raises(ValueError, match="different encoders"):
        soup(folders, tmp_path / "mean")
