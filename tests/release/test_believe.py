"""What makes an effect believable is shown where the effect is, and no further."""

from __future__ import annotations

import pandas as pd
import pytest

from evaluation import params
from evaluation.contracts import COLUMNS, TABLES, conform
from evaluation.release.believe import BELIEVED, public_believable
from evaluation.release.scales import public_scales
from tests.release.small import STUDY

POLICY = params.settings().disclosure
TOPIC = ("headline_dile", "chronic_absence_pct", "black_white")
ABOUT_OVERALL = [f"public_{name}" for name in BELIEVED if name != "relative_effects"]


@pytest.fixture(scope="module")
def invented(maker):
    rows = conform(pd.DataFrame(list(maker._estimates(STUDY))), "estimates")
    return rows[(rows["specification"] == TOPIC[0]) & (rows["outcome_id"] == TOPIC[1])]


@pytest.fixture(scope="module")
def tables(maker, invented):
    """Everything about these effects, as stage `diagnose` leaves it."""
    return maker.believed(STUDY, invented)


@pytest.fixture
def estimates(invented):
    """Rows of `estimates`, to be changed freely."""
    return invented.copy()


def of_topic(table):
    return table[(table["specification"] == TOPIC[0]) & (table["outcome_id"] == TOPIC[1])
                 & (table["gap_id"] == TOPIC[2])]


def values(name):
    contract = TABLES[name]
    return [c for c in contract.columns if c not in contract.key and contract.column(c).nullable]


def released(tables, estimates, **changed):
    made = public_believable(tables | changed, estimates, POLICY)
    return {name: conform(frame, name) for name, frame in made.items()}


@pytest.mark.parametrize("changed", [{"n_students": 9}, {"n_program_districts": 1}, {"n_comparison_districts": 1},
                                     {"n_program_units": 2}])
def test_a_withheld_effect_takes_everything_about_it_along(tables, estimates, changed):
    is_topic = (estimates["estimand"] == "overall") & estimates.index.isin(of_topic(estimates).index)
    for name, value in changed.items():
        estimates.loc[is_topic, name] = value
    out = released(tables, estimates)
    for name in ABOUT_OVERALL:
        own = of_topic(out[name])
        assert len(own) > 0, name
        assert (own["suppression"] == "primary").all(), name
        assert own[values(name)].isna().all(axis=None), name
    others = out["public_standards"].drop(of_topic(out["public_standards"]).index)
    assert (others["suppression"] == "none").all()


def test_a_withheld_part_withholds_what_is_about_the_gap(tables, estimates):
    is_focal = (estimates["part"] == "focal") & (estimates["estimand"] == "overall")
    estimates.loc[is_focal & estimates.index.isin(of_topic(estimates).index), "n_students"] = 9
    out = of_topic(released(tables, estimates)["public_breakdowns"])
    assert out.groupby("part")["suppression"].first().to_dict() == {
        "focal": "primary", "gap": "primary", "reference": "none"}


def test_of_a_withheld_effect_no_size_of_a_departure_is_left(tables, estimates):
    estimates["n_students"] = 9
    out = of_topic(released(tables, estimates)["public_sensitivity"])
    assert set(out["m"]) == {0.0}
    assert not out.duplicated(["part", "restriction"]).any()


@pytest.mark.parametrize(("reason", "suppression"), [("lone_cohort_cluster", "primary"), ("low_df", "none"),
                                                     ("few_comparison_clusters", "primary"), (pd.NA, "none")])
def test_a_check_that_may_rest_on_one_district_is_withheld(tables, estimates, reason, suppression):
    changed = {n: tables[n].assign(no_interval=pd.array([reason] * len(tables[n]), dtype="string"))
               for n in ("placebos", "composition", "definition_switches")}
    out = released(tables, estimates, **changed)
    for name in changed:
        assert set(out[f"public_{name}"]["suppression"]) == {suppression}


