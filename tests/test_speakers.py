"""Labels at the start of lines, and the roles that they are given."""

from __future__ import annotations

import pytest

from ipt_nlp.errors import OptionError
from ipt_nlp.speakers import assign_roles, find_label, role_of_label, seconds, speaker_labels


@pytest.mark.parametrize(
    ("line", "speaker", "start_s", "words"),
    [
        ("Therapist: Hello.", "Therapist", None, "Hello."),
        ("T:hello", "T", None, "hello"),
        ("  **Client:** Hi", "Client", None, "Hi"),
        ("**Client**: Hi", "Client", None, "Hi"),
        ("> - C: Hi", "C", None, "Hi"),
        ("THERAPIST [00:12:31] How", "THERAPIST", 751.0, "How"),
        ("[00:01] Ana Ruiz: Hi", "Ana Ruiz", 1.0, "Hi"),
        ("(1:02:03.5) Dr. van Dyk: Hi", "Dr. van Dyk", 3723.5, "Hi"),
        ("Client: [00:09] Hi", "Client", 9.0, "Hi"),
        ("Rosa (client): Hi", "Rosa (client)", None, "Hi"),
        ("SPEAKER_01: Hi", "SPEAKER_01", None, "Hi"),
        ("李: 你好", "李", None, "你好"),
        ("Client: 10:30 is when I woke", "Client", None, "10:30 is when I woke"),
        ("T\uff1a Hello.", "T", None, "Hello."),
        ("[00:01] Ana Ruiz\uff1aHi", "Ana Ruiz", 1.0, "Hi"),
        ("\u200eT: Hi", "T", None, "Hi"),
        ("\u202aClient-2:\u202c Hi", "Client-2", None, "Hi"),
        (" \u200f[00:09] C\u200e: Hi", "C", 9.0, "Hi"),
        ("Mother of client: Hi", "Mother of client", None, "Hi"),
    ],
)
def test_labels(line: str, speaker: str, start_s: float | None, words: str) -> None:
    label = find_label(line)
    assert label is not None
    assert (label.speaker, label.start_s, line[label.text_start :]) == (speaker, start_s, words)


@pytest.mark.parametrize(
    "line",
    [
        "I told her: no.",
        "Note to self: ring",
        "My question: why",
        "my mother: she left",
        "What I mean is this: I left",
        "http://x.org",
        "10:30",
        "",
        "the doctor: said no",
        "Mother of three: no",
        "Goals for client: sleep",
        "He said\uff1a no",
        "Then he said, quietly: go",
        " " * 100_000 + "x",
        "A" * 100_000 + ":",
        "Ann" + " " * 100_000,
        "[" * 100_000,
        "1:" * 50_000,
    ],
)
def test_not_labels(line: str) -> None:
    assert find_label(line) is None


def test_a_label_before_a_hundred_thousand_characters() -> None:
    line = " " * 100_000 + "T: " + "so " * 40_000
    label = find_label(line)
    assert label is not None
    assert line[label.text_start :].startswith("so so")


def test_seconds() -> None:
    assert [seconds(s) for s in ("[00:12:31]", "12:31", "(1:02:03,5)")] == [751.0, 751.0, 3723.5]


@pytest.mark.parametrize(
    ("label", "role"),
    [
        ("T", "therapist"),
        ("Therapist 2", "therapist"),
        ("Dr. Okafor", "therapist"),
        ("Social worker", "therapist"),
        ("Cl", "client"),
        ("P1", "client"),
        ("Rosa (client)", "client"),
        ("Mother", "other"),
        ("Maria", None),
        ("SPEAKER_01", None),
        ("John C", None),
        ("Social", None),
        ("T-1", "therapist"),
        ("Therapist-1", "therapist"),
        ("Therapist \u2013 2", "therapist"),
        ("Therapist_Anna", "therapist"),
        ("Co-therapist", "therapist"),
        ("DrSmith", "therapist"),
        ("ClientMaria", "client"),
        ("Client-2", "client"),
        ("Client-A", "client"),
        ("Client of Dr. Okafor", "client"),
        ("Mother of client", "other"),
        ("Interpreter for patient", "other"),
        ("Friend of client", "other"),
        ("\u200eTherapist", "therapist"),
        ("Client-centred work", None),
        ("In-patient", None),
        ("John-C", None),
        ("McDonald", None),
        ("1" * 100_000 + "x", None),
    ],
)
def test_roles_of_labels(label: str, role: str | None) -> None:
    assert role_of_label(label) == role


