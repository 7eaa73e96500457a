"""What many tests need: the shipped tagger once, a home of their own, the example."""

from __future__ import annotations

from pathlib import Path

import pytest

import ipt_nlp
from ipt_nlp.places import HOME_VARIABLE
from ipt_nlp.tagger import Tagger


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the user's own trust file."""
    home = tmp_path / "home"
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    return home


@pytest.fixture(scope="session")
def tagger() -> Tagger:
    """The shipped bundle and pipeline."""
    return ipt_nlp.load()
