"""Case files, and small Word documents made for one test."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def cases() -> Path:
    return Path(__file__).parents[1] / "cases" / "readers"
