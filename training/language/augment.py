"""Variants of the training paragraphs as transcripts write them: no capitals, no punctuation.

They are written out once instead of drawn while training, so that a run can be repeated and its
material looked at.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import typer
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from training.language.convert import (
    Sentence,
    Word,
    paragraphs,
    read_conllu,
    read_names,
    to_doc,
)

Marks = Literal["all", "inner", "none"]
"""Which marks a spelling keeps: all of them, all but those that end a sentence, or none."""
SPOKEN_MARKS = ("'", "’", "%", "&", "@", "#", "$", "/", "-")
"""Marks a transcriber keeps; every other word tagged PUNCT or SYM without a letter goes."""


def lower(sentence: Sentence) -> Sentence:
    """The sentence without capitals. Lemmas keep theirs: the lemma of "tom" is still "Tom"."""
    return replace(
        sentence,
        words=tuple(replace(word, form=word.form.lower()) for word in sentence.words),
    )


def strip_marks(sentence: Sentence) -> Sentence | None:
    """The sentence without punctuation; None when nothing is left.

    Words that hung on a removed mark hang on the mark's own head. A removed mark leaves a space
    where it stood, as between "it" and "he" in "leave it,he said".
    """
    words = sentence.words
    kept = [index for index, word in enumerate(words) if not _is_mark(word)]
    if not kept:
        return None
    place = {old: new for new, old in enumerate(kept)}
    heads = {index: _standing_head(words, index) for index in kept}
    root = next(index for index in kept if heads[index] in (None, index))
    stripped = []
    for old in kept:
        word = words[old]
        above = heads[old]
        head = root if above is None else above
        space = word.space_after or (old + 1 < len(words) and _is_mark(words[old + 1]))
        dep = "ROOT" if head == old else ("parataxis" if word.dep == "ROOT" else word.dep)
        stripped.append(replace(word, head=place[head], dep=dep, space_after=space))
    return replace(sentence, words=tuple(stripped))


def _is_mark(word: Word) -> bool:
    if any(map(str.isalnum, word.form)):
        return False
    return word.pos in ("PUNCT", "SYM") and word.form not in SPOKEN_MARKS


def _standing_head(words: tuple[Word, ...], index: int) -> int | None:
    """The nearest ancestor that is kept, the word itself for a root; None above a removed root."""
    head = words[index].head
    while _is_mark(words[head]):
        if words[head].head == head:
            return None
        head = words[head].head
    return head


def strip_end_mark(sentence: Sentence) -> Sentence:
    """Without the mark that closes the sentence, commas kept: how many chat messages look."""
    words = sentence.words
    last = len(words) - 1
    if last < 1 or not _is_mark(words[last]) or any(word.head == last for word in words):
        return sentence
    before = replace(words[last - 1], space_after=True)
    return replace(sentence, words=(*words[: last - 1], before))


def cut(group: list[Sentence], longest: int) -> Iterator[list[Sentence]]:
    """Cut a paragraph between sentences so that no part has more than `longest` words.

    The parser's oracle is quadratic in the length of a Doc: uncut, training takes twice as long.
    A sentence longer than that stays whole.
    """
    part: list[Sentence] = []
    for sentence in group:
        if part and sum(len(each.words) for each in part) + len(sentence.words) > longest:
            yield part
            part = []
        part.append(sentence)
    if part:
        yield part


def vary(group: list[Sentence], *, lowered: bool, marks: Marks) -> list[Sentence]:
    """One paragraph in another spelling; an empty list when no word is left."""
    varied: Iterable[Sentence | None] = group
    if marks == "none":
        varied = (strip_marks(sentence) for sentence in group)
    elif marks == "inner":
        varied = (strip_end_mark(sentence) for sentence in group)
    kept = [sentence for sentence in varied if sentence]
    return [lower(sentence) for sentence in kept] if lowered else kept


def main(
    conllu: Path,
    output: Path,
    plain: float = 0.0,
    lowered: float = 0.0,
    stripped: float = 0.0,
    lowered_stripped: float = 0.0,
    unended: float = 0.0,
    lowered_unended: float = 0.0,
    names: Path | None = None,
    longest: int = 100,
    seed: int = 0,
) -> None:
    """Write paragraphs of CONLLU to OUTPUT (.spacy) in the given shares of each spelling.

    python -m training.language.augment en_ewt-ud-train.conllu train.spacy \\
        --plain 1 --lowered-stripped 0.3
    """
    shares: dict[tuple[bool, Marks], float] = {
        (False, "all"): plain,
        (True, "all"): lowered,
        (False, "none"): stripped,
        (True, "none"): lowered_stripped,
        (False, "inner"): unended,
        (True, "inner"): lowered_unended,
    }
    groups = list(paragraphs(read_conllu(conllu, read_names(names) if names else None)))
    docs = DocBin(store_user_data=False)
    vocab = Vocab()
    for group in _drawn(groups, shares, random.Random(seed)):
        for part in cut(group, longest):
            docs.add(to_doc(vocab, part))
    output.parent.mkdir(parents=True, exist_ok=True)
    docs.to_disk(output)
    typer.echo(f"{output.name}: {len(docs)} parts of paragraphs", err=True)


def _drawn(
    groups: list[list[Sentence]],
    shares: dict[tuple[bool, Marks], float],
    draw: random.Random,
) -> Iterator[list[Sentence]]:
    for (lowered, marks), share in shares.items():
        for group in draw.sample(groups, round(share * len(groups))):
            if varied := vary(group, lowered=lowered, marks=marks):
                yield varied


if __name__ == "__main__":
    typer.run(main)
