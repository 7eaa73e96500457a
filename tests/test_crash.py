"""A client's words reach no message: not those of readers, of results, nor of a crash."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable

import pytest

from ipt_nlp import crash
from ipt_nlp.errors import IptNlpError
from ipt_nlp.readers import SUFFIXES, read_stream
from ipt_nlp.readers.files import Raw

MARK = "Wilhelmina"
BROKEN = (
    f"{MARK} --> {MARK}\n{MARK}",
    f"WEBVTT\n\n00:01.000 --> {MARK}\n{MARK}",
    f"1\n00:00:01,000 --> {MARK}\n{MARK}\n",
    f'{{"segments": [{{"text": "{MARK}", "start": "{MARK}"}}]}}',
    f'{{"segments": [{{"{MARK}": "{MARK}"}}]}}',
    f'{{"id": "{MARK}", "text": ["{MARK}"]}}',
    f'{{"id": "{MARK}", "text": "a"}}\n{{"id": "{MARK}", "text": "b"}}',
    f'{{"speaker": "A", "role": "{MARK}", "text": "{MARK}"}}',
    f'{{"speaker": "A", "text": "x", "turn_index": "{MARK}"}}',
    f'{{"{MARK}": 1, "{MARK}": 2}}',
    f"[{MARK}",
    f"id,text\n{MARK},a,b,{MARK}\n",
    f'id,text\n{MARK},"{MARK}\n',
    f"{MARK},{MARK}\n{MARK}\n",
    f"id,text,text\n{MARK},a,b\n",
    f"{MARK}\0{MARK}",
    f"%PDF-1.7 {MARK}",
)


def zipped(name: str, content: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(name, content)
    return out.getvalue()


def refusals(read: Callable[[bytes], Iterable[object]]) -> list[IptNlpError]:
    """What is raised for each of the broken files that is refused."""
    found = []
    texts = [text.encode() for text in BROKEN]
    for data in [*texts, zipped(MARK, MARK), zipped("[Content_Types].xml", f"<{MARK}")]:
        try:
            list(read(data))
        except IptNlpError as error:
            found.append(error)
    return found


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_no_reader_repeats_what_it_cannot_read(suffix: str) -> None:
    found = refusals(lambda data: SUFFIXES[suffix].read(Raw(f"a{suffix}", data), "Nobody"))
    assert len(found) > 2
    for error in found:
        assert MARK not in f"{error} {error!r}"
        # A traceback would show what a library said.
        assert error.__suppress_context__ or error.__context__ is None


def test_no_stream_of_unknown_format_repeats_it() -> None:
    found = refusals(lambda data: read_stream(data, therapist="Nobody"))
    assert found
    assert MARK not in "".join(map(str, found))


def test_a_crash_is_described_without_its_message() -> None:
    def fails() -> None:
        try:
            json.loads(f'"{MARK}')
        except ValueError as error:
            raise KeyError(MARK) from error

    with pytest.raises(KeyError) as caught:
        fails()
    told = crash.describe(caught.value)
    assert told.startswith("the program failed (KeyError, after JSONDecodeError)")
    assert " fails" in told
    assert MARK not in told


def test_a_command_that_crashes_prints_no_words() -> None:
    code = (
        "import sys\nfrom ipt_nlp import cli\n"
        f"def fails(*args, **kwargs): raise KeyError('{MARK}')\n"
        "cli.app.command('fail')(lambda: fails())\nsys.argv = ['ipt-nlp', 'fail']\ncli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == crash.EXIT_CRASHED
    assert "the program failed (KeyError)" in done.stderr
    assert "Traceback" not in done.stderr
    assert MARK not in done.stderr
    assert done.stdout == ""
