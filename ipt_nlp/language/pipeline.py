"""The spaCy pipeline that everything after the segments reads: shipped, or any installed one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import NumpyOps, set_current_ops

from ipt_nlp.errors import OptionError
from ipt_nlp.language import patterns, sentences  # noqa: F401  (registers the factories)
from ipt_nlp.places import SHIPPED_LANGUAGE, shipped_models

COMPONENTS = ("ipt_patterns",)
"""Our own components, in order, added to any pipeline that lacks them."""

_SETS_SENTENCES = ("ipt_sentences", "senter", "sentencizer", "parser")
_KEPT_FOR_TAGGING = {*COMPONENTS, "ipt_sentences", "senter", "sentencizer"}


def load_language(model: str | Path | None = None, *, everything: bool = False) -> Language:
    """A pipeline with sentences and our own components.

    Args:
        model: Name of an installed spaCy package or path of a pipeline folder; by default the
            shipped English pipeline.
        everything: Keep the components that tagging does not read (tags, parse, names) enabled;
            by default only what sets sentences and our own components run.

    Raises:
        OptionError: No such package or folder.
    """
    chosen: str | Path = shipped_models() / SHIPPED_LANGUAGE if model is None else model
    # NumPy's matrix library reads these small layers about twice as fast as spaCy's default one.
    set_current_ops(NumpyOps(use_blis=False))
    try:
        nlp = spacy.load(chosen)
    except OSError:
        raise OptionError(
            "--spacy-model: neither an installed spaCy pipeline nor the folder of one"
        ) from None
    if not set(_SETS_SENTENCES) & set(nlp.pipe_names):
        nlp.add_pipe("sentencizer", first=True)
    for name in COMPONENTS:
        if name not in nlp.pipe_names:
            nlp.add_pipe(name)
    if not everything:
        setter = next(name for name in _SETS_SENTENCES if name in nlp.pipe_names)
        kept = set(_KEPT_FOR_TAGGING)
        if setter == "parser":
            kept |= {"tok2vec", "transformer", "parser"}
        for name in nlp.pipe_names:
            if name not in kept:
                nlp.disable_pipe(name)
    return nlp


def sentence_starts(nlp: Language) -> Callable[[str], Sequence[int]]:
    """A function from a text to the offsets at which its sentences begin.

    Runs only the component that sets sentences, and what it needs.
    """
    setter = next(name for name in _SETS_SENTENCES if name in nlp.pipe_names)
    needed = {setter} if setter != "parser" else {"tok2vec", "parser"}

    def starts(text: str) -> Sequence[int]:
        with nlp.select_pipes(enable=[n for n in nlp.pipe_names if n in needed]):
            return [sent.start_char for sent in nlp(text).sents]

    return starts


def sentence_spans(doc: Doc) -> list[tuple[int, int]]:
    """Sentences as code points into the document's text, without the white space around them."""
    found = []
    for sent in doc.sents:
        words = [t for t in sent if not t.is_space]
        if words:
            found.append((words[0].idx, words[-1].idx + len(words[-1])))
    return found
