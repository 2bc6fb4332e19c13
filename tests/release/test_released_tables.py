"""What the public tables hold, and what they do not."""

from __future__ import annotations

import pandas as pd
import pyarrow.parquet as pq
import pytest

from evaluation import params
from evaluation.contracts import COLUMNS, TABLES, conform
from evaluation.release.effects import public_diagnostics, public_estimates
from evaluation.release.intake import public_intake
from evaluation.release.levels import public_gap_levels
from tests.release.small import STUDY

POLICY = params.settings().disclosure
PUBLIC = [t for t in TABLES.values() if t.level == "released"]


@pytest.fixture(scope="module")
def tables(maker):
    return maker.tables(STUDY)


def test_no_public_table_has_a_column_of_students():
    for table in PUBLIC:
        exact = [c for c in table.columns if COLUMNS[c].unit == "students" and not c.endswith("_rounded")]
        assert exact == [], table.name


def test_every_public_table_fits_its_contract(tables):
    assert sorted(tables) == sorted(t.name for t in PUBLIC)
    for name, frame in tables.items():
        assert len(conform(frame, name)) == len(frame)


def test_a_gap_is_the_difference_of_displayed_means_and_missing_when_one_is_coded(maker):
    row = maker.gap_levels(STUDY).iloc[[0]].assign(
        outcome_id="any_suspension_pct", status="reported", n_focal=150, n_reference=400, n_units=3)
    both = public_gap_levels(row.assign(focal_mean=20.6, reference_mean=10.4), STUDY, POLICY).iloc[0]
    assert (both["focal_mean"], both["reference_mean"], both["gap"], both["suppression"]) == (21.0, 10.0, 11.0, "none")
    coded = public_gap_levels(row.assign(focal_mean=1.1, reference_mean=10.4), STUDY, POLICY).iloc[0]
    assert (coded["focal_display"], coded["reference_display"], coded["gap"]) == ("≤2", "10", None)
    assert coded["suppression"] == "primary"


def lone_effects(maker, gap, **changed):
    """The public effects of one-district cohorts, when their public gap in one of two years is `gap`."""
    estimates = conform(pd.DataFrame(list(maker._estimates(STUDY))), "estimates").assign(**changed)
    scopes = [("cohort", "dile_2019"), ("phase", "dile_develop"), ("cohort", "mesa_2024"), ("phase", "mesa_develop")]
    levels = pd.DataFrame([
        {"scope": scope, "scope_id": code, "outcome_id": outcome.id, "gap_id": g.id, "period": period,
         "gap": gap if period == 2018 else 2.0}
        for scope, code in scopes for outcome in STUDY.outcomes for g in STUDY.gaps for period in (2017, 2018)])
    effects = conform(public_estimates(estimates, levels, STUDY, POLICY), "public_estimates")
    return effects[effects["n_program_districts"] < POLICY.min_districts]


def test_the_effect_of_a_lone_district_whose_cells_are_hidden_keeps_its_row_without_any_number(maker):
    lone = lone_effects(maker, gap=None)
    numbers = [c for c in lone.columns if COLUMNS[c].dtype == "Float64"]
    assert len(lone) > 0
    assert lone[[*numbers, "verdict", "n_students_rounded"]].isna().all(axis=None)
    assert (lone["suppression"] == "primary").all()


def test_the_effect_of_a_lone_cohort_is_rounded_like_its_shown_cells_and_has_no_interval(maker):
    lone = lone_effects(maker, gap=3.0)
    shown = lone[lone["suppression"] == "none"]
    assert set(shown["estimand"]) == {"cohort", "phase"}
    assert (lone.loc[~lone["estimand"].isin(["cohort", "phase"]), "suppression"] == "primary").all()
    points = shown[shown["outcome_id"] == "chronic_absence_pct"].set_index("part")
    assert points.loc["focal", "value"].unique().tolist() == [-3.0]
    assert points.loc["reference", "value"].unique().tolist() == [-1.0]
    assert shown[["se", "ci_low", "p_value"]].isna().all(axis=None)


