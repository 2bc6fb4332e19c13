"""Canonical tables of drawn students with everything awkward about them, and their student-years as plain rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation import engine
from evaluation.design import StudentSums
from evaluation.panel.moments import student_moments
from evaluation.panel.paths import Paths, placed, student_paths
from evaluation.panel.students import student_years
from evaluation.params import Study

YEARS = tuple(range(2001, 2008))
STARTS = {"ia-10": 2004, "ia-11": 2004, "ia-12": 2005, "ia-13": 2005, "ia-14": 2005}
DISTRICTS = tuple(f"ia-{i}" for i in range(10, 22))
BANDS = {"elementary": (0, 5), "middle": (6, 8), "high": (9, 12)}
OUTCOMES = (
    {"id": "oss_per_100", "label": "Suspensions", "kind": "count", "measure": "action_count", "unit_name": "per 100",
     "better": "lower", "margin": 1.0, "authority": "test", "version": "1", "definition": "test",
     "parameters": {"actions": ["OSS"]}},
    {"id": "oss_in_october", "label": "Suspensions of those there in October", "kind": "count",
     "measure": "action_count", "unit_name": "per 100", "better": "lower", "margin": 1.0, "authority": "test",
     "version": "1", "definition": "test", "parameters": {"actions": ["OSS"]}, "counted": "baseline_enrolled",
     "variant_of": "oss_per_100"},
    {"id": "absent_pct", "label": "Absence", "kind": "binary", "measure": "chronic_absence", "unit_name": "points",
     "better": "lower", "margin": 1.0, "authority": "test", "version": "1", "definition": "test",
     "parameters": {"threshold_pct": 10, "min_days_enrolled": 45, "count_oss_days": "yes"}})
ADJUSTED = {"student_covariates": ["days_enrolled", "schools_attended"], "student_weights": ["first_days_enrolled"]}
DIMENSION = {"id": "race_ethnicity", "label": "Race", "groups": {"black": "Black", "white": "White"}}


def small_study(study_of: Callable[..., Study], *, over_time: str = "baseline", breaks: tuple[int, ...] = (),
                starts: Mapping[str, int] = STARTS, grade_band: str = "middle", **beside: str) -> Study:
    """A study of schools with a program in the middle grades of some districts.

    `beside` are a specification's `student_covariate` and `student_weight`; its outcome then has all such sums.
    """
    cohorts = [{"start": s, "phase": "develop", "districts": [d for d in starts if starts[d] == s]}
               for s in sorted(set(starts.values()))]
    specification = {"id": "students", "label": "Students", "program": "dile", "estimator": "student_panel",
                     "weights": "unit", "outcomes": ["oss_per_100"] if beside else [o["id"] for o in OUTCOMES],
                     "gaps": ["black_white"], "exclude_events": ["break"] if breaks else [], **beside}
    return study_of(
        dict.fromkeys(DISTRICTS, 2004), first=YEARS[0], last=YEARS[-1], unit="school", grade_bands=BANDS,
        programs=[{"id": "dile", "label": "DILE", "grade_band": grade_band, "cohorts": cohorts}],
        outcomes=[OUTCOMES[0] | ADJUSTED, *OUTCOMES[1:]] if beside else list(OUTCOMES),
        dimensions=[DIMENSION | {"over_time": over_time}], specifications=[specification],
        events=[{"id": "break", "label": "Break", "kind": "break", "periods": list(breaks)}] if breaks else [],
        plan={"confirmatory": [], "exploratory": [{"specifications": ["students"]}]})


def draw_student_years(seed: int, *, students: int = 34) -> pd.DataFrame:
    """One row per student-year: district_id, student_key, school_year, school_id, grade, group, events, days, schools.

    Students enter in grades 3 to 8 and late, repeat grades, miss years, change schools and districts under one key,
    are of unknown group in their first year, or of another group later. Some are enrolled too short to be counted, some
    entered after October (`is_late`).
    """
    rng, rows = np.random.default_rng(seed), []
    for district in DISTRICTS:
        for i in range(students):
            key, grade, place = f"{district}/{i}", int(rng.integers(3, 9)), int(rng.integers(1, 3))
            group, at = ("black", "white")[rng.integers(2)], district
            level, first = rng.gamma(2.0, 0.4), int(rng.integers(0, 5))
            for year in YEARS[first:first + int(rng.integers(1, 7))]:
                if rng.random() < 0.06:
                    at = DISTRICTS[rng.integers(len(DISTRICTS))]
                if rng.random() < 0.1:
                    place = 3 - place
                school = f"{at}-{_number(grade)}{place}"
                known = "unknown" if year == YEARS[first] and rng.random() < 0.1 else group
                known = "asian" if rng.random() < 0.04 else known
                into = STARTS.get(district, 9999) <= year
                events = rng.poisson(level + 0.2 * (grade > 5) + 0.1 * (year % 3) + 0.5 * into * (group == "black"))
                if rng.random() > 0.08:
                    rows.append((at, key, year, school, grade, known, int(events),
                                 int(rng.integers(20, 60) if rng.random() < 0.1 else rng.integers(150, 180))))
                grade = min(grade + (rng.random() > 0.06), 12)
    drawn = pd.DataFrame(rows, columns=["district_id", "student_key", "school_year", "school_id", "grade", "group",
                                        "events", "days"])
    return drawn.assign(schools=rng.integers(1, 3, len(drawn)), is_late=rng.random(len(drawn)) < 0.1)


def _number(grade: int) -> int:
    return next(i for i, (low, high) in enumerate(BANDS.values()) if low <= grade <= high)


def band_of(school_id: str) -> str:
    return list(BANDS)[int(school_id.rsplit("-", maxsplit=1)[-1][0])]


def outcome_of(years: pd.DataFrame, outcome_id: str) -> pd.Series:
    """The outcome as a number per student; missing where the student-year is not counted."""
    if outcome_id.startswith("oss"):
        return (100.0 * years["events"]).where(~years["is_late"] | (outcome_id == "oss_per_100"))
    absent = years["events"] * 20 >= 2 * years["days"] * 0.1
    return (100.0 * absent).where(years["days"] >= 45)


@dataclass(frozen=True)
class Made:
    """The stage's tables; `cells`, `moments` and `homes` are rows of an outcome, a covariate and weights."""

    paths: pd.DataFrame
    path_cells: pd.DataFrame
    sums: StudentSums

    def cells(self, outcome_id: str = "oss_per_100") -> pd.DataFrame:
        return self.path_cells[self.path_cells["outcome_id"] == outcome_id]

    def moments(self, *which: str) -> pd.DataFrame:
        return _only(self.sums.moments, *which)

    def homes(self, *which: str) -> pd.DataFrame:
        return _only(self.sums.homes, *which)


