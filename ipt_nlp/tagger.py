"""Transcript -> result document: the stages in order, each called once for a whole session.

A file longer than any session is encoded block by block, twice: for the areas, which need their
neighbours, and for what is read of each block's token states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc

from ipt_nlp import codebook
from ipt_nlp.areas.bundle import Bundle, open_bundle, shipped_bundle
from ipt_nlp.areas.encoder import EncodedText
from ipt_nlp.areas.views import view_array
from ipt_nlp.clauses.patterns import PatternReader
from ipt_nlp.english import language_warnings
from ipt_nlp.errors import BundleError
from ipt_nlp.identifiers import FoundIdentifier, IdentifierFinder
from ipt_nlp.language.pipeline import load_language, sentence_starts
from ipt_nlp.language.turns import mark_turns
from ipt_nlp.marking import (
    Marks,
    explain_segments,
    find_identifiers,
    goal_spans,
    identifier_warnings,
    mark_segments,
    people,
    reasons_to_review,
)
from ipt_nlp.phase import phase
from ipt_nlp.readers import read_one
from ipt_nlp.readers.files import printable
from ipt_nlp.result import (
    AreaScore,
    EvidenceSpan,
    FlagSpan,
    LanguageInfo,
    ModelInfo,
    PatternSpan,
    ResultSegment,
    ResultTurn,
    TaggedSession,
)
from ipt_nlp.segments import Segment, SegmentOptions, says_something, segment
from ipt_nlp.sources import TaggerSource, pipeline_name
from ipt_nlp.summary import summarise
from ipt_nlp.transcript import Kind, Transcript

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


OnFailure = Callable[[int, Exception], None]

BLOCK = 512
"""Segments that are read at a time, some 30,000 words: more than any session has."""


@dataclass(frozen=True)
class Scored:
    """Probabilities (n_segments, 4) with the thresholds (4,) for their kind of text."""

    kind: Kind
    thresholds: Floats
    probabilities: Floats

    @property
    def present(self) -> Bools:
        present: Bools = self.probabilities >= self.thresholds
        return present


class Tagger:
    """Tags sessions with one bundle and one spaCy pipeline; make it with :func:`load`."""

    def __init__(
        self,
        bundle: Bundle,
        nlp: Language,
        options: SegmentOptions | None = None,
        *,
        spacy_model: str | None = None,
    ) -> None:
        self.bundle = bundle
        self.nlp = nlp
        self._spacy_model = spacy_model
        self.options = options or SegmentOptions()
        self._starts = sentence_starts(nlp)
        self._identifiers = IdentifierFinder()

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Probabilities (n_texts, 4), columns as ``AREAS``; each text counts as one segment."""
        if not len(texts):
            return np.empty((0, len(codebook.AREAS)))
        readable = [printable(text) for text in texts]
        probabilities: Floats = self.bundle.pipeline.predict_proba(readable)
        return probabilities

    def predict(self, texts: Sequence[str]) -> Bools:
        """Areas present (n_texts, 4) at the bundle's thresholds."""
        present: Bools = self.predict_proba(texts) >= self.bundle.thresholds("text")
        return present

    def annotate(self, text: str) -> list[PatternSpan | FlagSpan]:
        """Pattern, risk and identifier spans of one text, in order."""
        if not text.strip():
            return []
        # As it stands, so that offsets are those of the text that was given; "?" is as long as the
        # half of a surrogate pair that no encoder reads.
        text = printable(text)
        alone = Transcript(source="text", text=text, turns=(), kind="text")
        whole = [Segment(0, 0, 0, 0, len(text))]
        encoded = self.bundle.encoder.encode([text])
        found = find_identifiers(self._identifiers, alone)
        marks = self._marks(self._documents(alone, whole), encoded, alone, whole, found)[0]
        spans: list[PatternSpan | FlagSpan] = [*marks.patterns, *marks.flags]
        return sorted(spans, key=lambda s: (s.start_char, s.end_char))

    def tag(
        self, session: str | Path | Transcript, *, therapist: str | None = None
    ) -> TaggedSession:
        """Tag a file or a transcript.

        Args:
            session: Path of a file that holds one session, or a transcript
                (``Transcript.from_text`` makes one from a string).
            therapist: Speaker label of the therapist, for a path whose labels do not say.

        Raises:
            ReadError: The file cannot be read, or holds several sessions.
            OptionError: No speaker is called ``therapist``.
        """
        transcript = (
            session
            if isinstance(session, Transcript)
            else read_one(Path(session), therapist=therapist)
        )
        cuts = segment(transcript, self._starts, self.options)
        blocks = [cuts[i : i + BLOCK] for i in range(0, len(cuts), BLOCK)]
        features, encoded = self._features(transcript, blocks)
        probabilities = self.bundle.classifier.of_kind(transcript.kind).predict_features(features)
        if not says_something(transcript.text):
            # "Hm? Hm.": unlike anything that was learned from, and about nothing.
            probabilities = np.zeros_like(probabilities)
        scored = Scored(transcript.kind, self.bundle.thresholds(transcript.kind), probabilities)
        identifiers = find_identifiers(self._identifiers, transcript)
        docs: list[Doc] = []
        segments: list[ResultSegment] = []
        for block in blocks:
            states = encoded or self.bundle.encoder.encode(_texts(transcript, block))
            read = self._documents(transcript, block)
            segments += self._block(transcript, block, read, states, features, scored, identifiers)
            docs += read
        goals = goal_spans(docs, cuts, transcript.text) if transcript.kind != "text" else ()
        named = people(docs, transcript, segments) if transcript.kind != "text" else ()
        manifest = self.bundle.manifest
        return TaggedSession(
            source=transcript.source,
            kind=transcript.kind,
            text_sha256=transcript.text_sha256,
            client_id=transcript.client_id,
            session_number=transcript.session_number,
            session_date=transcript.session_date,
            phase=phase(transcript.session_number, transcript.course_length),
            model=ModelInfo(
                name=manifest.name, version=manifest.version, sha256=self.bundle.digest
            ),
            language=LanguageInfo(
                name=f"{self.nlp.meta['lang']}_{self.nlp.meta['name']}",
                version=self.nlp.meta["version"],
            ),
            codebook=manifest.codebook,
            thresholds=dict(zip(codebook.AREAS, scored.thresholds.tolist(), strict=True)),
            warnings=(
                *transcript.warnings,
                *language_warnings(transcript.text),
                *identifier_warnings(identifiers),
            ),
            text=transcript.text,
            turns=tuple(
                ResultTurn(**{f: getattr(turn, f) for f in ResultTurn.model_fields})
                for turn in transcript.turns
            ),
            segments=tuple(segments),
            summary=summarise(transcript, segments, goals, named),
        )

    @property
    def source(self) -> TaggerSource:
        """What another process needs to make the same tagger."""
        return TaggerSource(
            str(self.bundle.path),
            self.bundle.digest,
            self._spacy_model,
            pipeline_name(self.nlp.meta),
            self.options,
        )

    def pipe(
        self,
        transcripts: Iterable[str | Path | Transcript],
        *,
        n_jobs: int = 1,
        on_failure: OnFailure | None = None,
    ) -> Iterator[TaggedSession]:
        """Tag many sessions, in order; with ``n_jobs`` over 1 in as many processes.

        Other processes load the bundle and the spaCy pipeline again from where :func:`load` got
        them; changes made to them in memory stay here.

        Args:
            transcripts: As :meth:`tag` takes them.
            n_jobs: Processes.
            on_failure: Told of each that cannot be tagged, by its place (from 0), and the rest
                goes on; without it the first failure is raised.

        Raises:
            ReadError, ValueError: As :meth:`tag`.
        """
        if n_jobs == 1:
            results: Iterator[TaggedSession | Exception] = (
                _tag_or_error(self, item) for item in transcripts
            )
        else:
            results = Parallel(n_jobs=n_jobs, return_as="generator")(
                delayed(_tag_elsewhere)(self.source, item) for item in transcripts
            )
        for place, result in enumerate(results):
            if isinstance(result, TaggedSession):
                yield result
            elif on_failure is None:
                raise result
            else:
                on_failure(place, result)

    def _features(
        self, transcript: Transcript, blocks: Sequence[Sequence[Segment]]
    ) -> tuple[Floats, list[EncodedText]]:
        """What areas are read from, over the whole session; the token states of a single block.

        Those of several are made again when their turn comes: kept, they fill the memory.
        """
        views, encoded = [view_array([], [])], []
        for block in blocks:
            texts = _texts(transcript, block)
            encoded = self.bundle.encoder.encode(texts)
            views.append(view_array(texts, encoded))
        found = self.bundle.classifier.features(np.concatenate(views), transcript.kind)
        return found, encoded if len(blocks) == 1 else []

    def _block(
        self,
        transcript: Transcript,
        cuts: Sequence[Segment],
        docs: Sequence[Doc],
        encoded: Sequence[EncodedText],
        features: Floats,
        scored: Scored,
        identifiers: Sequence[FoundIdentifier],
    ) -> Iterator[ResultSegment]:
        """Segments that stand side by side; features and scores are of the whole session."""
        texts = _texts(transcript, cuts)
        places = [cut.index for cut in cuts]
        evidence = explain_segments(
            self.bundle.encoder,
            self.bundle.classifier.of_kind(scored.kind),
            docs,
            encoded,
            cuts,
            scored.present[places],
            features[places],
        )
        marks = self._marks(docs, encoded, transcript, cuts, identifiers)
        for parts in zip(cuts, texts, marks, evidence, strict=True):
            yield self._segment(*parts, scored)

    def _documents(self, transcript: Transcript, cuts: Sequence[Segment]) -> list[Doc]:
        """A document for each segment; those of conversations know who says what."""
        docs = (self.nlp.make_doc(transcript.text[c.start_char : c.end_char]) for c in cuts)
        if transcript.kind == "transcript":
            docs = (
                mark_turns(doc, transcript.turns, cut.start_char)
                for doc, cut in zip(docs, cuts, strict=True)
            )
        return list(self.nlp.pipe(docs))

    def _marks(
        self,
        docs: Sequence[Doc],
        encoded: Sequence[EncodedText],
        transcript: Transcript,
        cuts: Sequence[Segment],
        identifiers: Sequence[FoundIdentifier],
    ) -> list[Marks]:
        readers = (PatternReader(self.bundle.parts.get("patterns")), self.bundle.parts.get("risk"))
        return mark_segments(docs, encoded, transcript, cuts, readers, identifiers)

    def _segment(
        self,
        cut: Segment,
        text: str,
        marks: Marks,
        evidence: tuple[EvidenceSpan, ...],
        scored: Scored,
    ) -> ResultSegment:
        probabilities, present = scored.probabilities[cut.index], scored.present[cut.index]
        primary = None
        if present.any():
            primary = codebook.AREAS[int(np.argmax(np.where(present, probabilities, -1.0)))]
        bands = self._band_reasons(probabilities, present, scored)
        reasons = reasons_to_review(marks.flags, bands)
        return ResultSegment(
            index=cut.index,
            turns=(cut.first_turn, cut.last_turn),
            start_char=cut.start_char,
            end_char=cut.end_char,
            text=text,
            areas={
                key: AreaScore(probability=round(float(p), 6), present=bool(there))
                for key, p, there in zip(codebook.AREAS, probabilities, present, strict=True)
            },
            primary=primary,
            evidence=evidence,
            patterns=marks.patterns,
            flags=marks.flags,
            exchanges=marks.exchanges,
            needs_review=bool(reasons),
            review_reasons=reasons,
        )

    def _band_reasons(
        self, probabilities: Floats, present: Bools, scored: Scored
    ) -> tuple[str, ...]:
        bands = self.bundle.bands(scored.kind)
        reasons = []
        if np.abs(probabilities - scored.thresholds).min() < bands.low_confidence:
            reasons.append("low_confidence")
        first, second = np.argsort(-probabilities)[:2]
        close = probabilities[first] - probabilities[second] < bands.mixed
        if present[first] and present[second] and close:
            reasons.append("mixed")
        return tuple(reasons)


