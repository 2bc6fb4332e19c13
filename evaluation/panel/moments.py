"""Student moments: what a regression with student effects needs of the students of a home school, in whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals.stable.v2 as nw
import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.engine import Frame, Session, collect
from evaluation.panel.homes import NEVER, PATH, homes, starts
from evaluation.params import Program, Study

_COLUMNS = {name: list(TABLES[name].columns) for name in ("student_moments", "home_students")}
_SEEN = ("dimension", "outcome_id", "path_id", "missed")
"""Students of one path with the outcome in the same years."""
_NAMED = ("dimension", "unit_id", "home_district", "group_id")
_HOME = ("dimension", "outcome_id", "unit_id", "district_id", "group_id")
_NUMBERS = ("n_students", "n_spanning", "n_projected", "n_in_two_districts", "n_left", "n_entered_later")
_CELLS = ("period", "grade", "other_period", "other_grade")


@dataclass(frozen=True)
class StudentMoments:
    """Tables `student_moments` and `home_students`."""

    moments: pd.DataFrame
    homes: pd.DataFrame


def student_moments(study: Study, paths: Frame, cells: Frame, students: Frame, session: Session) -> StudentMoments:
    """Return `student_moments` and `home_students` of every program.

    A student-year counts where it has the outcome and its grade is none above the program's grade band: lower grades
    and other schools count, since exposure follows the home. Both tables are made with all periods and, where the study
    has breaks, without those; a student's mean has only the periods in it.

    Parameters
    ----------
    paths, cells : contracts `paths` and `path_cells`
    students : from `paths.placed`
    """
    breaks = sorted({p for e in study.events if e.kind == "break" for p in e.periods})
    moments, counts = [no_moments()], [no_homes()]
    every = session.kept(cells.join(paths.drop("n_students"), on=[*PATH, "period"], how="inner"))
    left = _left(paths, study)
    for program in study.programs:
        schools = session.frame(starts(paths, program, study))
        home = session.kept(homes(paths, students, program, study, session))
        for name, left_out in (("all", []), ("without_breaks", breaks))[:2 if breaks else 1]:
            seen = _up_to_band(every, program, study).filter(~nw.col("period").is_in(left_out))
            about = {"program": program.id, "sample_periods": name}
            moments.append(_pairs(seen, home, session).assign(**about))
            counts.append(collect(_homes(seen, home, schools, left)).assign(**about))
    return StudentMoments(_conformed(moments, "student_moments"), _conformed(counts, "home_students"))


def no_moments() -> pd.DataFrame:
    """Return an empty `student_moments`, of a study without students or programs."""
    return conform(pd.DataFrame(columns=_COLUMNS["student_moments"]), "student_moments")


def no_homes() -> pd.DataFrame:
    """Return an empty `home_students`, likewise."""
    return conform(pd.DataFrame(columns=_COLUMNS["home_students"]), "home_students")


def _conformed(parts: list[pd.DataFrame], table: str) -> pd.DataFrame:
    return conform(pd.concat(parts, ignore_index=True)[_COLUMNS[table]], table)


def _up_to_band(rows: Frame, program: Program, study: Study) -> Frame:
    if program.grade_band == "all":
        return rows
    return rows.filter(nw.col("grade") <= study.grade_bands[program.grade_band][1])


def _pairs(seen: Frame, home: Frame, session: Session) -> pd.DataFrame:
    """Sum over the students of a home who have the outcome in `n_years` years, by pair of their years.

    Both outcomes of a pair are summed over the students seen in both. Homes are numbered: pairs are many, and numbers
    are faster than names.
    """
    named = collect(home.select(*_NAMED).unique()).sort_values(list(_NAMED), ignore_index=True)
    named = named.assign(home=range(len(named)))
    at = home.join(session.frame(named), on=list(_NAMED), how="inner").select(*PATH, "home")
    rows = seen.select(*_SEEN, "period", "grade", "n_students", "total",
                       n_years=nw.len().over(*_SEEN).cast(nw.Int64)).join(at, on=list(PATH), how="inner")
    others = seen.select(*_SEEN, other_period="period", other_grade="grade", other_total="total")
    both = rows.join(others, on=list(_SEEN), how="inner").filter(nw.col("period") <= nw.col("other_period"))
    summed = collect(both.group_by("outcome_id", "home", "n_years", *_CELLS).agg(
        *(nw.col(name).sum().cast(nw.Int64) for name in ("n_students", "total", "other_total"))))
    names = named.iloc[summed["home"].to_numpy(dtype="int64")].reset_index(drop=True).drop(columns="home")
    return pd.concat([summed.drop(columns="home"), names.rename(columns={"home_district": "district_id"})], axis=1)


def _left(paths: Frame, study: Study) -> Frame:
    """Say of every path whether it ends before the last period, below the highest grade of the study."""
    highest = max(high for _, high in study.grade_bands.values())
    last = paths.group_by(*PATH).agg((nw.col("period") * 100 + nw.col("grade")).max().cast(nw.Int64).alias("last_seen"))
    is_left = (nw.col("last_seen") < study.periods.last * 100) & (nw.col("last_seen") % 100 < highest)
    return last.with_columns(left=is_left.cast(nw.Int64)).drop("last_seen")


def _homes(seen: Frame, home: Frame, schools: Frame, left: Frame) -> Frame:
    """Count a home's students, and beside them those who entered it later and have no home."""
    in_panel = seen.drop("group_id").join(home, on=list(PATH), how="inner")
    after = (nw.col("period") >= nw.col("start")).cast(nw.Int64)
    students = in_panel.group_by(*_SEEN, "unit_id", "home_district", "group_id", "start", "is_projected").agg(
        nw.col("n_students").max(), first=after.min(), last=after.max(), districts=nw.col("district_id").n_unique())
    spans = (nw.col("first") < nw.col("last")) & (nw.col("start") < NEVER)
    flags = {"n_spanning": spans, "n_projected": nw.col("is_projected") == 1,
             "n_in_two_districts": nw.col("districts") > 1, "n_left": nw.col("left") == 1}
    counted = students.join(left, on=list(PATH), how="inner").with_columns(
        n_entered_later=nw.lit(0, dtype=nw.Int64),
        **{name: nw.col("n_students") * flag.cast(nw.Int64) for name, flag in flags.items()})
    counted = counted.rename({"home_district": "district_id"}).select(*_HOME, *_NUMBERS)
    every = nw.concat([counted, _entered(seen, home, schools)])
    return every.group_by(*_HOME).agg(*(nw.col(name).sum().cast(nw.Int64) for name in _NUMBERS))


def _entered(seen: Frame, home: Frame, schools: Frame) -> Frame:
    """Students without a home at the first unit in the program that they entered."""
    started = seen.join(schools.select("school_id", "unit_id", "start"), on="school_id", how="inner")
    started = started.filter((nw.col("period") >= nw.col("start")) & ~nw.col("group_id").is_null())
    late = started.join(home.select(*PATH), on=list(PATH), how="anti")
    first = late.filter(nw.col("period") == nw.col("period").min().over(*_SEEN))
    none = dict.fromkeys(_NUMBERS[:-1], nw.lit(0, dtype=nw.Int64))
    return first.with_columns(n_entered_later=nw.col("n_students")).with_columns(**none).select(*_HOME, *_NUMBERS)
