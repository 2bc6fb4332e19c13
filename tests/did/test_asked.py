"""Options that an estimator knows or refuses, what it compares with, and words that name the user's columns."""

from typing import get_args

import numpy as np
import pytest

from evaluation.contracts.choices import EstimatorName
from evaluation.did import did
from evaluation.did.known import CHOICES, KNOWN
from evaluation.errors import PanelError
from tests.did.panels import NAMED, panel, with_groups

ONE = (4, *[np.nan] * 11)
GIVEN = {"comparison": "never", "base": "varying", "adjustment": "regression", "sampling": "repeated_cross_sections"}
GAP = {"group": "g", "focal": "a", "reference": "b"}


def refused(data, **options) -> str:
    with pytest.raises(PanelError) as error:
        did(data, **{**NAMED, **options})
    return str(error.value)


def of(estimator: str, **options):
    data = panel(starts=ONE) if estimator.startswith("synthetic") else panel()
    if estimator == "triple_difference":
        data, options = with_groups(data), {**GAP, **options}
    return did(data, **{**NAMED, **options}, estimator=estimator)


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("estimator", get_args(EstimatorName))
def test_a_choice_is_known_or_refused(estimator, choice):
    covariates = {"covariates": ["x"]} if choice == "adjustment" and choice in KNOWN.get(estimator, ()) else {}
    if choice in KNOWN.get(estimator, ()):
        found = of(estimator, **{choice: GIVEN[choice]}, **covariates, inference="cr1")
        assert found.specification[choice] == GIVEN[choice]
    else:
        with pytest.raises(PanelError, match=f"option --{choice}: `{estimator}` has no choice of {choice}"):
            of(estimator, **{choice: GIVEN[choice]})
        assert of(estimator).specification[choice] is None


@pytest.mark.parametrize(("estimator", "compared"), [
    ("group_time_att", "units not (yet) in the program"), ("sun_abraham", "units that never start"),
    ("twfe", "all other units, those already in the program among them"),
    ("event_study", "all other units, those already in the program among them"),
    ("imputation", "units not (yet) in the program"), ("etwfe_poisson", "units not (yet) in the program"),
    ("synthetic_did", "a weighted mean of units that stay out of the program"),
])
def test_whom_an_estimator_compares_with_is_said(estimator, compared):
    assert of(estimator).specification["compared_with"] == compared


def test_without_never_units_sun_abraham_says_that_it_takes_the_last_cohort():
    found = did(panel(starts=(3, 5)), **NAMED, estimator="sun_abraham")
    assert found.specification["compared_with"] == "the cohort that starts last, before it starts"


def test_what_was_used_by_default_is_said():
    said = of("group_time_att").specification
    assert [said[c] for c in CHOICES] == ["not_yet", "universal", "none", "panel"]
    assert of("group_time_att", covariates=["x"]).specification["adjustment"] == "dr"


@pytest.mark.parametrize(("options", "said"), [
    ({"focal": "a"}, "option --focal: it names a group"),
    ({"reference": "a"}, "option --reference: it names a group"),
    ({"group": "g", "focal": "a", "reference": ""}, "option --reference: it names no group"),
    ({"group": "g", "focal": "gap", "reference": "a"}, "option --focal: a group cannot be called gap"),
    ({"group": "g", "focal": "1", "reference": "1.0"}, "the same group"),
    ({"covariates": [","]}, "option --covariates: it names no column"),
    ({"covariates": ["x"], "adjustment": "none"}, "option --adjustment: adjustment `none` would leave"),
    ({"covariates": ["x"], "sampling": "repeated_cross_sections"}, "--covariates: cross-sections have no change"),
    ({"adjustment": "dr"}, "adjustment `dr` needs covariates"),
    ({"seed": -1}, "option --seed: a seed is 0 or more"),
    ({"draws": 10}, "option --draws: fewer than 99"),
])
def test_options_that_do_not_go_together_are_refused(options, said):
    assert said in refused(with_groups(panel()), **options)


def test_covariates_are_separated_by_commas_unless_a_column_has_one_in_its_name():
    data = panel().assign(z=lambda d: d["x"] ** 2)
    both = did(data, **NAMED, covariates=["x", "z"], adjustment="regression")
    for written in (["x, z"], "x,z"):
        assert did(data, **NAMED, covariates=written, adjustment="regression").estimates == both.estimates
    named = data.rename(columns={"x": "a,b"})
    assert did(named, **NAMED, covariates=["a,b", "z"], adjustment="regression").estimates == both.estimates


