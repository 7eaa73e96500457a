"""What the project stands on: software bill of materials, licences, wheels, known vulnerabilities.

    python -m training.supply_chain [--output build/supply-chain] [--docs docs/supply-chain.md]

Reads ``requirements.lock``. Writes ``sbom.cdx.json`` (CycloneDX 1.6, with the lock's hashes) and
prints tables; with ``--docs`` they go between the marks of that page. Wheels are asked of the
package index by ``uv`` (a dry run: nothing is downloaded but metadata), vulnerabilities by
``pip-audit``; where either cannot reach its source, the table says so. Exit code 1: a library
without a wheel, a vulnerability, or a licence that is not in ``GOOD``. Needs the extra ``audit``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
PROJECT = "ipt-nlp"
PLATFORMS = {
    "Linux, x86-64": "x86_64-manylinux_2_28",
    "Linux, ARM": "aarch64-manylinux_2_28",
    "macOS 14, Apple silicon": "aarch64-apple-darwin",
    "macOS 14, Intel": "x86_64-apple-darwin",
    "Windows, x86-64": "x86_64-pc-windows-msvc",
}
"""Name -> what uv calls it."""
MACOS = "14.0"
"""The oldest macOS that is asked for; onnxruntime has none for older ones."""
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
FAMILIES = {
    "LGPL": r"lgpl|lesser general",
    "GPL": r"\bgpl|general public",
    "Apache-2.0": r"apache",
    "MIT": r"\bmit\b|expat",
    "BSD": r"\bbsd\b|0bsd|bsd-",
    "PSF-2.0": r"psf|python software foundation",
    "MPL-2.0": r"mpl|mozilla",
    "ISC": r"\bisc\b|iscl",
    "Zlib": r"zlib",
    "none needed": r"not installed anywhere",
    "Unlicense or public domain": r"unlicense|public domain|cc0",
}
"""Families of licences and what they are recognised by. Of several that hold together the first
counts, so the strictest are first."""
GOOD = frozenset(FAMILIES) - {"GPL"}
"""Those that an Apache-2.0 project can depend on; the GPL's would bind whoever passes it on."""
NOT_STATED = {
    # Not in their metadata; read from their licence file.
    "axe-playwright-python": "MIT",
    # Only for macOS with Intel processors, and not installed elsewhere.
    "coloredlogs": "MIT",
    "humanfriendly": "MIT",
    # Only for Python in a browser, which is none of our platforms.
    "httpx2-jsfetch": "not installed anywhere",
}
BEGIN, END = "<!-- made by training.supply_chain -->", "<!-- end -->"

