"""Synthetic difference-in-differences (Arkhangelsky, Athey, Hirshberg, Imbens & Wager 2021)."""

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
from evaluation.stats.records import Design, Estimate, Floats

ZETA_TIME = 1e-6
"""Regularisation of the time weights, in standard deviations of a period's change; it only makes them unique."""


def synthetic_did(design: Design) -> Estimate:
    """Effect as a difference-in-differences between weighted comparison units and weighted periods.

    Per cohort, stratum and part, with N program units, J donors, P periods before the program, Q in it:

    - ω on the simplex: min over ω, ω₀ of Σ_t (ω₀ + Σ_j ω_j y_jt − ȳ_program,t)² + ζ²P‖ω‖², t before the program,
      ζ = (NQ)^¼ σ, σ the standard deviation of the donors' period-to-period changes before the program;
    - λ on the simplex: min over λ, λ₀ of Σ_j (λ₀ + Σ_t λ_t y_jt − ȳ_j,program periods)² + (10⁻⁶σ)²J‖λ‖²;
    - effect_t = (ȳ_program,t − Σ_j ω_j y_jt) − Σ_s λ_s (ȳ_program,s − Σ_j ω_j y_js).

    Returns
    -------
    Estimate
        `overall` (mean effect over program cells by program weight: with staggered starts per cohort, then averaged)
        and, by distance to the start, `event_time`, before the program too. Weights depend on the outcome, so each
        part has its own and gap = focal − reference does not hold; `weights`, regression and influence are None:
        inference is by placebo. Units and periods that enter: see `blocks`.

    Notes
    -----
    The minimum is exact. synthdid (R) and diff-diff stop Frank–Wolfe steps early and restart them from thinned
    weights, so they differ by as much as their tolerance allows. σ has n − 1, as theirs; the paper has n. Program units
    are averaged by the design's weights; they have none for that.
    """
    return estimate_of(design, synthetic_did_fits(design), synthetic_did)


def synthetic_did_fits(design: Design) -> tuple[Synthetic, ...]:
    """Return the weights of donors and periods and the path behind the estimate, per cohort and stratum."""
    return tuple(_fit(design, block) for block in blocks(design))


def _fit(design: Design, block: Block) -> Synthetic:
    donors = design.outcome[block.donor]
    before, program = donors[:, block.pre], program_mean(design, block)[block.pre]
    in_program = donors[:, block.post].mean(axis=1)
    size, parts = (len(block.program) * len(block.post)) ** 0.25, range(len(design.parts))
    noise = [_noise(before[:, :, k]) for k in parts]
    unit_weight = [simplex_weights(_centred(before[:, :, k].T - program[:, k, None]),
                                   (size * noise[k]) ** 2 * len(block.pre)) for k in parts]
    time_weight = [simplex_weights(_centred(before[:, :, k] - in_program[:, k, None]),
                                   (ZETA_TIME * noise[k]) ** 2 * len(block.donor)) for k in parts]
    return synthetic(design, block, np.column_stack(unit_weight), np.column_stack(time_weight))


def _noise(before: Floats) -> float:
    """Standard deviation of changes from period to period of donors (J, P); 0 where there is one only."""
    change = np.diff(before, axis=1)
    return float(change.std(ddof=1)) if change.size > 1 else 0.0


def _centred(difference: Floats) -> Floats:
    """An intercept takes out the mean over rows."""
    return np.asarray(difference - difference.mean(axis=0))
