"""Two halves of the clients and writers, and what the encoder learns from each."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.encoder.clause_texts import labelled_texts
from training.halves import HALF_FILE, check_halves, half_of
from training.pattern_texts import CORPUS, read_corpus
from training.patterns import YARDSTICK

HELD_OUT = ("validation", "test")
PARTS = ("posts", "posts_open", "posts_first", "notes", "risk", "sessions")


def test_a_group_stays_in_its_half() -> None:
    assert [half_of(group) for group in ("p23", "p24", "p25", "p26", "r01")] == [1, 0, 0, 0, 1]


def test_the_halves_share_no_group_and_hold_nothing_that_is_held_out() -> None:
    first, second = (labelled_texts(half) for half in (0, 1))
    groups = [{text.group for text, _, _ in chosen} for chosen in (first, second)]
    assert not groups[0] & groups[1]
    assert YARDSTICK not in groups[0] | groups[1]
    learned = {text.text for text, _, _ in (*first, *second)}
    for part in PARTS:
        for split in HELD_OUT:
            file = CORPUS / part / f"{split}.jsonl"
            rows = read_corpus(file) if file.is_file() else []
            assert not learned & {row.text for row in rows}, file


def test_folders_in_the_wrong_order_are_refused(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for half, folder in enumerate(folders[:2]):
        folder.mkdir()
        (folder / HALF_FILE).write_text(f"{half}\n")
    check_halves(folders[:2])
    with pytest.raises(ValueError, match="b: should be trained on half 0, says 1"):
        check_halves(folders[1::-1])
    with pytest.raises(ValueError, match="c: should be trained on half 0, says nothing"):
        check_halves(folders[2:])