_PINNED = re.compile(
    r"^(?P<pinned>[A-Za-z0-9._-]+==[^\s;\\]+)\s*(?:;\s*(?P<marker>[^\\]+?))?\s*\\?$"
)
_NO_WHEEL = re.compile(
    r"Because (?P<name>[a-z0-9._-]+)(?:\{[^}]*\})?==\S+ has no (?:usable )?wheels"
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Locked:
    """A pinned library; ``run_time`` is false for what only development needs."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    licence: str
    run_time: bool

    @property
    def family(self) -> str:
        """The family of its licence; "unknown" where it says none that is recognised."""
        # Compilers' libraries in binary wheels; the exception is made for that.
        said = re.sub(r"gpl-\S+ with gcc-exception-[\d.]+", "", self.licence.lower())
        choices = [
            next((name for name, form in FAMILIES.items() if re.search(form, choice)), "unknown")
            for choice in re.split(r"\s+or\s+", said)
        ]
        return next((name for name in choices if name in GOOD), choices[0])


@dataclass(frozen=True)
class Finding:
    """One line of a table: what was looked at, the answer, and whether that is in order.

    ``fine`` is None where nothing could be found out.
    """

    subject: str
    answer: str
    fine: bool | None

    @property
    def verdict(self) -> str:
        return {True: "yes", False: "**no**", None: "not known"}[self.fine]


def read_lock(text: str) -> list[Locked]:
    """The libraries of a lock file, in its order."""
    needed = run_time_names()
    found: list[Locked] = []
    for line in text.splitlines():
        if match := _PINNED.match(line):
            name, version = match["pinned"].split("==")
            key = canonicalize_name(name)
            found.append(
                Locked(name, version, match["marker"] or "", (), licence(name), key in needed)
            )
        elif found and (digests := _HASH.findall(line)):
            last = found[-1]
            found[-1] = Locked(
                last.name,
                last.version,
                last.marker,
                (*last.hashes, *digests),
                last.licence,
                last.run_time,
            )
    return found


def run_time_names() -> frozenset[str]:
    """Libraries that ``pip install ipt-nlp`` brings here, with all that they need themselves."""
    environment = {key: str(value) for key, value in default_environment().items()}
    found: set[str] = set()
    waiting: deque[tuple[str, frozenset[str]]] = deque([(PROJECT, frozenset())])
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = entry = waiting.popleft()
        if entry in seen:
            continue
        seen.add(entry)
        try:
            requires = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # of another platform
        found.add(canonicalize_name(name))
        for line in requires:
            wanted = Requirement(line)
            marker = wanted.marker
            if marker is None or any(
                marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras)
            ):
                waiting.append((wanted.name, frozenset(wanted.extras)))
    return frozenset(found - {PROJECT})


def licence(name: str) -> str:
    """What a library says of its licence, shortly; empty where it says nothing."""
    try:
        about: Any = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return NOT_STATED.get(name, "")
    expression = about.get("License-Expression") or NOT_STATED.get(name)
    if expression:
        return str(expression)
    classifiers = [
        c.split(" :: ")[-1]
        for c in about.get_all("Classifier") or ()
        if c.startswith("License ::") and c != "License :: OSI Approved"
    ]
    if classifiers:
        return " and ".join(classifiers)
    # Some put the whole text there; its first line names it.
    return str(about.get("License") or "").strip().split("\n")[0][:80]


def sbom(libraries: Iterable[Locked], version: str) -> str:
    """CycloneDX 1.6 as JSON."""
    from cyclonedx.model import HashAlgorithm, HashType, Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentScope, ComponentType
    from cyclonedx.model.license import DisjunctiveLicense
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion
    from packageurl import PackageURL

    bom = Bom()
    bom.metadata.component = root = Component(
        type=ComponentType.APPLICATION, name=PROJECT, version=version, bom_ref=PROJECT
    )
    parts = []
    for one in libraries:
        url = PackageURL("pypi", name=canonicalize_name(one.name), version=one.version)
        part = Component(
            type=ComponentType.LIBRARY,
            name=one.name,
            version=one.version,
            bom_ref=str(url),
            purl=url,
            scope=ComponentScope.REQUIRED if one.run_time else ComponentScope.EXCLUDED,
            licenses=[DisjunctiveLicense(name=one.licence)] if one.licence else [],
            # One of these, by platform: a component's own hashes are those of one file.
            properties=[Property(name="ipt-nlp:lock:sha256", value=h) for h in one.hashes],
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one.hashes[0])]
            if len(one.hashes) == 1
            else [],
        )
        bom.components.add(part)
        parts.append(part)
    bom.register_dependency(root, parts)
    made = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    return f"{made}\n"


def licences(libraries: Sequence[Locked]) -> list[Finding]:
    """How many libraries of each family, those at run time first."""
    found = []
    for run_time, where in ((True, "at run time"), (False, "for development")):
        families: dict[str, list[str]] = {}
        for one in libraries:
            if one.run_time == run_time:
                families.setdefault(one.family, []).append(one.name)
        for family, names in sorted(families.items(), key=lambda f: -len(f[1])):
            few = ": " + ", ".join(names) if len(names) <= 8 else ""
            answer = f"{len(names)}{few}"
            found.append(Finding(f"{where}, {family}", answer, family in GOOD))
    return found


def wheels(lock: Path) -> list[Finding]:
    """Whether every library can be installed without compiling, for each platform and Python."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        return [Finding("all platforms", "not checked: uv is not installed", None)]
    found = []
    for name, platform in PLATFORMS.items():
        for python in PYTHONS:
            answer, fine = _wheel_for_all(uv, lock.read_text(encoding="utf-8"), platform, python)
            found.append(Finding(f"{name}, Python {python}", answer, fine))
    return found


def _wheel_for_all(uv: str, lock: str, platform: str, python: str) -> tuple[str, bool | None]:
    """What uv says of a lock; libraries that it names are left out until the others pass."""
    lacking: list[str] = []
    while True:
        done = _dry_run(uv, lock, platform, python)
        if done.returncode == 0:
            break
        said = " ".join(done.stderr.split())
        named = _NO_WHEEL.search(said)
        if named is None or (name := named["name"]) in lacking:
            reached = not re.search(r"sending request|failed to fetch|dns error", said, re.I)
            return ("uv failed" if reached else "not checked: no package index"), None
        lacking.append(name)
        lock = re.sub(rf"^{re.escape(name)}==.*\n(?:[ \t].*\n)*", "", lock, flags=re.MULTILINE)
    n_wheels = len(re.findall(r"^ \+ ", done.stderr, re.MULTILINE))
    if lacking:
        return f"{n_wheels} wheels, none for {', '.join(lacking)}", False
    return f"{n_wheels} libraries, all wheels", True


def _dry_run(uv: str, lock: str, platform: str, python: str) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requirements.txt"
        path.write_text(lock, encoding="utf-8")
        return subprocess.run(
            [
                *(uv, "pip", "install", "--dry-run", "--no-config", "--no-deps"),
                *("--only-binary", ":all:", "--require-hashes", "--target", f"{folder}/none"),
                *("--python-platform", platform, "--python-version", python),
                *("-r", str(path)),
            ],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": MACOS},
        )


def vulnerabilities(lock: Path) -> list[Finding]:
    """What pip-audit knows of the locked versions, from PyPI's advisories, then from OSV."""
    for service in ("pypi", "osv"):
        try:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"),
                    *("-s", service, "-f", "json", "--progress-spinner", "off", "--timeout", "30"),
                    *("-r", str(lock)),
                ],
                capture_output=True,
                text=True,
                check=False,
                timeout=600,
            )
        except subprocess.TimeoutExpired:
            continue
        try:
            audited = json.loads(done.stdout)["dependencies"]
        except (ValueError, KeyError):
            continue
        # Behind a mirror of the index every library is "not found"; that is no audit.
        if all("skip_reason" in one for one in audited):
            continue
        return _advisories(audited, service)
    return [Finding("advisories", "not checked: pip-audit reaches neither PyPI nor OSV", None)]


