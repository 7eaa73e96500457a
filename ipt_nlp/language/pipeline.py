"""The spaCy pipeline that everything after the segments reads: shipped, or any installed one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import NumpyOps, set_current_ops

from ipt_nlp.errors import OptionError
from ipt_nlp.language import (  # noqa: F401  (registers the factories)
    clauses,
    context,
    goals,
    patterns,
    people,
    risk,
    sentences,
)
from ipt_nlp.language.noun_chunks import use_noun_chunks
from ipt_nlp.places import SHIPPED_LANGUAGE, shipped_models

COMPONENTS = ("ipt_context", "ipt_clauses", "ipt_patterns", "ipt_people")
"""Our own components, in order, added to any pipeline that lacks them."""

MAX_CHARACTERS = 2**30
"""Longest text; spaCy's own limit is for the parser and for names, which take far more memory."""

BATCH_SIZE = 32
"""Documents that are parsed at once: with spaCy's thousand a long session takes 19 KiB a word, with
these three."""

_SETS_SENTENCES = ("ipt_sentences", "senter", "sentencizer", "parser")
_NEEDS_NOTHING = ("ipt_sentences", "sentencizer")


def load_language(model: str | Path | None = None, *, everything: bool = False) -> Language:
    """A pipeline with sentences and our own components.

    Args:
        model: Name of an installed spaCy package or path of a pipeline folder; by default the
            shipped English pipeline.
        everything: Keep tags, parse and names enabled, which tagging reads; by default only what
            sets sentences and our own components run.

    Raises:
        OptionError: No such package or folder, or one that cannot be loaded.
    """
    chosen: str | Path = shipped_models() / SHIPPED_LANGUAGE if model is None else model
    # NumPy's matrix library reads these small layers about twice as fast as spaCy's default one.
    set_current_ops(NumpyOps(use_blis=False))
    try:
        nlp = _load(chosen, shipped=model is None)
    except OSError:
        raise OptionError(
            "--spacy-model: neither an installed spaCy pipeline nor the folder of one"
        ) from None
    # Settings that do not validate (a ValueError too), components that are not installed, or a
    # package that is no pipeline.
    except (ValueError, ImportError, TypeError, AttributeError) as error:
        raise OptionError(
            f"--spacy-model: the pipeline cannot be loaded ({type(error).__name__})"
        ) from None
    if not set(_SETS_SENTENCES) & set(nlp.pipe_names):
        nlp.add_pipe("sentencizer", first=True)
    if not {sentences.LINES, "ipt_sentences"} & set(nlp.pipe_names):
        nlp.add_pipe(sentences.LINES, first=True)
    for name in COMPONENTS:
        if name not in nlp.pipe_names:
            nlp.add_pipe(name)
    use_noun_chunks(nlp)
    nlp.max_length = max(nlp.max_length, MAX_CHARACTERS)
    nlp.batch_size = BATCH_SIZE
    if not everything:
        kept = {*COMPONENTS, *_sentence_components(nlp)}
        for name in nlp.pipe_names:
            if name not in kept:
                nlp.disable_pipe(name)
    return nlp


def _load(model: str | Path, *, shipped: bool) -> Language:
    """``spacy.load``; the shipped pipeline without a look at what other packages offer.

    spaCy imports the entry points of all installed packages for every pipeline, and some of them
    import torch: seconds and hundreds of megabytes for components that ours does not have.
    """
    offered = registry._entry_point_factories
    before = offered.entry_points
    offered.entry_points = before and not shipped
    try:
        return spacy.load(model)
    finally:
        offered.entry_points = before


def _sentence_components(nlp: Language) -> list[str]:
    """The component that sets sentences, after those that it may listen to."""
    names: list[str] = nlp.pipe_names
    setter = next(name for name in _SETS_SENTENCES if name in names)
    if setter in _NEEDS_NOTHING:
        return [name for name in names if name in (sentences.LINES, setter)]
    return names[: names.index(setter) + 1]


def sentence_starts(nlp: Language) -> Callable[[str], Sequence[int]]:
    """A function from a text to the offsets at which its sentences begin.

    Runs only the component that sets sentences, and what it needs.
    """
    # One by one: to switch the others off would switch them off for whoever else reads with it.
    needed = [nlp.get_pipe(name) for name in _sentence_components(nlp)]

    def starts(text: str) -> Sequence[int]:
        doc = nlp.make_doc(text)
        for component in needed:
            doc = component(doc)
        return [sent.start_char for sent in doc.sents]

    return starts


def sentence_spans(doc: Doc) -> list[tuple[int, int]]:
    """Sentences as code points into the document's text, without white space and list marks."""
    found = []
    text = doc.text  # spaCy puts it together anew each time it is asked
    for sent in doc.sents:
        words = [t for t in sent if not t.is_space]
        if words:
            end = words[-1].idx + len(words[-1])
            start = sentences.words_start(text, words[0].idx)
            found.append((start if start < end else words[0].idx, end))
    return found


def evidence_spans(doc: Doc) -> list[tuple[int, int]]:
    """Clauses as code points, or sentences where the document has no parse."""
    if not doc.has_annotation("DEP"):
        return sentence_spans(doc)
    return [(span.start_char, span.end_char) for span in clauses.clauses_of(doc)]
