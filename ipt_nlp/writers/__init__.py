"""Tagged sessions -> text: one module per output format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from ipt_nlp.result import TaggedSession

Write = Callable[[Iterable[TaggedSession]], Iterator[str]]
"""Sessions to pieces of one text, which the caller joins or prints as they come."""

FORMATS: tuple[str, ...] = ("pretty", "jsonl", "csv", "html")


def writer(name: str, *, color: bool) -> Write:
    """The function that writes a format.

    All but ``html`` write session by session; an HTML report puts the risks of every session
    first, so it waits for the last one.

    Args:
        name: One of ``FORMATS``.
        color: Escape codes for a terminal; only ``pretty`` uses them.

    Raises:
        ValueError: No such format.
    """
    # Imported here: a JSON line needs neither rich nor jinja2.
    match name:
        case "pretty":
            from ipt_nlp.writers.pretty import write as write_pretty

            return partial(write_pretty, color=color)
        case "jsonl":
            from ipt_nlp.writers.jsonl import write as write_jsonl

            return write_jsonl
        case "csv":
            from ipt_nlp.writers.csv import write as write_csv

            return write_csv
        case "html":
            from ipt_nlp.writers.html import write as write_html

            return write_html
    raise ValueError(f"no format {name!r}: one of {', '.join(FORMATS)}")
