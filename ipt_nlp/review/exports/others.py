"""For two other tools: Taguette's codebook and Label Studio's tasks."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree as ET

from ipt_nlp import codebook
from ipt_nlp.review.exports.reviewed import Reviewed
from ipt_nlp.review.labels import FlagLabel, Labels, PatternLabel, of_model

PRIMARY_NONE = "none"


def write_taguette() -> bytes:
    """The codebook as Taguette imports it: columns ``tag`` and ``description``; a dot in a tag
    makes a hierarchy."""
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\n")
    table.writerow(["tag", "description"])
    for key, area in codebook.AREA_INFO.items():
        table.writerow([f"area.{key}", area.definition])
    for key, pattern in codebook.PATTERN_INFO.items():
        table.writerow([f"pattern.{key}", pattern.shows])
    for key in codebook.FLAGS:
        table.writerow([f"flag.{key}", codebook.FLAG_INFO[key].shows])
    return buffer.getvalue().encode("utf-8")


def write_label_studio(found: Iterable[Reviewed]) -> bytes:
    """Label Studio tasks, one a segment: the reviewers' labels as annotation, the model's as
    prediction. Offsets are code points, as Label Studio keeps them."""
    return json.dumps([_task(r) for r in found], ensure_ascii=False).encode("utf-8")


def write_label_studio_config() -> bytes:
    """The labelling configuration that the tasks fit."""
    view = ET.Element("View")
    areas = ET.SubElement(
        view, "Choices", {"name": "areas", "toName": "text", "choice": "multiple"}
    )
    primary = ET.SubElement(
        view, "Choices", {"name": "primary", "toName": "text", "choice": "single"}
    )
    for key in codebook.AREAS:
        ET.SubElement(areas, "Choice", {"value": key})
        ET.SubElement(primary, "Choice", {"value": key})
    ET.SubElement(primary, "Choice", {"value": PRIMARY_NONE})
    labels = ET.SubElement(view, "Labels", {"name": "spans", "toName": "text"})
    for key in (*codebook.PATTERNS, *codebook.FLAGS):
        ET.SubElement(labels, "Label", {"value": key})
    ET.SubElement(view, "Text", {"name": "text", "value": "$text", "granularity": "word"})
    ET.indent(view)
    found: bytes = ET.tostring(view, encoding="utf-8")
    return found


def _task(r: Reviewed) -> dict[str, Any]:
    base = r.segment.start_char
    return {
        "data": {"text": r.segment.text, "id": r.id, "source": r.session.source},
        "annotations": [{"result": _result(r.verdict.labels, base)}],
        "predictions": [
            {
                "model_version": f"{r.session.model.name} {r.session.model.version}",
                "result": _result(of_model(r.segment), base),
            }
        ],
    }


def _result(labels: Labels, base: int) -> list[dict[str, Any]]:
    result = [
        _choice("areas", list(labels.areas)),
        _choice("primary", [labels.primary or PRIMARY_NONE]),
    ]
    spans: list[tuple[PatternLabel | FlagLabel, str]] = [
        *((p, p.pattern) for p in labels.patterns),
        *((f, f.flag) for f in labels.standing_flags),
    ]
    for span, label in spans:
        result.append(
            {
                "id": f"{span.start_char}-{span.end_char}-{label}",
                "from_name": "spans",
                "to_name": "text",
                "type": "labels",
                "value": {
                    "start": span.start_char - base,
                    "end": span.end_char - base,
                    "text": span.quote,
                    "labels": [label],
                },
            }
        )
    return result


def _choice(name: str, chosen: list[str]) -> dict[str, Any]:
    return {
        "id": name,
        "from_name": name,
        "to_name": "text",
        "type": "choices",
        "value": {"choices": chosen},
    }
