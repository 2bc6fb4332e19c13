"""The overall effect without each district, and without each cohort."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evaluation.design.estimator import estimator_of
from evaluation.diagnose.diagnosed import Diagnosed, Row, overall_of
from evaluation.stats.inference.infer import infer
from evaluation.stats.reading import levels, program_cells, used_cells, verdicts
from evaluation.stats.records import Booleans


def leave_one_out(of: Diagnosed) -> list[Row]:
    """Return per part the overall effect without each district and without each cohort behind it, and the verdict.

    A cohort leaves with all its units, as comparison units too. No row where nothing can be estimated without it.
    """
    estimator, outcome, rows = estimator_of(of.topic.specification), of.topic.outcome, []
    for kind, name, mine in _left_out(of):
        try:
            without = overall_of(estimator(of.design.subset(~mine)))
        except ValueError:
            continue
        if without is None:
            continue
        inference = infer(without, gate=of.gate)
        said = verdicts(levels(without), inference, better=outcome.better, margin=outcome.margin)
        rows += [{"part": part, "left_out_kind": kind, "left_out": name, "value": found.value, "se": found.se,
                  "df": found.df, "ci_low": found.ci_low, "ci_high": found.ci_high, "verdict": said[0]}
                 for part, found in zip(without.parts, inference[0], strict=True)]
    return rows


def _left_out(of: Diagnosed) -> Iterator[tuple[str, str, Booleans]]:
    """Yield kind, name and units (U,) of all that stands behind the overall effect."""
    design = of.design
    name_of = dict(zip(design.cluster.tolist(), of.districts, strict=True))
    for cluster in np.union1d(of.overall.program_clusters[0], of.overall.comparison_clusters[0]).tolist():
        yield "district", name_of[cluster], design.cluster == cluster
    behind = (used_cells(of.overall)[0] & program_cells(design, of.overall.estimands[0])).any(axis=1)
    for cohort in np.unique(design.cohort[behind]):
        yield "cohort", str(int(cohort)), design.cohort == cohort
