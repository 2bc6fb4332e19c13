"""One program unit among donors that share its factors."""

from collections.abc import Callable

import numpy as np

from evaluation.stats.records import Design


def one_of_many(design_of: Callable[..., Design], seed: int) -> Design:
    """Draw 1 program unit, 12 donors, 10 periods, 7 of them before; parts focal, reference, gap."""
    rng = np.random.default_rng(seed)
    common = np.einsum("uf,fkt->utk", rng.normal(size=(13, 2)), rng.normal(size=(2, 2, 10)))
    parts = 20 + common + 0.3 * rng.normal(size=(13, 10, 2))
    outcome = np.dstack([parts, parts[..., 0] - parts[..., 1]])
    return design_of(outcome, [8] + [np.nan] * 12, weight=rng.uniform(1, 9, 13))
