from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ipt_nlp import codebook
from ipt_nlp.corpus import (
    CorpusRow,
    LabelledTexts,
    Problem,
    fingerprint,
    load_texts,
    read_mapping,
    read_rows,
)
from ipt_nlp.errors import CorpusError

OFFLINE = "HF_HUB_OFFLINE"
ROW: dict[str, Any] = {
    "id": "a-1",
    "text": "My wife yells at me.",
    "genre": "board",
    "writer": "w1",
    "areas": ["conflict"],
    "primary": "conflict",
    "patterns": [
        {"start_char": 3, "end_char": 19, "quote": "wife yells at me", "pattern": "hostility",
         "who": "other"}
    ],
    "flags": [],
    "codebook": codebook.VERSION,
    "synthetic": True,
}  # fmt: skip


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


def test_a_good_row_is_read(tmp_path: Path) -> None:
    [(line, row)] = read_rows(write(tmp_path / "c.jsonl", ROW))
    assert line == 1
    assert isinstance(row, CorpusRow)
    assert row.patterns[0].quote == "wife yells at me"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"areas": ["sadness"]}, "areas.0"),
        ({"primary": "grief"}, "primary must be one of areas"),
        ({"areas": [], "patterns": []}, "primary without areas"),
        ({"areas": ["conflict", "conflict"]}, "named twice"),
        ({"text": "  "}, "text is empty"),
        ({"rules": ["made_up"]}, "rules"),
        ({"colour": "red"}, "colour"),
        ({"text": "My husband yells at me."}, "patterns.0"),
        ({"flags": [{"start_char": 0, "end_char": 2, "quote": "My", "flag": "risk"}]}, "flags.0"),
    ],
)
def test_a_broken_row_is_a_problem_with_its_line(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = write(tmp_path / "c.jsonl", ROW, ROW | {"id": "a-2"} | change)
    problem = [row for _, row in read_rows(path)][1]
    assert isinstance(problem, Problem)
    assert (problem.file, problem.line) == ("c.jsonl", 2)
    assert message in problem.message
    assert "husband" not in str(problem)


def test_a_file_is_loaded_with_its_labels(tmp_path: Path) -> None:
    other = ROW | {"id": "a-2", "areas": [], "primary": None, "patterns": [],
                   "unscored_areas": ["grief"], "client": "c9"}  # fmt: skip
    texts = load_texts([str(write(tmp_path / "c.jsonl", ROW, other))])
    assert texts.ids == ("a-1", "a-2")
    assert texts.areas == (frozenset({"conflict"}), frozenset())
    assert texts.unscored[1] == {"grief"}
    assert texts.groups == ("w1", "c9")


def test_a_folder_is_loaded_by_its_card(tmp_path: Path) -> None:
    card = """---
configs:
- config_name: posts
  data_files:
  - {split: train, path: train.jsonl}
  - {split: test, path: test.jsonl}
---
"""
    (tmp_path / "README.md").write_text(card)
    write(tmp_path / "train.jsonl", ROW)
    write(tmp_path / "test.jsonl", ROW | {"id": "b-1"})
    assert load_texts([str(tmp_path)]).ids == ("a-1", "b-1")
    assert load_texts([str(tmp_path)], split="test").ids == ("b-1",)


def test_a_mapping_reads_other_formats(tmp_path: Path) -> None:
    rows = [{"post": "I lost my job.", "topic": "work"}, {"post": "I am alone.", "topic": "lonely"}]
    corpus = write(tmp_path / "c.jsonl", *rows)
    (tmp_path / "map.toml").write_text(
        '[topic]\nwork = ["role_transition"]\nlonely = ["isolation"]'
    )
    mapping = read_mapping(tmp_path / "map.toml")
    texts = load_texts([str(corpus)], text_column="post", mapping=mapping)
    assert texts.areas == (frozenset({"role_transition"}), frozenset({"isolation"}))


@pytest.mark.parametrize("mapping", ['[topic]\nwork = ["x"]', "[", "topic = 1"])
def test_a_wrong_mapping_is_refused(tmp_path: Path, mapping: str) -> None:
    (tmp_path / "map.toml").write_text(mapping)
    with pytest.raises(CorpusError, match=r"map\.toml"):
        read_mapping(tmp_path / "map.toml")


def test_a_label_outside_the_codebook_is_refused_without_its_text(tmp_path: Path) -> None:
    corpus = write(tmp_path / "c.jsonl", {"text": "secret words", "areas": ["anger"]})
    with pytest.raises(CorpusError, match="row 1: areas") as caught:
        load_texts([str(corpus)])
    assert "secret" not in str(caught.value)


def test_a_missing_corpus_file_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text("not json\n")
    with pytest.raises(CorpusError, match=r"c\.jsonl"):
        load_texts([str(tmp_path / "c.jsonl")])


def test_no_copy_of_a_local_corpus_stays_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    seen: list[int] = []
    corpus = write(tmp_path / "c.jsonl", ROW)
    import datasets

    load = datasets.load_dataset

    def spying(*args: Any, **options: Any) -> Any:
        loaded = load(*args, **options)
        seen.append(stat.S_IMODE(Path(options["cache_dir"]).stat().st_mode))
        return loaded

    monkeypatch.setattr(datasets, "load_dataset", spying)
    load_texts([str(corpus)])
    assert seen == [0o700]
    assert list(scratch.iterdir()) == []


def test_the_fingerprint_is_of_content_not_order(tmp_path: Path) -> None:
    rows = [ROW, ROW | {"id": "a-2", "text": "My wife yells at me!"}]
    there = load_texts([str(write(tmp_path / "a.jsonl", *rows))])
    back = load_texts([str(write(tmp_path / "b.jsonl", *rows[::-1]))])
    other = load_texts([str(write(tmp_path / "c.jsonl", ROW))])
    assert fingerprint(there) == fingerprint(back) != fingerprint(other)


TURN: dict[str, Any] = {
    "text": "We shout at each other every night about money and the house.",
    "genre": "session",
    "client": "c1",
    "session": "1",
    "turn_index": 0,
    "role": "client",
    "writer": "w1",
    "areas": ["conflict"],
}


def segments(texts: LabelledTexts) -> list[int]:
    return [i for i, source in enumerate(texts.sources) if source == "session segment"]


@pytest.mark.parametrize("name", ["client-anna.jsonl", "someone/notes", "gone:posts,notes"])
def test_a_path_that_is_not_there_never_reaches_the_hub(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    asked: list[str] = []
    monkeypatch.setattr(datasets, "load_dataset", lambda *a, **_: asked.append(a[0]))
    with pytest.raises(CorpusError, match=r"no such file or folder; .* hub:owner/name"):
        load_texts([name])
    assert asked == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [("hub:owner/name", [None]), ("hub:owner/name:posts,notes", ["posts", "notes"])],
)
def test_a_corpus_on_the_hub_is_named_so(
    name: str, parts: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    asked: list[tuple[Any, ...]] = []

    def load(*args: Any) -> dict[str, list[dict[str, Any]]]:
        asked.append(args)
        return {"train": [ROW]}

    monkeypatch.setattr(datasets, "load_dataset", load)
    assert load_texts([name]).ids == ("a-1",) * len(parts)
    assert asked == [("owner/name", part) for part in parts]


@pytest.mark.parametrize("name", ["hub:", "hub:name", "hub:../name/x", "hub:/etc/passwd"])
def test_a_wrong_name_on_the_hub_is_refused(name: str) -> None:
    with pytest.raises(CorpusError, match="hub:owner/name"):
        load_texts([name])


def test_a_folder_does_not_pass_for_a_corpus_on_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "owner" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError, match="is here too"):
        load_texts(["hub:owner/name"])


@pytest.mark.parametrize("hub", [False, True])
def test_only_corpora_that_are_all_local_set_the_process_offline(
    hub: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.setattr(os, "environ", {k: v for k, v in os.environ.items() if k != OFFLINE})
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: {"train": [ROW]})
    local = str(write(tmp_path / "c.jsonl", ROW))
    load_texts([local, "hub:owner/name"] if hub else [local])
    assert (OFFLINE in os.environ) is not hub


def test_sessions_of_two_clients_stay_apart_whatever_they_are_called(tmp_path: Path) -> None:
    other = TURN | {"client": "c2", "areas": [], "text": "I sleep well and eat well most of all."}
    texts = load_texts([str(write(tmp_path / "c.jsonl", TURN, other))])
    found = segments(texts)
    assert [texts.texts[i] for i in found] == [TURN["text"], other["text"]]
    assert [texts.groups[i] for i in found] == ["c1", "c2"]
    assert len({texts.sessions[i] for i in found}) == 2
    assert len(set(texts.sessions)) == 2


def test_a_segment_leaves_open_what_its_turns_leave_open(tmp_path: Path) -> None:
    rows = [
        TURN | {"unscored_areas": ["grief"]},
        TURN | {"turn_index": 1, "areas": [], "unscored_areas": ["conflict", "isolation"]},
    ]
    texts = load_texts([str(write(tmp_path / "c.jsonl", *rows))])
    [i] = segments(texts)
    assert texts.areas[i] == {"conflict"}
    assert texts.unscored[i] == {"grief", "isolation"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"session": None}, "session"),
        ({"turn_index": None}, "turn_index"),
        ({"turn_index": "first"}, "turn_index"),
        ({"role": None}, "role"),
        ({"areas": 3}, "areas"),
        ({"areas": "conflict"}, "areas"),
        ({"areas": [["conflict"]]}, "areas"),
        ({"unscored_areas": 3}, "unscored_areas"),
        ({"unscored_areas": ["anger"]}, "unscored_areas"),
        ({"rules": 3}, "rules"),
    ],
)
@pytest.mark.parametrize("there", [False, True])
def test_a_malformed_row_is_one_error_with_its_field(
    tmp_path: Path, change: dict[str, Any], field: str, there: bool
) -> None:
    row = TURN | change
    if not there:
        row = {k: v for k, v in row.items() if v is not None}
    with pytest.raises(CorpusError, match=rf"^c\.jsonl: row 1: {field}: ") as caught:
        load_texts([str(write(tmp_path / "c.jsonl", row))])
    assert "shout" not in str(caught.value)


@pytest.mark.parametrize(("missing", "group"), [(["client"], "w1"), (["client", "writer"], "1")])
def test_a_session_without_a_client_is_grouped_and_whole(
    tmp_path: Path, missing: list[str], group: str
) -> None:
    turn = {k: v for k, v in TURN.items() if k not in missing}
    texts = load_texts([str(write(tmp_path / "c.jsonl", turn, turn | {"turn_index": 1}))])
    assert texts.groups == (group,) * 3
    assert len(segments(texts)) == 1


def test_sessions_are_read_from_another_column_and_by_a_mapping(tmp_path: Path) -> None:
    row = {k: v for k, v in TURN.items() if k not in ("text", "areas")}
    row |= {"said": TURN["text"], "topic": "fight"}
    texts = load_texts(
        [str(write(tmp_path / "c.jsonl", row))],
        text_column="said",
        mapping={"topic": {"fight": ["conflict"]}},
    )
    [i] = segments(texts)
    assert texts.texts[i] == TURN["text"]
    assert texts.areas[i] == {"conflict"}
