"""How far reviewers agree with each other and with the model, area by area.

Cohen's kappa for each pair and Krippendorff's alpha over all, with 95 % intervals from resampling
whole sessions: segments of one session are not independent. Alpha is computed here (Krippendorff,
Content Analysis, 2004, ch. 11): the libraries that have it are under the GPL or too slow to be
resampled; the tests compare it with one of them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from ipt_nlp import codebook
from ipt_nlp.review.schema import segment_labels
from ipt_nlp.review.store import ADJUDICATED, Store

MODEL = "(model)"
N_BOOTSTRAP = 1000

HUMAN_KAPPA: dict[str, tuple[float, ...]] = {
    "grief": (0.87,),
    "role_transition": (1.0, 0.61),
    "conflict": (0.58,),
    "isolation": (0.48, 0.57),
}
"""Kappa between trained IPT therapists over whole recorded sessions: the first figure from
Markowitz 2000 (PMC3330600), the second, where there is one, from the Brazilian adaptation 2008."""

HUMAN_SOURCE = (
    "Trained IPT therapists over whole recorded sessions: Markowitz 2000 (PMC3330600); second "
    "figure: Brazilian adaptation 2008. Context, not a bar: a session is longer than a segment."
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval; None where chance agreement is all there is."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class PairFigure:
    """Two raters on one area, over the ``n`` segments that both decided."""

    first: str
    second: str
    area: str
    n: int
    positives: tuple[int, int]
    agreement: float
    kappa: Figure


@dataclass(frozen=True)
class AreaFigure:
    """All reviewers on one area, over the ``n`` segments that at least two decided."""

    area: str
    n: int
    alpha: Figure
    human_kappa: tuple[float, ...]


@dataclass(frozen=True)
class Agreement:
    """Figures by pair and by area. ``seen`` of the reviews were made with the model's labels in
    view: agreement with the model is then flattered."""

    raters: tuple[str, ...]
    pairs: tuple[PairFigure, ...]
    areas: tuple[AreaFigure, ...]
    reviews: int
    seen: int

    def to_dict(self) -> dict[str, Any]:
        """The figures for JSON."""
        return asdict(self) | {"human_source": HUMAN_SOURCE}


Ratings = Mapping[tuple[int, int], frozenset[str]]
"""(session, segment) -> the areas that a rater sees there."""


def of_store(store: Store, *, blind_only: bool = False) -> Agreement:
    """Agreement of everything that was decided in a room."""
    ratings: defaultdict[str, dict[tuple[int, int], frozenset[str]]] = defaultdict(dict)
    seen = total = 0
    model: defaultdict[int, set[str]] = defaultdict(set)
    with store.reading() as c:
        for segment_id, area in c.execute(
            sa.select(segment_labels.c.segment_id, segment_labels.c.key).where(
                segment_labels.c.kind == "area"
            )
        ):
            model[segment_id].add(area)
        for session_id, review in store.all_reviews(c):
            if review.lane == ADJUDICATED or (blind_only and not review.blind):
                continue
            total += 1
            seen += not review.blind
            place = session_id, review.segment_id
            ratings[review.lane][place] = frozenset(review.labels.areas)
            ratings[MODEL][place] = frozenset(model.get(review.segment_id, ()))
    return agreement(ratings, reviews=total, seen=seen)


def agreement(
    ratings: Mapping[str, Ratings], *, reviews: int = 0, seen: int = 0, seed: int = 0
) -> Agreement:
    """Figures over raters; the one called ``MODEL`` takes part in pairs, not in alpha."""
    people = sorted(r for r in ratings if r != MODEL)
    raters = [*people, *([MODEL] if MODEL in ratings else [])]
    pairs = [
        _pair(ratings, a, b, area, seed) for a, b in combinations(raters, 2)
        for area in codebook.AREAS
    ]  # fmt: skip
    return Agreement(
        raters=tuple(raters),
        pairs=tuple(p for p in pairs if p.n),
        areas=tuple(_area([ratings[p] for p in people], area, seed) for area in codebook.AREAS),
        reviews=reviews,
        seen=seen,
    )


def _pair(ratings: Mapping[str, Ratings], a: str, b: str, area: str, seed: int) -> PairFigure:
    shared = sorted(ratings[a].keys() & ratings[b].keys())
    first = np.array([area in ratings[a][place] for place in shared], dtype=bool)
    second = np.array([area in ratings[b][place] for place in shared], dtype=bool)
    tables = _by_session(
        [place[0] for place in shared],
        np.stack([first & second, first & ~second, ~first & second, ~first & ~second], axis=1)
        if shared
        else np.empty((0, 4)),
    )
    value = None
    if shared and len({*first.tolist(), *second.tolist()}) > 1:
        from sklearn.metrics import cohen_kappa_score

        value = _known(float(cohen_kappa_score(first, second, labels=[False, True])))
    return PairFigure(
        first=a,
        second=b,
        area=area,
        n=len(shared),
        positives=(int(first.sum()), int(second.sum())),
        agreement=float((first == second).mean()) if shared else 0.0,
        kappa=_figure(value, kappa_of_counts(_resampled(tables, seed))),
    )


def _area(ratings: Sequence[Ratings], area: str, seed: int) -> AreaFigure:
    votes: defaultdict[tuple[int, int], list[bool]] = defaultdict(list)
    for rater in ratings:
        for place, areas in rater.items():
            votes[place].append(area in areas)
    shared = sorted(place for place, found in votes.items() if len(found) > 1)
    counts = np.array(
        [[votes[p].count(False), votes[p].count(True)] for p in shared], dtype=float
    ).reshape(-1, 2)
    pairs = coincidences(counts)
    value = None
    if len(shared) and (counts.sum(axis=0) > 0).all():
        value = _known(float(alpha_of_coincidences(pairs.sum(axis=0, keepdims=True))[0]))
    tables = _by_session([place[0] for place in shared], pairs)
    return AreaFigure(
        area=area,
        n=len(shared),
        alpha=_figure(value, alpha_of_coincidences(_resampled(tables, seed))),
        human_kappa=HUMAN_KAPPA[area],
    )


def _by_session(groups: Iterable[int], rows: NDArray[Any]) -> Floats:
    """Rows (n, k) summed within each session: (n_sessions, k)."""
    _, places = np.unique(np.asarray(list(groups), dtype=np.int64), return_inverse=True)
    sums = np.zeros((int(places.max()) + 1 if len(places) else 0, rows.shape[1]))
    np.add.at(sums, places, rows.astype(float))
    return sums


def _resampled(tables: Floats, seed: int) -> Floats:
    """Sums (N_BOOTSTRAP, k) over sessions drawn with replacement; empty below two sessions."""
    n = len(tables)
    if n < 2:
        return np.empty((0, tables.shape[1]))
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=N_BOOTSTRAP)
    sums: Floats = draws.astype(float) @ tables
    return sums


def kappa_of_counts(counts: Floats) -> Floats:
    """Cohen's kappa (n,) of tables (n, 4): both, first only, second only, neither."""
    both, first, second, neither = counts.T
    total = counts.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = (both + neither) / total
        chance = (
            (both + first) * (both + second) + (second + neither) * (first + neither)
        ) / total**2
        kappa: Floats = (observed - chance) / (1 - chance)
    return kappa


def coincidences(counts: Floats) -> Floats:
    """Krippendorff's coincidences (n, 4) of units with counts (n, 2): no-no, no-yes, yes-no,
    yes-yes. They add up over units."""
    no, yes = counts.T
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = 1 / (counts.sum(axis=1) - 1)
        cells = np.stack([no * (no - 1), no * yes, yes * no, yes * (yes - 1)], axis=1)
        scaled: Floats = cells * scale[:, None]
    return scaled


def alpha_of_coincidences(sums: Floats) -> Floats:
    """Nominal alpha (n,) of summed coincidences (n, 4)."""
    no = sums[:, 0] + sums[:, 1]
    yes = sums[:, 2] + sums[:, 3]
    total = no + yes
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = 2 * no * yes / (total - 1)
        alpha: Floats = 1 - (sums[:, 1] + sums[:, 2]) / expected
    return alpha


def _figure(value: float | None, resampled: Floats) -> Figure:
    known = resampled[np.isfinite(resampled)]
    if value is None or len(known) < N_BOOTSTRAP // 10:
        return Figure(value, None, None)
    low, high = np.percentile(known, [2.5, 97.5])
    return Figure(value, float(low), float(high))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
