"""Which models a tagger is made of, told without loading them.

Another process needs no more to make the same tagger, and a record of what was tagged no more to
say with what. Nothing heavy is imported: a run that finds everything done must be over at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ipt_nlp.errors import BundleError, OptionError
from ipt_nlp.places import SHIPPED_BUNDLE, SHIPPED_LANGUAGE, shipped_models
from ipt_nlp.segments import SegmentOptions

_MANIFEST = "bundle.json"


@dataclass(frozen=True)
class TaggerSource:
    """Where a tagger's parts come from, to load the same ones in another process.

    ``digest`` is the bundle's; ``language`` is the spaCy pipeline's name and version, for a record
    of what was used.
    """

    model: str
    digest: str
    spacy_model: str | None
    language: str
    options: SegmentOptions

    def here(self) -> TaggerSource:
        """The same parts as another machine finds them: its own shipped bundle, if that is it."""
        shipped = shipped_models() / SHIPPED_BUNDLE
        try:
            same = _digest(shipped) == self.digest
        except BundleError:
            same = False
        return replace(self, model=str(shipped)) if same else self


def source_of(
    model: str | Path | None = None, spacy_model: str | Path | None = None
) -> TaggerSource:
    """The source of the tagger that ``load`` would make of the same arguments; nothing is loaded.

    Whether the bundle is whole and trusted is found out when it is loaded.

    Raises:
        BundleError: No such bundle.
        OptionError: No such spaCy pipeline.
    """
    bundle = shipped_models() / SHIPPED_BUNDLE if model is None else Path(model)
    chosen = None if spacy_model is None else str(spacy_model)
    return TaggerSource(str(bundle), _digest(bundle), chosen, _language(chosen), SegmentOptions())


def pipeline_name(meta: Mapping[str, Any]) -> str:
    """What a record calls a spaCy pipeline with this ``meta``, loaded or not."""
    return f"{meta['lang']}_{meta['name']} {meta['version']}"


def _digest(bundle: Path) -> str:
    if not bundle.is_dir():
        raise BundleError(f"model {bundle.name!r}: no such folder")
    try:
        return hashlib.sha256((bundle / _MANIFEST).read_bytes()).hexdigest()
    except OSError:
        raise BundleError(f"model {bundle.name!r}: no readable {_MANIFEST} in it") from None


def _language(spacy_model: str | None) -> str:
    try:
        meta = json.loads((_language_folder(spacy_model) / "meta.json").read_text("utf-8"))
        return pipeline_name(meta)
    except (OSError, ValueError, KeyError, TypeError):
        raise OptionError(
            "--spacy-model: neither an installed spaCy pipeline nor the folder of one"
        ) from None


def _language_folder(spacy_model: str | None) -> Path:
    if spacy_model is None:
        return shipped_models() / SHIPPED_LANGUAGE
    # As spaCy does: a package of that name before a folder.
    found = find_spec(spacy_model) if spacy_model.isidentifier() else None
    if found is not None and found.origin is not None:
        return Path(found.origin).parent
    return Path(spacy_model)
