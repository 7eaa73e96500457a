"""Train the token model of the identifier finder from IPT-Synth's train splits.

    python -m training.identifiers.tokens ZXCVBN [OUTPUT]

Names in the corpus are replaced by others of many peoples, some of them as if no list knew them,
and a share of the texts is written in lower case: what is learned is where names stand and how
they are built, not who is in the corpus. Commonness of a word is counted without the writer of
the text at hand, so that words that only one writer uses look as rare as a new writer's words.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from ipt_nlp.identifiers import surrogates
from ipt_nlp.identifiers.model import (
    LABELS,
    Known,
    TokenModel,
    context_features,
    look_up,
    own_features,
)
from ipt_nlp.identifiers.words import fold, plain, words
from training.identifiers.lexicon import corpus_rows, lower_words, ranked
from training.language.names import load_names

OUTPUT = Path(__file__).parents[2] / "ipt_nlp" / "identifiers" / "data" / "tokens.json.gz"
LABEL_OF = {
    "person": "person",
    "employer": "organisation",
    "school": "organisation",
    "place": "place",
}
COPIES = {"identifiers": 12, "sessions": 2, "notes": 2, "posts": 1, "posts_first": 1}
LOWER_SHARE = 0.4
UNLISTED_SHARE = 0.4
SCALE = 0.01

Span = tuple[int, int, str]


class Lists:
    """Commonness without one writer's own words."""

    def __init__(self, folder: str, rows: Sequence[dict]) -> None:  # type: ignore[type-arg]
        self.lists = ranked(folder)
        self.by_writer = lower_words(list(rows))
        self.total: Counter[str] = Counter()
        for counts in self.by_writer.values():
            self.total += counts
        self.wiki = {w: i for i, w in enumerate(self.lists["english_wikipedia"])}
        self.screen = {w: i for i, w in enumerate(self.lists["us_tv_and_film"])}

    def without(self, writer: str) -> dict[str, int]:
        """Words whose commonness differs without this writer, and what it is then."""
        own = self.by_writer.get(writer, Counter())
        rest = Counter({w: self.total[w] - own[w] for w in own})
        found = {}
        for word in own:
            rank = min(self.wiki.get(word, 10**6), self.screen.get(word, 10**6))
            count = rest[word]
            if count >= 40 or (count and rank < 1500):
                found[word] = 4
            elif count >= 3:
                found[word] = 3
            elif count or rank < 6000:
                found[word] = 2
            else:
                found[word] = 1 if rank < 10**6 else 0
        return found


