"""From decisions to a bundle, and from public corpora to the queue."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from ipt_nlp.cli.review import before_and_after
from ipt_nlp.corpus import load_texts
from ipt_nlp.errors import CorpusError, ReviewError
from ipt_nlp.review import labels, public, queue, retrain
from ipt_nlp.review.exports import reviewed_segments
from ipt_nlp.review.schema import bundles
from ipt_nlp.review.store import Change
from ipt_nlp.tagger import Tagger
from tests.review.conftest import Rig
from tests.review.documents import PARTS, document

ACCEPT = Change("accept", labels.decide)
SYNTH = Path(__file__).parents[2] / "corpora/ipt-synth/posts/train.jsonl"


def decide_everything(rig: Rig) -> None:
    with rig.store.reading() as c:
        ids = [i.id for i in queue.page(c, queue.Filters(everything="1"), "moss", 1.0)[0]]
    for segment in ids:
        rig.store.change(segment, "moss", "moss", 0, ACCEPT)


def test_too_few_decisions_are_refused(rig: Rig, tagger: Tagger, tmp_path: Path) -> None:
    decide_everything(rig)
    with pytest.raises(ReviewError, match="at least 40"):
        retrain.retrain(rig.store, tmp_path / "new", tagger.bundle)


def test_whole_clients_are_held_back() -> None:
    groups = ["a"] * 10 + ["b"] * 10 + ["c"] * 10 + ["d"] * 10
    held = retrain.split_groups(groups)
    assert sum(held) in {10, 20}
    for group in set(groups):
        assert len({h for g, h in zip(groups, held, strict=True) if g == group}) == 1


def test_decisions_become_a_bundle_that_is_recorded(
    rig: Rig, tagger: Tagger, tmp_path: Path
) -> None:
    sessions = [
        document(
            f"more-{n}.vtt",
            tuple(replace(p, says=f"{p.says} Number {n}.") for p in PARTS),
            client=f"c{n:02}",
        )
        for n in range(10, 20)
    ]
    rig.store.add(sessions, by="tests", synthetic=True)
    with rig.store.reading() as c:
        pages = [queue.page(c, queue.Filters(everything="1"), "moss", 1.0, n)[0] for n in (1, 2)]
    for item in (i for page in pages for i in page):
        rig.store.change(item.id, "moss", "moss", 0, ACCEPT)
    corpus = tmp_path / "some.jsonl"
    corpus.write_text("\n".join(SYNTH.read_text().splitlines()[::8]))
    made = retrain.retrain(
        rig.store,
        tmp_path / "new",
        tagger.bundle,
        corpora=load_texts([str(corpus)]),
        corpus_names=["some"],
    )
    assert made.learned + made.held_back == 61
    assert made.held_back >= 15
    assert (tmp_path / "new" / "bundle.json").is_file()
    assert made.before.macro_f1.value <= 1.0
    assert "macro" in before_and_after(made)
    manifest = json.loads((tmp_path / "new" / "bundle.json").read_text())
    assert not manifest["client_data"]
    with rig.store.reading() as c:
        (row,) = c.execute(sa.select(bundles)).all()
    assert row.digest == made.trained.digest
    held = {r.session_id for r in reviewed_segments(rig.store)} - set(json.loads(row.sessions))
    assert held


def test_rows_worth_labelling_are_unsure_and_unlike_each_other() -> None:
    rng = np.random.default_rng(0)
    probabilities = np.full((200, 4), 0.02)
    probabilities[:60, 0] = 0.5
    embeddings = np.repeat(np.eye(6, 8, dtype=np.float32), [10] * 6, axis=0)
    embeddings = np.concatenate([embeddings, rng.normal(size=(140, 8)).astype(np.float32)])
    chosen = public.choose(probabilities, np.full(4, 0.5), embeddings, 6)
    assert len(set(chosen)) == 6
    assert sum(place < 60 for place in chosen) >= 3
    assert public.choose(probabilities[:3], np.full(4, 0.5), embeddings[:3], 5) == [0, 1, 2]


def rows(path: Path, n: int = 6, column: str = "input") -> Path:
    texts = [
        f"I moved to town number {i} and I have nobody here to talk to at all." for i in range(n)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({column: t, "output": "…"}) + "\n" for t in [*texts, "hm"]))
    return path


def test_a_local_copy_is_read_without_the_interviews(tmp_path: Path) -> None:
    folder = tmp_path / "mentalchat16k"
    rows(folder / "Synthetic_Data_10K.jsonl")
    rows(folder / "Interview_Data_6K.jsonl", 30)
    assert public.source_of(str(folder)) == public.SOURCES["mentalchat16k"]
    assert public.source_of("hub:ShenLab/MentalChat16K") == public.SOURCES["mentalchat16k"]
    assert len(public.read_texts(str(folder), "input", 100)) == 6


def test_corpora_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = rows(tmp_path / "own.jsonl")
    with pytest.raises(CorpusError, match="no column 'text'"):
        public.read_texts(str(path), "text", 10)
    with pytest.raises(CorpusError, match="no such corpus"):
        public.read_texts(str(tmp_path / "missing"), "text", 10)


def test_chosen_rows_come_before_random_samples(rig: Rig, tagger: Tagger, tmp_path: Path) -> None:
    texts = public.read_texts(str(rows(tmp_path / "own.jsonl")), "input", 10)
    added = public.queue_texts(rig.store, tagger, texts, 3, by="tests", synthetic=True)
    assert len(added) == 3
    with rig.store.reading() as c:
        found = queue.page(c, queue.Filters(), "moss", 1.0)[0]
    mine = [i for i in found if i.session_id in added]
    assert all(i.reason <= queue.Reason.chosen for i in mine)
    assert found.index(mine[-1]) < len(found) - 1
