"""Estimands of a regression that rest on one cluster alone."""

from __future__ import annotations

import numpy as np

from evaluation.stats.inference.blocks import blocks_of
from evaluation.stats.records import Booleans, Floats, Integers, Regression


def lone_arms(regression: Regression, contrasts: Floats,
              program_clusters: tuple[Integers, ...]) -> tuple[Booleans, Booleans]:
    """Return (m,) twice: the contrast cannot be estimated without one of its program clusters, or of the others.

    Where cells of the regression are saturated, this is a cohort, or a comparison, of one cluster. Where clusters share
    coefficients it finds what counting clusters by cell would miss, or mark in vain.
    """
    if len(contrasts) == 0:
        return np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)
    blocks = blocks_of(regression, contrasts)
    is_sole = blocks.is_indispensable().T
    is_program = np.array([np.isin(blocks.cluster, mine) for mine in program_clusters])
    return (is_sole & is_program).any(axis=1), (is_sole & ~is_program).any(axis=1)