@pytest.mark.parametrize(("made", "names", "said"), [
    (lambda d: 1.5, ["x", "k"], "covariate `k` is the same in all 12 units"),
    (lambda d: d["x"], ["x", "k"], "covariate `k` says the same as `x`"),
    (lambda d: d["x"] * 1e6 + 3, ["k", "x"], "covariate `x` says the same as `k`"),
    (lambda d: d["x"] - 2 * d["w"], ["x", "w", "k"], "covariate `k` is a combination of `x`, `w`"),
])
def test_a_covariate_that_adds_nothing_is_named(made, names, said):
    assert said in refused(panel().assign(k=made), covariates=names)


def test_a_covariate_far_from_zero_is_no_constant():
    data = panel(60)
    near, far = (did(data.assign(x=data["x"] + shift), **NAMED, covariates=["x"], adjustment="regression")
                 for shift in (0, 1e6))
    assert far.estimates[0].value == pytest.approx(near.estimates[0].value, abs=1e-6)


def test_a_poisson_regression_names_the_outcome_and_its_negative_rows():
    data = panel()
    data.loc[[3, 7], "y"] = -1
    assert "column `y` is below 0 in 2 rows" in refused(data, estimator="etwfe_poisson")


@pytest.mark.parametrize(("options", "said"), [
    ({"estimator": "event_study"}, "all 12 units start within the periods, and `event_study` compares"),
    ({"estimator": "synthetic_did"}, "and `synthetic_did` compares"),
    ({"estimator": "stacked"}, "no cohort is seen before its start beside units that stay out"),
    ({"comparison": "never"}, "all 12 units have a first program period, so none never starts"),
    ({"estimator": "stacked", "comparison": "never"}, "so none never starts"),
])
def test_without_never_units_it_is_said_who_is_missing(options, said):
    assert said in refused(panel(starts=(3, 5)), **options)


@pytest.mark.parametrize(("made", "options", "said"), [
    (lambda d: d.query("u != 3 or t > 1"), {"estimator": "twfe", "decompose": True}, "1 of 12 units miss one"),
    (lambda d: d.assign(x=d["s"].notna() * 1.0), {"covariates": ["x"], "adjustment": "ipw"}, "the covariates separate"),
    (lambda d: d.assign(y=d["y"].where(d["s"] != 3, 0)), {"estimator": "etwfe_poisson"}, "values of `y` of"),
    (lambda d: d, {"estimator": "synthetic_control"}, "choose another --estimator"),
])
def test_a_sentence_of_the_core_speaks_the_words_of_the_file(made, options, said):
    found = refused(made(panel()), **options)
    assert said in found
    assert not [word for word in ("strat", "`all`", "stacked design", "draws=") if word in found]


@pytest.mark.parametrize("estimator", ["synthetic_did", "synthetic_control"])
def test_synthetic_estimators_have_effects_by_event_time_and_their_average(estimator):
    found = of(estimator, aggregate_by="event")
    assert {e.event_time for e in found.estimates if e.estimand == "event_time"} == {-3, -2, -1, 0, 1}
    after = [e.value for e in found.estimates if e.event_time is not None and e.event_time >= 0]
    average = next(e for e in found.estimates if e.estimand == "overall")
    assert average.value == pytest.approx(np.mean(after))
    assert average.p_value is not None


def test_the_decomposition_calls_groups_by_their_codes():
    found = did(with_groups(panel()), **NAMED, **GAP, estimator="twfe", decompose=True)
    assert {part["group"] for part in found.decomposition} == {e.group for e in found.estimates} == {"gap", "a", "b"}


@pytest.mark.parametrize("data", [panel(starts=(2, 8), periods=8), with_groups(panel(starts=(2, 8), periods=8))])
def test_a_two_way_effect_always_says_what_enters_with_its_sign_turned(data):
    found = did(data, **NAMED, **(GAP if "g" in data else {}), estimator="twfe").to_dict()["negative_weights"]
    # six units start in 2, six in 8, of eight periods: D̃ is ½ in 2 … 7 less (7/8 − ½) = 1/8, −3/8 in 8, of late 3/8
    in_program = 6 * 6 / 8 - 6 * 3 / 8 + 6 * 3 / 8
    assert (found["n_cells"], found["n_negative"]) == (6 * 8, 6)
    assert found["share_of_cells"] == pytest.approx(6 / 48)
    assert found["total"] == pytest.approx(-6 * 3 / 8 / in_program)
    assert found["share_of_weight"] == pytest.approx(18 / (36 + 18 + 18))


def test_other_estimators_say_nothing_of_negative_weights():
    assert "negative_weights" not in of("group_time_att").to_dict()


def test_a_range_of_negative_periods_is_written_in_words():
    data = panel().assign(t=lambda d: d["t"] - 10, s=5.0)
    assert "within the periods from -9 to -5" in refused(data)