def _texts(transcript: Transcript, cuts: Sequence[Segment]) -> list[str]:
    return [transcript.text[c.start_char : c.end_char] for c in cuts]


def load(model: str | Path | None = None, *, spacy_model: str | Path | None = None) -> Tagger:
    """A tagger with the shipped models.

    Args:
        model: Folder of a bundle; the shipped one by default.
        spacy_model: Installed spaCy pipeline or the folder of one; the shipped one by default.

    Raises:
        BundleError: The bundle is missing, changed or not trusted.
        OptionError: No such spaCy pipeline.
    """
    bundle = open_bundle(shipped_bundle() if model is None else Path(model))
    chosen = None if spacy_model is None else str(spacy_model)
    return Tagger(bundle, load_language(chosen, everything=True), spacy_model=chosen)


@cache
def tagger_here(source: TaggerSource, n_threads: int | None = None) -> Tagger:
    """The tagger of a source, loaded once in this process.

    Args:
        source: Where its parts are.
        n_threads: For the encoder: 1 where processes share the cores already.

    Raises:
        BundleError: As :func:`load`, or the bundle there is another by now.
    """
    tagger = load(source.model, spacy_model=source.spacy_model)
    if tagger.bundle.digest != source.digest:
        name = Path(source.model).name
        raise BundleError(f"model {name!r} was replaced while it was in use")
    tagger.options = source.options
    if n_threads is not None:
        tagger.bundle.encoder.set_params(n_threads=n_threads)
    return tagger


def _tag_elsewhere(
    source: TaggerSource, item: str | Path | Transcript
) -> TaggedSession | Exception:
    return _tag_or_error(tagger_here(source, 1), item)


def _tag_or_error(tagger: Tagger, item: str | Path | Transcript) -> TaggedSession | Exception:
    try:
        return tagger.tag(item)
    except Exception as error:  # of a library too: one session must not stop the others
        return error
