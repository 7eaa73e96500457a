"""Sentence boundaries for written text and for transcripts that have neither marks nor capitals.

One recogniser cannot do both well: trained on stripped text it gets worse at ordinary text. So
there are two, and each document goes to the one made for it. Neither knows lists: where a line
begins with a list mark or a heading of a note, a sentence begins whatever they say.
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

LINES = "ipt_lines"
"""Component that begins sentences at list marks and headings, for pipelines without ours."""

_LIST_MARK = re.compile(
    # "-denies SI" is written as often as "- denies SI"; "-5" and "--" are no marks.
    r"""(?:
        [-–—−](?=[ \t]|[^\W\d_]|["“‘'(])
      | [*\#](?=[ \t])
      | [•‣⁃∙·▪▫◦●○■□☐☑✓✔➢\uf0b7\uf0a7]
      | \(?(?:[a-z]|\d{1,2})\)(?=[ \t])
      | (?P<number>\d{1,2})\.(?=[ \t])
    )[ \t]*(?=\S)""",
    re.VERBOSE,
)
_HEADING = re.compile(
    r"[*_#]{0,3}[ \t]?(?P<first>[A-Z][A-Za-z]*|A/P)(?:[ &-]+[A-Za-z]+){0,2}[*_]{0,2}[ \t]?:(?!\d)"
)
_HEADING_LETTERS = frozenset("SOAPDBIRGE")
"""Of SOAP, DAP, BIRP, GIRP and PIE notes."""
_HEADINGS = frozenset(
    """subjective objective assessment plan a/p data behaviour behavior intervention interventions
    response risk risks goal goals safety safeguarding mood affect sleep appetite mse hx pmh dx rx
    imp impression formulation summary homework hw action actions next medication medications meds
    presenting mental diagnosis background history progress follow review social family""".split()
)
_LINE = re.compile(r"^[ \t]*(?=\S)", re.MULTILINE)
_ENDS_LINE = (".", "!", "?", "…", ":", ";")

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


def line_starts(text: str) -> Iterator[tuple[int, int]]:
    """Lines that begin a sentence by what stands first in them: a list mark, a heading of a note.

    A line that goes on with the prose of the line before it is none, nor is one that happens to
    begin with the number at the end of a sentence ("a score of / 12. She slept").

    Yields:
        Where the line begins, indent left out, and up to where a sentence cannot begin anew: "-"
        is no sentence of its own. Nothing is said of that after a heading.
    """
    expected: set[int] = set()
    for line in _LINE.finditer(text):
        start = line.end()
        mark = _LIST_MARK.match(text, start)
        number = mark["number"] if mark else None
        if number is not None:
            if not (int(number) in expected or _opens_list(text, line.start(), int(number))):
                continue
            expected = {int(number), int(number) + 1}
        if mark:
            yield start, mark.end()
        elif _is_heading(text, start):
            yield start, start


def _opens_list(text: str, start: int, number: int) -> bool:
    """Whether a number and a full stop begin a list, and do not end the sentence before them."""
    end = max(0, start - 1)
    before = text[text.rfind("\n", 0, end) + 1 : end].strip()
    return number <= 1 or not before or before.endswith(_ENDS_LINE)


def _is_heading(text: str, start: int) -> bool:
    found = _HEADING.match(text, start)
    if found is None:
        return False
    first = found["first"]
    return first in _HEADING_LETTERS or (len(first) > 1 and first.lower() in _HEADINGS)


def words_start(text: str, start: int) -> int:
    """Where the words of a sentence that begins at ``start`` begin: after its list mark, if any."""
    if text[text.rfind("\n", 0, start) + 1 : start].strip():
        return start
    mark = _LIST_MARK.match(text, start)
    return mark.end() if mark else start


def begin_lines(doc: Doc) -> Doc:
    """Begin a sentence with every line of :func:`line_starts`, where nothing is parsed yet."""
    text = doc.text
    if "\n" not in text or doc.has_annotation("DEP"):
        return doc
    lines = list(line_starts(text))
    at = {token.idx: token for token in doc} if lines else {}
    for start, joined in lines:
        first = at.get(start)
        if first is None:
            continue
        first.is_sent_start = True
        for token in doc[first.i + 1 :]:
            if token.idx > joined or joined == start:
                break
            token.is_sent_start = False
    return doc


@Language.component(LINES, assigns=["token.is_sent_start"])
def _begin_lines(doc: Doc) -> Doc:
    return begin_lines(doc)


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
                begin_lines(doc)
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
