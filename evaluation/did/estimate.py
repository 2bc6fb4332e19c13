"""From a panel to estimates: read, design, estimate, aggregate, infer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from evaluation.contracts import PARTS
from evaluation.did.columns import read
from evaluation.did.panel import Columns, Layout, to_design
from evaluation.did.result import DidEstimate, DidResult, records
from evaluation.errors import PanelError
from evaluation.stats.aggregate import Aggregation, aggregate, average
from evaluation.stats.combine import gap_of, select
from evaluation.stats.estimators.group_time_att import Base, Comparison
from evaluation.stats.estimators.registry import Choices, EstimatorName, bind
from evaluation.stats.inference.infer import Method, infer
from evaluation.stats.records import Design, Estimate

Estimator = Callable[[Design], Estimate]
View = Callable[[Estimate], Estimate]
Aggregate = Literal["overall", "cohort", "event", "calendar"]
AGGREGATES: tuple[Aggregate, ...] = get_args(Aggregate)
_KIND: dict[Aggregate, Aggregation] = {"overall": "overall", "cohort": "cohort", "event": "event_time",
                                       "calendar": "calendar"}
_LAYOUTS: dict[str, Layout] = {"etwfe_poisson": "stacked", "triple_difference": "eligible"}
_SEED = 20260101


def did(
    data: Path | str | pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    period: str,
    cohort: str,
    group: str | None = None,
    focal: str | None = None,
    reference: str | None = None,
    cluster: str | None = None,
    weight: str | None = None,
    covariates: Sequence[str] = (),
    never: str | None = None,
    estimator: EstimatorName = "group_time_att",
    comparison: Comparison = "not_yet",
    base: Base = "universal",
    inference: Method | None = None,
    aggregate_by: Aggregate = "overall",
    decompose: bool = False,
    draws: int = 9999,
    seed: int = _SEED,
) -> DidResult:
    """Estimate the effect of a program on an outcome, or on the gap between two groups.

    Parameters
    ----------
    data : path or DataFrame
        Long form: one row per unit and period, or per unit, period and group. CSV, Parquet or Stata.
    outcome, unit, period, cohort : str
        Columns. `cohort` is the unit's first program period; empty, or equal to `never`: it never starts.
    group, focal, reference : str, optional
        Column and the two groups of a gap (focal − reference); the parts stand beside it.
    cluster : str, optional
        Level at which the program was assigned; by default each unit.
    weight : str, optional
        Fixed per unit; with groups the focal group's.
    covariates : sequence of str
        Baseline values of a unit, of its first period.
    estimator, comparison, base
        docs/methods has a page for each estimator.
    inference : {"cr2", "cv3", "cr1", "wild", "permutation"}, optional
        By default CR2 with Satterthwaite df where the estimator is a regression, else CV3, else placebo.
    aggregate_by : {"overall", "cohort", "event", "calendar"}
        Which averages come first. Beside cohort, event and calendar stands their average as `overall`; effects by
        cohort and period come last.
    decompose : bool
        With `twfe`: also the Goodman-Bacon decomposition.
    draws, seed : int
        Of wild bootstrap and permutation, where not all are enumerated.

    Returns
    -------
    DidResult

    Raises
    ------
    PanelError
        The file or what is asked of it does not fit: names column or option, rule and count.
    """
    where = Path(data).name if isinstance(data, (str, Path)) else "the data frame"
    columns = Columns(outcome, unit, period, cohort, group, focal, reference, cluster, weight, tuple(covariates), never)
    frame = read(Path(data)) if isinstance(data, (str, Path)) else data.reset_index(drop=True)
    panel = to_design(frame, columns, _LAYOUTS.get(estimator, "parts"), where)
    made = bind(estimator, Choices(comparison, base))
    try:
        found = tuple(r for view in _VIEWS[aggregate_by] for r in _said(panel.design, made, view, inference, columns))
    except ValueError as error:
        raise PanelError(f"{error}.", where=where, fix="Change the options, or the file.") from None
    if not any(r.estimand == _KIND[aggregate_by] for r in found):
        raise PanelError(f"`{estimator}` gives no effects by `{aggregate_by}` here.",
                         where=f"{where}, option --aggregate",
                         fix="Ask for another aggregate or estimator; or no unit is seen before and in the program "
                             "beside a comparison unit.")
    return DidResult(
        specification={
            "file": where, "outcome": outcome, "unit": unit, "period": period, "cohort": cohort, "never": never,
            "group": group, "focal": focal, "reference": reference, "cluster": cluster or unit, "weight": weight,
            "covariates": list(covariates), "estimator": estimator, "comparison": comparison, "base": base,
            "aggregate": aggregate_by, "inference": inference or "automatic", "draws": draws, "seed": seed,
            "n_units": len(panel.design.unit_ids), "n_periods": len(panel.design.periods)},
        estimates=found, notes=panel.notes)


def _said(design: Design, made: Estimator, view: View, method: Method | None,
          columns: Columns) -> Iterator[DidEstimate]:
    """Yield the records of one view: of the panel, or of gap, focal and reference estimated apart."""
    names = {"all": None, "gap": "gap", "focal": columns.focal, "reference": columns.reference}

    def viewed(part: Design) -> Estimate:
        return view(made(part))

    if columns.group is None or design.parts == PARTS or not design.is_eligible.size:
        estimates = {"all": viewed(design)}
    else:
        estimates = {"gap": gap_of(design, viewed), "focal": viewed(design.subset(design.is_eligible)),
                     "reference": viewed(design.subset(~design.is_eligible))}
    for label, estimate in estimates.items():
        used = method or ("cr2" if estimate.regression is not None else "cv3")
        yield from records(estimate, infer(estimate, method=used), names | {"all": names[label]}, used)


def _of_kind(kind: Aggregation) -> View:
    """Return what an estimate says by this kind: its own estimands, or averages of its effects by cohort and period."""

    def view(estimate: Estimate) -> Estimate:
        own = [i for i, e in enumerate(estimate.estimands) if e.kind == kind]
        if own or not any(e.kind == "att_gt" for e in estimate.estimands):
            return select(estimate, own)
        return aggregate(estimate, kind)

    return view


def _average_of(kind: Aggregation) -> View:
    return lambda estimate: average(_of_kind(kind)(estimate))


def _by_cohort_and_period(estimate: Estimate) -> Estimate:
    return select(estimate, [i for i, e in enumerate(estimate.estimands) if e.kind == "att_gt"])


_VIEWS: dict[Aggregate, tuple[View, ...]] = {
    "overall": (_of_kind("overall"), _by_cohort_and_period),
    **{name: (_of_kind(_KIND[name]), _average_of(_KIND[name]), _by_cohort_and_period)
       for name in ("cohort", "event", "calendar")},
}
