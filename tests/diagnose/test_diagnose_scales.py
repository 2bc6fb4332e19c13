"""From item moments to the decision on a scale; the statistics themselves are tested in tests/stats/standards."""

import numpy as np
import pandas as pd
import pytest

from evaluation.contracts import TABLES, conform
from evaluation.diagnose.scales import scale_tables
from evaluation.panel.items import no_items
from evaluation.stats.standards.reliability import cronbach_alpha

ITEMS = [f"bel{i}" for i in range(1, 6)]
LOADING = np.array([0.7, 0.8, 0.6, 0.9, 0.5])


def answers(seed, n, *, level=0.0, shift=0.0):
    rng = np.random.default_rng(seed)
    points = 3 + level * LOADING + rng.normal(size=(n, 1)) * LOADING + rng.normal(size=(n, 5)) * 0.7
    points[:, 2] += shift
    return np.clip(np.rint(points), 1, 5).astype(int)


def moments(drawn):
    """{(state, wave, group): answers (n, 5), negative where missing} as the table `item_moments`."""
    rows = []
    for (state, wave, group), x in drawn.items():
        for i in range(5):
            for j in range(i, 5):
                both = (x[:, i] > 0) & (x[:, j] > 0)
                rows.append({"outcome_id": "belonging_1to5", "state": state, "grade_band": "middle",
                             "period_kind": "wave", "period": wave, "dimension": "race_ethnicity", "group_id": group,
                             "item_i": ITEMS[i], "item_j": ITEMS[j], "n_answered": both.sum(),
                             "sum_i": x[both, i].sum(), "sum_j": x[both, j].sum(),
                             "sum_ij": (x[both, i] * x[both, j]).sum()})
    return conform(pd.DataFrame(rows), "item_moments")


def tables(drawn, study):
    return {name: conform(pd.DataFrame(rows).reindex(columns=list(TABLES[name].columns)), name)
            for name, rows in scale_tables(moments(drawn), study).items()}


@pytest.fixture
def study(study_of):
    return study_of({"ia-1": 2004})


def test_reliability_is_that_of_the_students_of_all_states(study):
    one, other = answers(1, 80), answers(2, 70)
    found = tables({("ia", 20241, "black"): one, ("oh", 20241, "black"): other}, study)["scale_reliability"]
    both = np.vstack([one, other])
    expected = cronbach_alpha(np.cov(both.T), 150)
    assert len(found) == 1
    row = found.iloc[0]
    assert (row["n_students"], row["n_items"]) == (150, 5)
    assert row[["alpha", "alpha_low", "alpha_high"]].tolist() == pytest.approx(
        [expected.value, expected.ci_low, expected.ci_high])
    assert 0 < row["alpha"] - 0.02 < row["omega"] < 1


def test_missing_answers_count_pair_by_pair(study):
    x = answers(3, 200)
    x[:40, 1] = -1
    row = tables({("ia", 20241, "black"): x}, study)["scale_reliability"].iloc[0]
    assert row["n_students"] == 160
    assert row["alpha"] == pytest.approx(cronbach_alpha(pd.DataFrame(x).where(x > 0).cov().to_numpy(), 160).value)


def test_few_students_have_no_reliability(study):
    row = tables({("ia", 20241, "black"): answers(4, 29)}, study)["scale_reliability"].iloc[0]
    assert row[["alpha", "alpha_low", "alpha_high", "omega"]].isna().all()


def test_a_scale_that_measures_alike_holds_wave_by_wave_and_at_once(study):
    drawn = {("ia", wave, group): answers(10 * wave + k, 600, level=-0.4 * k)
             for wave in (20241, 20242) for k, group in enumerate(("white", "black"))}
    found = tables(drawn, study)["measurement_invariance"]
    assert found["compared"].tolist() == ["groups_and_waves", "groups", "groups"]
    assert found["period"].isna().tolist() == [True, False, False]
    assert set(found["invariance"]) == {"holds"}
    waves = found[found["compared"] == "groups"]
    assert (waves["gap"] - waves["gap_by_factor"] - waves["gap_by_items"]).abs().max() < 1e-12
    assert (waves["gap_by_items"].abs() < 0.05).all()
    x = drawn[("ia", 20241, "black")].mean() - drawn[("ia", 20241, "white")].mean()
    assert waves.set_index("period").loc[20241, "gap"] == pytest.approx(x)
    assert found[["cfi", "cfi_loadings", "cfi_intercepts"]].notna().all(axis=None)


def test_an_item_that_works_differently_is_named(study):
    drawn = {("ia", 20241, "white"): answers(1, 3000), ("ia", 20241, "black"): answers(2, 500, shift=-0.6)}
    row = tables(drawn, study)["measurement_invariance"].set_index("compared").loc["groups"]
    assert (row["invariance"], row["invariance_reason"]) == ("partial", "intercepts")
    assert (row["worst_item"], row["freed_items"]) == ("bel3", "bel3")
    assert row["gap_by_items"] == pytest.approx(-0.12, abs=0.05)


def test_a_small_group_cannot_tell_and_does_not_fail(study):
    drawn = {("ia", 20241, "white"): answers(1, 3000), ("ia", 20241, "black"): answers(2, 60, shift=-2),
             ("ia", 20242, "white"): answers(3, 3000), ("ia", 20242, "black"): answers(4, 400)}
    found = tables(drawn, study)["measurement_invariance"].set_index(["compared", "period"])
    small = found.loc[("groups", 20241)]
    assert (small["invariance"], small["invariance_reason"]) == ("cannot_tell", "small_group")
    assert small[["cfi", "gap", "worst_item"]].isna().all()
    joint = found.xs("groups_and_waves", level="compared").iloc[0]
    assert (joint["invariance"], joint["n_focal"]) == ("holds", 400)


def test_a_gap_is_asked_for_only_where_both_groups_answered(study):
    found = tables({("ia", 20241, "black"): answers(1, 300)}, study)
    assert found["measurement_invariance"].empty


def test_a_study_without_scales_has_empty_tables(study):
    found = scale_tables(no_items(), study)
    assert found == {"scale_reliability": [], "measurement_invariance": []}
