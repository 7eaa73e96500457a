"""Score a pipeline on the treebank's test part in four spellings, and time it.

The scores are those of `spacy evaluate`: from raw text, the pipeline's own words and sentences.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import NumpyOps, set_current_ops

import ipt_nlp.language.sentences  # noqa: F401  registers the factory `ipt_sentences`
from training.language.augment import Marks, vary
from training.language.convert import Sentence, paragraphs, read_conllu, read_names, to_doc

SPELLINGS: dict[str, tuple[bool, Marks]] = {
    "as written": (False, "all"),
    "lower-cased": (True, "all"),
    "no punctuation": (False, "none"),
    "lower-cased, no punctuation": (True, "none"),
}
COLUMNS = {
    "token_acc": "token",
    "tag_acc": "tag",
    "pos_acc": "pos",
    "morph_acc": "morph",
    "lemma_acc": "lemma",
    "dep_uas": "UAS",
    "dep_las": "LAS",
    "sents_f": "sentence F",
    "ents_f": "names F",
    "per_p": "PER precision",
    "per_r": "PER recall",
    "per_f": "PER F",
}
Scores = dict[str, float]


def score(nlp: Language, docs: list[Doc]) -> Scores:
    """The scores of one spelling, in per cent. Scores the pipeline does not give are left out."""
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
    found: dict[str, Any] = nlp.evaluate(examples)
    people = (found.get("ents_per_type") or {}).get("PER", {})
    found |= {f"per_{key}": people.get(key) for key in ("p", "r", "f")}
    return {key: round(100 * found[key], 1) for key in COLUMNS if found.get(key) is not None}


def gold(conllu: Path, names: Path | None, spelling: tuple[bool, Marks], vocab: Vocab) -> list[Doc]:
    """The paragraphs of a treebank file in one spelling."""
    lowered, marks = spelling
    layer = read_names(names) if names else None
    groups: list[list[Sentence]] = list(paragraphs(read_conllu(conllu, layer)))
    varied = (vary(group, lowered=lowered, marks=marks) for group in groups)
    return [to_doc(vocab, group) for group in varied if group]


def words_per_second(nlp: Language, texts: list[str], repeats: int = 3) -> int:
    """The best of some runs over all texts, tokenizer included, in words of the pipeline."""
    words = sum(len(doc) for doc in nlp.pipe(texts))
    rates = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _doc in nlp.pipe(texts):
            pass
        rates.append(words / (time.perf_counter() - start))
    return round(max(rates))


def folder_megabytes(folder: Path) -> float:
    """What the pipeline takes on disk, in millions of bytes."""
    return round(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6, 1)


def table(scores: dict[str, Scores]) -> str:
    """A Markdown table, a row a spelling."""
    head = ["test", *COLUMNS.values()]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for spelling, row in scores.items():
        cells = [f"{row[key]:.1f}" if key in row else "" for key in COLUMNS]
        lines.append("| " + " | ".join([spelling, *cells]) + " |")
    return "\n".join(lines) + "\n"


def main(
    pipeline: Path,
    conllu: Path,
    names: Annotated[Path | None, typer.Option(help="iob2 file of the same sentences")] = None,
    output: Annotated[Path, typer.Option(help="folder for scores.json and scores.md")] = Path(),
    fast: Annotated[bool, typer.Option(help="multiply with NumPy, not BLIS")] = True,
) -> None:
    """Score PIPELINE on CONLLU; write scores.json and scores.md.

    taskset -c 1 python -m training.language.evaluate models/en_ipt_core en_ewt-ud-test.conllu \\
        --names uner/en_ewt-ud-test.iob2 --output models/en_ipt_core
    """
    if fast:
        set_current_ops(NumpyOps(use_blis=False))
    nlp = spacy.load(pipeline)
    vocab = Vocab()
    corpora = {name: gold(conllu, names, how, vocab) for name, how in SPELLINGS.items()}
    scores = {name: score(nlp, docs) for name, docs in corpora.items()}
    report = {
        "scores": scores,
        "words_per_second": words_per_second(nlp, [d.text for d in corpora["as written"]]),
        "megabytes": folder_megabytes(pipeline),
    }
    output.mkdir(parents=True, exist_ok=True)
    (output / "scores.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (output / "scores.md").write_text(table(scores), encoding="utf-8")
    typer.echo(table(scores))


if __name__ == "__main__":
    typer.run(main)
