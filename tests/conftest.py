from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pytest
from hypothesis import settings

from evaluation.contracts import conform
from evaluation.params import Study
from tests.skips import pytest_make_collect_report, pytest_runtest_makereport  # noqa: F401  hooks: pytest finds them here

settings.register_profile("untimed", deadline=None)  # no test measures time
settings.load_profile("untimed")

Values = Mapping[tuple[str, int, str], tuple[Any, ...]]


@pytest.fixture
def cells_of() -> Callable[..., pd.DataFrame]:
    """Cells from {(unit_id, period, group): (mean, n)} or (total, n, "total") or (None, None, status)."""

    def make(values: Values, *, outcome_id: str = "rate_pct", dimension: str = "race_ethnicity",
             unit: str = "district", grade_band: str = "all") -> pd.DataFrame:
        rows = []
        for (unit_id, period, group), value in values.items():
            is_total = len(value) == 3 and value[2] == "total"
            rows.append({
                "unit": unit, "unit_id": unit_id, "district_id": "-".join(unit_id.split("-")[:2]),
                "grade_band": grade_band, "period_kind": "school_year", "period": period, "dimension": dimension,
                "group_id": group, "outcome_id": outcome_id, "n_students": value[1], "n_obs": value[1],
                "n_eligible": None, "total": value[0] if is_total else None, "total_sq": None,
                "mean": None if is_total else value[0],
                "status": value[2] if len(value) == 3 and not is_total else "reported"})
        return conform(pd.DataFrame(rows), "cells")

    return make


@pytest.fixture
def study_of() -> Callable[..., Study]:
    """A study of districts, focal `black`, reference `white`, outcome `rate_pct`; `changes` replace whole keys."""

    def make(starts: Mapping[str, int], *, first: int = 2001, last: int = 2006, **changes: Any) -> Study:
        cohorts = [{"start": start, "phase": "develop" if i == 0 else "expansion",
                    "districts": [d for d, s in starts.items() if s == start]}
                   for i, start in enumerate(sorted(set(starts.values())))]
        specification = {"id": "headline", "label": "Headline", "program": "dile", "estimator": "group_time_att",
                         "weights": "unit", "outcomes": ["rate_pct"], "gaps": ["black_white"]}
        content: dict[str, Any] = {
            "id": "small", "title": "Small", "question": "?", "demonstration": True,
            "periods": {"kind": "school_year", "first": first, "last": last}, "unit": "district",
            "banner": None, "caveats": [], "quarantine_tolerance": 0.02, "events": [], "synthetic": None,
            "grade_bands": {"all": [0, 12]}, "deliveries": {"adapter": "csv"},
            "districts": [{"id": d, "name": d, "state": d[:2], "role": "implement"} for d in starts],
            "programs": [{"id": "dile", "label": "DILE", "grade_band": "all", "cohorts": cohorts}],
            "outcomes": [{"id": "rate_pct", "label": "Rate", "kind": "binary", "measure": "published_rate",
                          "unit_name": "percentage points", "better": "lower", "margin": 1.0, "authority": "test",
                          "version": "1", "definition": "test"}],
            "dimensions": [{"id": "race_ethnicity", "label": "Race", "groups": {"black": "Black", "white": "White"}}],
            "gaps": [{"id": "black_white", "label": "Black–White", "dimension": "race_ethnicity", "focal": "black",
                      "reference": "white"}],
            "specifications": [specification], "plan": {"confirmatory": [{"specifications": ["headline"]}]}}
        return Study.model_validate({**content, **changes})

    return make
