"""Expected outcomes of every school, group and year, without and with the program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.errors import StudyError
from evaluation.params import Study
from evaluation.synthetic.places import Place, program_of
from evaluation.synthetic.planted import (
    DISABILITY_SHIFT,
    ITEM_SPREAD,
    LEVEL,
    NOISE,
    RACES,
    SELECTED_EXTRA,
    Planted,
    effect,
    shift,
)
from evaluation.synthetic.streams import bounded, stream

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Levels:
    """Expected outcome by (school, race, year), probability or points: `untreated`, and `effect` to be added."""

    untreated: Floats
    effect: Floats


def levels(study: Study, place: Place, outcome: Planted, seed: int) -> Levels:
    """Build a district's expected outcomes; nothing is clipped, so the planted structure is exact.

    Raises
    ------
    StudyError
        A planted level leaves 0.02–0.98 (probabilities) or lets an answer leave 1–5 (belonging).
    """
    years = study.periods.all()
    shape = (len(place.schools), len(RACES), len(years))
    untreated = np.zeros(shape)
    untreated += np.array(LEVEL[outcome])[None, :, None]
    untreated += np.array([shift(outcome, place.district.state, y) for y in years]).T[None]
    untreated += _selected(study, place, outcome)[:, :, None]
    untreated += _persistent(place, outcome, seed, shape)
    untreated += _moving(place, outcome, seed, shape)
    change = _effects(study, place, outcome, shape)
    _refuse_beyond(outcome, untreated, untreated + change)
    return Levels(untreated, change)


def _persistent(place: Place, outcome: Planted, seed: int, shape: tuple[int, ...]) -> Floats:
    rng, noise = stream(seed, place.district.id, outcome, "level"), NOISE[outcome]
    return (bounded(rng, noise.school_level, (shape[0], 1, 1))
            + bounded(rng, noise.school_group_level, (shape[0], shape[1], 1)))


def _moving(place: Place, outcome: Planted, seed: int, shape: tuple[int, ...]) -> Floats:
    """Return state shocks by group (shared by all districts) plus noise of district and school."""
    noise = NOISE[outcome]
    bands = [s.band for s in place.schools]
    state = {b: bounded(stream(seed, place.district.state, b, outcome, "shock"), noise.state_group_year, shape[1:])
             for b in sorted(set(bands))}
    rng = stream(seed, place.district.id, outcome, "noise")
    own = (bounded(rng, noise.district_year, (1, 1, shape[2])) + bounded(rng, noise.district_year, (1, *shape[1:]))
           + bounded(rng, noise.school_year, (shape[0], 1, shape[2])) + bounded(rng, noise.school_group_year, shape))
    return np.stack([state[b] for b in bands]) + own


def _selected(study: Study, place: Place, outcome: Planted) -> Floats:
    extra = np.zeros((len(place.schools), len(RACES)))
    if outcome == "chronic_absence":
        for i, school in enumerate(place.schools):
            found = program_of(study, school)
            for race, size in SELECTED_EXTRA.get(found[0].id, {}).items() if found else ():
                extra[i, RACES.index(race)] = size
    return extra


def _effects(study: Study, place: Place, outcome: Planted, shape: tuple[int, ...]) -> Floats:
    years = study.periods.all()
    change = np.zeros(shape)
    for i, school in enumerate(place.schools):
        found = program_of(study, school)
        if found:
            program, cohort = found
            start = years.index(cohort.start)
            change[i] = np.array([effect(outcome, program.id, cohort.start, t - start) for t in range(len(years))]).T
    return change


def _refuse_beyond(outcome: Planted, *expected: Floats) -> None:
    own = NOISE[outcome].student + (ITEM_SPREAD if outcome == "belonging" else 0.0)
    dis = DISABILITY_SHIFT[outcome]
    low = min(float(e.min()) for e in expected) - own + min(dis, 0.0)
    high = max(float(e.max()) for e in expected) + own + max(dis, 0.0)
    limits = (1.0, 5.0) if outcome == "belonging" else (0.02, 0.98)
    if low < limits[0] or high > limits[1]:
        raise StudyError(f"planted {outcome} reaches {low:.3f} to {high:.3f}, beyond {limits[0]:g} to {limits[1]:g}.",
                         where="evaluation/synthetic/planted.py", fix="Make levels, noise or effects smaller.")
