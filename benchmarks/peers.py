"""The same estimates by diff-diff, pyfixest and linearmodels, outcome by outcome as they do them.

Every function does one column of the right-hand side. Two-way regressions are given to the two that bootstrap with unit
effects already taken out of outcome, event-time dummies and year dummies: their fastest form, and the same regression.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.panels import event_dummies
from evaluation.stats.records import Design, Floats

PROGRAMS = {"diff-diff": "diff_diff", "pyfixest": "pyfixest", "wildboottest": "wildboottest",
            "linearmodels": "linearmodels"}
"""Distribution and module; wildboottest is what pyfixest's wild bootstrap calls."""


def found() -> dict[str, str]:
    """Return the version of each program that is installed here."""
    versions = {}
    for name, module in PROGRAMS.items():
        if find_spec(module) is not None:
            try:
                versions[name] = version(name)
            except PackageNotFoundError:
                versions[name] = "?"
    return versions


@dataclass(frozen=True)
class Peers:
    """A design as rows; a column's number is its place among the parts.

    Attributes
    ----------
    times : event times of the coefficients, the base left out
    draws : of a bootstrap
    """

    design: Design
    times: list[int]
    draws: int
    _fitted: dict[int, Any] = field(default_factory=dict)

    @cached_property
    def names(self) -> list[str]:
        return [f"e{k}" for k in range(len(self.times))]

    @cached_property
    def rows(self) -> Any:
        import pandas as pd
        unit, period = np.indices(self.design.present.shape).reshape(2, -1)
        start = np.nan_to_num(self.design.cohort)[unit].astype(int)
        rows = pd.DataFrame({"unit": unit, "time": self.design.periods[period], "start": start})
        rows[self.names] = event_dummies(self.design, self.times)
        outcome = self.design.outcome.reshape(len(rows), -1)
        return pd.concat([rows, pd.DataFrame(outcome, columns=[f"y{k}" for k in range(outcome.shape[1])])], axis=1)

    @cached_property
    def years(self) -> list[str]:
        return [f"t{t}" for t in self.design.periods[1:]]

    @cached_property
    def within(self) -> Any:
        """Rows less their unit's mean, with dummies of years."""
        rows = self.rows.copy()
        rows[self.years] = (rows["time"].to_numpy()[:, None] == self.design.periods[1:]).astype(float)
        moving = [c for c in rows if c not in ("unit", "time", "start")]
        rows[moving] -= rows.groupby("unit")[moving].transform("mean")
        return rows

    @cached_property
    def regressors(self) -> Floats:
        found: Floats = self.within[[*self.names, *self.years]].to_numpy()
        return found

    def pyfixest(self, column: int) -> Any:
        """Two-way event study, CRV1."""
        import pyfixest
        return pyfixest.feols(f"y{column} ~ {' + '.join(self.names)} | unit + time", self.rows, vcov={"CRV1": "unit"})

    def pyfixest_cv3(self, column: int) -> Any:
        return self.pyfixest(column).vcov({"CRV3": "unit"})

    def pyfixest_within(self, column: int) -> Any:
        import pyfixest
        formula = f"y{column} ~ {' + '.join([*self.names, *self.years])}"
        return pyfixest.feols(formula, self.within, vcov={"CRV1": "unit"})

    def pyfixest_wild(self, column: int, time: int) -> float:
        """Restricted wild bootstrap of one coefficient of a regression already fitted: its p-value."""
        if column not in self._fitted:
            self._fitted[column] = self.pyfixest_within(column)
        name = self.names[self.times.index(time)]
        fit = self._fitted[column].wildboottest(reps=self.draws, param=name, cluster="unit", seed=1)
        return float(fit["Pr(>|t|)"])

    def linearmodels(self, column: int) -> Any:
        """Two-way event study, clustered."""
        from linearmodels.panel import PanelOLS
        rows = self.rows.set_index(["unit", "time"])
        fit = PanelOLS(rows[f"y{column}"], rows[self.names], entity_effects=True, time_effects=True)
        return fit.fit(cov_type="clustered", cluster_entity=True)

    def diff_diff_cr2(self, column: int) -> tuple[Floats, Floats, Floats]:
        """Coefficients, CR2 and degrees of freedom of all event times."""
        from diff_diff.linalg import LinearRegression
        fit = LinearRegression(include_intercept=False, vcov_type="hc2_bm", cluster_ids=self.rows["unit"].to_numpy())
        of = fit.fit(self.regressors, self.within[f"y{column}"].to_numpy())
        found = [of.get_inference(k) for k in range(len(self.times))]
        return tuple(np.array([getattr(i, name) for i in found]) for name in ("coefficient", "se", "df"))

    def diff_diff_wild(self, column: int, time: int) -> Any:
        """Restricted wild bootstrap of one coefficient: p-value and 95 % interval."""
        from diff_diff.utils import wild_bootstrap_se
        y = self.within[f"y{column}"].to_numpy()
        return wild_bootstrap_se(self.regressors, y, np.zeros(len(y)), self.rows["unit"].to_numpy(),
                                 self.times.index(time), n_bootstrap=self.draws, seed=1)

    def diff_diff_group_time(self, column: int, *, draws: int = 0) -> Any:
        """Group-time effects by event time, with plain errors or a multiplier bootstrap."""
        from diff_diff import CallawaySantAnna
        model = CallawaySantAnna(control_group="never_treated", estimation_method="reg", base_period="universal",
                                 n_bootstrap=draws, cband=False, seed=1)
        return model.fit(self.rows, f"y{column}", "unit", "time", "start", aggregate="event_study")
