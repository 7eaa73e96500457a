from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ipt_nlp.areas import bundle as bundles
from ipt_nlp.areas.bundle import (
    MANIFEST,
    PARTS,
    open_bundle,
    read_manifest,
    save_bundle,
    shipped_bundle,
    shipped_digests,
    trust,
)
from ipt_nlp.areas.encoder import ENCODER_FILES
from ipt_nlp.errors import BundleError


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(shipped_bundle(), folder)
    return folder


class Malice:
    """What a hostile pickle looks like: loading it runs a command."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.marker}",)


def resign(folder: Path) -> str:
    """Write the manifest anew for changed files, as an attacker could; returns the digest."""
    manifest = json.loads((folder / MANIFEST).read_text())
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def test_the_shipped_bundle_is_pinned_and_opens() -> None:
    opened = open_bundle(shipped_bundle())
    assert opened.digest in shipped_digests()
    assert opened.pipeline.predict_proba(["I feel so lonely."]).shape == (1, 4)


def test_an_identical_copy_is_trusted(copy: Path) -> None:
    assert open_bundle(copy).digest == read_manifest(shipped_bundle())[1]


@pytest.mark.parametrize("name", ["areas.joblib", *(f"{part}.joblib" for part in PARTS)])
def test_a_pickle_of_an_untrusted_bundle_never_runs(copy: Path, tmp_path: Path, name: str) -> None:
    marker = tmp_path / "ran"
    joblib.dump(Malice(marker), copy / name)
    with pytest.raises(BundleError, match=f"{name} was changed"):
        open_bundle(copy)
    digest = resign(copy)
    with pytest.raises(BundleError, match=f"ipt-nlp models trust {digest}"):
        open_bundle(copy)
    assert not marker.exists()


def test_a_trusted_digest_opens(copy: Path, own_home: Path) -> None:
    manifest = json.loads((copy / MANIFEST).read_text())
    manifest["version"] = "9.9"
    (copy / MANIFEST).write_text(json.dumps(manifest))
    digest = hashlib.sha256((copy / MANIFEST).read_bytes()).hexdigest()
    with pytest.raises(BundleError, match="not trusted"):
        open_bundle(copy)
    trust(digest)
    assert open_bundle(copy).manifest.version == "9.9"
    mode = stat.S_IMODE((own_home / bundles.TRUST_FILE).stat().st_mode)
    assert mode == 0o600


EVERY_FILE = sorted(read_manifest(shipped_bundle())[0].files)


def test_the_shipped_bundle_has_all_parts() -> None:
    """Else the tests below would pass over the parts."""
    assert {f"{part}.joblib" for part in PARTS} <= set(EVERY_FILE)


@pytest.mark.parametrize("name", EVERY_FILE)
def test_a_changed_byte_is_refused(copy: Path, name: str) -> None:
    raw = bytearray((copy / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (copy / name).write_bytes(raw)
    with pytest.raises(BundleError, match=f"{name} was changed"):
        open_bundle(copy)


@pytest.mark.parametrize("name", EVERY_FILE)
def test_a_truncated_or_missing_file_is_refused(copy: Path, name: str) -> None:
    raw = (copy / name).read_bytes()
    (copy / name).write_bytes(raw[:-1])
    with pytest.raises(BundleError, match=f"{name} was changed"):
        open_bundle(copy)
    (copy / name).unlink()
    with pytest.raises(BundleError, match=f"{name} is missing"):
        open_bundle(copy)


def test_a_file_that_is_not_listed_is_refused(copy: Path) -> None:
    (copy / "extra.py").write_text("pass")
    with pytest.raises(BundleError, match=r"extra\.py is not listed"):
        open_bundle(copy)


def test_a_link_is_refused(copy: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.joblib"
    shutil.move(copy / "areas.joblib", target)
    (copy / "areas.joblib").symlink_to(target)
    with pytest.raises(BundleError, match=r"areas\.joblib is a link"):
        open_bundle(copy)


def test_another_scikit_learn_is_refused(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.2.3")
    with pytest.raises(BundleError, match="train it again"):
        open_bundle(copy)


@pytest.mark.parametrize("damage", ["", "{}", '{"format": "ipt-nlp-bundle/2"}', "[1]", "\x00\x01"])
def test_a_broken_manifest_is_one_clear_error(copy: Path, damage: str) -> None:
    (copy / MANIFEST).write_text(damage)
    with pytest.raises(BundleError, match=r"bundle\.json"):
        open_bundle(copy)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such folder"):
        open_bundle(tmp_path / "nothing")


def test_only_digests_can_be_trusted() -> None:
    with pytest.raises(BundleError, match="64 hexadecimal"):
        trust("ipt-areas")


def test_a_damaged_trust_file_is_named(own_home: Path) -> None:
    own_home.mkdir()
    (own_home / bundles.TRUST_FILE).write_text("{")
    with pytest.raises(BundleError, match="trust file"):
        bundles.user_digests()


def test_loaded_bytes_are_the_hashed_bytes(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file swapped after the check is not the one that is used."""
    reference = open_bundle(shipped_bundle()).pipeline.predict_proba(["We argue."])
    load = joblib.load

    def swap_then_load(source: object) -> object:
        for name in EVERY_FILE:
            (copy / name).write_bytes(b"swapped")
        return load(source)

    monkeypatch.setattr(joblib, "load", swap_then_load)
    opened = open_bundle(copy)
    assert set(opened.parts) == set(PARTS)
    np.testing.assert_array_equal(opened.pipeline.predict_proba(["We argue."]), reference)


def _save(folder: Path, parts: dict[str, object]) -> str:
    opened = open_bundle(shipped_bundle())
    manifest = opened.manifest
    fields = ("name", "version", "thresholds", "bands", "calibration", "client_data", "corpora")
    return save_bundle(
        folder,
        opened.pipeline,
        card="A card.\n",
        encoder_files={
            name: (shipped_bundle() / "encoder" / name).read_bytes() for name in ENCODER_FILES
        },
        parts=parts,
        **{name: getattr(manifest, name) for name in fields},
    )


def test_parts_come_back_and_go_with_the_next_bundle(tmp_path: Path, own_home: Path) -> None:
    part = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    trust(_save(tmp_path / "b", {"patterns": part}))
    parts = open_bundle(tmp_path / "b").parts
    assert list(parts) == ["patterns"]
    np.testing.assert_array_equal(parts["patterns"].coef_, part.coef_)
    trust(_save(tmp_path / "b", {}))
    assert open_bundle(tmp_path / "b").parts == {}


def test_a_part_is_listed_and_hashed(tmp_path: Path, own_home: Path) -> None:
    trust(_save(tmp_path / "b", {"risk": LogisticRegression()}))
    (tmp_path / "b" / "risk.joblib").write_bytes(b"other")
    with pytest.raises(BundleError, match=r"risk\.joblib was changed"):
        open_bundle(tmp_path / "b")
