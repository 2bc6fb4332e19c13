"""Who is enrolled where and when: students with their groups, promotion, moves, late entries and early exits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.synthetic.places import Place
from evaluation.synthetic.planted import RACES
from evaluation.synthetic.realities import MERGERS
from evaluation.synthetic.streams import stream

Ints = NDArray[np.int64]

LEAVES, MOVES_IN_SUMMER = 0.05, 0.03
"""Yearly chance of being replaced by a newcomer (a move between districts, under a new id) or of changing school."""
ENTERS_LATE, EXITS_EARLY, MOVES_MID_YEAR = 0.025, 0.025, 0.03
YES_BY_RACE = {
    "disability": (0.17, 0.08, 0.17, 0.15, 0.13, 0.15, 0.14, 0.14),
    "english_learner": (0.03, 0.25, 0.08, 0.35, 0.20, 0.03, 0.01, 0.05),
    "economic": (0.65, 0.35, 0.72, 0.66, 0.60, 0.52, 0.36, 0.50),
}
"""Share of students with the attribute, by `RACES`."""


@dataclass(frozen=True)
class Roster:
    """A district's student-years.

    `rows` has one row per student-year, sorted by (year, student): student (0…), year, race (index in `RACES`), male,
    disability, english_learner, economic, grade, school and later_school (indices in `place.schools`), first_day,
    move_day (first day at later_school; last_day + 1 when the student stays), last_day (instructional days from 1),
    main (the school with most enrolled days, the later one in a tie), home (main, had no schools merged: the school
    whose level a student has). From a merger on, nobody is at the merged school.
    """

    place: Place
    calendar_days: int
    rows: pd.DataFrame


def roster(place: Place, seed: int, scale: float, years: tuple[int, ...]) -> Roster:
    """Draw a district's student-years; `scale` multiplies students per school and nothing else."""
    rng = stream(seed, place.district.id, "roster")
    days = 174 + int(stream("calendar", place.district.id).integers(0, 7))
    rows = _enrolled(place, rng, scale, years).sort_values(["year", "student"], ignore_index=True)
    rows = rows.join(_attributes(place, rng, rows["student"].to_numpy()))
    return Roster(place, days, _merged(place, rows.join(_spells(place, rng, rows, days))))


def _merged(place: Place, rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.assign(home=rows["main"])
    merger = MERGERS.get(place.district.id)
    if merger is None:
        return rows
    ids = [school.id for school in place.schools]
    gone, into = ids.index(merger.school), ids.index(merger.into)
    is_after = rows["year"] >= merger.first_year
    for name in ("school", "later_school", "main"):
        rows[name] = rows[name].mask(is_after & (rows[name] == gone), into)
    return rows.assign(move_day=rows["move_day"].mask(rows["school"] == rows["later_school"], rows["last_day"] + 1))


def _enrolled(place: Place, rng: np.random.Generator, scale: float, years: tuple[int, ...]) -> pd.DataFrame:
    """Return (student, year, grade, school): seats pass from grade to grade, and from one occupant to the next."""
    grades = sorted({g for s in place.schools for g in range(s.grades[0], s.grades[1] + 1)})
    entry = [i for i, s in enumerate(place.schools) if s.grades[0] == grades[0]]
    seats = np.repeat(entry, [max(2, round(scale * place.schools[i].per_grade)) for i in entry])
    first_years = np.arange(years[0] - len(grades) + 1, years[-1] + 1)
    school = np.tile(seats, len(first_years))
    start = np.repeat(first_years, len(seats))
    seat = np.arange(len(school))
    occupant = np.zeros(len(seat), np.int64)
    parts = []
    for step, grade in enumerate(grades):
        if step:
            occupant = occupant + (rng.random(len(seat)) < LEAVES)
            school = _promoted(place, rng, school, grade)
        parts.append(pd.DataFrame({"student": seat * len(grades) + occupant, "year": start + step, "grade": grade,
                                   "school": school}))
    rows = pd.concat(parts, ignore_index=True)
    rows = rows[rows["year"].isin(years)]
    return rows.assign(student=pd.factorize(rows["student"], sort=True)[0])


def _promoted(place: Place, rng: np.random.Generator, school: Ints, grade: int) -> Ints:
    """Return next year's school: the same, another one of the band, or one of the next band."""
    fits = np.array([s.grades[0] <= grade <= s.grades[1] for s in place.schools])
    size = np.where(fits, [s.per_grade for s in place.schools], 0.0)
    drawn = rng.choice(len(size), len(school), p=size / size.sum())
    moves = (rng.random(len(school)) < MOVES_IN_SUMMER) | ~fits[school]
    return np.where(moves, drawn, school)


def _attributes(place: Place, rng: np.random.Generator, student: Ints) -> pd.DataFrame:
    n = int(student.max()) + 1
    race = rng.choice(len(RACES), n, p=np.array(place.shares) / sum(place.shares))
    fixed = {"race": race, "male": rng.random(n) < 0.51}
    fixed |= {name: rng.random(n) < np.array(share)[race] for name, share in YES_BY_RACE.items()}
    return pd.DataFrame({name: values[student] for name, values in fixed.items()})


def _spells(place: Place, rng: np.random.Generator, rows: pd.DataFrame, days: int) -> pd.DataFrame:
    n, school, grade = len(rows), rows["school"].to_numpy(), rows["grade"].to_numpy()
    first = np.where(rng.random(n) < ENTERS_LATE, rng.integers(10, 150, n), 1)
    last = np.where(rng.random(n) < EXITS_EARLY, np.maximum(first + 5, rng.integers(20, days, n)), days)
    other = school.copy()
    for level in np.unique(grade):
        band = np.flatnonzero([s.grades[0] <= level <= s.grades[1] for s in place.schools])
        here = np.flatnonzero(grade == level)
        steps = rng.integers(1, max(2, len(band)), len(here))
        other[here] = band[(np.searchsorted(band, school[here]) + steps) % len(band)]
    moves = (rng.random(n) < MOVES_MID_YEAR) & (other != school) & (last - first > 20)
    move = np.where(moves, first + 8 + (rng.random(n) * (last - first - 16)).astype(int), last + 1)
    later = np.where(moves, other, school)
    main = np.where(moves & (last - move + 1 >= move - first), later, school)
    return pd.DataFrame({"first_day": first, "move_day": move, "last_day": last, "later_school": later, "main": main})
