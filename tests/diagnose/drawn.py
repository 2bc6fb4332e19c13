"""Cells, starts and tables that the tests of diagnostics share."""

import numpy as np
import pandas as pd

from evaluation.contracts import TABLES, conform

STARTS = {"ia-10": 2003, **{f"ia-{i}": 2004 for i in range(11, 15)}, **{f"ia-{i}": 2005 for i in range(15, 18)}}


def drawn(seed, *, n_units=18, drift=0.0, last=2006, effect=0.0):
    """Means at random; focal means of program units drift by `drift` a year from 2001 and move by `effect` at start."""
    rng = np.random.default_rng(seed)
    return {(f"ia-{u}", p, g): (rng.uniform(5, 30) + (g == "black") * (
        drift * (p - 2001) * (f"ia-{u}" in STARTS) + effect * (p >= STARTS.get(f"ia-{u}", 9999))), 20)
        for u in range(10, 10 + n_units) for p in range(2001, last + 1) for g in ("black", "white")}


def table(of, name, rows):
    """Rows of one topic as the table of the contract."""
    found = pd.DataFrame([{**of.topic.columns(), **row} for row in rows])
    return conform(found.reindex(columns=list(TABLES[name].columns)), name)


def with_specification(study, **changes):
    """The study with its only specification changed."""
    return study.model_copy(update={"specifications": (study.specifications[0].model_copy(update=changes),)})
