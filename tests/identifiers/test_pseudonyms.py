"""The same pseudonym for the same person, and a key that only its owner reads."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from ipt_nlp.errors import OptionError
from ipt_nlp.identifiers.pseudonyms import Pseudonyms


def test_forms_of_one_name_are_one_person() -> None:
    made = Pseudonyms()
    forms = ["Siobhán Ó Briain", "siobhan", "S-I-O-B-H-A-N", "Briain", "SIOBHÁN"]
    assert {made.replace(form, "person") for form in forms} == {"[PERSON_1]"}


def test_two_people_of_one_family_stay_two() -> None:
    made = Pseudonyms()
    assert made.replace("Anna Smith", "person") == "[PERSON_1]"
    assert made.replace("Tom Smith", "person") == "[PERSON_2]"
    assert made.replace("Anna", "person") == "[PERSON_1]"
    assert made.replace("Smith", "person") == "[PERSON_3]"  # which of them is not to be known


def test_a_name_with_its_surname_first_is_the_same_person() -> None:
    made = Pseudonyms()
    forms = ["Anna Kowalski", "kowalski_anna", "Kowalski, Anna"]
    assert {made.replace(form, "person") for form in forms} == {"[PERSON_1]"}


def test_surrogates_keep_parts_and_case() -> None:
    made = Pseudonyms(b"k" * 32, invented=True)
    first, last = made.replace("Anna Smith", "person").split(" ")
    assert made.replace("anna", "person") == first.lower()
    assert made.replace("SMITH", "person") == last.upper()


def test_surrogates_depend_on_the_key_alone() -> None:
    one, other = (Pseudonyms(b"k" * 32, invented=True) for _ in range(2))
    third = Pseudonyms(b"x" * 32, invented=True)
    names = ["Anna Smith", "Gurdeep", "Ngozi Okafor"]
    drawn = [[p.replace(n, "person") for n in names] for p in (one, other, third)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_surrogates_are_nobody_in_the_texts() -> None:
    plain = Pseudonyms(b"k" * 32, invented=True)
    first = plain.replace("Anna", "person")
    careful = Pseudonyms(b"k" * 32, invented=True)
    careful.avoid([first.lower()])
    assert careful.replace("Anna", "person") != first


def test_hundreds_of_people_get_different_surrogates() -> None:
    made = Pseudonyms(b"k" * 32, invented=True)
    names = [f"Name{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(400)]
    assert len({made.replace(name, "person") for name in names}) == 400


def test_a_key_is_for_its_owner_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    made = Pseudonyms(invented=True)
    anna, phone = made.replace("Anna", "person"), made.replace("07700 900341", "phone")
    made.save(tmp_path / "key.json")
    assert stat.S_IMODE((tmp_path / "key.json").stat().st_mode) == 0o600
    again = Pseudonyms.load(tmp_path / "key.json", invented=True)
    assert again.replace("Anna", "person") == anna
    assert again.replace("07700 900341", "phone") == phone
    assert again.accepted(anna)
    assert not again.accepted("Gurdeep")


NAMELESS = {"kind": "person", "number": 1, "names": [], "surrogate": []}


@pytest.mark.parametrize(
    "content",
    [
        *("", "{}", "[]", "[" * 100_000),
        json.dumps({"format": "ipt-nlp-key/1"}),
        json.dumps({"format": "ipt-nlp-key/1", "secret": "00", "entries": [NAMELESS]}),
        json.dumps({"format": "ipt-nlp-key/1", "secret": "00", "entries": [
            NAMELESS | {"names": [1]}]}),
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "key.json").write_text(content)
    with pytest.raises(OptionError, match="key"):
        Pseudonyms.load(tmp_path / "key.json")
