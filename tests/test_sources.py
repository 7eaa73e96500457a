"""The source of a tagger, told without loading it, is that of the tagger that is loaded."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from ipt_nlp.errors import BundleError, OptionError
from ipt_nlp.places import SHIPPED_LANGUAGE, shipped_models
from ipt_nlp.sources import source_of
from ipt_nlp.tagger import Tagger, load


def test_it_is_that_of_the_tagger(tagger: Tagger) -> None:
    assert asdict(source_of()) == asdict(tagger.source)


def test_it_is_that_of_the_tagger_with_a_pipeline_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "pipeline"
    shutil.copytree(shipped_models() / SHIPPED_LANGUAGE, folder)
    made = source_of(spacy_model=folder)
    assert asdict(made) == asdict(load(spacy_model=folder).source)


def test_another_machine_finds_its_own_shipped_bundle() -> None:
    here = source_of()
    assert replace(here, model="/somewhere/else").here() == here
    other = replace(here, model="/somewhere/else", digest="0" * 64)
    assert other.here() == other


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="'nowhere': no such folder"):
        source_of(tmp_path / "nowhere")
    with pytest.raises(BundleError, match=r"no readable bundle\.json"):
        source_of(tmp_path)
    with pytest.raises(OptionError, match="--spacy-model"):
        source_of(spacy_model="nowhere")
