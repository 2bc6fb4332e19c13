"""The specification curve: the overall effect on the gap under every reasonable combination of choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeVar

import numpy as np

from evaluation.contracts.choices import Comparison, EstimatorName
from evaluation.design import build
from evaluation.design.columns import effect
from evaluation.diagnose.diagnosed import Diagnosed, Row
from evaluation.diagnose.effects import overall_effect
from evaluation.errors import EstimationError
from evaluation.params import Pool, Specification, Study
from evaluation.stats.inference.infer import infer
from evaluation.stats.inference.rules import Gate
from evaluation.stats.reading import program_cells, used_cells
from evaluation.stats.records import Design, Estimate

T = TypeVar("T")
NO_NEVER = "there is no never-program unit to compare with."


@dataclass(frozen=True)
class Dimensions:
    """The choices of the curve.

    Attributes
    ----------
    estimator : each with the comparisons it knows; the extended two-way regression against never-program units alone
        is Sun–Abraham, and stands there
    weights, comparison_pool : as in a specification
    compared_within : what strata are made of; () pools
    """

    estimator: Mapping[EstimatorName, tuple[Comparison, ...]]
    weights: tuple[str, ...]
    compared_within: tuple[tuple[str, ...], ...]
    comparison_pool: tuple[Pool, ...]


DIMENSIONS = Dimensions(
    estimator={"group_time_att": ("not_yet", "never"), "imputation": ("not_yet",), "etwfe": ("not_yet",),
               "sun_abraham": ("never",), "stacked": ("not_yet", "never"), "twfe": ("not_yet",)},
    weights=("focal", "unit"),
    compared_within=(("state", "grade_band"), ()),
    comparison_pool=("all", "other_districts", "no_network"),
)
"""Every combination is a specification, beside events in and out; the planned choice comes first in each."""


def specification_curve(of: Diagnosed) -> list[Row]:
    """Return a row per distinct specification, the planned one among them; none of an exploratory topic.

    Designs are shared by the estimators. A combination that gives a design already there (a pool that leaves nobody
    out, a pooling of one stratum) is no further specification. Where there is no effect `undefined` says why.
    """
    topic = of.topic
    if not of.is_confirmatory:
        return []
    rows: list[Row] = []
    for chosen, specification, design in _designs(of):
        for estimator, known in DIMENSIONS.estimator.items():
            for comparison in known:
                choice = {"estimator": estimator, "comparison": comparison, **chosen}
                asked = _asked(topic.specification, specification, estimator, comparison)
                rows.append({**choice, "is_headline": asked == topic.specification, **_found(design, asked, of.gate)})
    return rows


def _designs(of: Diagnosed) -> Iterator[tuple[Row, Specification, Design | str]]:
    """Yield every distinct design, or why there is none, with its choices as columns and its specification."""
    planned, seen = of.topic.specification, set()
    for weights, within, (events, left_out), pool in product(
            _first(planned.weights, DIMENSIONS.weights), _first(planned.within, DIMENSIONS.compared_within),
            _events(planned, of.study), _first(planned.comparison_pool, DIMENSIONS.comparison_pool)):
        specification = planned.model_copy(update={
            "weights": weights, "within": within, "exclude_events": left_out, "comparison_pool": pool,
            "comparison": "not_yet"})
        try:
            design: Design | str = build(of.own_cells, of.study, specification, of.topic.outcome.id, of.topic.gap,
                                         part="gap")
        except EstimationError as error:
            design = str(error)
        same = (weights, design) if isinstance(design, str) else _identity(design)
        if same not in seen:
            seen.add(same)
            yield ({"weights": weights, "compared_within": "/".join(within) or "pooled", "events": events,
                    "comparison_pool": pool}, specification, design)


def _first(planned: T, choices: tuple[T, ...]) -> tuple[T, ...]:
    return (planned, *(choice for choice in choices if choice != planned))


def _events(planned: Specification, study: Study) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Periods of events out and in: those that the plan leaves out, or where it leaves none out, breaks."""
    if planned.exclude_events:
        return ("excluded", planned.exclude_events), ("included", ())
    return ("included", ()), ("excluded", tuple(e.id for e in study.events if e.kind == "break"))


def _identity(design: Design) -> tuple[object, ...]:
    """What tells a design of the same cells from another: units, periods, weights and who is in one stratum."""
    _, first, stratum = np.unique(design.stratum, return_index=True, return_inverse=True)
    scale = design.weight / design.weight.max()
    return (design.unit_ids, design.periods.tobytes(), np.round(scale, 12).tobytes(), first[stratum].tobytes())


def _asked(planned: Specification, of_design: Specification, estimator: EstimatorName,
           comparison: Comparison) -> Specification:
    """Return the specification with this estimator; what the plan adjusts for goes with the plan's estimator."""
    update: dict[str, object] = {"estimator": estimator, "comparison": comparison}
    if estimator != planned.estimator:
        update |= {"adjustment": "none", "covariates": (), "anticipation": 0}
    return of_design.model_copy(update=update)


def _found(design: Design | str, asked: Specification, gate: Gate | None) -> Row:
    if isinstance(design, str):
        return {"undefined": design}
    if asked.comparison == "never" and not design.never_program.any():
        return {"undefined": NO_NEVER}
    if not asked.covariates:
        design = replace(design, covariates=np.empty((len(design.unit_ids), 0)))
    try:
        overall = overall_effect(design, asked)
    except EstimationError as error:
        return {"undefined": str(error)}
    found = infer(overall, gate=gate)[0][0]
    return {**effect(found), "n_clusters": found.n_clusters, **_behind(overall)}


def _behind(overall: Estimate) -> Row:
    in_program = program_cells(overall.design, overall.estimands[0])
    return {"n_program_districts": len(overall.program_clusters[0]),
            "n_comparison_districts": len(overall.comparison_clusters[0]),
            "n_program_units": int((used_cells(overall)[0] & in_program).any(axis=1).sum())}
