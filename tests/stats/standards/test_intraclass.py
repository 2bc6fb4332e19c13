"""The intraclass correlation from clusters' sizes, means and squares."""

import numpy as np
import pytest

from evaluation.stats.standards.intraclass import intraclass_correlation


def of_students(groups, sample):
    n = np.array([len(g) for g in groups], dtype=float)
    mean = np.array([np.mean(g) for g in groups])
    squares = np.array([((np.array(g) - np.mean(g)) ** 2).sum() for g in groups])
    return intraclass_correlation(n, mean, squares, np.array(sample))


def test_two_clusters_by_hand():
    # means 2 and 6, B = 2·(2² + 2²) = 16, W = (2 + 2)/2 = 2, n₀ = 2: ρ = 14 / 18
    assert of_students([[1, 3], [5, 7]], [0, 0]) == pytest.approx(14 / 18)


def test_unequal_sizes_by_hand():
    # N = 6, means 1 and 4, grand mean 3; B = 2·4 + 4·1 = 12, W = (2 + 4)/4 = 1.5, n₀ = 6 − 20/6 = 8/3
    assert of_students([[0, 2], [3, 3, 5, 5]], [0, 0]) == pytest.approx(10.5 / (12 + 5 / 3 * 1.5))


def test_differences_between_samples_are_no_likeness():
    once = of_students([[1, 3], [5, 7]], [0, 0])
    assert of_students([[1, 3], [5, 7], [101, 103], [105, 107]], [0, 0, 1, 1]) == pytest.approx(once)


@pytest.mark.parametrize("seed", range(5))
def test_unit_and_origin_do_not_matter_and_it_is_found_again(seed):
    rng = np.random.default_rng(seed)
    groups = [rng.normal(rng.normal(0, 0.5), 1, size=rng.integers(20, 60)) for _ in range(400)]
    found = of_students(groups, [i % 4 for i in range(400)])
    assert found == pytest.approx(0.25 / 1.25, abs=0.04)
    assert of_students([7 - 3 * g for g in groups], [i % 4 for i in range(400)]) == pytest.approx(found)


def test_it_is_never_negative():
    assert of_students([[0, 10], [0, 10]], [0, 0]) == 0


@pytest.mark.parametrize(("groups", "sample"), [
    ([[1, 3]], [0]), ([[1, 3], [5, 7]], [0, 1]), ([[1], [2]], [0, 0]), ([[1, 1], [1, 1]], [0, 0])])
def test_what_cannot_tell_has_none(groups, sample):
    assert of_students(groups, sample) is None
