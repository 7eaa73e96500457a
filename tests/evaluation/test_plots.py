"""Plots are SVG that can be parsed and holds nothing but its figures."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from ipt_nlp.evaluation import evaluate, risk_coverage
from ipt_nlp.evaluation.plots import SIZE, Axis, calibration_svg, coverage_svg

SVG = "{http://www.w3.org/2000/svg}"


def lines(svg: str) -> list[list[tuple[float, float]]]:
    found = ElementTree.fromstring(svg).iter(f"{SVG}polyline")
    return [
        [(float(x), float(y)) for x, y in (p.split(",") for p in line.attrib["points"].split())]
        for line in found
    ]


@pytest.fixture
def parts() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.random((100, 4)) < 0.4
    p = np.clip(labels * 0.5 + rng.random((100, 4)) * 0.5, 0, 1)
    return p, labels, np.ones_like(labels), np.full(4, 0.5)


def test_calibration_has_a_line_an_area(parts: tuple[np.ndarray, ...]) -> None:
    report = evaluate(*parts, n_bootstrap=5)
    perfect, *areas = lines(calibration_svg(report))
    assert perfect == [(0, SIZE), (SIZE, 0)]
    assert [len(line) for line in areas] == [10] * 4
    assert all(0 <= v <= SIZE for line in areas for point in line for v in point)


def test_coverage_has_a_line_a_model(parts: tuple[np.ndarray, ...]) -> None:
    curve = risk_coverage(*parts, n_bootstrap=5)
    svg = coverage_svg({"this <one>": curve, "other": curve})
    assert len(lines(svg)) == 2
    assert "this &lt;one&gt;" in svg


def test_an_area_without_figures_is_an_empty_line(parts: tuple[np.ndarray, ...]) -> None:
    p, labels, scored, cuts = parts
    scored[:, 0] = False
    report = evaluate(p, labels, scored, cuts, n_bootstrap=5)
    assert lines(calibration_svg(report))[1] == []


def test_an_axis_places_its_ends() -> None:
    axis = Axis("x", 0.5, 1.0, ())
    assert [axis.place(v) for v in (0.5, 0.75, 1.0)] == [0, SIZE / 2, SIZE]
