"""A model bundle: what one classifier needs, in one folder, verified before it is unpickled.

``areas.joblib`` (a scikit-learn pipeline), classifiers of clauses on the same encoder (one file a
part, ``patterns.joblib``, ``risk.joblib``; each may be missing), ``encoder/``, ``bundle.json``
(the manifest) and ``README.md`` (the model card). Unpickling runs code, so a bundle is opened only
when the SHA-256 of its manifest is trusted, and only from bytes that the manifest lists.
"""

from __future__ import annotations

import hashlib
import io
import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata, resources
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import joblib
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sklearn.pipeline import Pipeline

from ipt_nlp import codebook
from ipt_nlp.areas.encoder import ENCODER_FILES
from ipt_nlp.areas.kinds import KindClassifier, stand_in
from ipt_nlp.areas.views import ViewEncoder
from ipt_nlp.errors import BundleError
from ipt_nlp.places import SHIPPED_BUNDLE, shipped_models, user_folder, write_private
from ipt_nlp.transcript import Kind

MANIFEST = "bundle.json"
CLASSIFIER = "areas.joblib"
CARD = "README.md"
FIGURES = "figures"
PARTS = ("patterns", "risk")
"""Classifiers of clauses that a bundle may hold besides that of the areas."""
TRUST_FILE = "trusted-bundles.json"
MAX_FILE_BYTES = 2 * 2**30
"""A file of a bundle that is larger is refused unread, and so is a manifest over ``MAX_MANIFEST``:
what is not trusted yet must not fill the memory."""
MAX_MANIFEST = 16 * 2**20
PINNED_LIBRARIES = ("scikit-learn", "numpy", "joblib", "onnxruntime", "tokenizers")


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bands(_Manifest):
    """When a segment goes to a supervisor for its probabilities alone.

    ``low_confidence``: an area lies closer than this to its threshold. ``mixed``: the two most
    probable areas are both present and closer than this to each other.
    """

    low_confidence: Annotated[float, Field(ge=0, le=1)]
    mixed: Annotated[float, Field(ge=0, le=1)]


class CorpusFingerprint(_Manifest):
    """A corpus that a bundle was trained on; ``sha256`` is over its texts and labels."""

    name: str
    rows: int
    sha256: str


class Manifest(_Manifest):
    """What ``bundle.json`` says; its digest is the bundle's."""

    format: Literal["ipt-nlp-bundle/1"] = "ipt-nlp-bundle/1"
    name: str
    version: str
    codebook: str
    areas: tuple[str, ...]
    thresholds: dict[Kind, dict[str, float]]
    bands: dict[Kind, Bands]
    calibration: str
    client_data: bool
    libraries: dict[str, str]
    corpora: tuple[CorpusFingerprint, ...]
    metrics: dict[str, Any] = {}
    files: dict[str, str]


@dataclass(frozen=True)
class Bundle:
    """An opened bundle.

    ``pipeline`` takes texts, ``digest`` is the SHA-256 of the manifest, ``parts`` are the
    classifiers of clauses by name (of ``PARTS``).
    """

    path: Path
    manifest: Manifest
    digest: str
    pipeline: Pipeline
    parts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def encoder(self) -> ViewEncoder:
        encoder: ViewEncoder = self.pipeline.named_steps["encoder"]
        return encoder

    @property
    def classifier(self) -> KindClassifier:
        classifier: KindClassifier = self.pipeline.named_steps["classifier"]
        return classifier

    def thresholds(self, kind: Kind) -> NDArray[np.float64]:
        """Thresholds (4,) for a kind of text."""
        of_kind = self.manifest.thresholds[stand_in(kind, self.manifest.thresholds)]
        return np.array([of_kind[area] for area in codebook.AREAS])

    def bands(self, kind: Kind) -> Bands:
        """The bands of review for a kind of text."""
        return self.manifest.bands[stand_in(kind, self.manifest.bands)]


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """The manifest of a bundle and its digest. Nothing is unpickled.

    Raises:
        BundleError: No folder, no manifest, or one that this version cannot read.
    """
    if not folder.is_dir():
        raise BundleError(f"model {folder.name!r}: no such folder")
    raw = _read_plain(folder, MANIFEST, MAX_MANIFEST)
    if raw is None:
        raise BundleError(f"model {folder.name!r}: no readable {MANIFEST} in it")
    try:
        manifest = Manifest.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "document"
        raise BundleError(f"model {folder.name!r}: {MANIFEST}: {field}: {first['msg']}") from None
    if manifest.areas != codebook.AREAS:
        raise BundleError(f"model {folder.name!r}: made for other areas than this codebook's")
    for relative in manifest.files:
        parts = PurePosixPath(relative).parts
        if relative != "/".join(parts) or "\\" in relative or not parts or {"..", "/"} & {*parts}:
            raise BundleError(f"model {folder.name!r}: {MANIFEST} lists a file outside the bundle")
    return manifest, hashlib.sha256(raw).hexdigest()


