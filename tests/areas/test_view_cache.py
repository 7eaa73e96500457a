"""What was encoded is found again, for the same words and weights only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ipt_nlp.areas.bundle import shipped_bundle
from ipt_nlp.areas.view_cache import ViewCache, forget_views
from ipt_nlp.areas.views import ViewEncoder
from ipt_nlp.errors import BundleError

TEXTS = ["I miss her.", "We argue a lot. Then he leaves for days and says nothing at all to me."]


def encoder() -> ViewEncoder:
    return ViewEncoder(str(shipped_bundle() / "encoder"), n_threads=1)


def test_views_come_back_as_they_were(tmp_path: Path) -> None:
    made = encoder().transform(TEXTS)
    cache = ViewCache(encoder(), tmp_path / "c")
    assert cache.get(TEXTS) is None
    cache.put(TEXTS, made)
    found = ViewCache(encoder(), tmp_path / "c").get(TEXTS)
    assert found is not None
    for before, after in zip(made, found, strict=True):
        np.testing.assert_array_equal(before.whole, after.whole)
        np.testing.assert_array_equal(before.parts, after.parts)


def test_other_words_order_or_settings_are_not_found(tmp_path: Path) -> None:
    cache = ViewCache(encoder(), tmp_path / "c")
    cache.put(TEXTS, encoder().transform(TEXTS))
    assert cache.get(TEXTS[:1]) is None
    assert cache.get(TEXTS[::-1]) is None
    assert ViewCache(encoder().set_params(window=128), tmp_path / "c").get(TEXTS) is None


def test_a_torn_file_is_not_used(tmp_path: Path) -> None:
    cache = ViewCache(encoder(), tmp_path / "c")
    cache.put(TEXTS, encoder().transform(TEXTS))
    [path] = (tmp_path / "c").iterdir()
    path.write_bytes(path.read_bytes()[:200])
    assert cache.get(TEXTS) is None


def test_clear_leaves_other_runs_files(tmp_path: Path) -> None:
    made = encoder().transform(TEXTS)
    ViewCache(encoder(), tmp_path / "c").put(TEXTS, made)
    own = ViewCache(encoder(), tmp_path / "c")
    own.put(TEXTS[:1], made[:1])
    own.clear()
    assert len(list((tmp_path / "c").iterdir())) == 1


def test_what_any_run_left_can_be_forgotten(tmp_path: Path) -> None:
    ViewCache(encoder(), tmp_path / "c").put(TEXTS, encoder().transform(TEXTS))
    forget_views(tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"encoder\.onnx"):
        ViewCache(ViewEncoder(str(tmp_path)))
