"""Build the finder's word lists: everyday English, and personal names of many peoples.

    python -m training.identifiers.lexicon ZXCVBN [OUTPUT]

ZXCVBN is the folder that holds the package zxcvbn 4.5 (MIT), whose ranked lists of words and
names of the US are read; names of 63 locales come from Faker (MIT), peoples that both leave out
from ``names_extra.txt``, and everyday words from the train splits of IPT-Synth (CC BY 4.0).
"""

from __future__ import annotations

import gzip
import importlib
import json
import sys
from collections import Counter
from pathlib import Path

from ipt_nlp.identifiers.words import fold, plain, words
from training.language.names import load_names

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "corpora" / "ipt-synth"
OUTPUT = ROOT / "ipt_nlp" / "identifiers" / "data" / "lexicon.txt.gz"
CONFIGURATIONS = ("posts", "posts_first", "notes", "sessions", "identifiers")


def lower_words(rows: list[dict]) -> dict[str, Counter[str]]:  # type: ignore[type-arg]
    """By writer, how often each word stands in lower case in cased text, or within a sentence."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        names = {fold(w.text) for f in row["flags"] for w in words(f["quote"])
                 if f["flag"] == "identifier"}  # fmt: skip
        counts = found.setdefault(row["writer"], Counter())
        for word in words(row["text"]):
            if word.text[0].islower() and word.key not in names:
                counts[word.key] += 1
    return found


def corpus_rows(split: str = "train") -> list[dict]:  # type: ignore[type-arg]
    """Rows of every configuration's split."""
    rows = []
    for name in CONFIGURATIONS:
        path = CORPUS / name / f"{split}.jsonl"
        rows += [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return rows


def ranked(folder: str) -> dict[str, list[str]]:
    """The lists of zxcvbn by name, most frequent first."""
    sys.path.insert(0, folder)
    found: dict[str, list[str]] = importlib.import_module("zxcvbn.frequency_lists").FREQUENCY_LISTS
    return found


def names(lists: dict[str, list[str]]) -> tuple[set[str], set[str]]:
    """First and last names."""
    first: set[str] = set(lists["female_names"][:3000]) | set(lists["male_names"])
    last: set[str] = set(lists["surnames"])
    for locale in load_names(1):
        first |= {fold(n) for n in locale.first}
        last |= {fold(n) for n in locale.last}
    extra = (Path(__file__).parent / "names_extra.txt").read_text("utf-8")
    for line in extra.splitlines():
        if not line.startswith("#"):
            first |= {fold(n) for n in line.split()}
    first |= {plain(n) for n in first}
    last |= {plain(n) for n in last}
    return {n for n in first if len(n) > 1}, {n for n in last if len(n) > 1}


def common(lists: dict[str, list[str]], in_corpus: Counter[str]) -> dict[str, int]:
    """Words of everyday English with how common they are, 1 to 4."""
    wiki = {w: i for i, w in enumerate(lists["english_wikipedia"])}
    screen = {w: i for i, w in enumerate(lists["us_tv_and_film"])}
    found: dict[str, int] = {}
    for word in {*wiki, *screen, *in_corpus}:
        if not word.replace("'", "").isalpha():
            continue
        count = in_corpus[word]
        rank = min(wiki.get(word, 10**6), screen.get(word, 10**6))
        if count >= 40 or (count and rank < 1500):
            found[word] = 4
        elif count >= 3:
            found[word] = 3
        elif count or rank < 6000:
            found[word] = 2
        else:
            found[word] = 1
    return found


def main() -> None:
    """Write the lists, one section a line."""
    lists = ranked(sys.argv[1])
    first, last = names(lists)
    total: Counter[str] = Counter()
    for counts in lower_words(corpus_rows()).values():
        total += counts
    words_ = common(lists, total)
    lines = [
        f"{n}\t{' '.join(sorted(w for w, c in words_.items() if c == n))}" for n in (1, 2, 3, 4)
    ]
    lines += [f"first\t{' '.join(sorted(first))}", f"last\t{' '.join(sorted(last))}"]
    output = Path(sys.argv[2]) if len(sys.argv) > 2 else OUTPUT
    output.write_bytes(gzip.compress("\n".join(lines).encode(), 9, mtime=0))
    print(f"{len(words_)} words, {len(first)} first names, {len(last)} last names")


if __name__ == "__main__":
    main()