def _verified(folder: Path) -> tuple[Manifest, str, dict[str, bytes]]:
    manifest, digest = read_manifest(folder)
    if not is_trusted(digest):
        raise BundleError(
            f"model {folder.name!r} is not trusted: opening it would run code from it. Its digest "
            f"is {digest}. If it comes from someone you trust, and they confirm that digest: "
            f"ipt-nlp models trust {digest}"
        )
    contents = _read_listed(folder, manifest)
    _check_libraries(folder, manifest)
    return manifest, digest, contents


def open_bundle(folder: Path) -> Bundle:
    """Verify a bundle and load it.

    Raises:
        BundleError: Not trusted; a file is missing, changed, not listed or a link out of the
            folder; made with another scikit-learn, or by a program with other classes.
    """
    manifest, digest, contents = _verified(folder)
    # Bytes that were hashed are the bytes that are unpickled: nothing is read twice.
    try:
        pipeline: Pipeline = joblib.load(io.BytesIO(contents[CLASSIFIER]))
        encoder = pipeline.named_steps["encoder"]
        encoder.set_params(path=str(folder / "encoder"))
        encoder.open_bytes(*(contents[f"encoder/{name}"] for name in ENCODER_FILES))
        parts = {
            name: joblib.load(io.BytesIO(contents[_part_file(name)]))
            for name in PARTS
            if _part_file(name) in contents
        }
    except BundleError as error:
        raise BundleError(f"model {folder.name!r}: {error}") from None
    except Exception as error:
        # What its author signed cannot be used here: a class that has moved, broken weights.
        raise BundleError(
            f"model {folder.name!r} cannot be opened by this version ({type(error).__name__}); "
            "train it again, or install the version that made it"
        ) from None
    return Bundle(folder, manifest, digest, pipeline, parts)


def _part_file(name: str) -> str:
    return f"{name}.joblib"


def _read_listed(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    where = f"model {folder.name!r}"
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise BundleError(f"{where}: {relative} is a link, which a bundle may not hold")
        if not path.is_dir() and relative not in {MANIFEST, *manifest.files}:
            raise BundleError(f"{where}: {relative} is not listed in {MANIFEST}; remove it")
    needed = {CLASSIFIER, *(f"encoder/{name}" for name in ENCODER_FILES)}
    if missing := sorted(needed - set(manifest.files)):
        raise BundleError(f"{where}: {MANIFEST} does not list {missing[0]}")
    contents: dict[str, bytes] = {}
    for relative, expected in manifest.files.items():
        raw = _read_plain(folder, relative, MAX_FILE_BYTES)
        if raw is None:
            raise BundleError(f"{where}: {relative} is missing or unreadable")
        if hashlib.sha256(raw).hexdigest() != expected:
            raise BundleError(f"{where}: {relative} was changed after the bundle was made")
        contents[relative] = raw
    return contents


def _read_plain(folder: Path, relative: str, limit: int) -> bytes | None:
    """A file's bytes; None where there is no plain file that can be read.

    Raises:
        BundleError: Larger than the limit.
    """
    path = folder / relative
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return None  # opening a pipe would wait for whoever writes into it
        if found.st_size > limit:
            raise BundleError(
                f"model {folder.name!r}: {relative} is larger than {limit // 2**20} MiB"
            )
        return path.read_bytes()
    except OSError:
        return None


def _check_libraries(folder: Path, manifest: Manifest) -> None:
    made = manifest.libraries.get("scikit-learn", "")
    here = metadata.version("scikit-learn")
    if made.split(".")[:2] != here.split(".")[:2]:
        raise BundleError(
            f"model {folder.name!r} was made with scikit-learn {made}, this is {here}; "
            "train it again, or install that version"
        )


def is_trusted(digest: str) -> bool:
    """Whether a digest is pinned by the package or in the user's own trust file."""
    return digest in shipped_digests() or digest in user_digests()


def shipped_digests() -> frozenset[str]:
    """Digests of the bundles that come with this version of the package."""
    raw = resources.files("ipt_nlp.areas").joinpath("shipped.json").read_text(encoding="utf-8")
    return frozenset(json.loads(raw).values())


def user_digests() -> frozenset[str]:
    """Digests in the user's trust file; none when there is no such file.

    Raises:
        BundleError: The trust file cannot be read.
    """
    path = user_folder() / TRUST_FILE
    try:
        digests = json.loads(path.read_text(encoding="utf-8"))
        return frozenset(str(d) for d in digests)
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, TypeError):
        raise BundleError(f"the trust file {path} is not a readable JSON list of digests") from None


