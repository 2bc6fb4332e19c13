"""Baseline covariates of each unit, from cells before the program's earliest cohort."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluation.params import Covariate
from evaluation.stats.records import Floats


def baseline(names: Sequence[Covariate], focal: Floats, reference: Floats, n_focal: Floats,
             n_reference: Floats) -> Floats:
    """Return the covariates (U, C) of units by their means over P pre-program periods, NaN where unknown.

    Parameters
    ----------
    names : `gap`: mean gap; `level`: mean of both groups' means; `log_students`: log of the mean number of students of
        both groups; `focal_share`: focal students as a share of both
    focal, reference, n_focal, n_reference : (U, P)
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        students = _mean(n_focal + n_reference)
        known = {"gap": _mean(focal - reference), "level": _mean((focal + reference) / 2),
                 "log_students": np.log(students), "focal_share": _mean(n_focal) / students}
    return np.column_stack([known[name] for name in names]) if names else np.empty((len(focal), 0))


def _mean(values: Floats) -> Floats:
    counted = (~np.isnan(values)).sum(axis=1)
    mean: Floats = np.nansum(values, axis=1) / np.where(counted > 0, counted, np.nan)
    return mean
