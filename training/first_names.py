"""First names of many cultures -> ``ipt_nlp/language/first_names.txt``, from Faker's name lists.

    python -m training.first_names

A line each: the name, and after a space f or m where the lists give it to one gender only. Only
names in Latin letters; a name that is also a frequent English word ("will", "may") is left
out when IPT-Synth's training texts use it in lower case.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections import Counter, defaultdict
from pathlib import Path

import faker.providers.person as person

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "ipt_nlp" / "language" / "first_names.txt"
CORPUS = ROOT / "corpora" / "ipt-synth"
LISTS = {
    "first_names": "",
    "first_romanized_names": "",
    "first_names_male": "m",
    "first_names_female": "f",
}
NAME = re.compile(r"[^\W\d_]{3,}")
COMMON = 2
"""Texts that use a word in lower case before it counts as a word and not as a name."""


def faker_names() -> dict[str, set[str]]:
    """First names of Faker's locales in Latin letters, lower case, with the genders they have."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for module in pkgutil.iter_modules(person.__path__):
        provider = importlib.import_module(f"{person.__name__}.{module.name}").Provider
        for attribute, gender in LISTS.items():
            names = getattr(provider, attribute, ())
            if isinstance(names, property):
                continue
            for name in names:
                if NAME.fullmatch(name) and name < "\u0250":
                    found[name.lower()].update(gender)
    return found


def common_words() -> set[str]:
    """Lower-case words of the training texts."""
    counts: Counter[str] = Counter()
    for path in sorted(CORPUS.glob("*/train.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                counts.update(set(re.findall(r"(?<!\w)[a-z]+(?!['’\w])", json.loads(line)["text"])))
    return {word for word, n in counts.items() if n >= COMMON}


def main() -> None:
    """Command line."""
    words = common_words()
    names = {name: genders for name, genders in faker_names().items() if name not in words}
    lines = [f"{n} {''.join(g)}".rstrip() if len(g) == 1 else n for n, g in sorted(names.items())]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} names")


if __name__ == "__main__":
    main()
