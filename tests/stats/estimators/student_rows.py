"""Student rows with everything that is awkward about them, their moments, and dense regressions with a dummy each."""

from dataclasses import dataclass, replace

import numpy as np

from evaluation.stats.moments import Moments
from evaluation.stats.records import Design

NAN = np.nan
GROUPS = ("focal", "reference")


@dataclass(frozen=True)
class Rows:
    """One row per student and year; `home`, `group` and `weight` are a student's for all years. Covariates are `z`."""

    student: np.ndarray
    home: np.ndarray
    group: np.ndarray
    period: np.ndarray
    grade: np.ndarray
    y: np.ndarray
    weight: np.ndarray = None
    z: np.ndarray = None

    def __post_init__(self):
        n = len(self.y)
        for name, plain in (("weight", np.ones(n)), ("z", np.zeros((n, 0)))):
            if getattr(self, name) is None:
                object.__setattr__(self, name, plain)

    def only(self, keep):
        return Rows(**{name: array[keep] for name, array in vars(self).items()})


def draw_rows(seed, *, clusters=12, periods=7, students=9, columns=1, schools=(1, 4)):
    """Home schools in 2 strata with students who enter late, leave early, miss years, repeat a grade or move.

    A mover is in another school after the move; exposure follows the home school, so her rows stay with it.
    """
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), rng.integers(*schools, clusters))
    units, years = len(cluster), np.arange(2001, 2001 + periods)
    cohort = np.array([2004, 2004, NAN, NAN, 2005, NAN])[cluster % 6] if periods >= 6 else np.full(units, NAN)
    found = []
    for home in range(units):
        for group in (0, 1):
            for _ in range(rng.poisson(students) + 2):
                first, stay = rng.integers(0, periods - 1), rng.integers(1, periods)
                seen = [t for t in range(first, min(first + stay, periods)) if rng.random() > 0.15]
                moved = rng.normal() * (rng.random(periods).cumsum() > periods * 0.7)
                repeats = rng.random(periods) < 0.05
                grade = rng.integers(1, 3) + np.arange(periods) - first - repeats.cumsum()
                level = rng.normal()
                student = len(found)
                found.append([(student, home, group, years[t], grade[t].clip(1, 4), level + moved[t]) for t in seen])
    table = np.array([row for rows in found for row in rows])
    student, home, group, period, grade = table[:, :5].astype(int).T
    in_program = period >= cohort[home]
    shock = rng.normal(size=(units, periods))[home, period - years[0]]
    y = (table[:, 5] + 0.3 * shock + in_program * (0.5 + group) + rng.normal(size=len(table)))[:, None]
    y = np.hstack([y] + [rng.normal(size=(len(y), 1)) + 0.5 * y for _ in range(columns - 1)])
    design = Design(
        outcome=np.full((units, periods, 1), NAN), parts=("none",), unit_ids=tuple(f"home{h}" for h in range(units)),
        periods=years, position=np.arange(periods), cluster=cluster, stratum=(cluster >= clusters // 2).astype(int),
        cohort=cohort, weight=np.ones(units), is_break=np.zeros(periods, dtype=bool))
    return Rows(student, home, group, period, grade, y), design


def with_weights_and_covariates(rows, seed):
    """Add a weight per student and two covariates, one of small spread about a large level, that move the outcome."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(1, 400, rows.student.max() + 1).astype(float)[rows.student]
    days, schools = rng.integers(150, 181, len(rows.y)), rng.integers(1, 3, len(rows.y))
    z = np.column_stack([days, schools]).astype(float)
    return replace(rows, weight=weight, z=z, y=rows.y + 0.05 * z[:, :1] * (1 + rows.group[:, None]) - 0.4 * z[:, 1:])


def make_moments(rows, design, *, by_grade=False):
    """Sums over students of what their rows say within the student."""
    grade = rows.grade if by_grade else np.zeros_like(rows.grade)
    cells, cell = np.unique(np.column_stack([rows.period, grade]), axis=0, return_inverse=True)
    cell = cell.ravel()
    units, groups, c, j = len(design.unit_ids), len(GROUPS), len(cells), rows.y.shape[1]
    gram, cross = np.zeros((units, groups, c, c)), np.zeros((units, groups, c, j))
    n, total = np.zeros((units, groups, c), dtype=int), np.zeros((units, groups, c, j))
    weight, p = np.zeros((units, groups, c)), rows.z.shape[1]
    z_cross, z_gram, z_outcome = (np.zeros((units, groups, *size)) for size in ((c, p), (p, p), (p, j)))
    counts = np.zeros((3, units, groups), dtype=int)
    for student in np.unique(rows.student):
        mine = rows.student == student
        at, place, y = (rows.home[mine][0], rows.group[mine][0]), cell[mine], rows.y[mine]
        seen, w, z = np.bincount(place, minlength=c), rows.weight[mine][0], rows.z[mine]
        gram[at] += w * (np.diag(seen) - np.outer(seen, seen) / seen.sum())
        np.add.at(cross[at], place, w * (y - y.mean(axis=0)))
        n[at] += seen
        weight[at] += w * seen
        np.add.at(total[at], place, w * y)
        inside = z - z.mean(axis=0)
        np.add.at(z_cross[at], place, w * inside)
        z_gram[at] += w * inside.T @ inside
        z_outcome[at] += w * inside.T @ (y - y.mean(axis=0))
        start = design.cohort[at[0]]
        spans = (rows.period[mine] < start).any() and (rows.period[mine] >= start).any()
        counts[(slice(None), *at)] += (seen.sum() * (seen.sum() > 1), seen.sum() > 1, spans)
    return Moments(design.unit_ids, GROUPS, tuple(f"outcome{i}" for i in range(j)), cells[:, 0], cells[:, 1], gram,
                   cross, n, weight, total, *counts, tuple(f"z{i}" for i in range(p)), z_cross, z_gram, z_outcome)


def seen_twice(rows):
    return rows.only(np.bincount(rows.student)[rows.student] > 1)


def independent_columns(x):
    """Keep each column that is not a combination of the ones before it."""
    kept, basis = [], np.empty((len(x), 0))
    for j in range(x.shape[1]):
        left = x[:, j] - basis @ (basis.T @ x[:, j])
        left -= basis @ (basis.T @ left)
        if np.linalg.norm(left) > 1e-8 * np.linalg.norm(x[:, j]):
            kept.append(j)
            basis = np.column_stack([basis, left / np.linalg.norm(left)])
    return x[:, kept]


def effect_columns(rows, design, effect):
    """Labels and columns of the program's effects, row by row."""
    start = design.cohort[rows.home]
    if effect == "overall":
        return ["overall"], (rows.period >= start).astype(float)[:, None]
    distance = rows.period - start
    times = [e for e in np.unique(distance[~np.isnan(distance)]) if e != -1]
    return times, np.column_stack([distance == e for e in times]).astype(float)


@dataclass(frozen=True)
class Dense:
    coefficient: np.ndarray
    cr1: np.ndarray
    cr2: np.ndarray
    df: np.ndarray


def dense_regression(rows, design, effect, *, by_grade, groups):
    """Least squares on rows with a dummy per student and per period × grade × stratum × group; (m, J) and (m,).

    The effects of the second group are taken from those of the first. CR2 by its definition, with the N × N matrices;
    weights multiply rows by their root. A group has slopes of its own on the covariates.
    """
    rows = seen_twice(rows.only(np.isin(rows.group, groups)))
    labels, events = effect_columns(rows, design, effect)
    grade = rows.grade if by_grade else np.zeros_like(rows.grade)
    _, level = np.unique(np.column_stack([rows.group, design.stratum[rows.home], rows.period, grade]), axis=0,
                         return_inverse=True)
    students = (rows.student[:, None] == np.unique(rows.student)).astype(float)
    own, slopes = (np.hstack([columns * (rows.group == group)[:, None] for group in groups])
                   for columns in (events, rows.z - rows.z.mean(axis=0)))
    root = np.sqrt(rows.weight)[:, None]
    own = root * own
    others = np.hstack([slopes, students, np.eye(level.max() + 1)[level.ravel()]])
    x = independent_columns(np.hstack([own, root * others]))
    m, cluster = len(labels), design.cluster[rows.home]
    assert np.linalg.matrix_rank(np.hstack([own, x[:, own.shape[1]:]])) == x.shape[1]
    contrast = np.zeros((m, x.shape[1]))
    for sign, start in zip((1, -1), range(0, own.shape[1], m), strict=False):
        contrast[:, start:start + m] += sign * np.eye(m)
    bread = np.linalg.inv(x.T @ x)
    hat = x @ bread @ x.T
    y = root * rows.y
    u = y - hat @ y
    codes, (size, k) = np.unique(cluster), x.shape
    score1, score2, load = [], [], []
    for code in codes:
        mine = cluster == code
        values, vectors = np.linalg.eigh(np.eye(mine.sum()) - hat[np.ix_(mine, mine)])
        root = (vectors * np.where(values > 1e-9, 1 / np.sqrt(values.clip(1e-9)), 0)) @ vectors.T
        c = contrast @ bread @ x[mine].T
        score1.append(c @ u[mine])
        score2.append(c @ root @ u[mine])
        load.append(c @ root @ (np.eye(size) - hat)[mine])
    p = np.einsum("gmn,hmn->mgh", load, load)
    factor = len(codes) / (len(codes) - 1) * (size - 1) / (size - k)
    return labels, Dense(contrast @ bread @ x.T @ y, np.sqrt(factor * (np.array(score1) ** 2).sum(axis=0)),
                         np.sqrt((np.array(score2) ** 2).sum(axis=0)),
                         np.trace(p, axis1=1, axis2=2) ** 2 / (p**2).sum(axis=(1, 2)))


def without_homes(design, moments, keep):
    """Both with only some home schools."""
    by_home = ("gram", "cross", "n", "weight", "total", "n_rows", "n_students", "n_spanning", "covariate_cross",
               "covariate_gram", "covariate_outcome")
    kept = np.flatnonzero(keep)
    return design.subset(keep), replace(moments, unit_ids=tuple(moments.unit_ids[i] for i in kept),
                                        **{name: getattr(moments, name)[kept] for name in by_home})
