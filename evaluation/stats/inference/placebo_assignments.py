"""Which comparison clusters could have had the program instead, and the design in which they had it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from evaluation.stats.records import Booleans, Design, Estimate

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
    mine = (design.cluster == cluster) & _is_ever_in_program(design)
    cohorts = np.unique(design.cohort[mine])
    if len(cohorts) > 1:
        raise ValueError("a program cluster has units of several cohorts, so it is not clear which units of a "
                         "comparison cluster should have which: estimate one cohort at a time")
    return Site(cluster, float(cohorts[0]), tuple(np.unique(design.stratum[mine]).tolist()))


def _is_ever_in_program(design: Design) -> Booleans:
    return np.asarray(design.in_program.any(axis=1))


def assignments(design: Design, sites: tuple[Site, ...]) -> Iterator[tuple[int, ...]]:
    """Yield distinct comparison clusters for the sites: without program units, with units in all of a site's strata.

    Where sites have the same cohort and strata their order is immaterial, and one order is given.
    """
    candidates = [_candidates(design, site) for site in sites]
    is_alike = len({(site.cohort, site.strata) for site in sites}) == 1
    for chosen in permutations(sorted(set().union(*candidates)), len(sites)):
        is_possible = all(cluster in own for cluster, own in zip(chosen, candidates, strict=True))
        if is_possible and (not is_alike or list(chosen) == sorted(chosen)):
            yield chosen


def _candidates(design: Design, site: Site) -> set[int]:
    clusters = set(design.cluster.tolist()) - set(design.cluster[_is_ever_in_program(design)].tolist())
    for stratum in site.strata:
        clusters &= set(design.cluster[design.stratum == stratum].tolist())
    return clusters


def reassigned(design: Design, sites: tuple[Site, ...], chosen: tuple[int, ...]) -> Design:
    """Return the design without the sites, in which the chosen clusters start in their stead, in their strata."""
    rest = design.subset(~np.isin(design.cluster, [site.cluster for site in sites]))
    cohort = rest.cohort.copy()
    for site, cluster in zip(sites, chosen, strict=True):
        cohort[(rest.cluster == cluster) & np.isin(rest.stratum, site.strata)] = site.cohort
    return replace(rest, cohort=cohort)
