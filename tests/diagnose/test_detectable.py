"""Effects that would have been seen."""

import pandas as pd
import pytest

from evaluation.diagnose.detectable import detectable_effects
from evaluation.stats.aggregate import aggregate
from evaluation.stats.inference.detectable import detectable
from evaluation.stats.inference.infer import infer
from tests.diagnose.drawn import STARTS, drawn, table


def test_every_average_has_its_own(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(3)), study_of(STARTS))
    rows = table(of, "detectable_effects", detectable_effects(of))
    gap = rows[rows["part"] == "gap"]
    assert set(gap["estimand"]) == {"overall", "cohort", "phase", "event_time"}
    assert set(gap["cohort"].dropna()) == {2003, 2004, 2005}
    assert set(gap["phase"].dropna()) == {"develop", "expansion"}
    known = rows.dropna(subset="detectable")
    assert ((known["detectable"] / known["se"]).between(2.8, 5)).all()
    for kind in ("overall", "event_time"):
        for found, part in ((e, p) for e in zip(aggregate(of.att_gt, kind).estimands,
                                                infer(aggregate(of.att_gt, kind)), strict=True) for p in range(3)):
            estimand, inference = found[0], found[1][part]
            at = rows[(rows["estimand"] == kind) & (rows["part"] == of.design.parts[part])]
            at = at[at["event_time"].isna() if kind == "overall" else at["event_time"] == estimand.event_time].iloc[0]
            if inference.se is None:
                assert pd.isna(at["detectable"])
            else:
                assert at["detectable"] == pytest.approx(detectable(inference.se, inference.df))


def test_a_lone_cohort_has_none(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(3)), study_of(STARTS))
    rows = table(of, "detectable_effects", detectable_effects(of)).set_index(["estimand", "cohort", "part"])
    assert rows.xs(("cohort", 2003), level=(0, 1))["detectable"].isna().all()
    assert rows.xs(("cohort", 2004), level=(0, 1))["detectable"].notna().all()


def test_too_few_program_districts_leave_it_missing(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(4)), study_of({"ia-10": 2004, "ia-11": 2004}))
    assert table(of, "detectable_effects", detectable_effects(of))["detectable"].isna().all()
