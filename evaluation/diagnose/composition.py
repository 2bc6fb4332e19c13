"""Effects of the program on who is enrolled and who answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from evaluation.design import build
from evaluation.diagnose.diagnosed import Diagnosed, Row
from evaluation.diagnose.effects import effect_rows, overall_effect
from evaluation.errors import EstimationError
from evaluation.params import Specification
from evaluation.stats.records import Design


def composition(of: Diagnosed) -> list[Row]:
    """Return a row per thing the program could have changed about the students; none where nothing can be estimated.

    The topic's estimator, every unit counting once and without adjustment, on log students of both groups, the focal
    share of both in percent, and for surveys the percentage that answered. Who is enrolled: those who could have
    answered where that is known, else the students of the outcome's denominator. These are numbers of students: a cell
    says of nobody where he or she was the year before, so joiners and stayers are not told apart. A cell in which one
    of the groups has no student is absent, since it has no log.
    """
    rows: list[Row] = []
    for made in (_enrolled, _answered):
        try:
            overall = overall_effect(made(of), _specification(of))
        except EstimationError:
            continue
        rows += [{"composition" if name == "part" else name: value for name, value in row.items()}
                 for row in effect_rows(overall, of.gate)]
    return rows


def _specification(of: Diagnosed) -> Specification:
    return of.topic.specification.model_copy(update={"weights": "unit", "adjustment": "none", "covariates": ()})


def _enrolled(of: Diagnosed) -> Design:
    cells = of.own_cells
    n = cells["n_eligible"].fillna(cells["n_students"]).astype(float)
    logs = _built(of, pd.Series(np.log(n.where(n > 0)), index=n.index))
    share = 100 / (1 + np.exp(-logs.outcome[:, :, :1]))
    return replace(logs, parts=("log_students_focal", "log_students_reference", "focal_share"),
                   outcome=np.concatenate([logs.outcome[:, :, 1:], share], axis=2))


def _answered(of: Diagnosed) -> Design:
    cells = of.own_cells
    asked = cells["n_eligible"].astype(float)
    found = _built(of, 100 * cells["n_students"].astype(float) / asked.where(asked > 0))
    return replace(found, parts=("response_focal", "response_reference"), outcome=found.outcome[:, :, 1:])


def _built(of: Diagnosed, value: pd.Series) -> Design:
    """Return the topic's design with another value in its cells; absent where that is missing."""
    status = np.where(value.notna(), "reported", "not_applicable")
    cells = of.own_cells.assign(total=np.nan, mean=value, status=status, n_students=value.notna().astype("Int64"))
    return build(cells, of.study, _specification(of), of.topic.outcome.id, of.topic.gap)
