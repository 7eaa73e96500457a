"""The lock's libraries: read whole, licensed so that they can be depended on, listed in an SBOM."""

from __future__ import annotations

import importlib
import json
import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from training import supply_chain
from training.supply_chain import BEGIN, END, GOOD, Finding, Locked, read_lock, replaced, table

LOCK = (Path(__file__).parents[2] / "requirements.lock").read_text(encoding="utf-8")
KNOWN_FAILURES: frozenset[str] = frozenset()
"""Libraries at run time whose licence is not good, to be exchanged."""

needs_cyclonedx = pytest.mark.skipif(
    not find_spec("cyclonedx") and not os.environ.get("CI"), reason="needs the extra audit"
)


@pytest.fixture(scope="module")
def libraries() -> list[Locked]:
    return read_lock(LOCK)


def test_the_lock_is_read_whole(libraries: list[Locked]) -> None:
    assert len(libraries) == sum("==" in line for line in LOCK.splitlines())
    assert sum(len(one.hashes) for one in libraries) == LOCK.count("--hash=sha256:")
    assert all(one.hashes for one in libraries)


def test_what_runs_is_told_from_what_tests(libraries: list[Locked]) -> None:
    run_time = {one.name: one.run_time for one in libraries}
    # phonenumbers comes with presidio; nothing of ours names it.
    assert run_time["spacy"]
    assert run_time["phonenumbers"]
    assert not run_time["pytest"]
    assert not run_time["ruff"]


def test_markers_are_kept(libraries: list[Locked]) -> None:
    markers = {one.name: one.marker for one in libraries}
    assert markers["humanfriendly"] == "platform_machine == 'x86_64' and sys_platform == 'darwin'"


def test_every_library_at_run_time_has_a_good_licence(libraries: list[Locked]) -> None:
    bad = {one.name for one in libraries if one.run_time and one.family not in GOOD}
    assert bad <= KNOWN_FAILURES


@pytest.mark.parametrize(
    ("licence", "family"),
    [
        ("Apache Software License", "Apache-2.0"),
        ("MIT License", "MIT"),
        ("BSD-3-Clause AND MIT", "MIT"),
        ("GPL-3.0-or-later", "GPL"),
        ("GNU Lesser General Public License v3 (LGPLv3)", "LGPL"),
        ("Apache-2.0 OR GPL-2.0", "Apache-2.0"),
        ("GPL-2.0-only AND MIT", "GPL"),
        ("MIT AND GPL-3.0-or-later WITH GCC-exception-3.1", "MIT"),
        ("Commercial", "unknown"),
        ("", "unknown"),
    ],
)
def test_families(licence: str, family: str) -> None:
    assert Locked("x", "1", "", (), licence, True).family == family


@needs_cyclonedx
def test_the_bill_of_materials_lists_the_lock(libraries: list[Locked]) -> None:
    importlib.import_module("cyclonedx")
    made = json.loads(supply_chain.sbom(libraries, "0.1.0"))
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    parts = {one["name"]: one for one in made["components"]}
    listed = [(one["name"], one["version"]) for one in made["components"]]
    assert sorted(listed) == sorted((one.name, one.version) for one in libraries)
    assert parts["spacy"]["purl"].startswith("pkg:pypi/spacy@3.8")
    assert parts["spacy"]["scope"] == "required"
    assert parts["pytest"]["scope"] == "excluded"
    assert parts["numpy"]["properties"]


@needs_cyclonedx
def test_the_bill_of_materials_is_valid(libraries: list[Locked]) -> None:
    validation = importlib.import_module("cyclonedx.validation.json")
    schema = importlib.import_module("cyclonedx.schema").SchemaVersion.V1_6
    made = supply_chain.sbom(libraries[:20], "0.1.0")
    assert validation.JsonStrictValidator(schema).validate_str(made) is None


def test_an_advisory_is_no_good_and_an_unknown_library_is_said() -> None:
    found = supply_chain._advisories(
        [
            {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]},
            {"name": "b", "version": "1", "vulns": []},
            {"name": "c", "skip_reason": "not there"},
        ],
        "pypi",
    )
    assert [f.fine for f in found] == [False, False]
    assert "2 libraries" in found[0].answer
    assert "not found there: c" in found[0].answer
    assert found[1] == Finding("a 1", "CVE-1, fixed in 2", False)


def test_tables_say_what_could_not_be_found_out() -> None:
    shown = table("Wheels", [Finding("a", "not checked", None), Finding("b", "none", False)])
    assert "| a | not checked | not known |" in shown
    assert "| b | none | **no** |" in shown


def test_tables_are_put_between_the_marks() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    again = replaced(replaced(page, "one"), "two")
    assert again == f"before\n{BEGIN}\n\ntwo\n\n{END}\nafter\n"
    with pytest.raises(ValueError, match="has no"):
        replaced("no marks", "one")