TRANSCRIPTS = {
    "roles": (["T: a", "C: b"], {"T", "C"}),
    "stamped, none recurs": (["[00:01] Anna: a", "[00:02] Bob: b"], {"Anna", "Bob"}),
    "names that recur": (["Anna: a", "Bob: b", "Anna: c"], {"Anna", "Bob"}),
    "interview letters": (["I: a?", "R: b", "I: c?", "R: d"], {"I", "R"}),
    "P is a person beside a T": (["T: a", "P: b", "T: c"], {"T", "P"}),
    "answers without a label": (["Therapist: a", "b", "Therapist: c", "d"], {"Therapist"}),
    "numbered": (["Therapist-1: a", "Client-2: b"], {"Therapist-1", "Client-2"}),
    "marks of direction": (["\u202aT: a", "\u202aC: b", "\u202aT: c"], {"T", "C"}),
    "a word and a colon once": (
        ["T: a", "C: b", "T: c", "C: d", "Breathe: in", "T: e", "C: f"],
        {"T", "C"},
    ),
}
NOTES = {
    "SOAP": ["S: low", "O: tired", "A: loss", "P: call"],
    "two SOAP notes": ["S: low", "O: a", "A: b", "P: c", "S: up", "O: d", "A: e", "P: f"],
    "head of a note": ["Client: M.", "Therapist: Dr X", "Date: May", "", "Came late, said little."],
    "head without a date": ["Client: M.", "Therapist: Dr X", "", "Came late and said very little."],
    "a post's additions": ["I left.", "Update: back", "Note to self: rest", "Update: gone"],
    "headings with a hyphen": ["Therapist-led: no", "Client-centred: yes"],
    "family": ["Mother: well", "Father: died 2010", "Sister: abroad"],
    "one question": ["I never know.", "My question: what now?"],
    "quoted talk": [
        "She told me what had been said on the phone. " * 8,
        "Mum: You never call.",
        "Lea: I was ill.",
        "Mum: Right.",
    ],
    "quoted exchange": [
        "She was quiet and tired, and we spoke of her work. " * 8,
        "T: And then?",
        "C: Nothing.",
    ],
}


@pytest.mark.parametrize("case", TRANSCRIPTS)
def test_transcripts(case: str) -> None:
    lines, speakers = TRANSCRIPTS[case]
    assert speaker_labels(lines) == speakers


@pytest.mark.parametrize("case", NOTES)
def test_notes(case: str) -> None:
    assert speaker_labels(NOTES[case]) == frozenset()


def test_the_option_settles_that_lines_are_talk() -> None:
    assert speaker_labels(["Ana: a", "Ben: b"]) == frozenset()
    assert speaker_labels(["Ana: a", "Ben: b"], "ben") == {"Ana", "Ben"}


def test_roles_by_elimination_and_by_guess() -> None:
    assert assign_roles([("T", "Hm?"), ("Rosa", "Yes.")]) == {
        "T": ("therapist", "label"),
        "Rosa": ("client", "label"),
    }
    guessed = assign_roles(
        [
            ("Ana", "I stayed at home the whole week and saw no one at all."),
            ("Ben", "What kept you?"),
            ("Ana", "The rain, and then the habit of it."),
            ("Ben", "Since when?"),
        ]
    )
    assert guessed == {"Ana": ("client", "guess"), "Ben": ("therapist", "guess")}


def test_roles_by_option() -> None:
    turns = [("Ana", "a"), ("Ben", "b"), ("Mother", "c"), (None, "d")]
    assert assign_roles(turns, "BEN") == {
        "Ana": ("client", "option"),
        "Ben": ("therapist", "option"),
        "Mother": ("other", "label"),
    }
    assert assign_roles([("Client", "a"), ("Ana", "b"), ("Ben", "c")], "Ana")["Ben"] == (
        "other",
        "option",
    )
    with pytest.raises(OptionError, match="none of the 3 speakers") as caught:
        assign_roles(turns, "Cleo")
    assert "Cleo" not in str(caught.value)


def test_roles_that_the_file_gives() -> None:
    assert assign_roles([("Ana", "a"), ("Ben", "b")], given={"Ana": "client"}) == {
        "Ana": ("client", "label"),
        "Ben": ("therapist", "label"),
    }
