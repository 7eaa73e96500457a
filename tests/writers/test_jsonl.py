from __future__ import annotations

import json

from ipt_nlp.result import TaggedSession
from ipt_nlp.writers import writer


def test_a_line_a_session_that_reads_back_equal(
    session: TaggedSession, hostile: TaggedSession
) -> None:
    text = "".join(writer("jsonl", color=True)([session, hostile]))
    assert text.endswith("\n")
    lines = text.removesuffix("\n").split("\n")
    assert [TaggedSession.from_json(line) for line in lines] == [session, hostile]
    assert list(json.loads(lines[0]))[:3] == ["format", "notice", "source"]


def test_nothing_for_no_sessions() -> None:
    assert list(writer("jsonl", color=False)([])) == []
