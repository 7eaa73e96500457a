from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import pytest
from rich.cells import cell_len

from ipt_nlp.result import NOTICE, TaggedSession
from ipt_nlp.writers import display, writer

STYLE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "COLORTERM", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "90")


def plain(*sessions: TaggedSession) -> str:
    return "".join(writer("pretty", color=False)(sessions))


def colored(sessions: Iterable[TaggedSession]) -> str:
    return "".join(writer("pretty", color=True)(sessions))


def flat(text: str) -> str:
    return " ".join(text.split())


def test_piped_output_is_plain_and_fits(session: TaggedSession, hostile: TaggedSession) -> None:
    text = plain(session, hostile)
    assert "\x1b" not in text
    assert max(cell_len(line) for line in text.split("\n")) <= 80
    assert [line for line in text.split("\n") if line != line.rstrip()] == []


def test_segments_name_their_areas_with_letters_and_figures(session: TaggedSession) -> None:
    text = plain(session)
    assert "[C] Interpersonal conflict 0.91   [G] Grief and loss 0.87" in text
    assert "no area   (below threshold: C 0.34, G 0.21, I 0.11, R 0.03)" in text


def test_evidence_stands_between_underscores_with_its_letter(session: TaggedSession) -> None:
    text = flat(plain(session))
    assert "_I can't get used to there being nobody at that number._[G]" in text
    assert "No. _When I cried at the funeral_[G] _he said I should" in text
    assert "nod and wash up._[C] He should know" in text


def test_patterns_flags_exchanges_and_reasons_stand_under_the_words(
    session: TaggedSession,
) -> None:
    text = flat(plain(session))
    assert "Pattern Repair (client, often helpful): “said I was sorry for shouting”" in text
    assert "Pattern Deception (client, may protect): “I hid my letters" in text
    assert "Flag Identifier, phone, direct, 0.85: “0151 555 0142”" in text
    assert "client: indirect communication → other person: withdrawal" in text
    assert "Needs review Mixed (two areas close to even)" in text


def test_risk_is_read_first_the_denied_last(session: TaggedSession) -> None:
    head = plain(session).split("Segment 1")[0]
    past = head.index("! segment 4: Risk: harm by others, past, at risk: the client")
    assert past < head.index("! segment 4: Risk: self-harm, denied, at risk: the client")


def test_what_is_read_first_has_its_words_and_a_warning(session: TaggedSession) -> None:
    head = flat(plain(session).split("Segment 1")[0])
    for segment in session.segments:
        for flag in (f for f in segment.flags if display.is_risk(f.flag)):
            assert f"“{flat(flag.quote)}”" in head
    assert flat(display.RISK_NOTICE) in head
    assert flat(display.HARM_NOTICE) in head


def test_the_summary_ends_it_with_one_notice(session: TaggedSession) -> None:
    text = plain(session, session)
    end = text[text.rindex("\nSummary ") :]
    assert re.search(
        r"Main focus Grief and loss, then [\w ]+ "
        r"\(confidence 0\.\d\d: how far the first leads, 0 to 1\)",
        flat(end),
    )
    assert re.search(r"\[I\] Isolation +23 % █", end)
    assert "(share of the client's words in segments with the area; areas may overlap)" in flat(end)
    assert re.search(r"Patterns +often helpful: Direct expression 2, Repair 1", end)
    assert "Dad (father; deceased; 4 mentions; in segments with Grief and loss" in flat(end)
    assert "409 words · 12 turns · 7 segments" in end
    assert flat(text).count(flat(NOTICE)) == 1
    assert flat(text).endswith(flat(NOTICE))


@pytest.fixture
def close(build: Callable[..., TaggedSession]) -> TaggedSession:
    """A note with two areas side by side."""
    turns = [{"text": "Argues with her mother. Eats alone."}]
    return build(
        {"kind": "note", "turns": turns, "segments": [{"probabilities": [0.1, 0.1, 0.8, 0.81]}]}
    )


def test_a_main_focus_without_a_lead_is_said_to_have_none(close: TaggedSession) -> None:
    text = flat(plain(close))
    assert (
        "Main focus Isolation or Interpersonal conflict: no clear lead "
        "(confidence <0.01: how far the first leads, 0 to 1)"
    ) in text
    assert ", then Interpersonal conflict" not in text


def test_a_terminal_gets_underlines_in_the_areas_color(session: TaggedSession) -> None:
    text = colored([session])
    assert re.search(r"\x1b\[4;38;5;\d+mI still keep", text)
    assert "_I still keep" not in text
    assert re.search(r"number\.\x1b\[0m\x1b\[38;5;\d+m\[G\]", text)
    bare = STYLE.sub("", text)
    assert "\x1b" not in bare
    assert max(cell_len(line) for line in bare.split("\n")) <= 90


def test_a_terminal_without_styles_gets_underscores(
    session: TaggedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    text = colored([session])
    assert "\x1b" not in text
    assert "_I still keep" in text


@pytest.mark.parametrize("color", [False, True])
def test_text_cannot_act_on_the_terminal(color: bool, hostile: TaggedSession) -> None:
    text = STYLE.sub("", "".join(writer("pretty", color=color)([hostile])))
    assert re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202d\u202e]", text) == []
    words = "".join(text.split())
    assert "[U+001B][31mred[U+001B]]0;title[U+0007]" in words.replace("│", "")
    assert "[boldred]markup[/]:smile:" in words
    assert "{{7*7}}" in words


def test_notes_have_no_speakers_and_texts_no_summary(
    build: Callable[..., TaggedSession],
) -> None:
    case = {
        "turns": [{"text": "Seen alone today. Speaks of the move."}],
        "segments": [{"probabilities": [0.1, 0.7, 0.1, 0.1]}],
    }
    note = plain(build({**case, "kind": "note"}))
    assert "\n  Seen alone today." in note
    assert "1 paragraph ·" in note
    assert "Speakers" not in note
    assert "share of all words" in note
    text = plain(build({**case, "kind": "text"}))
    assert "Role transition 0.70" in text
    assert "Summary" not in text
    assert "Segment 1" not in text


def test_nothing_for_no_sessions() -> None:
    assert plain() == ""
