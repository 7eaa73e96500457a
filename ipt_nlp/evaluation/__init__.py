"""How good labels are: figures with intervals, baselines, what abstaining buys, main focus."""

from ipt_nlp.evaluation.coverage import RiskCoverage, margins, risk_coverage
from ipt_nlp.evaluation.metrics import (
    AreaMetrics,
    Bin,
    Figure,
    Report,
    calibration_error,
    evaluate,
    f1_scores,
    label_arrays,
    without_nan,
)

__all__ = [
    "AreaMetrics",
    "Bin",
    "Figure",
    "Report",
    "RiskCoverage",
    "calibration_error",
    "evaluate",
    "f1_scores",
    "label_arrays",
    "margins",
    "risk_coverage",
    "without_nan",
]