def trust(digest: str) -> None:
    """Add a digest to the user's trust file.

    Raises:
        BundleError: Not a SHA-256 in hexadecimal digits.
    """
    digest = digest.strip().lower()
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise BundleError("a digest is 64 hexadecimal digits, as `ipt-nlp models show` prints it")
    known = sorted({*user_digests(), digest})
    write_private(user_folder() / TRUST_FILE, json.dumps(known, indent=1) + "\n")


def save_bundle(
    folder: Path,
    pipeline: Pipeline,
    *,
    card: str,
    encoder_files: dict[str, bytes],
    parts: Mapping[str, Any] | None = None,
    figures: Mapping[str, str] | None = None,
    **fields: Any,
) -> str:
    """Write a bundle and return its digest.

    The same input gives the same bytes; of ``parts`` that were unpickled, in a process that did the
    same before.

    Args:
        folder: Made when missing; files of an earlier bundle in it are replaced.
        pipeline: Steps ``encoder`` and ``classifier``; the encoder's weights are stored apart.
        card: Markdown of the model card.
        encoder_files: Content of each of ``ENCODER_FILES``.
        parts: Classifiers of clauses by name (of ``PARTS``), or their files as bytes.
        figures: Drawings for the card (SVG) by file name; they lie in the folder ``FIGURES``.
        fields: Fields of :class:`Manifest` but for ``files``, ``areas`` and ``libraries``.

    Raises:
        BundleError: The folder holds files that are no bundle's.
    """
    encoder = pipeline.named_steps["encoder"]
    kept = encoder.path
    buffer = io.BytesIO()
    try:
        encoder.set_params(path="")
        joblib.dump(pipeline, buffer)
    finally:
        encoder.set_params(path=kept)
    contents = {
        CLASSIFIER: buffer.getvalue(),
        **{_part_file(name): _dumped(part) for name, part in sorted((parts or {}).items())},
        CARD: card.encode("utf-8"),
        **{f"encoder/{name}": raw for name, raw in encoder_files.items()},
        **{f"{FIGURES}/{name}": svg.encode("utf-8") for name, svg in (figures or {}).items()},
    }
    earlier = {f"{FIGURES}/{p.name}" for p in (folder / FIGURES).glob("*.svg")}
    ours = {MANIFEST, *contents, *map(_part_file, PARTS), *earlier}
    strangers = [
        p for p in folder.rglob("*") if p.is_file() and p.relative_to(folder).as_posix() not in ours
    ]
    if strangers:
        raise BundleError(f"model {folder.name!r}: the folder holds other files; name a new one")
    manifest = Manifest(
        areas=codebook.AREAS,
        codebook=codebook.VERSION,
        libraries={name: metadata.version(name) for name in PINNED_LIBRARIES},
        files={name: hashlib.sha256(raw).hexdigest() for name, raw in sorted(contents.items())},
        **fields,
    )
    raw = (manifest.model_dump_json(indent=1) + "\n").encode("utf-8")
    # Of an earlier bundle; a file that the manifest does not list would be refused.
    for name in sorted({*map(_part_file, PARTS), *earlier} - set(contents)):
        (folder / name).unlink(missing_ok=True)
    # The manifest last: a bundle that was interrupted does not verify.
    for name, content in contents.items():
        write_private(folder / name, content)
    write_private(folder / MANIFEST, raw)
    return hashlib.sha256(raw).hexdigest()


def _dumped(part: Any) -> bytes:
    if isinstance(part, bytes):
        return part
    buffer = io.BytesIO()
    joblib.dump(part, buffer, compress=("zlib", 6))
    return buffer.getvalue()


def shipped_parts(encoder: Path) -> Mapping[str, bytes]:
    """The shipped classifiers of clauses, for another bundle with the same encoder.

    As files: what is unpickled and pickled again may have other bytes each time.

    Args:
        encoder: Folder of that bundle's encoder weights; with others than the shipped ones the
            classifiers would read what they were not trained on, so there are none.

    Raises:
        BundleError: The shipped bundle was changed, or made with another scikit-learn.
    """
    shipped = shipped_bundle()
    weights = ENCODER_FILES[0]
    if (encoder / weights).read_bytes() != (shipped / "encoder" / weights).read_bytes():
        return {}
    _, _, contents = _verified(shipped)
    return {name: contents[f] for name in PARTS if (f := _part_file(name)) in contents}


def shipped_bundle() -> Path:
    """The folder of the bundle that ``ipt_nlp.load()`` opens."""
    return shipped_models() / SHIPPED_BUNDLE
