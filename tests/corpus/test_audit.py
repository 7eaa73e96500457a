from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING

from ipt_nlp.corpus.audit import COLUMNS, VERDICTS, audit_sheet, draw

if TYPE_CHECKING:
    from tests.corpus.conftest import MakeRow, PlaceRows


def test_small_strata_are_drawn_as_often_as_large_ones(
    make_row: MakeRow, place_rows: PlaceRows
) -> None:
    rows = place_rows({
        "posts/train.jsonl": [make_row(f"n{i}") for i in range(50)]
        + [make_row(f"g{i}", areas=["grief"]) for i in range(3)],
        "notes/train.jsonl": [make_row("c", areas=["conflict"])],
    })  # fmt: skip
    drawn = draw(rows, 9)
    assert Counter(p.row.primary for p in drawn) == {None: 5, "grief": 3, "conflict": 1}
    assert drawn == draw(rows, 9)
    assert draw(rows, 1000) == rows


def test_the_sheet_shows_labels_and_leaves_the_verdicts_empty(
    make_row: MakeRow, place_rows: PlaceRows
) -> None:
    words = {"start_char": 1, "end_char": 6, "quote": "1 yel"}
    row = make_row(
        "a", "=1 yell|\r\nat me", areas=["conflict"], rules=["own_habit"],
        patterns=[words | {"pattern": "hostility", "who": "client"}],
        flags=[words | {"flag": "risk_harm_to_other", "status": "denied", "subject": "speaker"}],
    )  # fmt: skip
    [line] = csv.DictReader(io.StringIO(audit_sheet(place_rows({"posts/test.jsonl": [row]}), 5)))
    assert tuple(line) == COLUMNS
    assert line["text"] == "'=1 yell|\nat me"
    assert (line["config"], line["split"], line["areas"]) == ("posts", "test", "conflict")
    assert line["patterns"] == "hostility (client): 1 yel"
    assert line["flags"] == "risk_harm_to_other (denied, speaker): 1 yel"
    assert all(line[name] == "" for name in VERDICTS)


def test_a_turn_comes_with_the_turns_before_it_of_its_own_session(
    make_row: MakeRow, place_rows: PlaceRows
) -> None:
    turns = [
        make_row(f"{s}-{i}", f"Turn {s}{i}.", genre="session", session=s, turn_index=i,
                 client=s, role="client")
        for s in ("x", "y") for i in range(4)
    ]  # fmt: skip
    sheet = audit_sheet(place_rows({"sessions/train.jsonl": turns}), 8)
    before = {line["id"]: line["before"] for line in csv.DictReader(io.StringIO(sheet))}
    assert before["y-3"] == "client: Turn y1.\nclient: Turn y2."
    assert before["y-0"] == ""
