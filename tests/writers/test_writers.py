"""What holds for every format."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from ipt_nlp.cli.tag import Format
from ipt_nlp.result import NOTICE, TaggedSession
from ipt_nlp.writers import FORMATS, writer


def test_the_command_line_offers_these_formats() -> None:
    # Parquet goes into a folder alone and is written by batches.
    assert {*Format} - {"parquet"} == {*FORMATS}


def test_an_unknown_format_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'xml'.*pretty, jsonl, csv, html"):
        writer("xml", color=False)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_what_it_is_not(name: str, session: TaggedSession) -> None:
    text = "".join(writer(name, color=False)([session]))
    assert " ".join(NOTICE.replace("'", "&#39;").split()) in " ".join(
        text.replace("&#39;", "'").replace("'", "&#39;").split()
    )


@pytest.mark.parametrize("name", ["pretty", "jsonl", "csv"])
def test_a_session_is_written_before_the_next_is_asked_for(
    name: str, session: TaggedSession
) -> None:
    asked = []

    def sessions() -> Iterator[TaggedSession]:
        for i in range(2):
            asked.append(i)
            yield session

    seen = ""
    for chunk in writer(name, color=False)(sessions()):
        seen += chunk
        if "0151 555 0142" in seen:
            break
    assert asked == [0]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("color", [False, True])
def test_the_same_session_is_written_the_same_way(
    name: str, color: bool, session: TaggedSession, hostile: TaggedSession
) -> None:
    write = writer(name, color=color)
    assert "".join(write([session, hostile])) == "".join(write(iter([session, hostile])))


def test_a_json_line_loads_no_screen_libraries() -> None:
    code = (
        "import sys; from ipt_nlp.writers import writer; writer('jsonl', color=False);"
        "sys.exit(bool({'rich', 'jinja2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
