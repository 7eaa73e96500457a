"""Corpora of labelled texts: rows and their checks, loading, sessions cut into segments."""

from ipt_nlp.corpus.rows import (
    CorpusFlag,
    CorpusPattern,
    CorpusRow,
    Problem,
    corpus_files,
    read_rows,
)
from ipt_nlp.corpus.texts import LabelledTexts, fingerprint, load_texts, read_mapping

__all__ = [
    "CorpusFlag",
    "CorpusPattern",
    "CorpusRow",
    "LabelledTexts",
    "Problem",
    "corpus_files",
    "fingerprint",
    "load_texts",
    "read_mapping",
    "read_rows",
]
