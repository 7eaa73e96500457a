"""The shipped corpus reads as its card says."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from ipt_nlp.corpus import CorpusRow

CORPUS = Path(__file__).parents[2] / "corpora" / "ipt-synth"
SPLITS = {
    "posts": {"train", "validation", "test"},
    "posts_first": {"train", "validation", "test"},
    "posts_open": {"train", "validation"},
    "sessions": {"train", "validation", "test"},
    "sessions_open": {"train", "validation", "test"},
    "notes": {"train", "validation", "test"},
    "identifiers": {"train", "test"},
    "risk": {"train", "validation", "test"},
}


@pytest.mark.parametrize("name", SPLITS)
def test_a_configuration_loads_with_typed_features(name: str, tmp_path: Path) -> None:
    loaded = datasets.load_dataset(str(CORPUS), name, cache_dir=str(tmp_path))
    for rows in loaded.values():
        assert set(rows.features) == set(CorpusRow.model_fields)
        assert rows.features["unscored_areas"] == rows.features["areas"]
        assert rows.features["turn_index"].dtype == "int64"
    assert set(loaded) == SPLITS[name]
