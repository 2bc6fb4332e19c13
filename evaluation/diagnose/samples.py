"""Students behind an effect, from sums of cells: how many, their mean and spread, by group, condition and period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.design import factors
from evaluation.design.assignment import in_band
from evaluation.diagnose.diagnosed import Diagnosed
from evaluation.stats.reading import used_cells
from evaluation.stats.records import Booleans, Floats, Integers
from evaluation.stats.standards.effect_size import Clusters, Sample, pooled_sd
from evaluation.stats.standards.intraclass import intraclass_correlation

SIDES = ("program", "comparison")


@dataclass(frozen=True)
class Students:
    """Cells of the two groups of a gap as sums over students, in outcome units.

    Attributes
    ----------
    n, total, squares : (U, T, 2)
        Students, sum of their outcomes, sum of squares; NaN where a cell is not known so far.
    cluster : (U,)
    """

    n: Floats
    total: Floats
    squares: Floats
    cluster: Integers


@dataclass(frozen=True)
class Baseline:
    """One group before the program: all students of each condition, and the plain means of its districts."""

    program: Sample
    comparison: Sample
    program_mean: float
    comparison_mean: float


def students_of(of: Diagnosed) -> Students:
    """Return the cells of a topic as sums; squares of a share are its events, other missing squares stay missing."""
    program = next(p for p in of.study.programs if p.id == of.topic.specification.program)
    rows = of.own_cells
    rows = rows[(in_band(rows["grade_band"], program) & (rows["status"] == "reported")).to_numpy(dtype=bool)]
    factor = factors(rows, of.study.outcomes)
    n = rows["n_students"].astype(float)
    sums = pd.DataFrame({"n": n, "total": (factor * rows["total"].astype(float)).fillna(rows["mean"].astype(float) * n),
                         "squares": factor**2 * rows["total_sq"].astype(float)})
    if of.topic.outcome.kind == "binary":
        sums["squares"] = sums["squares"].fillna(factor * sums["total"])
    keys = pd.MultiIndex.from_frame(rows[["unit_id", "period", "group_id"]].astype(
        {"unit_id": object, "period": int, "group_id": object}))
    shape = (*of.design.present.shape, 2)
    wanted = pd.MultiIndex.from_product([list(of.design.unit_ids), of.design.periods.tolist(),
                                         [of.topic.gap.focal, of.topic.gap.reference]])
    found = sums.set_axis(keys).reindex(wanted)
    grids = [found[name].to_numpy(dtype=float).reshape(shape) for name in ("n", "total", "squares")]
    return Students(grids[0], grids[1], grids[2], of.design.cluster)


def in_program(of: Diagnosed) -> Iterator[tuple[str, Booleans]]:
    """Yield condition and cells (U, T) of every period in which cells in the program stand behind the overall effect.

    Comparison cells of a period are those behind the effect that are not in the program.
    """
    used, inside = used_cells(of.overall)[0], of.design.in_program
    for period in np.flatnonzero((used & inside).any(axis=0)):
        now = np.arange(len(of.design.periods)) == period
        for side, mine in zip(SIDES, (inside, ~inside), strict=True):
            yield side, used & mine & now


def sample_of(students: Students, cells: Booleans, group: int) -> Sample | None:
    """Return the students of one group in some cells; None where something about them is not known."""
    n, total, squares = (x[..., group][cells].sum() for x in (students.n, students.total, students.squares))
    if not (np.isfinite(squares) and n > 0):
        return None
    mean = total / n
    # rounding of equal scores may leave a trace below zero
    return Sample(float(mean), float(np.sqrt(max(squares - n * mean**2, 0.0) / max(n - 1, 1))), int(n))


def clusters_of(students: Students, cells: Iterable[Booleans], size: float) -> Clusters | None:
    """Return the intraclass correlation of districts within groups and the given samples, beside their size."""
    n, mean, squares, sample = [], [], [], []
    for i, (chosen, group) in enumerate((c, g) for c in cells for g in (0, 1)):
        for cluster in np.unique(students.cluster[chosen.any(axis=1)]):
            one = sample_of(students, chosen & (students.cluster == cluster)[:, None], group)
            if one is not None:
                n.append(one.n)
                mean.append(one.mean)
                squares.append(one.sd**2 * (one.n - 1))
                sample.append(i)
    if not n:
        return None
    found = intraclass_correlation(np.array(n, dtype=float), np.array(mean), np.array(squares), np.array(sample))
    return None if found is None else Clusters(size, found)


def baseline_of(of: Diagnosed, students: Students, group: int) -> Baseline | None:
    """Return one group at the base periods of the cohorts behind the overall effect; None where it is not known.

    Each cohort is compared, stratum by stratum, with the comparison units of its own effects at its own base. Over
    cohorts and strata the comparison means get the weight of the program: of its students, or of its districts.
    """
    pairs = [_Pair(cohort, *(_side(students, cells, group) for cells in both)) for cohort, *both in _base_cells(of)]
    known = [(pair.cohort, pair.program, pair.comparison) for pair in pairs if pair.program and pair.comparison]
    if not pairs or len(known) < len(pairs):
        return None
    program, comparison = [p for _, p, _ in known], [c for *_, c in known]
    n, districts = [p.sample.n for p in program], [p.n_districts for p in program]
    n_comparison = np.bincount(np.unique([cohort for cohort, *_ in known], return_inverse=True)[1],
                               [c.sample.n for c in comparison])
    merged = [Sample(float(np.average([one.sample.mean for one in side], weights=n)),
                     pooled_sd([one.sample for one in side]), int(size))
              for side, size in ((program, sum(n)), (comparison, n_comparison.max()))]
    means = [float(np.average([one.mean for one in side], weights=districts)) for side in (program, comparison)]
    return Baseline(merged[0], merged[1], means[0], means[1])


@dataclass(frozen=True)
class _Side:
    """Students of one condition, and the plain mean of its districts' means."""

    sample: Sample
    mean: float
    n_districts: int


@dataclass(frozen=True)
class _Pair:
    """One cohort in one stratum at its base; None where something is not known."""

    cohort: float
    program: _Side | None
    comparison: _Side | None


def _base_cells(of: Diagnosed) -> Iterator[tuple[float, Booleans, Booleans]]:
    """Yield cohort, program and comparison cells (U, T) at the base, of every cohort and stratum behind the effect."""
    design, weights = of.design, of.att_gt.weights
    if weights is None:
        return
    used = used_cells(of.overall)[0] & design.in_program
    for cohort in np.unique(design.cohort[used.any(axis=1)]):
        own = (design.cohort == cohort)[:, None]
        mine = [i for i, e in enumerate(of.att_gt.estimands)
                if e.cohort == cohort and e.period is not None and e.period >= cohort]
        behind = (weights[mine] != 0).any(axis=0) & (design.periods < cohort)[None, :]
        for stratum in np.unique(design.stratum[(behind & own).any(axis=1)]):
            here = behind & (design.stratum == stratum)[:, None]
            if (here & own).any() and (here & ~own).any():
                yield float(cohort), here & own, here & ~own


def _side(students: Students, cells: Booleans, group: int) -> _Side | None:
    sample = sample_of(students, cells, group)
    if sample is None:
        return None
    of_district = [sample_of(students, cells & (students.cluster == d)[:, None], group)
                   for d in np.unique(students.cluster[cells.any(axis=1)])]
    means = [one.mean for one in of_district if one is not None]
    return _Side(sample, float(np.mean(means)), len(means))
