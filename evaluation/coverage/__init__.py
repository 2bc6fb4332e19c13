"""The coverage registry as it is shipped: how often intervals covered in simulated designs; docs/methods/coverage."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import cast

from evaluation.stats.inference.coverage import CoverageRegistry, Quantity, Scenario, Simulated, Skew, registry_of

FIELDS = ("n_clusters", "n_program", "skew", "is_staggered", "autocorrelation", "icc", "is_heterogeneous", "quantity",
          "method", "level", "repetitions", "covered", "coverage", "lower", "upper")
"""Columns of the table: scenario, interval, counts, coverage with its 99 % Clopper–Pearson bounds."""
NAME = "registry.csv"
_YES = {"yes": True, "no": False}


@lru_cache(maxsize=1)
def registry() -> CoverageRegistry:
    """Return the shipped registry; read once."""
    return registry_of(rows())


def rows() -> tuple[Simulated, ...]:
    """Return every row of the shipped table."""
    return read(files(__name__).joinpath(NAME).read_text(encoding="utf-8"))


def read(text: str) -> tuple[Simulated, ...]:
    """Return the rows of a table in CSV; coverage and bounds follow from the counts."""
    return tuple(_row(line) for line in csv.DictReader(text.splitlines()))


def write(simulated: Iterable[Simulated]) -> str:
    """Return rows as a table in CSV."""
    lines = [",".join(FIELDS)]
    for row in simulated:
        s, (low, high) = row.scenario, row.bounds
        lines.append(",".join(map(str, (
            s.n_clusters, s.n_program, s.skew, _word(s.is_staggered), s.autocorrelation, s.icc,
            _word(s.is_heterogeneous), row.quantity, row.method, row.level, row.repetitions, row.covered,
            f"{row.coverage:.4f}", f"{low:.4f}", f"{high:.4f}"))))
    return "\n".join([*lines, ""])


def _row(line: dict[str, str]) -> Simulated:
    scenario = Scenario(
        int(line["n_clusters"]), int(line["n_program"]), cast(Skew, line["skew"]), _YES[line["is_staggered"]],
        float(line["autocorrelation"]), float(line["icc"]), _YES[line["is_heterogeneous"]])
    return Simulated(scenario, cast(Quantity, line["quantity"]), line["method"], float(line["level"]),
                     int(line["repetitions"]), int(line["covered"]))


def _word(is_so: bool) -> str:
    return "yes" if is_so else "no"
