"""Synthetic control (Abadie, Diamond & Hainmueller 2010): a weighted mean of comparison units that fits the past."""

from __future__ import annotations

import numpy as np

from evaluation.stats.estimators.synthetic_parts import (
    Block,
    Synthetic,
    blocks,
    estimate_of,
    program_mean,
    simplex_weights,
    synthetic,
)
from evaluation.stats.records import Design, Estimate


def synthetic_control(design: Design) -> Estimate:
    """Effect as program mean less the weighted mean of comparison units that followed it before the program.

    Per cohort, stratum and part: ω = argmin Σ_t (ȳ_program,t − Σ_j ω_j y_jt)² over the periods before the program, on
    the simplex; effect_t = ȳ_program,t − Σ_j ω_j y_jt. The program mean is by the design's weights.

    Returns
    -------
    Estimate
        `overall` and, by distance to the start, `event_time`, before the program too: there it is the misfit of the
        comparison, in outcome units, signed. Blocks are averaged by program weight. Weights depend on the outcome, so
        each part has its own and gap = focal − reference does not hold; `weights`, regression and influence are None:
        inference is by placebo. Units and periods that enter: see `blocks`.

    Notes
    -----
    All periods before the program count alike. The original also matches on covariates under a searched V; several
    units that start together are matched as their mean, not one by one. Where many weights fit equally well (more
    donors than periods, the program inside their hull), the most even ones are taken.
    """
    return estimate_of(design, synthetic_control_fits(design), synthetic_control)


def synthetic_control_fits(design: Design) -> tuple[Synthetic, ...]:
    """Return the weights of donors and the path behind the estimate, per cohort and stratum."""
    return tuple(_fit(design, block) for block in blocks(design))


def _fit(design: Design, block: Block) -> Synthetic:
    donors = design.outcome[block.donor][:, block.pre]
    difference = donors - program_mean(design, block)[block.pre]
    weight = np.column_stack([simplex_weights(difference[:, :, k].T, 0.0) for k in range(len(design.parts))])
    return synthetic(design, block, weight, np.zeros((len(block.pre), len(design.parts))))
