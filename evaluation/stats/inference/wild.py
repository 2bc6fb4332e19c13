"""Restricted wild cluster bootstrap (WCR): tests of one contrast, and the confidence sets that invert them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.stats.inference.blocks import blocks_of
from evaluation.stats.inference.inversion import confidence_set, share_as_large
from evaluation.stats.inference.signs import ENUMERATED, Signs, Weights, draw_signs, every_sign, n_vectors
from evaluation.stats.inference.wild_draws import Signed, contrast_of
from evaluation.stats.records import Booleans, Floats, Integers, Regression

MIN_CLUSTERS = 6
"""With five, no p-value is below 2/32."""


@dataclass(frozen=True)
class Wild:
    """Bootstrap tests of m contrasts in K parts.

    Attributes
    ----------
    p_value : (m, K)  NaN where the contrast depends on fewer than six clusters
    ci_low, ci_high : (L, m, K)  one interval per level asked for; infinite where nothing on that side is rejected
    n_clusters : (m,)  clusters whose sign changes some draw
    n_draws : (m,)  vectors of signs, the observed one among them; 0 without a test
    is_enumerated : (m,)  these are all there are
    """

    p_value: Floats
    ci_low: Floats
    ci_high: Floats
    n_clusters: Integers
    n_draws: Integers
    is_enumerated: Booleans


@dataclass(frozen=True)
class Statistics:
    """Squared t against 0 of m contrasts in K parts, observed (m, K) and drawn (m, K, B), from the same signs."""

    observed: Floats
    drawn: Floats


def wild_bootstrap(regression: Regression, contrasts: Floats, *, null: float = 0.0, weights: Weights = "rademacher",
                   levels: tuple[float, ...] = (), draws: int = 9_999,
                   rng: np.random.Generator | None = None) -> Wild:
    """Test each contrast (m, k) in each part against `null`.

    Residuals under the null are multiplied by one random sign per cluster and fitted again. p is the share of draws
    with |t*| ≥ |t|(1 − 1e-10), t studentized by CV1, the observed draw included; a strict rule rejects 8.9 % at a
    nominal 5 % with six clusters. Up to 12 clusters (Webb: 8) every vector of signs is taken once and p is exact;
    above, `draws` of them, shared by all contrasts and parts.

    Parameters
    ----------
    null : r of c'b = r, in outcome units
    weights : Rademacher's ±1, or Webb's six points
    levels : of the confidence sets wanted
    draws : vectors of signs where they are not enumerated, beside the observed one
    rng : needed where signs are drawn

    Notes
    -----
    t* is a ratio of polynomials in the null, so the signs are multiplied once for the test and all its inversions, and
    its slopes are needed only for those.
    Sources: Cameron, Gelbach & Miller 2008; Webb 2023; MacKinnon, Nielsen & Webb 2023.
    """
    of = blocks_of(regression, contrasts)
    m, parts = of.value.shape
    p_value, ends = np.full((m, parts), np.nan), np.full((2, len(levels), m, parts), np.nan)
    n_clusters, n_draws, is_enumerated = np.zeros(m, np.int64), np.zeros(m, np.int64), np.zeros(m, bool)
    shared: Signs | None = None
    for i in range(m):
        contrast = contrast_of(of, i, only_relevant=True)
        n = len(contrast.cluster)
        n_clusters[i] = n
        if contrast.n_own < MIN_CLUSTERS:
            continue
        is_enumerated[i] = n <= ENUMERATED[weights]
        if not is_enumerated[i] and shared is None:
            shared = Signs(draw_signs(len(of.cluster), weights, draws, rng))
        signs = Signs(every_sign(n, weights)) if shared is None or is_enumerated[i] else shared.of(contrast.cluster)
        n_draws[i] = n_vectors(n, weights) if is_enumerated[i] else draws + 1
        signed = Signed(contrast if levels else contrast.under(of.value[i] - null), signs)
        for part, of_part in enumerate(signed.of_parts()):
            value, variance = float(of.value[i, part]), contrast.variance(part)
            p_value[i, part] = share_as_large(of_part, value - null, variance)
            for j, level in enumerate(levels):
                ends[:, j, i, part] = confidence_set(of_part, value, variance, 1 - level)
    return Wild(p_value, ends[0], ends[1], n_clusters, n_draws, is_enumerated)


def wild_statistics(regression: Regression, contrasts: Floats, cluster: Integers, signs: Floats) -> Statistics:
    """Return t² of each contrast in each part under given signs (G, B) of clusters (G,), sorted.

    Several regressions of the same clusters get the same signs, so their draws are joint.
    """
    of = blocks_of(regression, contrasts)
    own = Signs(signs[np.searchsorted(cluster, of.cluster)])
    observed, drawn = np.empty(of.value.shape), np.empty((*of.value.shape, signs.shape[1]))
    for i in range(len(contrasts)):
        contrast = contrast_of(of, i, only_relevant=False)
        signed = Signed(contrast, own)
        for part, of_part in enumerate(signed.of_parts()):
            top, variance = of_part.at(float(of.value[i, part]))
            observed[i, part] = _ratio(of.value[i, part] ** 2, contrast.variance(part))
            drawn[i, part] = _ratio(top**2, variance)
    return Statistics(observed, drawn)


def _ratio(top: Floats, bottom: Floats | float) -> Floats:
    """Infinite over zero, and zero for nothing over nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(top == 0, 0.0, np.asarray(top / bottom))
