import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.stats.standards.disproportionality import alternate_risk_ratio, describe_group, weighted_risk_ratio

STATE_OTHERS = {"5.1 B": (5100, 341183), "5.3 NH": (175, 52276), "5.4 HL removals": (440, 44995),
                "5.2 HL placement": (4156, 34455)}
"""Events and students of all other groups in the state, from the tables of the reference case's own page."""


@pytest.fixture(scope="module")
def case(education):
    return education["disproportionality"]


def arrays(case, *names):
    return [np.array(case[name], dtype=float) for name in names]


DIGITS = {"risk": 5e-7, "other_risk": 5e-7, "risk_ratio": 5e-5, "risk_difference": 5e-7, "composition": 5e-7,
          "composition_of_students": 5e-7, "composition_difference": 5e-7, "relative_difference": 5e-6,
          "composition_bound": 5e-7, "weighted": 5e-7}
"""Half of the last digit that the reference case gives."""
RISKS = {"risk": "risk", "other_risk": "other", "risk_ratio": "rr", "risk_difference": "rd", "composition": "comp",
         "composition_bound": "e_bound", "weighted": "wrr"}
COMPOSITIONS = {"composition_of_students": "comp_pop", "composition_difference": "comp_diff",
                "relative_difference": "rel"}
RATES = {"risk": "rate", "other_risk": "other", "risk_ratio": "ratio", "risk_difference": "diff", "weighted": "wr"}


@pytest.mark.parametrize(("named", "group", "columns", "names", "digits"), [
    ("ID_B", "B", ("ID_count", "ID_enroll", "ID_state_enroll"), RISKS | COMPOSITIONS, {}),
    ("SUSP_A", "A", ("SUSP_count", "SUSP_n", "SUSP_state_n"), RISKS, {}),
    ("REM_2M", "M2", ("REM_count", "REM_n", "SUSP_state_n"), RATES, {"risk": 5e-6, "risk_difference": 1.5e-6})],
    ids=["identification", "suspension", "removals per student"])
def test_a_group_is_the_reference_case(case, named, group, columns, names, digits):
    expected = case[named]
    events, students, state = arrays(case, *columns)
    place = case["groups"].index(group)
    found = vars(describe_group(events, students, place)) | {
        "weighted": weighted_risk_ratio(events, students, place, state_students=state)}
    for name, theirs in names.items():
        assert found[name] == pytest.approx(expected[theirs], abs=(DIGITS | digits)[name]), (name, case["source"])


def test_alternate_risk_ratios_are_the_reference_case(case):
    for example in case["ARR"]:
        events, students = STATE_OTHERS[example["example"]]
        found = alternate_risk_ratio(*example["num"], state_other_events=events, state_other_students=students)
        assert found == pytest.approx(example["arr"], abs=5e-5), (example["example"], case["source"])
    assert case["ARR"][0]["state_other"] == list(STATE_OTHERS["5.1 B"])


COUNTS = st.lists(st.tuples(st.integers(1, 50), st.integers(60, 5000)), min_size=2, max_size=6)


@given(COUNTS, st.integers(2, 9))
def test_equal_risks_are_no_disproportion_whatever_the_composition(counts, times):
    students = np.array([float(n) for _, n in counts])
    found = describe_group(students / times, students, 0)
    assert found.risk_ratio == pytest.approx(1)
    assert found.composition == pytest.approx(found.composition_of_students)
    assert weighted_risk_ratio(students / times, students, 0, state_students=students[::-1]) == pytest.approx(1)


@given(COUNTS)
def test_weighted_by_its_own_students_the_ratio_is_the_plain_one(counts):
    events, students = (np.array([float(c[i]) for c in counts]) for i in (0, 1))
    assert weighted_risk_ratio(events, students, 0, state_students=students) == pytest.approx(
        describe_group(events, students, 0).risk_ratio)


def test_a_ratio_to_nobody_is_not_defined():
    assert np.isnan(describe_group(np.array([3.0, 0]), np.array([10.0, 20]), 0).risk_ratio)
    with pytest.raises(ValueError, match="at least one of each"):
        describe_group(np.zeros(2), np.array([10.0, 20]), 0)
