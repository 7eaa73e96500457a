"""Other languages are told from English, and English from other languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ipt_nlp.english import MIN_WORDS, language_warnings

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "corpora" / "ipt-synth"
FOREIGN = json.loads((Path(__file__).parent / "cases" / "languages.json").read_text("utf-8"))
ENGLISH = (
    "I did not know what to say to her when she came back, so I went out and sat in the car for "
    "an hour, and when I came home she had gone to bed and nobody has said a word about it since."
)


@pytest.mark.parametrize("language", sorted(FOREIGN))
def test_other_languages_are_told(language: str) -> None:
    (warning,) = language_warnings(FOREIGN[language])
    assert "the tool reads English" in warning
    assert "100%" in warning
    assert not set(warning.split()) & {w for w in FOREIGN[language].split() if len(w) > 6}


def test_english_is_not_warned_about() -> None:
    """Not a single row of the synthetic corpus: posts, notes, lists of names, turns."""
    rows = 0
    for path in sorted(CORPUS.rglob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            if "text" in row:
                rows += 1
                assert language_warnings(row["text"]) == (), row["id"]
    assert rows > 10_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Wir haben uns gestritten.",
        "Anna Ben Cem Dora Emil Frida Gül Hans Ida Jan Kai Lea Mia Noah Ole",
        "1 2 3 " * 200,
        ENGLISH.upper(),
        ENGLISH.replace("'", "\u2019"),
    ],
)
def test_no_warning_where_there_is_no_telling(text: str) -> None:
    assert language_warnings(text) == ()


def test_a_text_of_two_languages_says_how_much() -> None:
    half = f"{ENGLISH} {ENGLISH} " * 3 + " ".join([FOREIGN["de"]] * 5)
    (warning,) = language_warnings(half)
    share = int(warning.split("%", maxsplit=1)[0].rsplit(maxsplit=1)[-1])
    assert 40 <= share <= 60


def test_a_quotation_in_a_long_session_is_no_reason() -> None:
    assert language_warnings(f"{ENGLISH} " * 20 + FOREIGN["fr"]) == ()


def test_a_few_words_are_too_few() -> None:
    words = FOREIGN["de"].split()
    assert language_warnings(" ".join(words[: MIN_WORDS - 1])) == ()
    assert language_warnings(" ".join(words[:MIN_WORDS]))
