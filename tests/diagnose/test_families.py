"""P-values adjusted within the plan's families, and the plan's decisions."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evaluation.contracts import TABLES, conform
from evaluation.design import topics
from evaluation.diagnose.diagnosed import prepare
from evaluation.diagnose.families import adjusted_p_values
from evaluation.diagnose.together import Published, Together, key_of, published
from evaluation.stats.inference.infer import infer
from evaluation.stats.inference.multiplicity import Hypothesis, romano_wolf
from evaluation.stats.standards.handbook import handbook
from tests.diagnose.drawn import drawn

EIGHT = {f"ia-{i}": 2004 for i in range(10, 18)}
RULE = {"outcome": "rate_pct", "alpha": 0.05, "success": ["narrowed_focal_improvement", "narrowed_both_improved"],
        "words": "The gap narrowed because the focal group gained."}
SPECIFICATION = {"id": "headline", "label": "Headline", "program": "dile", "estimator": "group_time_att",
                 "weights": "unit", "outcomes": ["rate_pct"], "gaps": ["black_white", "hispanic_white"]}


def family(adjustment, specifications=("headline",)):
    return {"id": "rate", "label": "Rate", "adjustment": adjustment, "alpha": 0.05,
            "results": [{"specifications": list(specifications)}]}


@pytest.fixture
def planned(study_of):
    """A study of two gaps in one outcome, judged together."""

    def make(adjustment="benjamini_hochberg", *, specifications=(SPECIFICATION,), rules=(RULE,)):
        gap = {"label": "Gap", "dimension": "race_ethnicity", "reference": "white"}
        names = [s["id"] for s in specifications]
        return study_of(
            EIGHT, specifications=list(specifications),
            dimensions=[{"id": "race_ethnicity", "label": "Race",
                         "groups": {"black": "Black", "hispanic": "Hispanic", "white": "White"}}],
            gaps=[{"id": f"{focal}_white", "focal": focal, **gap} for focal in ("black", "hispanic")],
            plan={"confirmatory": [{"specifications": names}], "families": [family(adjustment, names)],
                  "decision_rules": list(rules)})

    return make


@pytest.fixture
def cells(cells_of):
    rng = np.random.default_rng(5)
    values = drawn(3, n_units=20)
    return cells_of({**values, **{(u, p, "hispanic"): (m + rng.normal(0, 3), n)
                                  for (u, p, g), (m, n) in values.items() if g == "black"}})


def together(study, cells=None, said=None):
    of = {} if cells is None else {
        key_of(one): one for t in topics(study) if t.specification.estimator == "group_time_att"
        for one in (prepare({("rate_pct", "race_ethnicity"): cells}, study, t),)}
    return Together(study, of, said or {}, {}, handbook("5.0"))


def decided(of):
    rows = conform(pd.DataFrame(adjusted_p_values(of)).reindex(columns=list(TABLES["adjusted_p_values"].columns)),
                   "adjusted_p_values")
    return rows.set_index("gap_id")


def two(p_black, p_hispanic, verdict="narrowed_focal_improvement"):
    return {("headline", "rate_pct", f"{g}_white"): Published(p, verdict)
            for g, p in (("black", p_black), ("hispanic", p_hispanic))}


def test_benjamini_hochberg_by_hand(planned):
    found = decided(together(planned(), said=two(0.04, 0.03)))
    assert found["adjusted_p_value"].tolist() == pytest.approx([0.04, 0.04])
    assert found["is_rejected"].all()
    found = decided(together(planned(), said=two(0.06, 0.02)))
    assert found["adjusted_p_value"].tolist() == pytest.approx([0.06, 0.04])
    assert found["decision"].tolist() == ["no_success", "success"]


def test_a_result_without_a_p_value_is_not_counted_and_nothing_is_decided(planned):
    found = decided(together(planned(), said=two(0.03, None)))
    assert found.loc["black_white", "adjusted_p_value"] == pytest.approx(0.03)
    assert pd.isna(found.loc["hispanic_white", "adjusted_p_value"])
    assert pd.isna(found.loc["hispanic_white", "is_rejected"])
    assert found["decision"].tolist() == ["success", "cannot_tell"]


def test_a_refused_result_keeps_its_place_in_the_family(planned):
    found = decided(together(planned()))
    assert found.index.tolist() == ["black_white", "hispanic_white"]
    assert set(found["decision"]) == {"cannot_tell"}


@pytest.mark.parametrize(("verdict", "decision"), [
    ("narrowed_both_improved", "success"), ("narrowed_levelling_down", "no_success"), ("widened", "no_success"),
    ("cannot_tell", "no_success")])
def test_success_is_a_verdict_of_the_rule_and_a_small_adjusted_p_value(planned, verdict, decision):
    assert set(decided(together(planned(), said=two(0.01, 0.01, verdict)))["decision"]) == {decision}


def test_an_outcome_without_a_rule_has_none(planned):
    assert set(decided(together(planned(rules=()), said=two(0.01, 0.01)))["decision"]) == {"no_rule"}


def test_a_study_without_families_has_an_empty_table(study_of):
    assert adjusted_p_values(together(study_of(EIGHT))) == []


def estimates_of(of):
    return {key: Published(infer(one.overall)[0][0].p_value, "cannot_tell") for key, one in of.of.items()}


def test_romano_wolf_is_that_of_the_overall_effects(planned, cells):
    of = together(planned("romano_wolf"), cells)
    of = replace(of, published=estimates_of(of))
    found = decided(of)
    # both gaps have the same districts here, so their codes are shared as they are
    hypotheses = [Hypothesis(one.overall, 0, 0) for one in of.of.values()]
    expected = romano_wolf(hypotheses, rng=np.random.default_rng(1)).p_value
    assert found["adjusted_p_value"].to_numpy(dtype=float) == pytest.approx(expected, abs=0.02)
    again = decided(of)["adjusted_p_value"]
    assert again.tolist() == found["adjusted_p_value"].tolist()


def with_codes(of, code):
    """The same effect from a design that numbers its districts by `code` (U,)."""
    code_of = np.zeros(of.design.cluster.max() + 1, dtype=np.int64)
    code_of[of.design.cluster] = code
    regression = replace(of.overall.regression, cluster=code_of[of.overall.regression.cluster])
    return replace(of, design=replace(of.design, cluster=code), overall=replace(of.overall, regression=regression))


def test_romano_wolf_gives_a_district_one_sign_however_designs_number_their_districts(planned, cells):
    of = together(planned("romano_wolf"), cells)
    of = replace(of, published=estimates_of(of))
    expected = decided(of)["adjusted_p_value"].tolist()
    _, second = of.of
    turned = {**of.of, second: with_codes(of.of[second], of.of[second].design.cluster[::-1].copy())}
    assert decided(replace(of, of=turned))["adjusted_p_value"].tolist() == pytest.approx(expected)
    hypotheses = [Hypothesis(one.overall, 0, 0) for one in turned.values()]
    apart = romano_wolf(hypotheses, rng=np.random.default_rng(1)).p_value
    assert np.abs(apart - expected).max() > 0.05


def test_romano_wolf_is_refused_where_a_tested_result_cannot_be_bootstrapped(planned, cells):
    own = {**SPECIFICATION, "gaps": ["black_white"]}
    other = {**own, "id": "imputed", "estimator": "imputation"}
    of = together(planned("romano_wolf", specifications=(own, other)), cells)
    said = {**estimates_of(of), ("imputed", "rate_pct", "black_white"): Published(0.2, "cannot_tell")}
    found = decided(replace(of, published=said))
    assert found["adjusted_p_value"].isna().all()
    assert set(found["decision"]) == {"cannot_tell"}
    untested = {**said, ("imputed", "rate_pct", "black_white"): Published(None, "cannot_tell")}
    assert decided(replace(of, published=untested))["adjusted_p_value"].notna().tolist() == [True, False]


def test_published_takes_the_overall_effects_on_gaps():
    frame = pd.DataFrame({"specification": "s", "outcome_id": "o", "gap_id": ["a", "b", "a", "a"],
                          "estimand": ["overall", "overall", "overall", "cohort"],
                          "part": ["gap", "gap", "focal", "gap"], "p_value": [0.04, None, 0.5, 0.6],
                          "verdict": ["narrowed", "cannot_tell", "narrowed", "widened"]})
    assert published(frame) == {("s", "o", "a"): Published(0.04, "narrowed"),
                                ("s", "o", "b"): Published(None, "cannot_tell")}