def test_a_band_is_rounded_as_its_interval_and_leaves_with_it(maker):
    estimates = conform(pd.DataFrame(list(maker._estimates(STUDY))), "estimates")
    is_banded = estimates["band_low"].notna()
    few = estimates.assign(n_comparison_districts=estimates["n_comparison_districts"].mask(is_banded, 1))
    levels = pd.DataFrame({"scope": [], "scope_id": [], "outcome_id": [], "gap_id": [], "gap": []})
    shown, hidden = (conform(public_estimates(given, levels, STUDY, POLICY), "public_estimates")
                     for given in (estimates, few))
    assert set(shown.loc[shown["band_low"].notna(), "event_time"]) == {0, 1, 2, 3}
    one = shown[shown["band_low"].notna() & (shown["part"] == "gap")].iloc[0]
    assert [one["value"], one["band_low"], one["band_high"]] == [-2.123, -4.247, 0.0]
    assert hidden[["band_low", "band_high"]].isna().all(axis=None)


def test_the_parts_of_a_lone_effect_add_up_and_no_number_of_students_is_beside_it(maker):
    shown = lone_effects(maker, gap=3.0).query("suppression == 'none'")
    assert shown["n_students_rounded"].isna().all()
    key = ["specification", "outcome_id", "gap_id", "estimand"]
    for name in ("value", "level"):
        parts = shown.pivot_table(index=key, columns="part", values=name)
        assert (parts["gap"] - (parts["focal"] - parts["reference"])).abs().max() < 1e-9
        assert len(parts) > 0


@pytest.mark.parametrize("changed", [{"weights": "unit"}, {"sample": "own"}, {"n_comparison_districts": 1},
                                     {"n_program_units": 2}])
def test_a_lone_effect_that_is_no_difference_of_shown_cells_is_withheld(maker, changed):
    assert (lone_effects(maker, gap=3.0, **changed)["suppression"] == "primary").all()


def one_effect(maker, **of_focal):
    """The public overall effect on a gap and its parts, when the focal part differs as told."""
    estimates = conform(pd.DataFrame(list(maker._estimates(STUDY))), "estimates")
    chosen = estimates.query("estimand == 'overall' and specification == 'headline_dile' and gap_id == 'black_white' "
                             "and outcome_id == 'chronic_absence_pct'").copy()
    chosen["level"] = chosen["part"].map({"focal": 20.5, "reference": 10.4, "gap": 10.1})
    for name, value in of_focal.items():
        chosen.loc[chosen["part"] == "focal", name] = value
    no_levels = pd.DataFrame(columns=["scope", "scope_id", "outcome_id", "gap_id", "gap"])
    return public_estimates(chosen, no_levels, STUDY, POLICY).set_index("part")


def test_levels_of_percentages_are_whole_numbers_that_add_up(maker):
    effect = one_effect(maker)
    assert effect["level"].to_dict() == {"focal": 21.0, "reference": 10.0, "gap": 11.0}
    assert effect.loc["gap", "value"] == -2.123


def test_levels_of_scores_have_two_decimals(tables):
    effects = tables["public_estimates"]
    scores = effects[effects["unit_name"].isin({o.unit_name for o in STUDY.outcomes if o.kind == "score"})]
    assert set(scores.loc[scores["part"] == "focal", "level"].dropna()) == {20.12}


def test_an_effect_on_a_gap_is_withheld_when_one_of_its_parts_is(maker):
    effect = one_effect(maker, n_students=9)
    assert effect["suppression"].to_dict() == {"focal": "primary", "reference": "none", "gap": "primary"}
    assert effect.loc[["focal", "gap"], ["value", "level", "n_students_rounded"]].isna().all(axis=None)


def test_cohorts_that_could_not_be_estimated_are_named_in_the_release(maker):
    assert one_effect(maker, dropped_cohorts="2020").loc["focal", "dropped_cohorts"] == "2020"


def test_a_partial_first_period_is_labelled_in_the_release_with_its_share_withheld_or_not(maker):
    names = ["suppression", "partial_first_cohorts", "exposed_pct"]
    effect = one_effect(maker, partial_first_cohorts="2022", exposed_pct=58, n_students=9)
    assert effect.loc["focal", names].tolist() == ["primary", "2022", 58]
    assert effect.loc["reference", names[1:]].isna().all()


def test_effects_carry_at_most_four_digits(tables):
    effects = tables["public_estimates"]
    for name in (c for c in effects.columns if COLUMNS[c].dtype == "Float64"):
        values = effects[name].dropna().astype(float)
        assert (values == [float(f"{v:.4g}") for v in values]).all(), name


