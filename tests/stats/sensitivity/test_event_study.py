"""Differences per period, what is refused, and few clusters."""

import numpy as np
import pytest

from evaluation.stats.sensitivity.event_study import EventStudy, differences, widened
from evaluation.stats.sensitivity.robust import robust_set


def study_at(times, n_pre, base=-1, **given):
    m = len(times)
    return EventStudy(np.arange(1.0, m + 1), np.eye(m), np.array(times), n_pre, base, **given)


def test_with_unit_spacing_the_differences_are_the_standard_ones():
    study = study_at([-3, -2, 0, 1], 2)
    pre, post = differences(study, 1)
    assert np.array_equal(pre, [[-1, 1, 0, 0], [0, -1, 0, 0]])
    assert np.array_equal(post, [[0, 0, 1, 0], [0, 0, -1, 1]])
    pre, post = differences(study, 2)
    assert np.array_equal(pre, [[1, -2, 0, 0]])
    assert np.array_equal(post, [[0, 1, 1, 0], [0, 0, -2, 1]])


def test_a_change_over_a_hole_counts_per_period():
    pre, post = differences(study_at([-4, -1, 1], 2, base=-2), 1)
    assert np.array_equal(pre, [[-1 / 2, 0, 0], [0, 1, 0]])
    assert np.array_equal(post, [[0, -1 / 2, 1 / 2]])
    _, post = differences(study_at([-4, 0], 1), 2)
    # slope 1/3 before the base, 1 after, their middles two periods apart
    assert post == pytest.approx(np.array([[1 / 3, 1]]) / 2)


@pytest.mark.parametrize("seed", range(20))
def test_a_path_that_keeps_a_bound_in_every_year_keeps_it_when_years_are_left_out(seed):
    rng = np.random.default_rng(seed)
    years = np.arange(-9, 6)
    bend = rng.uniform(-1, 1, len(years) - 2)
    path = np.concatenate([[0], np.cumsum(np.concatenate([[rng.normal()], bend]).cumsum())])
    left_out = rng.choice(years[years != -1], 5, replace=False)
    kept = years[~np.isin(years, [*left_out, -1])]
    study = study_at(kept, int((kept < 0).sum()))
    delta = path[np.isin(years, kept)] - path[years == -1]
    for order, limit in ((1, np.abs(np.diff(path)).max()), (2, np.abs(bend).max())):
        assert max(np.abs(rows @ delta).max(initial=0) for rows in differences(study, order)) <= limit + 1e-12


def test_a_straight_line_has_no_change_of_slope_whatever_the_spacing():
    study = study_at([-8, -5, -4, 0, 3, 4], 3, base=-2)
    for rows in differences(study, 2):
        assert rows @ study.since_base == pytest.approx(np.zeros(len(rows)), abs=1e-12)
    for rows in differences(study, 1):
        assert rows @ study.since_base == pytest.approx(np.ones(len(rows)))


DEFICIENT = np.ones((3, 3)) + np.diag([0, 0, 1.0])
REFUSED = {
    "pre and one post": {"n_pre": 0},
    "one pre and one post": {"n_pre": 3},
    "universal": {"event_time": np.array([-2, -1, 0])},
    "increase": {"event_time": np.array([-2, -3, 0])},
    "lies after": {"base": 1},
    "deficient rank": {"covariance": DEFICIENT},
    "finite and symmetric": {"covariance": np.eye(3) + np.eye(3, k=1)},
    "need 3 values": {"value": np.ones(4)},
    "missing or infinite": {"value": np.array([1, np.nan, 1])},
    "Degrees of freedom": {"df": 0.0},
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_is_no_event_study_is_refused_with_a_sentence(sentence):
    right = {"value": np.ones(3), "covariance": np.eye(3), "event_time": np.array([-3, -2, 0]), "n_pre": 2}
    EventStudy(**right)
    with pytest.raises(ValueError, match=sentence):
        EventStudy(**right | REFUSED[sentence])


def test_an_event_time_without_variance_is_refused():
    with pytest.raises(ValueError, match="deficient rank"):
        EventStudy(np.ones(2), np.diag([1.0, 0.0]), np.array([-2, 0]), 1)


def test_with_few_clusters_the_interval_without_departure_is_the_t_interval():
    study = study_at([-3, -2, 0, 1], 2, df=5.0)
    found = robust_set(study, "relative_magnitude", 0.0)
    # t(.975, 5) = 2.570582
    assert [found.ci_low, found.ci_high] == pytest.approx([3 - 2.570582, 3 + 2.570582], abs=1e-6)
    assert widened(study_at([-3, 0], 1), 0.05) is not None


def test_fewer_degrees_of_freedom_never_shorten_an_interval(random_study):
    study = random_study(4, n_pre=3, n_post=3)
    for kind, m in (("relative_magnitude", 1.0), ("smoothness", 0.3)):
        length = []
        for df in (None, 30.0, 8.0, 4.0):
            found = robust_set(EventStudy(study.value, study.covariance, study.event_time, 3, df=df), kind, m)
            length.append(found.ci_high - found.ci_low)
        assert np.all(np.diff(length) > 0)


def test_times_that_are_means_over_cohorts_need_not_be_whole():
    pre, post = differences(study_at([-2.5, -1.25, 1.5], 2, base=0), 1)
    assert pre == pytest.approx(np.array([[-0.8, 0.8, 0], [0, -0.8, 0]]))
    assert post == pytest.approx(np.array([[0, 0, 1 / 1.5]]))
