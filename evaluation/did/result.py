"""What `did` says: its specification and one record per estimand and group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from evaluation.stats.reading import used_cells
from evaluation.stats.records import Estimate, Inference


@dataclass(frozen=True)
class DidEstimate:
    """One number with its uncertainty.

    Attributes
    ----------
    estimand : `overall`, `cohort`, `event_time`, `calendar` or `att_gt`
    cohort, period, event_time : coordinates; None where they do not apply
    group : the focal or the reference group's code, `gap`, or None in a panel without groups
    value, se, df, statistic, p_value, ci_low, ci_high, ci80_low, ci80_high
        In units of the outcome; two-sided; None where no interval may be given.
    band_low, band_high
        95 % band that holds event times 0 to 3 all at once; None elsewhere and where no such band may be given.
    p_value_webb : of the wild bootstrap with Webb's signs, beside Rademacher's in `p_value`; None above 10 clusters
    no_interval : why there is none
    coverage : what 95 % intervals of this method reach in simulated designs like this one, at worst
    n_clusters : clusters behind the number
    n_obs : rows of the file with weight in the number
    n_units : units among them
    inference : cr2, cv3, cr1, wild, permutation or placebo
    left_out_cohorts : cohorts of one cluster that belong to this average and are left out of it: they would add an
        effect and no variance
    """

    estimand: str
    cohort: int | None
    period: int | None
    event_time: int | None
    group: str | None
    value: float
    se: float | None
    df: float | None
    statistic: float | None
    p_value: float | None
    p_value_webb: float | None
    ci_low: float | None
    ci_high: float | None
    ci80_low: float | None
    ci80_high: float | None
    band_low: float | None
    band_high: float | None
    no_interval: str | None
    coverage: float | None
    n_clusters: int
    n_obs: int
    n_units: int
    inference: str
    left_out_cohorts: tuple[int, ...]


@dataclass(frozen=True)
class DidResult:
    """Specification, estimates (the aggregate asked for first), notes on the data, and what a two-way effect averages.

    Attributes
    ----------
    decomposition : Goodman-Bacon comparisons, where they were asked for
    negative_weights : of two-way fixed effects: `n_cells` of units and periods in the program, of which `n_negative`
        weigh less than zero; `share_of_cells`, `share_of_weight` (of the sizes of all these weights), and `total`, the
        sum of the negative ones, where all together sum to one
    """

    specification: Mapping[str, Any]
    estimates: tuple[DidEstimate, ...]
    notes: tuple[str, ...]
    decomposition: tuple[Mapping[str, Any], ...] | None = None
    negative_weights: Mapping[str, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        out: dict[str, Any] = {"specification": dict(self.specification),
                               "estimates": [{**asdict(e), "left_out_cohorts": list(e.left_out_cohorts)}
                                             for e in self.estimates], "notes": list(self.notes)}
        if self.decomposition is not None:
            out["decomposition"] = [dict(d) for d in self.decomposition]
        if self.negative_weights is not None:
            out["negative_weights"] = dict(self.negative_weights)
        return out


def records(estimate: Estimate, found: tuple[tuple[Inference, ...], ...],
            groups: Mapping[str, str | None]) -> tuple[DidEstimate, ...]:
    """Return one record per estimand and part; `groups` names the parts of the design."""
    out = []
    for e, used, of_parts, left_out in zip(estimate.estimands, used_cells(estimate), found, estimate.left_out_cohorts,
                                           strict=True):
        for part, i in zip(estimate.parts, of_parts, strict=True):
            n_obs = int(used.sum()) * (2 if part == "gap" and len(estimate.parts) > 1 else 1)
            out.append(DidEstimate(
                estimand=e.kind, cohort=e.cohort, period=e.period, event_time=e.event_time, group=groups[part],
                value=i.value, se=i.se, df=i.df, statistic=i.statistic, p_value=i.p_value,
                p_value_webb=i.p_value_webb, ci_low=i.ci_low, ci_high=i.ci_high, ci80_low=i.ci80_low,
                ci80_high=i.ci80_high, band_low=i.band_low, band_high=i.band_high, no_interval=i.no_interval,
                coverage=i.coverage, n_clusters=i.n_clusters, n_obs=n_obs, n_units=int(used.any(axis=1).sum()),
                inference=i.method, left_out_cohorts=left_out))
    return tuple(out)
