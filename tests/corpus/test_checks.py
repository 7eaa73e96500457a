from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ipt_nlp.corpus.checks import NO_SPLIT, check, read_corpus
from ipt_nlp.corpus.rows import corpus_files

if TYPE_CHECKING:
    from tests.corpus.conftest import Line, MakeRow, WriteCorpus

LONG = "my sister and i have not talked since the summer and i do not know how to begin again"


def test_config_and_split_come_from_the_file(make_row: MakeRow, write_corpus: WriteCorpus) -> None:
    folder = write_corpus({
        "posts/train.jsonl": [make_row("a")],
        "notes/test.jsonl": [make_row("b")],
        "extra/more.jsonl": [make_row("c")],
    })  # fmt: skip
    placed = {p.row.id: (p.config, p.split) for p in read_corpus(folder).rows}
    assert placed == {
        "a": ("posts", "train"),
        "b": ("notes", "test"),
        "c": ("extra/more", NO_SPLIT),
    }
    [alone] = read_corpus(folder / "posts" / "train.jsonl").rows
    assert (alone.config, alone.split, alone.file) == ("posts", "train", "train.jsonl")


def test_passes_and_hidden_files_are_no_rows(make_row: MakeRow, write_corpus: WriteCorpus) -> None:
    row = make_row("a")
    folder = write_corpus({
        "posts/train.jsonl": [row], "passes/first.jsonl": [row], ".cache/x.jsonl": [row],
        "posts/.old.jsonl": [row],
    })  # fmt: skip
    assert [file.name for file in corpus_files(folder)] == ["train.jsonl"]


def test_a_clean_corpus_has_no_problems(make_row: MakeRow, write_corpus: WriteCorpus) -> None:
    folder = write_corpus({
        "posts/train.jsonl": [make_row("a", LONG)],
        "posts/test.jsonl": [make_row("b", writer="w2")],
    })  # fmt: skip
    assert list(check(read_corpus(folder))) == []


def test_an_id_used_in_another_file_is_a_problem(
    make_row: MakeRow, write_corpus: WriteCorpus
) -> None:
    folder = write_corpus(
        {"posts/train.jsonl": [make_row("a")], "notes/train.jsonl": [make_row("a")]}
    )
    assert [str(p) for p in check(read_corpus(folder))] == ["posts/train.jsonl:1: id: used before"]


def test_a_broken_row_is_named_by_its_path(make_row: MakeRow, write_corpus: WriteCorpus) -> None:
    folder = write_corpus({"posts/train.jsonl": [make_row("a"), make_row("b", colour="red")]})
    [problem] = check(read_corpus(folder))
    assert str(problem).startswith("posts/train.jsonl:2: colour")


@pytest.mark.parametrize("config", ["posts", "notes"])
def test_a_writer_in_two_splits_is_one_problem(
    make_row: MakeRow, write_corpus: WriteCorpus, config: str
) -> None:
    folder = write_corpus({
        "posts/test.jsonl": [make_row("a")],
        f"{config}/train.jsonl": [make_row("b"), make_row("c")],
    })  # fmt: skip
    [problem] = check(read_corpus(folder))
    assert "writer: w1" in problem.message


def test_sessions_are_split_by_client_only(make_row: MakeRow, write_corpus: WriteCorpus) -> None:
    def turn(identity: str, client: str) -> Line:
        return make_row(identity, genre="session", client=client, session=f"{client}-1")

    good = write_corpus({
        "sessions/train.jsonl": [turn("a", "c1")],
        "sessions/test.jsonl": [turn("b", "c2")],
    })  # fmt: skip
    assert list(check(read_corpus(good))) == []
    bad = write_corpus({"sessions/test.jsonl": [turn("b", "c2"), turn("c", "c1")]})
    [problem] = check(read_corpus(bad))
    assert problem.message.startswith("client: c1 is in split")


def test_near_duplicates_are_problems_with_both_ids_and_no_words(
    make_row: MakeRow, write_corpus: WriteCorpus
) -> None:
    folder = write_corpus({
        "posts/train.jsonl": [make_row("a", LONG)],
        "notes/train.jsonl": [make_row("b", LONG.replace("begin", "start"))],
    })  # fmt: skip
    [problem] = check(read_corpus(folder))
    assert (problem.file, problem.line) == ("posts/train.jsonl", 1)
    assert problem.message == "text: a is a near-duplicate of b (Jaccard 0.79)"


def test_a_row_that_repeats_the_reference_is_a_problem(
    make_row: MakeRow, write_corpus: WriteCorpus
) -> None:
    folder = write_corpus({"posts/train.jsonl": [make_row("a", LONG)]})
    [problem] = check(read_corpus(folder), ["Something else.", LONG])
    assert "a is a near-duplicate of text 2 of the reference" in problem.message
    assert "sister" not in str(problem)
