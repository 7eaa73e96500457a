"""HTML templates as every page uses them: escaped, nothing left out, nothing invisible."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ipt_nlp.writers import display


def page_environment(package: str) -> Environment:
    """Templates of a package: everything is escaped, control characters show as code points."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalize(value: Any) -> Any:
    # What has __html__ is the output of a macro, each part of which came through here.
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return display.visible(value)
    return value
