"""Every estimator through a specification, by what must hold of its rows."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from evaluation.contracts import conform
from evaluation.contracts.choices import EstimatorName
from evaluation.contracts.table import CI
from evaluation.design import topics
from evaluation.estimate.one import estimate
from evaluation.estimate.planned import with_standing
from evaluation.stats.inference.coverage import Achieved
from evaluation.stats.inference.rules import Gates

UNITS = tuple(f"ia-{i}" for i in range(10, 24))
STARTS = {"ia-10": 2003, "ia-11": 2003, "ia-12": 2004, "ia-13": 2004, "ia-14": 2004}
EFFECT = {"black": -6.0, "white": -2.0}


@pytest.fixture
def rows_of(cells_of, study_of):
    """Cells with a planted constant effect and no noise but unit and period effects; rows of a specification."""

    def rows(starts=STARTS, *, noise=0.0, factor=1.0, gates=None, **changes):
        rng = np.random.default_rng(5)
        unit = dict(zip(UNITS, rng.uniform(20, 40, len(UNITS)), strict=True))
        values = {}
        for u in UNITS:
            for p in range(2001, 2007):
                for g in ("black", "white"):
                    into = starts.get(u, 9999) <= p
                    mean = unit[u] + 2 * (p - 2001) + 10 * (g == "black") + EFFECT[g] * into + noise * rng.normal()
                    values[u, p, g] = (factor * mean, int(rng.integers(20, 60)))
        study = study_of(starts)
        specification = study.specifications[0].model_copy(update={"weights": "focal", **changes})
        study = study.model_copy(update={"specifications": (specification,)})
        made = estimate(cells_of(values), study, topics(study)[0], gates=gates)
        frame = conform(with_standing(pd.DataFrame(made.estimates), study, ()), "estimates")
        return frame, made

    return rows


def overall(frame, part):
    return frame[(frame["estimand"] == "overall") & (frame["part"] == part)].iloc[0]


@pytest.mark.parametrize("name", ["twfe", "group_time_att", "sun_abraham", "imputation", "etwfe", "stacked"])
@pytest.mark.parametrize("weights", ["focal", "unit", "own"])
def test_a_constant_effect_is_found_by_every_linear_estimator(rows_of, name, weights):
    frame, _ = rows_of(estimator=name, weights=weights)
    found = {part: overall(frame, part)["value"] for part in ("gap", "focal", "reference")}
    assert found == pytest.approx({"gap": -4, "focal": -6, "reference": -2}, abs=1e-8)


@pytest.mark.parametrize("name", get_args(EstimatorName))
def test_every_estimator_gives_rows_that_fit_the_contract_and_say_their_inference(rows_of, name):
    starts = {"ia-10": 2004} if name.startswith("synthetic") else STARTS
    frame, _ = rows_of(starts, noise=1.0, estimator=name)
    assert not frame.empty
    expected = {"synthetic_did": "placebo", "synthetic_control": "placebo", "etwfe_poisson": "cv3",
                "triple_difference": "cv3"}.get(name, "cr2")
    assert set(frame["inference"]) <= {expected, "none"}
    assert (frame["n_program_districts"] > 0).all()


def test_the_gap_of_groups_with_own_weights_splits_into_within_and_between(rows_of):
    frame, made = rows_of(noise=2.0, weights="own")
    split = {row["split"]: row["value"] for row in made.splits}
    assert split["gap"] == pytest.approx(split["within"] + split["between"], abs=1e-10)
    assert split["gap"] == pytest.approx(overall(frame, "gap")["value"], abs=1e-10)
    assert overall(frame, "gap")["value"] == pytest.approx(
        overall(frame, "focal")["value"] - overall(frame, "reference")["value"], abs=1e-10)


ONCE = dict.fromkeys(UNITS[:5], 2003)
"""One start of five districts: the rules for few clusters withhold nothing."""


def gates(*, coverage: float | None) -> Gates:
    """Gates that know one coverage of every interval; 94 % is required."""
    found = Achieved(coverage, coverage, 0.94, coverage is not None and coverage >= 0.94, None)
    return Gates(lambda *asked: found, lambda *asked: found)


@pytest.mark.parametrize(("coverage", "reason"), [(0.95, None), (0.93, "low_coverage"), (None, "not_simulated")])
def test_a_split_or_a_relative_effect_of_a_refused_design_has_no_interval_and_says_why(rows_of, coverage, reason):
    shown = reason is None
    _, own = rows_of(ONCE, noise=2.0, weights="own", gates=gates(coverage=coverage))
    assert [row["split"] for row in own.splits] == ["gap", "within", "between"]
    for row in own.splits:
        assert row["no_interval"] == reason
        assert row["se"] > 0
        assert [row[name] is not None for name in (*CI, "p_value")] == [shown] * 5
    _, same = rows_of(ONCE, noise=2.0, gates=gates(coverage=coverage))
    assert {row["estimand"] for row in same.relative} == {"overall", "cohort", "phase", "event_time", "calendar"}
    for row in same.relative:
        assert row["no_interval"] == reason
        assert row["log_se"] > 0
        assert [row[name] is not None for name in ("ratio_low", "ratio_high", "p_value")] == [shown] * 3


def test_weights_of_own_gap_give_its_value(rows_of):
    frame, made = rows_of(noise=2.0, weights="own")
    weights = pd.concat(made.weights)
    mine = weights[weights["estimand"] == "overall"].groupby("group_id")["weight"].sum()
    assert mine.abs().max() < 1e-10
    assert overall(frame, "gap")["verdict"] != ""


def test_a_triple_difference_is_about_the_eligible(rows_of):
    frame, _ = rows_of(estimator="triple_difference")
    assert set(frame["part"]) == {"focal"}
    assert overall(frame, "focal")["value"] == pytest.approx(-4, abs=1e-8)


def test_a_poisson_effect_is_on_the_scale_of_the_outcome(rows_of):
    frame, _ = rows_of(estimator="etwfe_poisson")
    gap, focal, reference = (overall(frame, part)["value"] for part in ("gap", "focal", "reference"))
    assert gap == pytest.approx(focal - reference, abs=1e-8)
    assert focal == pytest.approx(-6, abs=1.0)


def test_relative_effects_are_ratios_of_ratios(rows_of):
    _, made = rows_of()
    row = next(r for r in made.relative if r["estimand"] == "overall")
    assert row["ratio"] == pytest.approx(np.exp(row["log_ratio"]))
    assert 0.8 < row["ratio"] < 1


def test_a_pool_without_learners_leaves_their_districts_out(rows_of, study_of):
    everybody, _ = rows_of(noise=1.0)
    assert overall(everybody, "gap")["n_comparison_districts"] == 12


def test_covariates_adjust_and_are_said_in_the_specification(rows_of):
    frame, _ = rows_of(noise=1.0, adjustment="regression", covariates=("level",))
    assert overall(frame, "gap")["inference"] == "cv3"
    assert overall(frame, "gap")["value"] == pytest.approx(
        overall(frame, "focal")["value"] - overall(frame, "reference")["value"], abs=1e-10)


def test_cohorts_can_be_kept_alone(rows_of):
    frame, _ = rows_of(noise=1.0, cohorts=(2004,))
    assert set(frame.loc[frame["estimand"] == "cohort", "cohort"]) == {2004}
