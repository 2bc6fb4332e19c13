"""From a panel to estimates: read, design, estimate, aggregate, infer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import pandas as pd

from evaluation.contracts import PARTS
from evaluation.contracts.choices import Adjustment, Base, Comparison, EstimatorName, Method, Sampling
from evaluation.did.checks import refuse_unfit, seen_seldom
from evaluation.did.columns import Columns
from evaluation.did.files import labels, read, tidy
from evaluation.did.known import compared_with
from evaluation.did.names import canonical
from evaluation.did.options import Options, refuse_mismatch
from evaluation.did.panel import to_design
from evaluation.did.result import DidEstimate, DidResult, records
from evaluation.did.rows import split_names
from evaluation.did.views import VIEWS, Aggregate, View
from evaluation.did.words import NOTHING, NOTHING_FOUND, in_user_words
from evaluation.errors import PanelError
from evaluation.stats.combine import gap_of
from evaluation.stats.estimators.bacon import bacon
from evaluation.stats.estimators.negative_weights import negative_weights
from evaluation.stats.estimators.registry import LAYOUTS, bind
from evaluation.stats.records import Design, Estimate

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
    comparison: Comparison | None = None,
    base: Base | None = None,
    adjustment: Adjustment | None = None,
    sampling: Sampling | None = None,
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
        Baseline values of a unit, of its first period; a text that is no column is names separated by commas.
    estimator
        docs/methods has a page for each.
    comparison : {"not_yet", "never"}, optional
        Units that are not in the program yet, or those alone that never start; of `group_time_att` (by default
        not_yet), `triple_difference`, `etwfe` and `stacked`.
    base : {"universal", "varying"}, optional
        Of `group_time_att` (by default universal) and `triple_difference`.
    adjustment : {"none", "regression", "ipw", "dr"}, optional
        How `group_time_att` and `triple_difference` use the covariates; by default doubly robust.
    sampling : {"panel", "repeated_cross_sections"}, optional
        Whether units are followed, the default; cross-sections compare the means of whoever is there
        (`group_time_att` alone).
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
    path = Path(data) if isinstance(data, (str, Path)) else None
    where = path.name if path else "the data frame"
    named = {key: None if name is None else canonical(name)
             for key, name in (("focal", focal), ("reference", reference), ("never", never))}
    columns = Columns(outcome, unit, period, cohort, group, cluster=cluster, weight=weight,
                      covariates=(covariates,) if isinstance(covariates, str) else tuple(covariates), **named)
    asked = Options(estimator, comparison, base, adjustment, sampling, inference, aggregate_by, decompose, draws, seed)
    refuse_mismatch(asked, columns)
    frame = tidy(data, where) if isinstance(data, pd.DataFrame) else read(Path(data))
    columns = replace(columns, covariates=split_names(frame, columns.covariates))
    words = labels(path, group) if path and group and group in frame.columns else None
    panel = to_design(frame, columns, LAYOUTS[estimator], where, words)
    refuse_unfit(panel.design, asked, columns, where)
    comparison_used = cast(Comparison | None, asked.used("comparison"))
    made = bind(estimator, asked.choices(columns))
    try:
        found = tuple(r for view in VIEWS[aggregate_by] for r in _said(panel.design, made, view, asked, columns))
        decomposition = _decomposed(panel.design, columns) if decompose else None
        negative = _negative(made(panel.design)) if estimator == "twfe" and found else None
    except ValueError as error:
        raise PanelError(in_user_words(str(error), columns), where=where,
                         fix="Change the options, or the file.") from None
    if not found:
        raise PanelError(NOTHING_FOUND.get(estimator, NOTHING), where=where,
                         fix="Give earlier periods, or another --comparison or --estimator.")
    specification = {
        "file": where, **asdict(columns), "cluster": cluster or unit, "covariates": list(columns.covariates),
        **asked.said(columns), "n_units": len(panel.design.unit_ids), "n_periods": len(panel.design.periods),
        "compared_with": compared_with(estimator, comparison_used,
                                       has_never=bool(panel.design.never_program.any()))}
    return DidResult(specification, found, (*panel.notes, *seen_seldom(panel.design, asked)), decomposition, negative)


def _said(design: Design, made: Estimator, view: View, asked: Options, columns: Columns) -> Iterator[DidEstimate]:
    """Yield the records of one view: of the panel, or of gap, focal and reference estimated apart."""
    names = _names(columns)

    def viewed(part: Design) -> Estimate:
        return view(made(part))

    if columns.group is None or design.parts == PARTS or LAYOUTS[asked.estimator] != "stacked":
        estimates = {"all": viewed(design)}
    else:
        estimates = {"gap": gap_of(design, viewed), "focal": viewed(design.subset(design.is_eligible)),
                     "reference": viewed(design.subset(~design.is_eligible))}
    for label, estimate in estimates.items():
        if not estimate.estimands:
            continue
        found = asked.inferred(estimate)
        yield from records(estimate, found, names | {"all": names[label]})


def _names(columns: Columns) -> dict[str, str | None]:
    """Return what the parts of a design are called: the groups by their codes."""
    return {"all": None, "gap": "gap", "focal": columns.focal, "reference": columns.reference}


def _decomposed(design: Design, columns: Columns) -> tuple[Mapping[str, Any], ...]:
    names = _names(columns)
    return tuple({"group": names[part], "kind": c.kind, "cohort": c.cohort, "comparison_cohort": c.comparison,
                  "weight": c.weight, "value": float(c.estimate[k])}
                 for c in bacon(design) for k, part in enumerate(design.parts))


def _negative(estimate: Estimate) -> Mapping[str, float]:
    (found,) = negative_weights(estimate)
    return {"n_cells": found.n_cells, "n_negative": found.n_negative, "share_of_cells": found.share,
            "share_of_weight": found.share_of_weight, "total": found.total}
