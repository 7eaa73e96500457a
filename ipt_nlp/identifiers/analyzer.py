"""Our recognisers inside presidio's analyzer, with our spaCy pipeline as its NLP engine.

``check`` and ``redact`` use this; beside our own it runs presidio's recognisers of numbers that
prove themselves (card numbers, IBANs, NHS and social security numbers, IP and MAC addresses).
Importing it imports presidio, which takes over half a second, and nothing here downloads: the
engine is handed a loaded pipeline, and the mail recogniser an extractor without remote lists.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import tldextract
from spacy.language import Language

from ipt_nlp.identifiers.finder import places_in, recognise, settle
from ipt_nlp.identifiers.kinds import KINDS, FoundIdentifier, Kind, Profile
from ipt_nlp.language.pipeline import MAX_CHARACTERS, load_language


@contextmanager
def _without_optional() -> Iterator[None]:
    """Keep presidio from importing transformers and stanza (seconds), which it uses if it can."""
    hidden = [m for m in ("transformers", "stanza") if m not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _without_optional():
    from presidio_analyzer import (
        AnalyzerEngine,
        EntityRecognizer,
        RecognizerRegistry,
        RecognizerResult,
    )
    from presidio_analyzer import predefined_recognizers as theirs
    from presidio_analyzer.nlp_engine import NlpArtifacts, SpacyNlpEngine

LANGUAGE = "en"
_NOT_NEEDED = ("parser", "morphologizer", "ipt_sentences", "ipt_patterns", "ipt_people", "ipt_risk")
CUT = 0.5
"""Presidio's own results below this score are guesses from digits alone."""

_THEIRS: tuple[tuple[str, Kind], ...] = (
    ("CreditCardRecognizer", "id_number"),
    ("IbanRecognizer", "id_number"),
    ("CryptoRecognizer", "id_number"),
    ("IpRecognizer", "id_number"),
    ("MacAddressRecognizer", "id_number"),
    ("UsSsnRecognizer", "id_number"),
    ("UsItinRecognizer", "id_number"),
    ("NhsRecognizer", "id_number"),
    ("UkNinoRecognizer", "id_number"),
)


@cache
def offline_extractor() -> tldextract.TLDExtract:
    """Knows public suffixes from the list inside the package alone; keeps no cache on disk."""
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


class OfflineEmailRecognizer(theirs.EmailRecognizer):
    """Presidio's mail recogniser without its call to the network."""

    def validate_result(self, pattern_text: str) -> bool:
        """Whether the domain ends in a public suffix."""
        return offline_extractor()(pattern_text).fqdn != ""


class OwnRecognizer(EntityRecognizer):  # type: ignore[misc,unused-ignore]
    """All recognisers of this package as one of presidio's; ``speakers`` are labels of turns."""

    def __init__(self, speakers: Iterable[str] = ()) -> None:
        self.speakers = tuple(speakers)
        super().__init__(
            supported_entities=[kind.upper() for kind in KINDS], name="ipt", supported_language="en"
        )

    def load(self) -> None:
        """Nothing to load: the lists are read when they are first needed."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None
    ) -> list[RecognizerResult]:
        """What our recognisers find, overlaps included."""
        return [
            RecognizerResult(f.kind.upper(), f.start_char, f.end_char, f.score)
            for f in recognise(text, self.speakers)
        ]


class LoadedEngine(SpacyNlpEngine):  # type: ignore[misc,unused-ignore]
    """Presidio's spaCy engine around a pipeline that is loaded already."""

    def __init__(self, nlp: Language) -> None:
        super().__init__(models=[{"lang_code": LANGUAGE, "model_name": "loaded"}])
        self.nlp: dict[str, Language] = {LANGUAGE: nlp}  # type: ignore[assignment]

    def load(self) -> None:
        """Loaded already."""


class PresidioFinder:
    """Finds identifiers with presidio's analyzer; the same calls as ``IdentifierFinder``."""

    def __init__(self, nlp: Language, profile: Profile = "everyday") -> None:
        self.nlp = nlp
        self.profile = profile
        made = [getattr(theirs, name)(supported_language=LANGUAGE) for name, _ in _THEIRS]
        self._kinds: dict[str, Kind] = {
            entity: kind
            for recognizer, (_, kind) in zip(made, _THEIRS, strict=True)
            for entity in recognizer.supported_entities
        }
        self._kinds["EMAIL_ADDRESS"] = "email"
        self._kinds.update({kind.upper(): kind for kind in KINDS})
        registry = RecognizerRegistry(
            recognizers=[*made, OfflineEmailRecognizer()], supported_languages=[LANGUAGE]
        )
        self.engine = LoadedEngine(nlp)
        self.analyzer = AnalyzerEngine(
            registry=registry, nlp_engine=self.engine, supported_languages=[LANGUAGE]
        )

    def find(self, doc: Any, *, speakers: Iterable[str] = ()) -> list[FoundIdentifier]:
        """What could identify someone, in order and without overlap."""
        text = doc if isinstance(doc, str) else doc.text
        if not text.strip():
            return []
        parsed = self.nlp(text) if isinstance(doc, str) else doc
        artifacts = self.engine._doc_to_nlp_artifact(parsed, LANGUAGE)
        results = self.analyzer.analyze(
            text,
            LANGUAGE,
            nlp_artifacts=artifacts,
            ad_hoc_recognizers=[OwnRecognizer(speakers)],
        )
        found = [
            FoundIdentifier(r.start, r.end, self._kinds[r.entity_type], round(float(r.score), 2))
            for r in results
            if r.entity_type.lower() in KINDS or r.score >= CUT
        ]
        if self.profile == "safe-harbor":
            found += places_in(parsed)
        return settle(found, self.profile)


def load_finder(profile: Profile = "everyday", *, spacy_model: str | None = None) -> PresidioFinder:
    """The finder of ``check`` and ``redact`` on the shipped pipeline, or another one.

    Raises:
        OptionError: No such pipeline.
    """
    nlp = load_language(spacy_model, everything=True)
    unused = {*_NOT_NEEDED, *(() if profile == "safe-harbor" else ("ner",))}
    for name in unused & set(nlp.pipe_names):
        nlp.disable_pipe(name)
    nlp.max_length = MAX_CHARACTERS
    return PresidioFinder(nlp, profile)
