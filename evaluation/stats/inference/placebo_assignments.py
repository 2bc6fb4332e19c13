"""Which comparison clusters could have had the program instead, and the design in which they had it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Literal

import numpy as np

from evaluation.stats.records import Design, Estimate

Donors = Literal["comparison", "all"]
MAX_PROGRAM_CLUSTERS = 2


@dataclass(frozen=True)
class Site:
    """A program cluster: its cohort, and the strata of its program units."""

    cluster: int
    cohort: float
    strata: tuple[int, ...]


def sites_of(estimate: Estimate) -> tuple[Site, ...]:
    """Return the program clusters behind an estimate.

    Raises
    ------
    ValueError
        There is none or more than two, or one has several cohorts.
    """
    design = estimate.design
    clusters = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *estimate.program_clusters]))
    if not 0 < len(clusters) <= MAX_PROGRAM_CLUSTERS:
        raise ValueError(f"placebo inference is for one or two program clusters, and this estimate has "
                         f"{len(clusters)}: with more, use CR2 or the permutation test")
    return tuple(_site(design, int(cluster)) for cluster in clusters)


def _site(design: Design, cluster: int) -> Site:
    mine = (design.cluster == cluster) & design.in_program.any(axis=1)
    cohorts = np.unique(design.cohort[mine])
    if len(cohorts) > 1:
        raise ValueError("a program cluster has units of several cohorts, so it is not clear which units of a "
                         "comparison cluster should have which: estimate one cohort at a time")
    return Site(cluster, float(cohorts[0]), tuple(np.unique(design.stratum[mine]).tolist()))


def assignments(design: Design, sites: tuple[Site, ...], donors: Donors) -> Iterator[tuple[int, ...]]:
    """Yield distinct clusters for the sites, with units in all of a site's strata, other than the sites themselves.

    Of comparison clusters, or, with all clusters as donors, also a site and a comparison cluster: with the observed
    one these are all assignments of a permutation test. Where sites have the same cohort and strata their order is
    immaterial, and one order is given.
    """
    own = tuple(site.cluster for site in sites)
    is_site = np.isin(design.cluster, own)
    is_taken = is_site if donors == "comparison" else np.zeros_like(is_site)
    is_taken = is_taken | design.in_program.any(axis=1) & ~is_site
    free = set(design.cluster.tolist()) - set(design.cluster[is_taken].tolist())
    candidates = [free.intersection(*(design.cluster[design.stratum == s].tolist() for s in site.strata))
                  for site in sites]
    is_alike = len({(site.cohort, site.strata) for site in sites}) == 1
    for chosen in permutations(sorted(set().union(*candidates)), len(sites)):
        is_possible = chosen != own and all(c in possible for c, possible in zip(chosen, candidates, strict=True))
        if is_possible and (not is_alike or list(chosen) == sorted(chosen)):
            yield chosen


def reassigned(design: Design, sites: tuple[Site, ...], chosen: tuple[int, ...], donors: Donors) -> Design:
    """Return the design in which the chosen clusters start in the sites' stead, in their strata.

    The sites are left out, or, with all clusters as donors, are like never-program units.
    """
    is_site = np.isin(design.cluster, [site.cluster for site in sites])
    if donors == "all":
        rest = replace(design, cohort=np.where(is_site, np.nan, design.cohort))
    else:
        rest = design.subset(~is_site)
    cohort = rest.cohort.copy()
    for site, cluster in zip(sites, chosen, strict=True):
        cohort[(rest.cluster == cluster) & np.isin(rest.stratum, site.strata)] = site.cohort
    return replace(rest, cohort=cohort)
