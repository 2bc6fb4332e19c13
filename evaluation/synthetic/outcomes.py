"""Both potential outcomes of every student-year, from the same random numbers.

`y0` is what happens without a program, `y1` under the program where and when it runs. Where the planted effect is zero
the two are equal for every student. Suspensions have one outcome only: no program touches them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.contracts import SCALE
from evaluation.synthetic.levels import Levels
from evaluation.synthetic.planted import ANSWERS_WAVE, DISABILITY_SHIFT, ITEM_SPREAD, NOISE, SKIPS_ITEM, Planted
from evaluation.synthetic.roster import Ints, Roster
from evaluation.synthetic.streams import stream

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

THRESHOLD_PCT = 10
N_ITEMS = 5
REVERSED = 2
"""Position of the reversed item (bel3)."""
MIN_ITEMS = 3
WAVE_PLACE = (0.3, 0.8)
"""When the fall and spring waves are asked, as a share of the calendar."""
NO_SPRING_WAVE = 2020
ISS_SHARE = 0.55


@dataclass(frozen=True)
class Actions:
    """Discipline actions: `row` of the student-year, whether out of school, half-days assigned, instructional day."""

    row: Ints
    is_oss: Bools
    half_days: Ints
    day: Ints


@dataclass(frozen=True)
class Outcomes:
    """Aligned with the roster's rows.

    `absent_y0`, `absent_y1`, `absent_oss` are half-days in the year; `items_y0`, `items_y1` are answers by
    (row, wave, item), turned so that higher is better, 0 where not answered.
    """

    enrolled: Ints
    absent_y0: Ints
    absent_y1: Ints
    absent_oss: Ints
    actions: Actions
    items_y0: Ints
    items_y1: Ints


def draw(people: Roster, expected: Mapping[Planted, Levels], seed: int) -> Outcomes:
    """Draw a district's outcomes; `expected` holds levels by (school, race, year)."""
    rows = people.rows
    enrolled = 2 * (rows["last_day"] - rows["first_day"] + 1).to_numpy()
    actions = _actions(people, expected["suspension"], seed)
    oss = np.bincount(actions.row[actions.is_oss], actions.half_days[actions.is_oss], len(rows)).astype(np.int64)
    oss = np.minimum(oss, chronic_from(enrolled) - 1)
    absent_y0, absent_y1 = _absent(people, expected["chronic_absence"], enrolled, oss, seed)
    items_y0, items_y1 = _items(people, expected["belonging"], seed)
    return Outcomes(enrolled, absent_y0, absent_y1, oss, actions, items_y0, items_y1)


def chronic_from(enrolled: Ints) -> Ints:
    """Return the smallest number of half-days absent that is at least 10 % of `enrolled` half-days."""
    return -(-enrolled * THRESHOLD_PCT // 100)


def belonging_e6(items: Ints) -> Ints:
    """Return the year's belonging score × 1,000,000 of each row; −1 where no wave has a score.

    A wave's score is the mean of its answered items after turning reversed ones, given at least 3 of 5 answers:
    round_half_even(sum × 1,000,000 / answered). The year's score is the mean over the waves with a score:
    round_half_even(sum of wave scores / waves). Both are integers.
    """
    answered = (items > 0).sum(axis=2)
    valid = answered >= MIN_ITEMS
    wave = round_half_even(items.sum(axis=2) * SCALE, np.maximum(answered, 1))
    waves = valid.sum(axis=1)
    return np.where(waves > 0, round_half_even(np.where(valid, wave, 0).sum(axis=1), np.maximum(waves, 1)), -1)


def round_half_even(total: Ints, n: Ints) -> Ints:
    """Return total / n rounded to the nearest integer, ties to the even one; total ≥ 0, n ≥ 1."""
    quotient, rest = np.divmod(total, n)
    rounded: Ints = quotient + ((2 * rest > n) | ((2 * rest == n) & (quotient % 2 == 1)))
    return rounded


def _at(people: Roster, values: Floats) -> Floats:
    """Look up (school, race, year) at each student-year's home school."""
    rows = people.rows
    year = rows["year"].to_numpy()
    found: Floats = values[rows["home"].to_numpy(), rows["race"].to_numpy(), year - year.min()]
    return found


def _own(people: Roster, outcome: Planted, seed: int) -> Floats:
    """Return each student's own mean-zero deviation (the same every year) plus the shift of a disability."""
    student, half = people.rows["student"].to_numpy(), NOISE[outcome].student
    deviation = stream(seed, people.place.district.id, outcome, "student").uniform(-half, half, int(student.max()) + 1)
    own: Floats = deviation[student] + DISABILITY_SHIFT[outcome] * people.rows["disability"].to_numpy()
    return own


def _actions(people: Roster, expected: Levels, seed: int) -> Actions:
    rng = stream(seed, people.place.district.id, "discipline")
    chance = _at(people, expected.untreated) + _own(people, "suspension", seed)
    counts = np.where(rng.random(len(chance)) < chance, rng.geometric(0.7, len(chance)), 0)
    row = np.repeat(np.arange(len(counts)), counts)
    is_oss = rng.random(len(row)) >= ISS_SHARE
    half_days = rng.choice([1, 2, 4, 6], len(row), p=[0.1, 0.5, 0.25, 0.15])
    first = people.rows["first_day"].to_numpy()[row]
    length = people.rows["last_day"].to_numpy()[row] - first + 1
    return Actions(row, is_oss, half_days, first + (rng.random(len(row)) * length).astype(np.int64))


def _absent(people: Roster, expected: Levels, enrolled: Ints, oss: Ints, seed: int) -> tuple[Ints, Ints]:
    """Return half-days absent without and with the program: chronic status is drawn, days are consistent with it."""
    rng = stream(seed, people.place.district.id, "attendance")
    n, floor = len(enrolled), chronic_from(enrolled)
    draw_u = rng.random(n)
    chance = _at(people, expected.untreated) + _own(people, "chronic_absence", seed)
    few = oss + np.rint((floor - 1 - oss) * rng.beta(1.3, 2.0, n)).astype(np.int64)
    many = floor + np.rint((enrolled - floor) * rng.beta(1.0, 8.0, n)).astype(np.int64)
    without = np.where(draw_u < chance, many, few)
    return without, np.where(draw_u < chance + _at(people, expected.effect), many, few)


def _items(people: Roster, expected: Levels, seed: int) -> tuple[Ints, Ints]:
    """Return answers (row, wave, item): a point of the scale is split at random so that its expectation is exact."""
    rng = stream(seed, people.place.district.id, "survey")
    rows, shape = people.rows, (len(people.rows), len(WAVE_PLACE), N_ITEMS)
    point = (_at(people, expected.untreated) + _own(people, "belonging", seed))[:, None, None]
    point = point + rng.uniform(-ITEM_SPREAD, ITEM_SPREAD, shape)
    split = rng.random(shape)
    days = np.rint(np.array(WAVE_PLACE) * people.calendar_days)
    here = (rows["first_day"].to_numpy()[:, None] <= days) & (days <= rows["last_day"].to_numpy()[:, None])
    here &= (rows["year"].to_numpy() != NO_SPRING_WAVE)[:, None] | np.array([True, False])
    answers = here & (rng.random(shape[:2]) < np.array(ANSWERS_WAVE)[rows["race"].to_numpy()][:, None])
    kept = answers[:, :, None] & (rng.random(shape) >= SKIPS_ITEM)
    change = _at(people, expected.effect)[:, None, None]
    without, under = np.floor(point + split), np.floor(point + change + split)
    return np.where(kept, without, 0).astype(np.int64), np.where(kept, under, 0).astype(np.int64)
