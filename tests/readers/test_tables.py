"""Tables of texts: Parquet, Arrow, folders that ``datasets`` wrote, and names on the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pytest

from ipt_nlp.errors import CorpusError, ReadError
from ipt_nlp.readers import tables
from ipt_nlp.readers.tables import Table, TableName, is_table, table_at

ROWS: dict[str, list[Any]] = {
    "id": ["a", "b", "c"],
    "body": ["We argue.", None, "He died in May."],
    "other": [[1], [2], [3]],
}


@pytest.fixture
def made() -> datasets.Dataset:
    return datasets.Dataset.from_dict(ROWS)


def rows_of(table: Table) -> dict[str, list[tuple[str, str | None]]]:
    return {split: [(row.id, row.text) for row in rows] for split, rows in table.splits()}


EXPECTED = list(zip(ROWS["id"], ROWS["body"], strict=True))


def test_a_parquet_file(made: datasets.Dataset, tmp_path: Path) -> None:
    made.to_parquet(tmp_path / "posts.parquet")
    assert is_table(tmp_path / "posts.parquet")
    assert rows_of(table_at(tmp_path / "posts.parquet", "body")) == {"train": EXPECTED}


def test_folders_that_datasets_saved(made: datasets.Dataset, tmp_path: Path) -> None:
    made.save_to_disk(tmp_path / "one")
    datasets.DatasetDict({"train": made, "test": made.select([0])}).save_to_disk(tmp_path / "two")
    assert is_table(tmp_path / "one")
    assert is_table(tmp_path / "two")
    assert rows_of(table_at(tmp_path / "one", "body")) == {"train": EXPECTED}
    assert rows_of(table_at(tmp_path / "two", "body")) == {
        "train": EXPECTED,
        "test": EXPECTED[:1],
    }


def test_an_arrow_file(made: datasets.Dataset, tmp_path: Path) -> None:
    made.save_to_disk(tmp_path / "saved")
    file = tmp_path / "posts.arrow"
    next((tmp_path / "saved").glob("*.arrow")).rename(file)
    assert is_table(file)
    assert rows_of(table_at(file, "body")) == {"train": EXPECTED}


def test_a_folder_laid_out_like_one_on_the_hub(made: datasets.Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "posts"
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_text("# Posts\n")
    made.to_parquet(folder / "data" / "train-00000-of-00001.parquet")
    made.select([2]).to_parquet(folder / "data" / "test-00000-of-00001.parquet")
    assert is_table(folder)
    assert rows_of(table_at(folder, "body")) == {"train": EXPECTED, "test": EXPECTED[2:]}


def test_a_name_on_the_hub_is_streamed(
    made: datasets.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real call of ``datasets``, on a copy of what would be there."""
    made.to_parquet(tmp_path / "train.parquet")
    asked: list[Any] = []
    load = datasets.load_dataset

    def local(name: str, *arguments: Any, **options: Any) -> Any:
        asked.append((name, arguments, options.get("streaming")))
        return load(str(tmp_path), *arguments, **options)

    monkeypatch.setattr(datasets, "load_dataset", local)
    assert is_table(Path("hub:someone/posts"))
    table = table_at(Path("hub:someone/posts"), "body")
    assert table.table == TableName("someone/posts", (), True)
    assert rows_of(table) == {"train": EXPECTED}
    assert asked == [("someone/posts", (None,), True)]


def test_a_row_without_an_id_is_named_by_its_place(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"text": ["We argue.", "He died."]}).to_parquet(
        tmp_path / "p.parquet"
    )
    found = rows_of(table_at(tmp_path / "p.parquet"))
    assert [i for i, _ in found["train"]] == ["p.parquet#train-1", "p.parquet#train-2"]


def test_a_row_without_words_says_which(made: datasets.Dataset, tmp_path: Path) -> None:
    made.to_parquet(tmp_path / "posts.parquet")
    _, rows = next(table_at(tmp_path / "posts.parquet", "body").splits())
    first, second, _ = rows
    assert first.transcript().kind == "text"
    assert first.transcript().source == "a"
    with pytest.raises(ReadError, match=r"posts\.parquet#train:2: no words"):
        second.transcript()


def test_a_column_that_is_not_there(made: datasets.Dataset, tmp_path: Path) -> None:
    made.to_parquet(tmp_path / "posts.parquet")
    with pytest.raises(CorpusError, match="no column 'text'; name one of 'id', 'body', 'other'"):
        rows_of(table_at(tmp_path / "posts.parquet"))


def test_what_is_no_table_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "secret.parquet"
    broken.write_bytes(b"my client said")
    with pytest.raises(CorpusError, match="cannot be loaded as a corpus") as raised:
        rows_of(table_at(broken))
    assert "client" not in str(raised.value)
    with pytest.raises(CorpusError, match="no such file"):
        table_at(tmp_path / "nowhere.parquet")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("words")
    (tmp_path / "notes" / "a.parquet").write_bytes(b"")
    assert not is_table(tmp_path / "notes")
    assert not is_table(tmp_path / "notes" / "a.txt")


def test_nothing_is_cached(
    made: datasets.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.to_parquet(tmp_path / "posts.parquet")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    rows_of(tables.table_at(tmp_path / "posts.parquet", "body"))
    assert not (tmp_path / "cache").exists()
    assert list((tmp_path / "temporary").iterdir()) == []


def test_notes_beside_a_table_are_no_card(tmp_path: Path) -> None:
    (tmp_path / "old.parquet").touch()
    (tmp_path / "README.md").write_text("A card.")
    assert is_table(tmp_path)
    (tmp_path / "session-01.md").write_text("A note.")
    assert not is_table(tmp_path)
