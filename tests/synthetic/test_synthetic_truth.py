"""What is planted is what the truth holds."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import params
from evaluation.synthetic.levels import levels
from evaluation.synthetic.outcomes import belonging_e6, chronic_from, draw, round_half_even
from evaluation.synthetic.places import Place, place, program_of
from evaluation.synthetic.planted import EFFECTS, NOISE, RACES, effect
from evaluation.synthetic.roster import Roster, roster
from evaluation.synthetic.truth import truth_cells

ROOT = Path(__file__).parents[2]


@cache
def study() -> params.Study:
    return params.study("partnership", ROOT)


@cache
def places() -> tuple[Place, ...]:
    return tuple(place(study(), district) for district in study().districts)


def people(where: Place, scale: float, seed: int = 1) -> Roster:
    return roster(where, seed, scale, study().periods.all())


@cache
def truth(seed: int = 1, scale: float = 0.05) -> pd.DataFrame:
    parts = []
    for where in places():
        rows = people(where, scale, seed)
        drawn = draw(rows, {o: levels(study(), where, o, seed) for o in NOISE}, seed)
        parts.append(truth_cells(study(), rows, drawn))
    cells = pd.concat(parts, ignore_index=True)
    start = {s.id: found[1].start for p in places() for s in p.schools if (found := program_of(study(), s))}
    return cells.assign(cohort=cells["unit_id"].map(start))


def test_suspensions_are_the_same_in_both_worlds() -> None:
    cells = truth()
    mine = cells[cells["outcome_id"].isin(["any_suspension_pct", "oss_per_100"])]
    assert mine["total_y0"].sum() > 0
    assert (mine["total_y0"] == mine["total_y1"]).all()


def test_nothing_happens_without_a_program_or_before_it() -> None:
    cells = truth()
    idle = cells[cells["cohort"].isna() | (cells["period"] < cells["cohort"])]
    assert (idle["total_y0"] == idle["total_y1"]).all()


@pytest.mark.parametrize(("outcome", "key", "per_student", "tolerance"), [
    ("chronic_absence_pct", "chronic_absence", 1.0, 0.015), ("belonging_1to5", "belonging", 1e-6, 0.015)])
def test_the_truth_recovers_the_planted_effect(outcome: str, key: str, per_student: float, tolerance: float) -> None:
    cells = truth()
    mine = cells[(cells["outcome_id"] == outcome) & (cells["dimension"] == "race_ethnicity")
                 & (cells["period"] >= cells["cohort"]) & cells["group_id"].isin(["black", "hispanic", "white"])]
    program = {"middle": "dile", "high": "mesa"}
    planted = [effect(key, program[b], int(g), int(t - g))[RACES.index(k)] * n  # type: ignore[arg-type]
               for b, g, t, k, n in zip(mine["grade_band"], mine["cohort"], mine["period"], mine["group_id"],
                                        mine["n_students"], strict=True)]
    change = (mine["total_y1"] - mine["total_y0"]) * per_student
    sums = pd.DataFrame({"group": mine["group_id"], "n": mine["n_students"], "planted": planted, "truth": change})
    found = sums.groupby("group").sum()
    assert ((found["truth"] - found["planted"]) / found["n"]).abs().max() < tolerance
    assert found["planted"].abs().max() > 0


def test_effects_grow_with_event_time_and_differ_by_cohort() -> None:
    for growth in EFFECTS.values():
        assert growth.per_period * growth.start > 0
    slopes = {(o, p, g): e.per_period for (o, p, g), e in EFFECTS.items() if p == "dile" and g in (2022, 2023)}
    assert len(set(slopes.values())) == len(slopes)


def test_expected_untreated_gaps_move_in_parallel_but_for_noise() -> None:
    quiet = {o: dataclasses.replace(n, district_year=0, school_year=0, school_group_year=0) for o, n in NOISE.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evaluation.synthetic.levels.NOISE", quiet)
        ohio = [levels(study(), p, "chronic_absence", 3).untreated for p in places()
                if p.district.id.startswith("oh-0990")]
    change = np.concatenate(ohio)
    change = change - change[:, :, :1]
    assert np.abs(change - change[:1]).max() < 1e-12


def test_mesa_districts_have_larger_gaps_before_the_program_starts() -> None:
    def gap(where: Place) -> float:
        level = levels(study(), where, "chronic_absence", 1).untreated[:, :, :3].mean(axis=(0, 2))
        return float(level[RACES.index("black")] - level[RACES.index("white")])

    ohio = [p for p in places() if p.district.id.startswith("oh-0990")]
    chosen = [gap(p) for p in ohio if program_of(study(), p.schools[0])]
    others = [gap(p) for p in ohio if not program_of(study(), p.schools[0])]
    assert np.mean(chosen) > np.mean(others) + 0.05


def test_scale_multiplies_students_and_moves_nothing_else() -> None:
    small, large = (people(places()[1], scale) for scale in (0.05, 0.2))
    assert small.place.schools == large.place.schools
    assert small.calendar_days == large.calendar_days
    assert set(small.rows["school"]) == set(large.rows["school"])
    assert 3.5 < len(large.rows) / len(small.rows) < 4.5
    for outcome in NOISE:
        first, second = (levels(study(), places()[1], outcome, 1) for _ in range(2))
        assert np.array_equal(first.untreated, second.untreated)


def test_sizes_are_those_of_the_partnership() -> None:
    sizes = {p.district.id: sum(s.per_grade * (s.grades[1] - s.grades[0] + 1) for s in p.schools) for p in places()}
    assert round(sizes["ia-3141"] * 13 / 7) == 14_500
    assert round(sizes["oh-043489"] * 13 / 7) == 20_000
    assert 1 - places()[0].shares[RACES.index("white")] == pytest.approx(0.45)
    total = sum(sizes.values()) * len(study().periods.all()) * 0.2
    assert 60_000 < total < 150_000


def test_ten_percent_of_days_is_chronic_inclusive() -> None:
    assert chronic_from(np.array([90, 180, 181, 350])).tolist() == [9, 18, 19, 35]


def test_belonging_is_the_rounded_mean_of_the_waves() -> None:
    items = np.array([[[4, 3, 4, 0, 0], [5, 5, 5, 5, 5]], [[4, 3, 4, 0, 0], [1, 1, 0, 0, 0]], [[0] * 5, [0] * 5]])
    assert belonging_e6(items).tolist() == [4_333_334, 3_666_667, -1]
    assert round_half_even(np.array([5, 7, 9]), np.array([2, 2, 2])).tolist() == [2, 4, 4]
