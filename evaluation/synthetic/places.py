"""Districts and their schools: sizes and composition. They depend on neither seed nor scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.errors import StudyError
from evaluation.params import Cohort, District, Program, Study
from evaluation.synthetic.planted import RACES
from evaluation.synthetic.streams import stream

Shares = tuple[float, ...]
"""Share of students by `RACES`; sums to 1."""

FIRST_LOCAL_ID: Mapping[str, int] = {"elementary": 301, "middle": 101, "high": 201}


@dataclass(frozen=True)
class School:
    """One school: `per_grade` is its students in each grade at scale 1."""

    id: str
    band: str
    grades: tuple[int, int]
    per_grade: float


@dataclass(frozen=True)
class Profile:
    """What is known of a named district: students in all grades K–12, composition, schools by band."""

    students: int
    shares: Shares
    schools: Mapping[str, int]


PROFILES: Mapping[str, Profile] = {
    "ia-3141": Profile(14_500, (0.003, 0.06, 0.20, 0.125, 0.002, 0.06, 0.55, 0.0), {"middle": 3, "high": 3}),
    "oh-043489": Profile(20_000, (0.002, 0.09, 0.45, 0.07, 0.003, 0.085, 0.30, 0.0), {"middle": 6, "high": 6}),
    "ia-9012": Profile(8_000, (0.005, 0.01, 0.10, 0.14, 0.003, 0.04, 0.697, 0.005), {"middle": 4}),
    "oh-099010": Profile(5_500, (0.002, 0.01, 0.12, 0.09, 0.001, 0.05, 0.722, 0.005), {"high": 2}),
}
"""Iowa City and Akron by size and composition of the whole district; two districts that are mostly white."""

_STUDENTS_PER_BAND = {"elementary": 2_400, "middle": 2_240, "high": 2_000}
_SCHOOLS_PER_BAND = {"elementary": 5, "middle": 4, "high": 2}


@dataclass(frozen=True)
class Place:
    """A district with the schools that are modelled, and the share of each group."""

    district: District
    schools: tuple[School, ...]
    shares: Shares


def place(study: Study, district: District) -> Place:
    """Return a district's schools: bands of the programs that run in its state, or those its profile names."""
    profile = PROFILES.get(district.id)
    rng = stream("places", district.id)
    bands = tuple(profile.schools) if profile else _bands(study, district.state)
    schools: list[School] = []
    for band in bands:
        low, high = study.grade_bands[band]  # type: ignore[index]
        n = profile.schools[band] if profile else _SCHOOLS_PER_BAND[band]
        usual = _STUDENTS_PER_BAND[band] * rng.uniform(0.9, 1.1)
        total = profile.students * (high - low + 1) / 13 if profile else usual
        weights = rng.uniform(0.85, 1.15, n)
        per_grade = total * weights / weights.sum() / (high - low + 1)
        schools += [School(f"{district.id}-{FIRST_LOCAL_ID[band] + k}", band, (low, high), float(per_grade[k]))
                    for k in range(n)]
    return Place(district, tuple(schools), profile.shares if profile else _shares(rng.uniform(0, 1, 3)))


def program_of(study: Study, school: School) -> tuple[Program, Cohort] | None:
    """Return the program and cohort a school belongs to, or None when it never has one."""
    for program in study.programs:
        for cohort in program.cohorts:
            in_district = school.id.rsplit("-", 1)[0] in cohort.districts and program.grade_band in (school.band, "all")
            if in_district or school.id in cohort.schools:
                return program, cohort
    return None


def refuse_unknown_schools(study: Study, places: tuple[Place, ...]) -> None:
    """Raise StudyError when a cohort names a school that the synthetic partnership does not have."""
    known = {s.id for p in places for s in p.schools}
    for program in study.programs:
        for cohort in program.cohorts:
            for school in sorted(set(cohort.schools) - known):
                raise StudyError(f"program {program.id}, cohort {cohort.start}: there is no school `{school}`.",
                                 where="programs", fix="Synthetic schools count from 101 (middle) and 201 (high).")


def _bands(study: Study, state: str) -> tuple[str, ...]:
    states = {d.id: d.state for d in study.districts}
    bands = {p.grade_band for p in study.programs for c in p.cohorts for unit in (*c.districts, *c.schools)
             if states.get(unit, states.get(unit.rsplit("-", 1)[0])) == state}
    return tuple(b for b in study.grade_bands if b in bands and b != "all")


def _shares(u: object) -> Shares:
    black_u, hispanic_u, asian_u = (float(x) for x in u)  # type: ignore[attr-defined]
    given = {"american_indian": 0.006, "pacific_islander": 0.004, "two_or_more": 0.06, "unknown": 0.008,
             "black": 0.27 + 0.08 * black_u, "hispanic": 0.21 + 0.08 * hispanic_u, "asian": 0.02 + 0.02 * asian_u}
    given["white"] = 1 - sum(given.values())
    return tuple(given[race] for race in RACES)