class Renamer:
    """Other names for those of a text, the same throughout it."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.locales = load_names(20)
        extra = Path(__file__).with_name("names_extra.txt").read_text("utf-8")
        self.extra = [
            line.split() for line in extra.splitlines() if line and not line.startswith("#")
        ]

    def person(self, name: str) -> str:
        parts = name.split(" ")
        return " ".join(self._one(p, i) for i, p in enumerate(parts))

    def _one(self, part: str, place: int) -> str:
        if not part.replace("-", "").replace("'", "").isalpha() or len(part) < 2:
            return part
        if self.rng.random() < 0.45:
            made = self.rng.choice(self.rng.choice(self.extra)).capitalize()
        else:
            locale = self.rng.choice(self.locales)
            listed = locale.first if place == 0 else locale.last
            made = self.rng.choice(listed)
        if self.rng.random() < 0.15:
            made = plain(fold(made)).capitalize()
        return made if part[0].isupper() else made.lower()

    def organisation(self, name: str) -> str:
        pick, r = self.rng.choice, self.rng
        stem = pick([pick(surrogates.STEMS) + pick(surrogates.PLACE_ENDINGS), self._last()])
        tail = name.split(" ")[-1]
        if r.random() < 0.5 or not tail.isalpha():
            tail = pick([*surrogates.WORKPLACES, *surrogates.SCHOOLS])
        made = f"{stem} {tail}"
        roll = r.random()
        if roll < 0.15:
            made = f"{stem} {pick(['&', 'and'])} {self._last()}"
        elif roll < 0.22:
            made = f"St {self.person('A')}{pick(['', chr(39) + 's'])} {tail}"
        elif roll < 0.27:
            made = f"The {stem} {pick(['&', 'and'])} {pick(surrogates.STEMS)}"
        elif roll < 0.32:
            made = stem
        return made if any(c.isupper() for c in name) else made.lower()

    def place(self, name: str) -> str:
        pick = self.rng.choice
        made = pick(surrogates.STEMS) + pick(surrogates.PLACE_ENDINGS)
        if self.rng.random() < 0.5:
            made = f"{pick([made, self._last()])} {pick(surrogates.PLACE_SECOND)}"
        return made if name[0].isupper() else made.lower()

    def _last(self) -> str:
        return self.rng.choice(self.rng.choice(self.locales).last)


def spans_of(row: dict) -> list[Span]:  # type: ignore[type-arg]
    """Labelled spans of a row that do not overlap, in order."""
    found: list[Span] = []
    for flag in sorted(row["flags"], key=lambda f: (f["start_char"], -f["end_char"])):
        label = LABEL_OF.get(flag["kind"] or "")
        apart = not found or flag["start_char"] >= found[-1][1]
        if flag["flag"] == "identifier" and label and apart:
            found.append((flag["start_char"], flag["end_char"], label))
    return found


def renamed(text: str, spans: Sequence[Span], rename: Renamer) -> tuple[str, list[Span]]:
    """The text with other names in it, and where they are."""
    chosen: dict[str, str] = {}
    parts: list[str] = []
    made: list[Span] = []
    at = length = 0
    for start, end, label in spans:
        name = text[start:end]
        if fold(name) not in chosen:
            keep = rename.rng.random() < 0.25
            chosen[fold(name)] = name if keep else getattr(rename, label)(name)
        new = chosen[fold(name)]
        parts += [text[at:start], new]
        length += start - at
        made.append((length, length + len(new), label))
        length += len(new)
        at = end
    parts.append(text[at:])
    return "".join(parts), made


def examples(rows: Sequence[dict], lists: Lists, seed: int) -> Iterator[tuple[list[str], int]]:  # type: ignore[type-arg]
    """Features and label of every word that training sees."""
    rng = random.Random(seed)
    rename = Renamer(rng)
    cache: dict[str, dict[str, int]] = {}
    for row in rows:
        writer = row["writer"]
        own = cache.setdefault(writer, lists.without(writer))
        spans = spans_of(row)
        copies = COPIES["identifiers"] if row["genre"] == "identifier" else 1
        if row["genre"] == "session":
            copies = 4 if spans else 1
        for n in range(copies):
            text, marked = row["text"], spans
            if n:
                text, marked = renamed(text, spans, rename)
            if rng.random() < LOWER_SHARE and len(text.lower()) == len(text):
                text = text.lower()
            hidden = {
                w.key
                for a, b, _ in marked
                for w in words(text[a:b])
                if rng.random() < UNLISTED_SHARE
            }

            def look(key: str, own: dict[str, int] = own, hidden: set[str] = hidden) -> Known:
                known = look_up(key)
                if key in own:
                    known = Known(own[key], known.first, known.last)
                if key in hidden:
                    known = Known(known.common, False, False)
                return known

            found = words(text)
            contexts = context_features(text, found, look)
            for word, context in zip(found, contexts, strict=True):
                label = next(
                    (kind for a, b, kind in marked if a < word.end and word.start < b), "none"
                )
                features = own_features(word.text, word.key, look(word.key)) + context
                yield features, LABELS.index(label)


def fit(rows: Sequence[dict], lists: Lists, seed: int = 0, C: float = 1.0) -> TokenModel:  # type: ignore[type-arg]  # noqa: N803
    """A token model from rows."""
    features: list[dict[str, float]] = []
    labels: list[int] = []
    rng = random.Random(seed + 1)
    for found, label in examples(rows, lists, seed):
        # Nine of ten plain words teach nothing: common, small letters, no names about.
        if label == 0 and found[0].startswith("k=4") and found[0] == "k=4" and rng.random() < 0.75:
            continue
        features.append(dict.fromkeys(found, 1.0))
        labels.append(label)
    counts = Counter(f for row in features for f in row)
    kept = [{f: v for f, v in row.items() if counts[f] > 3} for row in features]
    vectorizer = DictVectorizer(sparse=True, dtype=np.float32)
    matrix = vectorizer.fit_transform(kept)
    print(matrix.shape, Counter(labels), flush=True)
    model = LogisticRegression(C=C, max_iter=200, solver="lbfgs", tol=1e-5)
    model.fit(matrix, np.array(labels))
    weights = {}
    for name, column in zip(vectorizer.feature_names_, model.coef_.T, strict=True):
        rounded = np.round(column / SCALE).astype(int)
        if np.abs(rounded).max() >= 6:
            weights[name] = tuple(float(v) * SCALE for v in rounded)
    return TokenModel(weights, tuple(float(b) for b in model.intercept_))


def training_rows(posts: int = 1000, seed: int = 0) -> list[dict]:  # type: ignore[type-arg]
    """Rows of every kind of text, of posts only some: they hold hardly a name."""
    rows = corpus_rows("train")
    rng = random.Random(seed)
    loose = [r for r in rows if r["genre"] not in {"identifier", "session", "note"}]
    rest = [r for r in rows if r["genre"] in {"identifier", "session", "note"}]
    return rest + rng.sample(loose, min(posts, len(loose)))


def save(model: TokenModel, output: Path = OUTPUT) -> None:
    """Write a model as packed JSON, weights as whole hundredths."""
    made = {
        "labels": LABELS,
        "scale": SCALE,
        "bias": [round(b, 4) for b in model.bias],
        "weights": {f: [round(v / SCALE) for v in w] for f, w in sorted(model.weights.items())},
    }
    content = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
    output.write_bytes(gzip.compress(content, 9, mtime=0))
    print(f"{len(model.weights)} features, {output.stat().st_size} bytes")


def main() -> None:
    """Train on everything and write the model."""
    lists = Lists(sys.argv[1], corpus_rows("train"))
    save(fit(training_rows(), lists), Path(sys.argv[2]) if len(sys.argv) > 2 else OUTPUT)


if __name__ == "__main__":
    main()
