"""Turn the treebank (CoNLL-U) and its names (UNER iob2) into spaCy's DocBin, one Doc a paragraph.

Paragraphs, not single sentences and not whole documents: sentence segmentation has to be learned
and measured where sentences really meet, and the text of two paragraphs never runs together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import typer
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

NAME_LABELS = ("PER", "ORG", "LOC")


class TreebankError(ValueError):
    """A treebank file that cannot be read; the message names the line or the sentence."""


@dataclass(frozen=True)
class Word:
    """One syntactic word. `head` is the index of its head in the sentence, its own for the root."""

    form: str
    lemma: str
    pos: str
    tag: str
    morph: str
    head: int
    dep: str
    space_after: bool
    name: str | None = None
    """The iob tag of the names layer; None where nobody has said."""


@dataclass(frozen=True)
class Sentence:
    """The words of one sentence and whether it opens a paragraph."""

    sent_id: str
    words: tuple[Word, ...]
    opens_paragraph: bool


@dataclass
class _Block:
    """The raw lines of one sentence, comments and rows apart."""

    first_line: int
    comments: dict[str, str] = field(default_factory=dict)
    rows: list[list[str]] = field(default_factory=list)


def _blocks(lines: Iterable[str]) -> Iterator[_Block]:
    block: _Block | None = None
    for number, raw in enumerate(lines, start=1):
        line = raw.rstrip("\n")
        if not line.strip():
            if block and block.rows:
                yield block
            block = None
            continue
        block = block or _Block(first_line=number)
        if line.startswith("#"):
            key, _, value = line[1:].partition("=")
            block.comments[key.strip()] = value.strip()
        else:
            block.rows.append(line.split("\t"))
    if block and block.rows:
        yield block


NamedWords = list[tuple[str, str | None]]


def read_names(path: Path) -> dict[str, NamedWords]:
    """Forms and iob tags of a UNER file by sentence id.

    Labels but PER, ORG and LOC become O, and `_`, which guessed files have, becomes None.
    """
    names: dict[str, NamedWords] = {}
    with path.open(encoding="utf-8") as lines:
        for block in _blocks(lines):
            names[block.comments["sent_id"]] = [(row[1], _known_tag(row[2])) for row in block.rows]
    return names


def _known_tag(tag: str) -> str | None:
    if tag == "_":
        return None
    return tag if tag[2:] in NAME_LABELS else "O"


def project_names(named: NamedWords, forms: list[str]) -> list[str | None]:
    """Carry iob tags over to another division into words.

    The names were given on one release of the treebank, and a later one divides a few words
    differently. Letters decide: a word is inside a name when its first letter is. Where the
    letters themselves differ (a corrected text), all words are unknown: a wrong name costs more
    than a missing sentence.
    """
    if "".join(form for form, _ in named) != "".join(forms):
        return [None] * len(forms)
    letters: list[str | None] = []
    for form, tag in named:
        inner = f"I{tag[1:]}" if tag and tag != "O" else tag
        letters.extend([tag, *[inner] * (len(form) - 1)])
    tags: list[str | None] = []
    position = 0
    for form in forms:
        tags.append(letters[position])
        position += len(form)
    return tags


def read_conllu(path: Path, names: dict[str, NamedWords] | None = None) -> Iterator[Sentence]:
    """Sentences of a CoNLL-U file, in order, with their names where `names` has the sentence."""
    with path.open(encoding="utf-8") as lines:
        for block in _blocks(lines):
            yield _sentence(block, names or {})


def _sentence(block: _Block, names: dict[str, NamedWords]) -> Sentence:
    sent_id = block.comments.get("sent_id", f"line {block.first_line}")
    for row in block.rows:
        if len(row) != 10:
            raise TreebankError(f"{sent_id}: word {row[0]} has {len(row)} columns, not 10")
    rows = [row for row in block.rows if row[0].isdigit()]
    spaces = _spaces(block.rows)
    named = names.get(sent_id)
    tags = project_names(named, [row[1] for row in rows]) if named else None
    words = []
    for index, row in enumerate(rows):
        head = int(row[6]) - 1
        words.append(
            Word(
                form=row[1],
                lemma=row[2],
                pos=row[3],
                tag=row[4],
                morph="" if row[5] == "_" else row[5],
                head=index if head < 0 else head,
                dep="ROOT" if head < 0 else row[7],
                space_after=spaces[int(row[0])],
                name=tags[index] if tags is not None else None,
            )
        )
    opens = any(key.split()[0] in ("newdoc", "newpar") for key in block.comments)
    return Sentence(sent_id, tuple(words), opens)


def _spaces(rows: Iterable[list[str]]) -> dict[int, bool]:
    """Whether a space follows each word.

    A multiword token ("don't") says SpaceAfter for its last part; between its parts there is none.
    """
    spaces: dict[int, bool] = {}
    for row in rows:
        space = "SpaceAfter=No" not in row[9].split("|")
        if row[0].isdigit():
            spaces.setdefault(int(row[0]), space)
        elif "-" in row[0]:
            first, last = (int(part) for part in row[0].split("-"))
            spaces.update(dict.fromkeys(range(first, last), False))
            spaces[last] = space
    return spaces


def paragraphs(sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
    """Group sentences by the `newpar` and `newdoc` comments."""
    group: list[Sentence] = []
    for sentence in sentences:
        if sentence.opens_paragraph and group:
            yield group
            group = []
        group.append(sentence)
    if group:
        yield group


def to_doc(vocab: Vocab, sentences: Iterable[Sentence]) -> Doc:
    """A Doc with every annotation the treebank has; names stay missing where there are none.

    The last word of the paragraph carries no space, so that the text has no trailing blank.
    """
    words: list[Word] = []
    heads: list[int] = []
    starts: list[bool | int | None] = []
    for sentence in sentences:
        offset = len(words)
        heads.extend(offset + word.head for word in sentence.words)
        starts.extend(index == 0 for index in range(len(sentence.words)))
        words.extend(sentence.words)
    doc = Doc(
        vocab,
        words=[word.form for word in words],
        spaces=[word.space_after for word in words[:-1]] + [False],
        lemmas=[word.lemma for word in words],
        pos=[word.pos for word in words],
        tags=[word.tag for word in words],
        morphs=[word.morph for word in words],
        heads=heads,
        deps=[word.dep for word in words],
        sent_starts=starts,
    )
    set_names(doc, [word.name for word in words])
    return doc


def set_names(doc: Doc, tags: list[str | None]) -> None:
    """Write iob tags as entities. Words tagged None stay unknown, which training leaves alone."""
    spans: list[Span] = []
    start = 0
    for index in range(1, len(tags) + 1):
        here = tags[index] if index < len(tags) else "O"
        begun = tags[start]
        if begun not in (None, "O") and here == f"I-{begun[2:]}":
            continue
        if begun not in (None, "O"):
            spans.append(Span(doc, start, index, label=begun[2:]))
        start = index
    unknown = [doc[index : index + 1] for index, tag in enumerate(tags) if tag is None]
    doc.set_ents(spans, missing=unknown, default="outside")


def main(conllu: Path, output: Path, names: Path | None = None) -> None:
    """Write the paragraphs of CONLLU to OUTPUT (.spacy), with the names of an iob2 file if given.

    python -m training.language.convert en_ewt-ud-dev.conllu dev.spacy --names en_ewt-ud-dev.iob2
    """
    vocab = Vocab()
    layer = read_names(names) if names else None
    docs = [to_doc(vocab, group) for group in paragraphs(read_conllu(conllu, layer))]
    output.parent.mkdir(parents=True, exist_ok=True)
    DocBin(docs=docs, store_user_data=False).to_disk(output)
    typer.echo(f"{output.name}: {len(docs)} paragraphs, {sum(map(len, docs))} words", err=True)


if __name__ == "__main__":
    typer.run(main)