def curve(tables, estimates, pool):
    """The public curve of one topic when the pool `other_districts` has `pool` comparison districts, others nine."""
    found = of_topic(tables["specification_curve"]).copy()
    found = found[found["undefined"].isna()]
    found["n_comparison_districts"] = [pool if p == "other_districts" else 9 for p in found["comparison_pool"]]
    rows = released(tables, estimates, specification_curve=found)["public_specification_curve"]
    key = [c for c in TABLES["specification_curve"].key if c != "comparison_pool"]
    twins = rows[rows.duplicated(key, keep=False)]
    return twins.groupby("comparison_pool")["suppression"].unique().str.join(",").to_dict()


@pytest.mark.parametrize(("pool", "suppression"), [(9, "none"), (8, "primary"), (7, "none"), (1, "primary")])
def test_a_pool_that_leaves_out_a_single_district_is_withheld(tables, estimates, pool, suppression):
    assert curve(tables, estimates, pool) == {"all": "none", "other_districts": suppression}


def test_a_specification_that_could_not_be_estimated_says_why_and_hides_nothing(tables, estimates):
    rows = released(tables, estimates)["public_specification_curve"]
    undefined = rows[rows["undefined"].notna()]
    assert len(undefined) > 0
    assert (undefined["suppression"] == "none").all()


def test_a_factor_is_shown_only_beside_an_effect_that_is_neither_withheld_nor_coded(tables, estimates):
    factors = released(tables, estimates)["public_relative_effects"]
    lone = factors[(factors["estimand"] == "cohort") & (factors["cohort"] == 2019)]
    assert len(lone) > 0
    assert (lone["suppression"] == "primary").all()
    assert lone[["ratio", "ratio_low", "p_value"]].isna().all(axis=None)
    assert (factors.loc[factors["estimand"] == "overall", "suppression"] == "none").all()


def test_a_factor_has_no_interval_where_the_difference_has_none(tables, estimates):
    estimates.loc[estimates["estimand"] == "overall", "no_interval"] = "low_coverage"
    out = released(tables, estimates)["public_relative_effects"]
    shown = out[out["estimand"] == "overall"]
    assert shown["ratio"].notna().all()
    assert shown[["ratio_low", "ratio_high", "p_value"]].isna().all(axis=None)
    assert set(shown["no_interval"]) == {"low_coverage"}


def test_a_result_that_was_not_tested_has_nothing_to_hide(tables, estimates):
    untested = tables["adjusted_p_values"].assign(p_value=None, adjusted_p_value=None, is_rejected=None,
                                                  verdict="cannot_tell", decision="cannot_tell")
    estimates["n_comparison_districts"] = 1
    rows = released(tables, estimates, adjusted_p_values=untested)["public_adjusted_p_values"]
    assert set(rows["suppression"]) == {"none"}
    assert set(rows["decision"]) == {"cannot_tell"}


def test_numbers_have_at_most_four_digits(tables, estimates):
    for name, table in released(tables, estimates).items():
        for column in (c for c in table.columns if COLUMNS[c].dtype == "Float64"):
            found = table[column].dropna().astype(float)
            assert (found == [float(f"{v:.4g}") for v in found]).all(), (name, column)


def test_reliability_is_shown_for_groups_of_ten_or_more(maker):
    invariance, reliability = maker.scales(STUDY)
    rows = conform(public_scales(invariance, reliability, POLICY), "public_scales")
    last = rows[(rows["period"] == STUDY.periods.last) & (rows["gap_id"] == "black_white")]
    assert last[["alpha_focal", "omega_focal"]].isna().all(axis=None)
    assert last["alpha_reference"].notna().all()
    assert set(last["suppression"]) == {"primary"}
    before = rows[(rows["period"] == STUDY.periods.last - 1) & (rows["gap_id"] == "black_white")]
    assert set(before["alpha_focal"]) == {0.8123}
    assert set(before["suppression"]) == {"none"}
    assert rows.loc[rows["period"].isna(), ["alpha_focal", "omega_reference"]].isna().all(axis=None)
