"""mkdocs hook: pages that live outside ``docs/``, and the reference of the command line.

The README, the cards and the like are read where they are, so that no text is kept twice. Their
links are turned to the pages of the site; what the site does not have stays as words.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import Any

import typer
from mkdocs.structure.files import File, Files
from typer.cli import get_docs_for_click

from ipt_nlp.cli import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "overview.md",
    "ARCHITECTURE.md": "architecture.md",
    "SECURITY.md": "security.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
    "training/README.md": "building/models.md",
    "training/language/README.md": "building/language.md",
    "models/ipt-areas/README.md": "cards/areas.md",
    "models/en_ipt_core/README.md": "cards/language.md",
    "corpora/ipt-synth/README.md": "cards/corpus.md",
}
"""Path in the repository -> path on the site; all of ``docs/`` is there besides."""
COMMANDS = "reference/cli.md"

_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#:\s]+)(#[^)\s]*)?\)")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def on_files(files: Files, config: Any) -> Files:
    """Add the pages from elsewhere and the command line's reference."""
    for source, page in PAGES.items():
        text = _FRONT_MATTER.sub("", (ROOT / source).read_text(encoding="utf-8"))
        files.append(File.generated(config, page, content=moved_links(text, source, page)))
    files.append(File.generated(config, COMMANDS, content=command_reference()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links of pages in ``docs/`` that leave it."""
    where: str = page.file.src_uri
    if page.file.generated_by is not None:
        return markdown
    return moved_links(markdown, f"docs/{where}", where)


def moved_links(text: str, source: str, page: str) -> str:
    """The links of a text at ``source`` in the repository, for ``page`` of the site."""

    def moved(link: re.Match[str]) -> str:
        mark, words, path, anchor = link.groups()
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        there = PAGES.get(target)
        if there is None and target.startswith("docs/"):
            there = target.removeprefix("docs/")
        if there is None:
            return words
        relative = posixpath.relpath(there, posixpath.dirname(page) or ".")
        return f"{mark}[{words}]({relative}{anchor or ''})"

    return _LINK.sub(moved, text)


def command_reference() -> str:
    """Markdown of every command's help, made by typer from the commands themselves."""
    # Help is wrapped at the width of the terminal that builds the site.
    os.environ["COLUMNS"] = "100"
    group = typer.main.get_command(app)
    docs = get_docs_for_click(obj=group, ctx=typer.Context(group), name="ipt-nlp", title="Commands")
    return docs.replace("**Usage**:", "Usage:")
