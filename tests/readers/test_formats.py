"""What each format's case file becomes: (label, role, words) for every turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipt_nlp.readers import read, read_one, read_stream
from ipt_nlp.readers.cues import NO_SPEAKERS_WARNING
from ipt_nlp.transcript import GUESS_WARNING, Transcript


def spoken(transcript: Transcript) -> list[tuple[str | None, str, str]]:
    return [(t.speaker, t.role, transcript.turn_text(t)) for t in transcript.turns]


def test_text_with_labels(cases: Path) -> None:
    found = read_one(cases / "session-04.txt")
    assert (found.source, found.kind, found.session_number) == ("session-04.txt", "transcript", 4)
    assert spoken(found) == [
        (None, "other", "Session recording, room 2"),
        ("Therapist", "therapist", "What happened on Sunday?"),
        ("Client", "client", "I cooked for six and nobody came.\nI ate alone."),
        ("Therapist", "therapist", "Nobody at all?"),
        ("Client", "client", "My sister wrote at nine."),
    ]
    assert found.warnings == ()


def test_stamped_labels_have_times(cases: Path) -> None:
    found = read_one(cases / "stamped.txt")
    assert [(t.role, t.start_s) for t in found.turns] == [
        ("therapist", 751.0),
        ("client", 760.0),
        ("therapist", 764.0),
        ("client", 769.0),
    ]


def test_note_headings_begin_paragraphs(cases: Path) -> None:
    found = read_one(cases / "note.md")
    assert found.kind == "note"
    assert [words for _, _, words in spoken(found)] == [
        "# Session note\nS: Low mood since the move, misses the old street.",
        "O: Spoke softly, cried once.",
        "A: Adjusting to the new town.",
        "P: Call one former neighbour.",
        "## Next time\nReview the call.",
    ]


@pytest.mark.parametrize(
    "name", ["utf8_bom.txt", "utf16_bom.txt", "utf16le.txt", "utf16be.txt", "cp1252.txt"]
)
def test_encodings_give_the_same_words(cases: Path, name: str) -> None:
    found = read_one(cases / name)
    assert found.text == (
        "You said “finally” \u2013 what ended?\nThe café closed. I\u2019d worked there nine years…"
    )
    assert found.warnings == ()


def test_zoom_captions(cases: Path) -> None:
    found = read_one(cases / "zoom.vtt")
    assert spoken(found) == [
        ("Ines Vidal", "therapist", "What would you like to talk about?"),
        ("Tom Reed", "client", "My flatmate & the dishes. <laughs> It is always me."),
        ("Ines Vidal", "therapist", "Always?"),
    ]
    assert [(t.start_s, t.end_s) for t in found.turns] == [(1.0, 5.0), (6.0, 11.0), (12.0, 13.0)]
    assert found.warnings == (GUESS_WARNING,)
    assert {t.role_source for t in found.turns} == {"guess"}


def test_voice_tags(cases: Path) -> None:
    found = read_one(cases / "voices.vtt")
    assert spoken(found) == [
        ("Therapist", "therapist", "Who knows about it?"),
        ("Client", "client", "Only my aunt & you. Nobody else. not even Dad"),
    ]
    assert (found.turns[1].start_s, found.turns[1].end_s) == (1.0, 8.0)


def test_srt(cases: Path) -> None:
    found = read_one(cases / "plain.srt")
    assert spoken(found) == [
        ("Therapist", "therapist", "You stopped there."),
        ("Client", "client", "Because I heard myself.\nI sounded like him."),
        ("Therapist", "therapist", "Like whom?"),
    ]
    assert found.turns[1].start_s == 3.5


def test_whisperx_with_speakers(cases: Path) -> None:
    found = read_one(cases / "whisperx.json")
    assert spoken(found) == [
        ("SPEAKER_00", "therapist", "What changed in May?"),
        ("SPEAKER_01", "client", "The baby came and I lost my evenings and my desk. Both of them."),
    ]
    assert found.turns[1].end_s == 7.0


def test_whisper_without_speakers_is_cut_at_pauses(cases: Path) -> None:
    found = read_one(cases / "whisper.json")
    assert found.kind == "note"
    assert spoken(found) == [
        (None, "other", "I moved. Then nothing."),
        (None, "other", "Nobody rang."),
    ]
    assert found.warnings == (NO_SPEAKERS_WARNING,)


def test_rows_of_texts(cases: Path) -> None:
    csv, jsonl = list(read(cases / "posts.csv")), list(read(cases / "posts.jsonl"))
    assert [(t.source, t.text) for t in csv] == [
        ("p1", "My brother sold the house; I heard it from the agent."),
        ("p2", "Two lines\nin one cell."),
    ]
    assert [(t.source, t.text, t.kind) for t in jsonl] == [
        ("x-1", "Since the wedding I see no one.", "text"),
        ("2", "He was my last friend.", "text"),
    ]
    assert [t.role for t in jsonl[0].turns] == ["client"]


def test_rows_of_turns(cases: Path) -> None:
    found = list(read(cases / "turns.csv"))
    assert [(t.source, t.session_number) for t in found] == [
        ("turns.csv#s02", 2),
        ("turns.csv#s03", 3),
    ]
    assert spoken(found[0]) == [
        ("Ada", "therapist", "How are you?"),
        ("Mo", "client", "Fine, mostly."),
    ]
    assert [t.start_s for t in found[0].turns] == [0.5, 4.0]
    assert {t.role_source for t in found[0].turns} == {"label"}


def test_every_role_of_a_row() -> None:
    (found,) = read_stream(b"role,text\ntherapist,How?\nclient,Low.\nOther,He lies.\n")
    assert [t.role for t in found.turns] == ["therapist", "client", "other"]


def test_therapist_option(cases: Path) -> None:
    found = read_one(cases / "zoom.vtt", therapist="tom reed")
    assert [(t.role, t.role_source) for t in found.turns] == [
        ("client", "option"),
        ("therapist", "option"),
        ("client", "option"),
    ]
    assert found.warnings == ()