def _advisories(audited: Sequence[dict[str, object]], service: str) -> list[Finding]:
    known: list[Finding] = []
    skipped = [str(one["name"]) for one in audited if "skip_reason" in one]
    for one in audited:
        for advisory in one.get("vulns", []):  # type: ignore[attr-defined]
            fixed = ", ".join(advisory.get("fix_versions", [])) or "no version"
            known.append(
                Finding(
                    f"{one['name']} {one['version']}", f"{advisory['id']}, fixed in {fixed}", False
                )
            )
    looked = f"{len(audited) - len(skipped)} libraries ({service}), {len(known)} known"
    if skipped:
        looked += f"; not found there: {', '.join(skipped)}"
    return [Finding("advisories", looked, not known), *known]


def table(title: str, findings: Sequence[Finding]) -> str:
    """Markdown with a heading."""
    rows = [f"| {f.subject} | {f.answer} | {f.verdict} |" for f in findings]
    return "\n".join([f"## {title}", "", "| what | found | in order |", "|---|---|---|", *rows])


def replaced(page: str, tables: str) -> str:
    """The page with its tables exchanged.

    Raises:
        ValueError: The page has no marks for them.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--lock", type=Path, default=LOCK)
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "supply-chain")
    parser.add_argument("--docs", type=Path, help="page that keeps the tables")
    options = parser.parse_args()
    libraries = read_lock(options.lock.read_text(encoding="utf-8"))
    options.output.mkdir(parents=True, exist_ok=True)
    from ipt_nlp import __version__

    made = sbom(libraries, __version__)
    (options.output / "sbom.cdx.json").write_text(made, encoding="utf-8")
    parts = {
        "Wheels": wheels(options.lock),
        "Licences": licences(libraries),
        "Known vulnerabilities": vulnerabilities(options.lock),
    }
    tables = "\n\n".join(table(title, found) for title, found in parts.items())
    print(tables)
    if options.docs is not None:
        page = options.docs.read_text(encoding="utf-8")
        options.docs.write_text(replaced(page, tables), encoding="utf-8")
    if any(f.fine is False for found in parts.values() for f in found):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
