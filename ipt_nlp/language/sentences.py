"""Sentence boundaries for written text and for transcripts that have neither marks nor capitals.

One recogniser cannot do both well: trained on stripped text it gets worse at ordinary text. So
there are two, and each document goes to the one made for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from spacy import util
from spacy.language import Language
from spacy.pipeline import Pipe, SentenceRecognizer
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Config, Model

END_MARK = re.compile(r"[.!?…](?=\W|$)")
DEFAULT_WORDS_PER_MARK = 40
SENTER_MODEL = """
[model]
@architectures = "spacy.Tagger.v2"
normalize = true

[model.tok2vec]
@architectures = "spacy.HashEmbedCNN.v2"
pretrained_vectors = null
width = 48
depth = 4
embed_size = 1000
window_size = 1
maxout_pieces = 3
subword_features = true
"""


def is_punctuated(doc: Doc, words_per_mark: int) -> bool:
    """Whether the document has sentence marks, at least one in so many words.

    A document shorter than that needs one mark. The mark must end a word: "3.5" and "U.S" do not
    make a text punctuated, "U.S." does.
    """
    needed = max(1, len(doc) // words_per_mark)
    seen = sum(1 for _ in islice(END_MARK.finditer(doc.text), needed))
    return seen == needed


class SentenceChooser(Pipe):
    """Sets sentence starts with one of two recognisers, chosen for each document.

    Trained outside: each recogniser as a `senter` of its own, then put together. A parser that
    comes later keeps these boundaries. Boundaries that are already set stay as they are.
    """

    def __init__(
        self,
        vocab: Vocab,
        written: SentenceRecognizer,
        spoken: SentenceRecognizer,
        *,
        name: str = "ipt_sentences",
        words_per_mark: int = DEFAULT_WORDS_PER_MARK,
        written_threshold: float = 0.5,
        spoken_threshold: float = 0.5,
    ) -> None:
        """Choose `written` for documents with a sentence mark in `words_per_mark` words.

        A word starts a sentence when its probability reaches the threshold of the chosen
        recogniser. Both models must give probabilities (`normalize = true`).
        """
        self.vocab = vocab
        self.name = name
        self.written = written
        self.spoken = spoken
        self.words_per_mark = words_per_mark
        self.written_threshold = written_threshold
        self.spoken_threshold = spoken_threshold

    def __call__(self, doc: Doc) -> Doc:
        """Set the sentence starts of one document."""
        return next(self.pipe(iter([doc])))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Set the sentence starts of many documents; order is kept."""
        docs = iter(stream)
        while batch := list(islice(docs, batch_size)):
            self.set_starts(batch)
            yield from batch

    def set_starts(self, docs: list[Doc]) -> None:
        """Set the sentence starts of a batch."""
        spoken: list[Doc] = []
        written: list[Doc] = []
        for doc in docs:
            if len(doc):
                chosen = written if is_punctuated(doc, self.words_per_mark) else spoken
                chosen.append(doc)
        _annotate(self.written, written, self.written_threshold)
        _annotate(self.spoken, spoken, self.spoken_threshold)

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialise both recognisers, without the vocabulary that the pipeline holds."""
        writers: dict[str, Callable[[], bytes]] = {
            "written": partial(self.written.to_bytes, exclude=["vocab"]),
            "spoken": partial(self.spoken.to_bytes, exclude=["vocab"]),
        }
        return util.to_bytes(writers, list(exclude))

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> SentenceChooser:
        """Read what `to_bytes` wrote."""
        readers: dict[str, Callable[[bytes], Any]] = {
            "written": partial(self.written.from_bytes, exclude=["vocab"]),
            "spoken": partial(self.spoken.from_bytes, exclude=["vocab"]),
        }
        util.from_bytes(bytes_data, readers, list(exclude))
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write both recognisers to folders of their own."""
        Path(path).mkdir(parents=True, exist_ok=True)
        self.written.to_disk(Path(path) / "written", exclude=["vocab"])
        self.spoken.to_disk(Path(path) / "spoken", exclude=["vocab"])

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> SentenceChooser:
        """Read what `to_disk` wrote."""
        self.written.from_disk(Path(path) / "written", exclude=["vocab"])
        self.spoken.from_disk(Path(path) / "spoken", exclude=["vocab"])
        return self


def _annotate(recognizer: SentenceRecognizer, docs: list[Doc], threshold: float) -> None:
    if not docs:
        return
    starts = []
    for probabilities in recognizer.model.predict(docs):
        is_start = probabilities[:, 1] >= threshold
        is_start[0] = True
        starts.append(is_start.astype(int))
    recognizer.set_annotations(docs, starts)


@Language.factory(
    "ipt_sentences",
    assigns=["token.is_sent_start"],
    default_config={
        "written": Config().from_str(SENTER_MODEL)["model"],
        "spoken": Config().from_str(SENTER_MODEL)["model"],
        "words_per_mark": DEFAULT_WORDS_PER_MARK,
        "written_threshold": 0.5,
        "spoken_threshold": 0.5,
    },
    default_score_weights={"sents_f": 1.0, "sents_p": 0.0, "sents_r": 0.0},
)
def make_sentences(
    nlp: Language,
    name: str,
    written: Model[list[Doc], Any],
    spoken: Model[list[Doc], Any],
    words_per_mark: int,
    written_threshold: float,
    spoken_threshold: float,
) -> SentenceChooser:
    """Build the component; weights come from disk or from `training/language`."""
    return SentenceChooser(
        nlp.vocab,
        SentenceRecognizer(nlp.vocab, written, f"{name}_written", overwrite=False),
        SentenceRecognizer(nlp.vocab, spoken, f"{name}_spoken", overwrite=False),
        name=name,
        words_per_mark=words_per_mark,
        written_threshold=written_threshold,
        spoken_threshold=spoken_threshold,
    )