def _only(rows: pd.DataFrame, outcome_id: str = "oss_per_100", covariate: str = "none",
          weight: str = "none") -> pd.DataFrame:
    return rows[(rows["outcome_id"] == outcome_id) & (rows["student_covariate"] == covariate)
                & (rows["student_weight"] == weight)]


def make(study: Study, years: pd.DataFrame, *, threads: int = 2, seed: int = 0) -> Made:
    """Student-years as delivered, through student_years, placed and path_cells, to student moments."""
    with engine.session(threads=threads) as session:
        frames = {name: rows.sample(frac=1, random_state=seed) for name, rows in canonical(years).items()}
        tables = {name: session.frame(rows) for name, rows in frames.items()}
        sent = session.frame(years[["district_id", "school_year"]].drop_duplicates().convert_dtypes())
        tables |= {f"{name}_sent": sent for name in frames}
        students = session.frame(engine.collect(placed(student_years(tables), tables)))
        found = student_paths(study, students, tables, session)
        paths = Paths(*map(session.frame, vars(found).values()))
        made = student_moments(study, paths, students, session)
        return Made(found.paths, found.path_cells, StudentSums(made.moments, made.homes))


def canonical(years: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of stage ingest: 20 half-days absent per event."""
    base = years[["district_id", "student_key", "school_year", "school_id"]]
    entered = years["is_late"].map({True: "-11-01", False: "-09-01"})
    spells = base.assign(entry_date=(years["school_year"] - 1).astype(str) + entered,
                         exit_date=years["school_year"].astype(str) + "-05-31", grade=years["grade"])
    others = spells[years["schools"] == 2].assign(school_id=lambda rows: rows["district_id"] + "-elsewhere",
                                                  entry_date=lambda rows: rows["school_year"].astype(str) + "-04-01")
    spells = pd.concat([spells, others], ignore_index=True)
    attendance = base.assign(half_days_enrolled=2 * years["days"], half_days_absent=20 * years["events"],
                             half_days_absent_oss=0)
    actions = base.loc[base.index.repeat(years["events"])].assign(action_std="OSS")
    schools = base[["school_id", "school_year"]].drop_duplicates()
    schools = schools.assign(grade_band=[band_of(s) for s in schools["school_id"]])
    described = base.drop(columns="school_id").assign(
        race_ethnicity=years["group"], **dict.fromkeys(("sex", "english_learner", "disability", "economic"), "unknown"))
    return {name: rows.convert_dtypes() for name, rows in {
        "school_year": schools, "enrollment": spells, "student_year": described, "attendance": attendance,
        "discipline_action": actions}.items()}
