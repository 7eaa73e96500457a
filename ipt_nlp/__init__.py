"""Tag session transcripts and notes by Interpersonal Therapy (IPT) problem area.

import ipt_nlp

tagger = ipt_nlp.load()
session = tagger.tag("session-04.vtt")
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipt_nlp.codebook import AREAS
    from ipt_nlp.tagger import Tagger, load
    from ipt_nlp.transcript import Transcript

# ONNX Runtime reports its use to its maker, and keeps a device id on disk, unless this is set
# before it is imported. Nothing may leave this machine; processes started later inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# datasets counts downloads at its maker's, also of local files.
os.environ["HF_UPDATE_DOWNLOAD_COUNTS"] = "0"

__version__ = "0.1.0"
__all__ = ["AREAS", "Tagger", "Transcript", "load"]

# Loaded at first use: `ipt-nlp --help` must answer before numpy and spaCy are imported.
_PUBLIC = {
    "AREAS": "ipt_nlp.codebook",
    "Tagger": "ipt_nlp.tagger",
    "Transcript": "ipt_nlp.transcript",
    "load": "ipt_nlp.tagger",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'ipt_nlp' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value
