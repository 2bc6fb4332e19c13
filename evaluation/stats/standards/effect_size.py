"""Effects in standard deviations of students: Hedges g, Cox index, corrections for clusters, readings of a g."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

from scipy import stats

COX = 1.65
"""Turns a difference of logits into standard deviations (Cox 1970)."""


@dataclass(frozen=True)
class Sample:
    """Mean and standard deviation (n − 1 denominators) of `n` students, in outcome units."""

    mean: float
    sd: float
    n: int


@dataclass(frozen=True)
class Clusters:
    """Average number of students per cluster, and the intraclass correlation of the outcome."""

    size: float
    icc: float


@dataclass(frozen=True)
class EffectSize:
    """A difference in standard deviations of students, signed as the difference was.

    Attributes
    ----------
    value : float
        omega × gamma × difference / sd.
    sd : float or None
        The standard deviation divided by, in outcome units; None for a Cox index.
    omega : float
        Small-sample factor.
    gamma : float
        Cluster factor; 1 where students are no clusters.
    df : float or None
        Degrees of freedom behind omega; None where no factor is applied.
    """

    value: float
    sd: float | None
    omega: float
    gamma: float
    df: float | None


@dataclass(frozen=True)
class GapEffectSizes:
    """Effects on a gap and on its parts, all divided by one `sd`: gap = focal − reference."""

    gap: EffectSize
    focal: EffectSize
    reference: EffectSize
    sd: float


def pooled_sd(samples: Sequence[Sample]) -> float:
    """Return √(Σ(n − 1)s² / Σ(n − 1)), in outcome units.

    Raises
    ------
    ValueError
        The samples have no spread or no degree of freedom.
    """
    df = sum(sample.n - 1 for sample in samples)
    variance = sum((sample.n - 1) * sample.sd**2 for sample in samples)
    if df <= 0 or not variance > 0:
        raise ValueError("a pooled standard deviation needs samples of at least two students that differ.")
    return sqrt(variance / df)


def standardize(difference: float, *, sd: float, n: float, clusters: Clusters | None = None) -> EffectSize:
    """Return a difference as Hedges g.

    Parameters
    ----------
    difference : program − comparison, or an estimated effect, in outcome units
    sd : unadjusted standard deviation of students, in outcome units
    n : students in both conditions together, N
    clusters : where whole clusters were assigned

    Notes
    -----
    Students: ω = 1 − 3/(4N − 9). Clusters of n students: g × √(1 − 2(n − 1)ρ/(N − 2)) with ω = 1 − 3/(4h − 1) and
    h = [(N − 2) − 2(n − 1)ρ]² / [(N − 2)(1 − ρ)² + n(N − 2n)ρ² + 2(N − 2n)ρ(1 − ρ)] (Hedges 2007; statistics of the
    What Works Clearinghouse from the supplement to 4.1 on). Programs after earlier versions leave the factor out.
    """
    df = n - 2.0 if clusters is None else cluster_df(n, clusters)
    gamma = 1.0 if clusters is None else sqrt(1 - 2 * (clusters.size - 1) * clusters.icc / (n - 2))
    factor = omega(df)
    return EffectSize(factor * gamma * difference / sd, sd, factor, gamma, df)


def hedges_g(program: Sample, comparison: Sample, *, clusters: Clusters | None = None) -> EffectSize:
    """Return (program mean − comparison mean) / pooled standard deviation, corrected as in `standardize`."""
    return standardize(program.mean - comparison.mean, sd=pooled_sd((program, comparison)),
                       n=program.n + comparison.n, clusters=clusters)


def gap_effect_sizes(focal: tuple[Sample, Sample], reference: tuple[Sample, Sample], *,
                     clusters: Clusters | None = None) -> GapEffectSizes:
    """Return effects on both groups, each (program, comparison), and on the gap, by one pooled standard deviation.

    The standard deviation is pooled within the four samples of group and condition, and ω has its N − 4 degrees of
    freedom, so that the gap's effect stays the difference of its parts; with one per group it would not.
    """
    samples = (*focal, *reference)
    sd, n = pooled_sd(samples), sum(sample.n for sample in samples) - 2
    parts = [program.mean - comparison.mean for program, comparison in (focal, reference)]
    gap, of_focal, of_reference = (standardize(value, sd=sd, n=n, clusters=clusters)
                                   for value in (parts[0] - parts[1], *parts))
    return GapEffectSizes(gap, of_focal, of_reference, sd)


def cox_index(program: float, comparison: float, *, n: float | None = None) -> EffectSize:
    """Return the Cox index (logit p_program − logit p_comparison) / 1.65 of two shares between 0 and 1.

    With `n`, students in both conditions, the small-sample factor of N is applied, as some programs always do.

    Raises
    ------
    ValueError
        A share is 0 or 1: its logit is not defined, and no constant is added to make it so.
    """
    if not (0 < program < 1 and 0 < comparison < 1):
        raise ValueError("a Cox index needs shares strictly between 0 and 1; give the difference in points instead.")
    df = None if n is None else n - 2.0
    factor = 1.0 if df is None else omega(df)
    difference = log(program / (1 - program)) - log(comparison / (1 - comparison))
    return EffectSize(factor * difference / COX, None, factor, 1.0, df)


def omega(df: float) -> float:
    """Return the small-sample factor 1 − 3/(4·df − 1); with df = N − 2 that is 1 − 3/(4N − 9)."""
    if df < 2:
        raise ValueError("the small-sample factor of an effect size needs at least 2 degrees of freedom.")
    return 1 - 3 / (4 * df - 1)


def cluster_df(n: float, clusters: Clusters) -> float:
    """Return h, the degrees of freedom of a clustered effect size of N students (formula in `standardize`)."""
    size, icc, rest = clusters.size, clusters.icc, n - 2 * clusters.size
    spread = (n - 2) * (1 - icc) ** 2 + size * rest * icc**2 + 2 * rest * icc * (1 - icc)
    return ((n - 2) - 2 * (size - 1) * icc) ** 2 / spread


def one_arm_gamma(n: float, n_unclustered: float, clusters: Clusters) -> float:
    """Return √(1 − (N_c + n − 2)ρ/(N − 2)): the cluster factor where only one condition comes in clusters.

    N_c students are in the condition without clusters; ρ is of the other one (Hedges & Citkowicz 2015).
    """
    return sqrt(1 - (n_unclustered + clusters.size - 2) * clusters.icc / (n - 2))


def u3(g: float) -> float:
    """Return Φ(g): the share of comparison students below the mean student of the program."""
    return float(stats.norm.cdf(g))


def improvement_index(g: float) -> float:
    """Return 100·Φ(g) − 50: percentile ranks the median comparison student would gain."""
    return 100 * u3(g) - 50