def test_a_withheld_part_leaves_no_diagnostics_of_its_gap(maker):
    estimates = conform(pd.DataFrame(list(maker._estimates(STUDY))), "estimates")
    one = estimates[estimates["estimand"] == "overall"].groupby("part").head(1).copy()
    one.loc[one["part"] == "focal", "n_students"] = 9
    assert public_diagnostics(maker.diagnosed(one), one, POLICY)["part"].tolist() == ["reference"]


def test_leave_one_out_is_released_as_counts(maker):
    key = list(TABLES["pre_trends"].key)
    estimates = conform(pd.DataFrame(list(maker._estimates(STUDY))), "estimates")
    one = estimates[(estimates["estimand"] == "overall")].iloc[[0]]
    left = pd.concat([one[key].assign(left_out_kind=kind, left_out=d, value=v, se=1.0, df=5.0, ci_low=0.0, ci_high=1.0,
                                      verdict=w)
                      for kind, d, v, w in (("district", "a", -1.0, one["verdict"].item()),
                                            ("district", "b", 2.0, "cannot_tell"),
                                            ("cohort", "2022", -3.0, "cannot_tell"))])
    made = maker.diagnosed(one) | {"leave_one_out": left}
    made["detectable_effects"] = made["detectable_effects"].assign(detectable=1.23456)
    row = public_diagnostics(made, one, POLICY).iloc[0]
    assert (row["districts_left_out"], row["same_sign"], row["same_verdict"]) == (2, 1, 1)
    assert (row["cohorts_left_out"], row["cohorts_same_sign"], row["cohorts_same_verdict"]) == (1, 1, 0)
    assert row["detectable"] == 1.235
    assert row["slope_80"] == 1.198


COUNTS = ["rows_in", "rows_accepted", "rows_quarantined", "rows_refused"]


def received(table, *files):
    """The public intake, in order, of files of one table with rows accepted, set aside and refused."""
    given = pd.DataFrame([{"district_id": f"{i:03}", "school_year": 2024, "table": table, "file": "a.csv",
                           "rows_in": sum(counts), "rows_accepted": counts[0], "rows_quarantined": counts[1],
                           "rows_refused": counts[2], "refusal": None} for i, counts in enumerate(files)])
    out = conform(public_intake(given, POLICY), "public_intake").sort_values("district_id")
    return [([None if pd.isna(row[c]) else int(row[c]) for c in COUNTS], row["suppression"])
            for row in out.to_dict("records")]


@pytest.mark.parametrize(("rows", "shown", "suppression"), [
    ((1234, 0, 0), [1230, 1230, 0, 0], "none"),
    ((1234, 12, 15), [1260, 1230, 10, 20], "none"),
    ((1234, 3, 0), [1240, 1230, None, 0], "primary"),
    ((9, 0, 0), [None, None, 0, 0], "primary"),
    ((4, 0, 0), [None, None, 0, 0], "primary"),
    ((0, 0, 7), [None, 0, 0, None], "primary"),
    ((9, 9, 0), [20, None, None, 0], "primary"),
    ((10, 0, 0), [10, 10, 0, 0], "none"),
])
def test_one_to_nine_rows_of_students_are_hidden_and_never_zero(rows, shown, suppression):
    assert received("student_year", rows) == [(shown, suppression)]


def test_no_number_of_hidden_rows_can_be_told_from_the_rows_beside_it():
    shown: dict[tuple[object, ...], set[int]] = {}
    files = [(accepted, aside, 0) for accepted in range(1, 41) for aside in range(1, 10)]
    for (_, aside, _), (counts, _) in zip(files, received("enrollment", *files), strict=True):
        shown.setdefault(tuple(counts), set()).add(aside)
    assert min(max(aside) - min(aside) for aside in shown.values()) >= 3


@pytest.mark.parametrize("table", ["school_year", "public_cell"])
def test_rows_of_schools_and_of_published_cells_are_exact(table):
    assert received(table, (4, 1, 2)) == [([7, 4, 1, 2], "none")]


def test_released_parquet_has_no_statistics(maker, tmp_path):
    folder = maker.make(tmp_path, STUDY) / "public"
    for path in folder.glob("*.parquet"):
        meta = pq.read_metadata(path)
        for group in range(meta.num_row_groups):
            assert all(meta.row_group(group).column(i).statistics is None for i in range(meta.num_columns))
