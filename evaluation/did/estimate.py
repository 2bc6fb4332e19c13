"""From a panel to estimates: read, design, estimate, aggregate, infer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluation.contracts import PARTS
from evaluation.contracts.choices import ADJUSTABLE_ESTIMATORS, Adjustment, Base, Comparison, EstimatorName, Method
from evaluation.did.columns import read
from evaluation.did.panel import Columns, to_design
from evaluation.did.result import DidEstimate, DidResult, records
from evaluation.did.views import ASKED_OF, KIND, VIEWS, Aggregate, View
from evaluation.errors import PanelError
from evaluation.stats.combine import gap_of
from evaluation.stats.estimators.bacon import bacon
from evaluation.stats.estimators.registry import LAYOUTS, PLACEBO, Choices, bind
from evaluation.stats.inference.infer import default_method, infer
from evaluation.stats.inference.placebo import placebo
from evaluation.stats.records import Design, Estimate, Inference

Estimator = Callable[[Design], Estimate]
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
    adjustment: Adjustment | None = None,
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
    adjustment : {"none", "regression", "ipw", "dr"}, optional
        How `group_time_att` and `triple_difference` use the covariates; by default doubly robust.
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
    panel = to_design(frame, columns, LAYOUTS[estimator], where)
    if aggregate_by not in ASKED_OF.get(estimator, tuple(KIND)):
        raise PanelError(f"`{estimator}` has no effects by {aggregate_by}.", where="option --aggregate",
                         fix="Leave it out, or choose an estimator with effects by cohort and period: group_time_att.")
    _refuse_mismatch(estimator, inference, adjustment, is_decomposed=decompose, has_covariates=bool(covariates),
                     has_group=group is not None)
    adjusted: Adjustment = ("dr" if covariates else "none") if adjustment is None else adjustment
    made = bind(estimator, Choices(comparison, base, adjusted, effects="overall" if aggregate_by == "overall" else
                                   "event_time"))
    how = _How(estimator, inference, draws, seed)
    try:
        found = tuple(r for view in VIEWS[aggregate_by] for r in _said(panel.design, made, view, how, columns))
        decomposition = _decomposed(panel.design) if decompose else None
    except ValueError as error:
        raise PanelError(f"{error}.", where=where, fix="Change the options, or the file.") from None
    if not found:
        raise PanelError("no unit is seen before and in the program beside a comparison unit.", where=where,
                         fix="Give earlier periods, or another --comparison or --estimator.")
    return DidResult(
        specification={
            "file": where, "outcome": outcome, "unit": unit, "period": period, "cohort": cohort, "never": never,
            "group": group, "focal": focal, "reference": reference, "cluster": cluster or unit, "weight": weight,
            "covariates": list(covariates), "estimator": estimator, "comparison": comparison, "base": base,
            "adjustment": adjusted, "aggregate": aggregate_by, "inference": inference or "automatic",
            "draws": draws, "seed": seed, "n_units": len(panel.design.unit_ids),
            "n_periods": len(panel.design.periods)},
        estimates=found, notes=panel.notes, decomposition=decomposition)


def _refuse_mismatch(estimator: EstimatorName, inference: Method | None, adjustment: Adjustment | None, *,
                     is_decomposed: bool, has_covariates: bool, has_group: bool) -> None:
    """Refuse options that the estimator does not know, rather than pass them over."""
    if is_decomposed and estimator != "twfe":
        raise PanelError("the Goodman-Bacon decomposition is of two-way fixed effects.", where="option --decompose",
                         fix="Say --estimator twfe.")
    if estimator in PLACEBO and inference is not None:
        raise PanelError(f"`{estimator}` has placebo inference.", where="option --inference", fix="Leave it out.")
    if has_covariates and estimator not in ADJUSTABLE_ESTIMATORS:
        raise PanelError(f"`{estimator}` does not adjust for covariates.", where="option --covariates",
                         fix=f"Use {' or '.join(ADJUSTABLE_ESTIMATORS)}, or leave them out.")
    if estimator == "triple_difference" and not has_group:
        raise PanelError("a triple difference needs to know whom the program reaches.", where="option --group",
                         fix="Name the column with --group, the eligible with --focal and the others with --reference.")
    if not has_covariates and adjustment not in (None, "none"):
        raise PanelError(f"adjustment `{adjustment}` needs covariates.", where="option --adjustment",
                         fix="Name them with --covariates.")


def _said(design: Design, made: Estimator, view: View, how: _How, columns: Columns) -> Iterator[DidEstimate]:
    """Yield the records of one view: of the panel, or of gap, focal and reference estimated apart."""
    names = {"all": None, "gap": "gap", "focal": columns.focal, "reference": columns.reference}

    def viewed(part: Design) -> Estimate:
        return view(made(part))

    if columns.group is None or design.parts == PARTS or LAYOUTS[how.estimator] != "stacked":
        estimates = {"all": viewed(design)}
    else:
        estimates = {"gap": gap_of(design, viewed), "focal": viewed(design.subset(design.is_eligible)),
                     "reference": viewed(design.subset(~design.is_eligible))}
    for label, estimate in estimates.items():
        if not estimate.estimands:
            continue
        method, found = how.inferred(estimate)
        yield from records(estimate, found, names | {"all": names[label]}, method)


@dataclass(frozen=True)
class _How:
    """The inference that was asked for; draws begin anew for every estimate, so that none depends on its company."""

    estimator: EstimatorName
    method: Method | None
    draws: int
    seed: int

    def inferred(self, estimate: Estimate) -> tuple[str, tuple[tuple[Inference, ...], ...]]:
        """Return the method's name and the inference of m estimands in K parts."""
        rng = np.random.default_rng(self.seed)
        if self.estimator in PLACEBO:
            found = placebo(estimate, rng, rank_by=PLACEBO[self.estimator], draws=self.draws)
            return "placebo", tuple(tuple(of_part.inference for of_part in row) for row in found)
        method = self.method or default_method(estimate)
        return method, infer(estimate, method=method, rng=rng, draws=self.draws)


def _decomposed(design: Design) -> tuple[Mapping[str, Any], ...]:
    return tuple({"group": None if part == "all" else part, "kind": c.kind, "cohort": c.cohort,
                  "comparison_cohort": c.comparison, "weight": c.weight, "value": float(c.estimate[k])}
                 for c in bacon(design) for k, part in enumerate(design.parts))
