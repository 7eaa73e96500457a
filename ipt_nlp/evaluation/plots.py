"""Calibration and risk-coverage as SVG files: no library draws, a template does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle

from jinja2 import Environment, PackageLoader, StrictUndefined

from ipt_nlp import codebook
from ipt_nlp.evaluation.coverage import RiskCoverage
from ipt_nlp.evaluation.metrics import Report

SIZE = 320
"""Width and height of the plotting area in SVG units."""

_STYLES = (
    ("#6a3d9a", ""),
    ("#0b6969", "7 3"),
    ("#a03c10", "2 3"),
    ("#2456a6", "9 3 2 3"),
)
"""Colour and dashes: lines can be told apart in black and white too."""

_REFERENCE = ("#5a6068", "1 4")

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A named line through points in data units."""

    name: str
    points: tuple[Point, ...]
    colour: str
    dashes: str = ""


@dataclass(frozen=True)
class Axis:
    """An axis from ``low`` to ``high`` with ticks in data units."""

    label: str
    low: float
    high: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """How far along the axis a value lies, 0 to ``SIZE``."""
        return round((value - self.low) / (self.high - self.low) * SIZE, 1)


def calibration_svg(report: Report) -> str:
    """Observed share over mean probability, ten bins of equal size an area."""
    unit = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    lines = [Line("perfect", ((0.0, 0.0), (1.0, 1.0)), *_REFERENCE)]
    lines += [
        Line(
            codebook.AREA_INFO[area.area].name,
            tuple((b.probability, b.rate) for b in area.bins),
            *style,
        )
        for area, style in zip(report.areas, _STYLES, strict=False)
    ]
    return _draw(
        "Calibration",
        f"{report.texts} texts; each point is a tenth of those that are scored for its area",
        Axis("probability given", 0, 1, unit),
        Axis("share that has the area", 0, 1, unit),
        lines,
    )


def coverage_svg(curves: dict[str, RiskCoverage]) -> str:
    """Macro F1 of the texts that are kept, over their share."""
    lines = [
        Line(name, tuple((p.coverage, p.macro_f1) for p in curve.points), *style)
        for (name, curve), style in zip(curves.items(), cycle(_STYLES), strict=False)
    ]
    found = [y for line in lines for _, y in line.points if y == y]
    low = min([0.5, *(int(y * 10) / 10 for y in found)])
    ticks = tuple(round(t / 10, 1) for t in range(round(low * 10), 11))
    return _draw(
        "What abstaining buys",
        "texts with the lowest margins left to a person",
        Axis("share of texts kept", 0.5, 1, (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)),
        Axis("macro F1 of the kept", low, 1, ticks),
        lines,
    )


def _draw(title: str, note: str, x: Axis, y: Axis, lines: Sequence[Line]) -> str:
    return (
        _environment()
        .get_template("plot.svg.j2")
        .render(title=title, note=note, x=x, y=y, lines=lines, size=SIZE)
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("ipt_nlp.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
