"""Bundles made to get round the checks, and bundles whose maker is trusted but that do not work."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import joblib
import pytest
from typer.testing import CliRunner

from ipt_nlp.areas import bundle as bundles
from ipt_nlp.areas.bundle import (
    MANIFEST,
    PARTS,
    open_bundle,
    read_manifest,
    shipped_bundle,
    trust,
)
from ipt_nlp.cli import app
from ipt_nlp.errors import BundleError
from tests.areas.test_bundle import Malice

PICKLES = ("areas.joblib", *(f"{part}.joblib" for part in PARTS))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(shipped_bundle(), folder)
    return folder


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None], *, sign: bool = False) -> str:
    """Change the manifest, with the hashes of what is there, and trust it when ``sign``."""
    manifest = json.loads((folder / MANIFEST).read_text())
    for name in list(manifest["files"]):
        if (folder / name).is_file():
            manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    if sign:
        trust(digest)
    return digest


def keep(_: dict[str, Any]) -> None:
    """The manifest as it is."""


@pytest.mark.parametrize(
    "downgrade",
    [
        lambda m: m.update(format="ipt-nlp-bundle/0"),
        lambda m: m.pop("files"),
        lambda m: m.update(files={}),
        lambda m: m["files"].pop("areas.joblib"),
        lambda m: m["files"].clear() or m["files"].update({"README.md": "0" * 64}),
        lambda m: m.update(files=dict.fromkeys(m["files"], "")),
        lambda m: m.update(libraries={}),
        lambda m: m.update(version="0.0.1", codebook="0.1"),
    ],
)
def test_a_downgraded_manifest_opens_nothing(
    copy: Path, tmp_path: Path, downgrade: Callable[[dict[str, Any]], None]
) -> None:
    marker = tmp_path / "ran"
    for name in PICKLES:
        joblib.dump(Malice(marker), copy / name)
    rewrite(copy, downgrade)
    with pytest.raises(BundleError, match=r"not trusted|bundle\.json"):
        open_bundle(copy)
    assert not marker.exists()


def test_a_part_that_is_taken_off_the_list_is_not_passed_over(copy: Path, own_home: Path) -> None:
    rewrite(copy, lambda m: m["files"].pop("risk.joblib"), sign=True)
    with pytest.raises(BundleError, match=r"risk\.joblib is not listed"):
        open_bundle(copy)


def test_an_older_version_of_a_shipped_bundle_is_not_trusted_for_its_name(copy: Path) -> None:
    rewrite(copy, lambda m: m.update(version="0.0.9"))
    with pytest.raises(BundleError, match="not trusted"):
        open_bundle(copy)


@pytest.mark.parametrize("name", [*PICKLES, "encoder/encoder.onnx", "encoder"])
def test_links_out_of_the_folder_are_refused(
    copy: Path, tmp_path: Path, own_home: Path, name: str
) -> None:
    """Also to the very same content: what a link points to can change at any time."""
    target = tmp_path / "elsewhere"
    shutil.move(copy / name, target)
    (copy / name).symlink_to(target)
    rewrite(copy, keep, sign=True)
    with pytest.raises(BundleError, match=f"{name} is a link"):
        open_bundle(copy)


@pytest.mark.parametrize(
    "place", ["../evil.joblib", "/tmp/evil.joblib", "a/../../evil", "a\\..\\b", "./a", "a//b", ""]
)
def test_a_manifest_that_lists_other_places_is_refused(
    copy: Path, own_home: Path, place: str
) -> None:
    rewrite(copy, lambda m: m["files"].update({place: "0" * 64}), sign=True)
    with pytest.raises(BundleError, match="outside the bundle"):
        open_bundle(copy)


@pytest.mark.parametrize("name", [*PICKLES, MANIFEST, "extra"])
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_does_not_hold_up_the_program(copy: Path, name: str) -> None:
    (copy / name).unlink(missing_ok=True)
    os.mkfifo(copy / name)
    with pytest.raises(BundleError, match=f"{name}|no readable"):
        open_bundle(copy)


def test_sizes_are_limited_before_anything_is_read(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "MAX_FILE_BYTES", 1000)
    with pytest.raises(BundleError, match="larger than"):
        open_bundle(copy)
    monkeypatch.setattr(bundles, "MAX_MANIFEST", 1000)
    with pytest.raises(BundleError, match=rf"{MANIFEST} is larger than"):
        read_manifest(copy)


@pytest.mark.parametrize("name", [*PICKLES, "encoder/encoder.onnx", "encoder/tokenizer.json"])
def test_a_trusted_bundle_that_cannot_be_loaded_is_one_clear_error(
    copy: Path, own_home: Path, name: str
) -> None:
    (copy / name).write_bytes((copy / name).read_bytes()[:1000])
    rewrite(copy, keep, sign=True)
    with pytest.raises(BundleError, match="cannot be opened by this version"):
        open_bundle(copy)


def test_a_trusted_bundle_with_a_stranger_in_it_is_one_clear_error(
    copy: Path, own_home: Path
) -> None:
    joblib.dump({"not": "a pipeline"}, copy / "areas.joblib")
    rewrite(copy, keep, sign=True)
    with pytest.raises(BundleError, match="cannot be opened by this version"):
        open_bundle(copy)


@pytest.mark.parametrize(
    ("made", "opens"), [("1.9.0", True), ("1.9.99", True), ("1.8.1", False), ("1.10.0", False),
                        ("2.9.0", False), ("", False)],
)  # fmt: skip
def test_the_minor_version_of_scikit_learn_counts(
    copy: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch, made: str, opens: bool
) -> None:
    here = metadata.version
    monkeypatch.setattr(
        metadata, "version", lambda name: "1.9.1" if name == "scikit-learn" else here(name)
    )
    rewrite(copy, lambda m: m["libraries"].update({"scikit-learn": made}), sign=True)
    if opens:
        assert open_bundle(copy).manifest.libraries["scikit-learn"] == made
        return
    with pytest.raises(BundleError, match="was made with scikit-learn"):
        open_bundle(copy)


@pytest.mark.parametrize("name", PICKLES)
@pytest.mark.parametrize("arguments", [["models", "list"], ["models", "show"], ["tag"]])
def test_commands_do_not_run_a_hostile_pickle(
    copy: Path, tmp_path: Path, own_home: Path, name: str, arguments: list[str]
) -> None:
    marker = tmp_path / "ran"
    joblib.dump(Malice(marker), copy / name)
    digest = rewrite(copy, keep)
    text = tmp_path / "a.txt"
    text.write_text("T: How are you?\nC: We argue.\n")
    where = {"list": [str(tmp_path)], "show": [str(copy)]}.get(
        arguments[-1], [str(text), "--model", str(copy)]
    )
    result = CliRunner().invoke(app, [*arguments, *where])
    assert digest in result.output
    assert not marker.exists()
