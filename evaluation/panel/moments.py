"""Student moments: what a regression with student effects needs of the students of a home school, in whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import narwhals.stable.v2 as nw
import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.engine import Frame, Session, collect
from evaluation.panel.homes import NEVER, Homes, homes
from evaluation.panel.paths import Paths
from evaluation.panel.places import PATH, TOPIC, numbered, places, topics
from evaluation.params import Program, Study

_COLUMNS = {name: list(TABLES[name].columns) for name in ("student_moments", "home_students")}
_SEEN = ("topic", "path_id", "missed")
"""Students of one path with the outcome in the same years."""
_NUMBERS = ("n_students", "n_spanning", "n_projected", "n_in_two_districts", "n_left", "n_entered_later")
_YEARS_OF_A_PATTERN = 15
"""Grades are 12 at most, so that so many take 60 bits."""
_PAIR = ("topic", "home", "n_years", "period", "grade", "other_period", "other_grade")
_PLAIN = ("n_students", "total")
_ADJUSTED = (*_PLAIN, "weight_total", "covariate_total")
_BESIDE = ("student_covariate", "student_weight")
_PRODUCTS = ("covariate_squared", "covariate_outcome", "outcome_covariate")


@dataclass(frozen=True)
class StudentMoments:
    """Tables `student_moments` and `home_students`."""

    moments: pd.DataFrame
    homes: pd.DataFrame


def student_moments(study: Study, paths: Paths[Frame], students: Frame, session: Session) -> StudentMoments:
    """Return `student_moments` and `home_students` of every program.

    A student-year counts where it has the outcome and its grade is none above the program's grade band: lower grades
    and other schools count, since exposure follows the home. Both tables are made with all periods and, where the study
    has breaks, without those; a student's mean has only the periods in it.

    Parameters
    ----------
    students : from `paths.placed`
    """
    breaks = sorted({p for e in study.events if e.kind == "break" for p in e.periods})
    named, topic = places(paths.paths, study), topics(study)
    years = session.kept(numbered(paths.paths, named, session))
    left, patterns = session.kept(_left(years, study)), _patterns(study)
    plain = topic[(topic[list(_BESIDE)] == "none").all(axis=1)].drop(columns=list(_BESIDE))
    every: dict[tuple[str, ...], Frame] = {_PLAIN: _at_places(paths.path_cells, plain, years, _PLAIN, session)}
    if len(topic) > len(plain):
        every[_ADJUSTED] = _at_places(paths.adjusted_path_cells, topic, years, _ADJUSTED, session)
    pairs = paths.path_pairs.join(session.frame(topic), on=list(TOPIC), how="inner")
    moments, counts = [], []
    for program in study.programs:
        home = homes(years, named, students, program, study, session=session)
        samples = (("all", []), ("without_breaks", breaks))[:2 if breaks else 1]
        for (name, left_out), (sums, rows) in product(samples, every.items()):
            seen = _up_to_band(rows, program, study).filter(~nw.col("period").is_in(left_out))
            in_panel = session.kept(_in_panel(seen, home, patterns, session))
            alike = session.kept(_alike(seen, in_panel, sums, list(patterns)))
            summed = _pairs(alike, sums, list(patterns))
            summed = _unadjusted(summed) if sums == _PLAIN else _with_products(summed, pairs, seen, in_panel)
            about = {"program": program.id, "sample_periods": name}
            moments.append(_named(summed, home, topic, about))
            counts.append(_named(_counted(in_panel, left, _entered(seen, years, home, session)), home, topic, about))
    return StudentMoments(_conformed(moments, "student_moments"), _conformed(counts, "home_students"))


def no_moments() -> pd.DataFrame:
    """Return an empty `student_moments`, of a study without students or programs."""
    return conform(pd.DataFrame(columns=_COLUMNS["student_moments"]), "student_moments")


def no_homes() -> pd.DataFrame:
    """Return an empty `home_students`, likewise."""
    return conform(pd.DataFrame(columns=_COLUMNS["home_students"]), "home_students")


def _conformed(parts: list[pd.DataFrame], table: str) -> pd.DataFrame:
    none = pd.DataFrame(columns=_COLUMNS[table])
    return conform(pd.concat(parts, ignore_index=True)[_COLUMNS[table]] if parts else none, table)


def _named(summed: Frame, home: Homes, topic: pd.DataFrame, about: Mapping[str, str]) -> pd.DataFrame:
    """Compute sums by topic and home, and say by name which these are."""
    rows = collect(summed)
    of_topic = topic[list(TOPIC)].astype("category").iloc[rows["topic"].to_numpy(dtype="int64")]
    of_home = home.names.drop(columns="dimension").iloc[rows["home"].to_numpy(dtype="int64")]
    parts = [rows.drop(columns=["topic", "home"]), *(part.reset_index(drop=True) for part in (of_topic, of_home))]
    return pd.concat(parts, axis=1).assign(**about)


def _at_places(cells: Frame, topic: pd.DataFrame, years: Frame, sums: Sequence[str], session: Session) -> Frame:
    """Return sums by path and year with their place, everything by number."""
    named = [name for name in TOPIC if name in topic]
    rows = cells.join(session.frame(topic), on=named, how="inner").join(years, on=[*PATH, "period"], how="inner")
    return session.kept(rows.select(*_SEEN, PATH[0], "period", "grade", "district", *sums))


def _up_to_band(rows: Frame, program: Program, study: Study) -> Frame:
    if program.grade_band == "all":
        return rows
    return rows.filter(nw.col("grade") <= study.grade_bands[program.grade_band][1])


def _in_panel(seen: Frame, home: Homes, patterns: Mapping[str, nw.Expr], session: Session) -> Frame:
    """Return the students with a home, one row for those of one path with the outcome in the same years."""
    ends = {"first": nw.col("period").min(), "last": nw.col("period").max(), "low": nw.col("district").min(),
            "high": nw.col("district").max(), "n_years": nw.len(), "n_students": nw.col("n_students").max(),
            **{name: digit.sum() for name, digit in patterns.items()}}
    grouped = seen.group_by(*_SEEN, PATH[0]).agg(**{name: of.cast(nw.Int64) for name, of in ends.items()})
    choices = session.frame(home.choices)
    return grouped.join(home.of_paths, on=list(PATH), how="inner").join(choices, on="choice", how="inner")


def _patterns(study: Study) -> dict[str, nw.Expr]:
    """Return what a row adds to numbers that say, summed over a student's rows, in which years and grades she is."""
    periods, found = study.periods.all(), {}
    for start in range(0, len(periods), _YEARS_OF_A_PATTERN):
        digit = nw.lit(0, dtype=nw.Int64)
        for place, period in enumerate(periods[start:start + _YEARS_OF_A_PATTERN]):
            here = nw.when(nw.col("period") == period)
            digit = here.then((nw.col("grade") + 1) * 16**place).otherwise(digit)
        found[f"pattern_{start}"] = digit
    return found


def _alike(seen: Frame, in_panel: Frame, sums: Sequence[str], patterns: Sequence[str]) -> Frame:
    """Sum over the students of a home who have the outcome in the same years and grades, year by year.

    Pairs of years are then made of as many rows as there are such patterns, however many the paths.
    """
    of_home = ("home", "n_years", *patterns)
    rows = seen.select(*_SEEN, "period", "grade", *sums).join(
        in_panel.select(*_SEEN, *of_home), on=list(_SEEN), how="inner")
    return rows.group_by("topic", *of_home, "period", "grade").agg(*_summed(sums))


def _pairs(alike: Frame, sums: Sequence[str], patterns: Sequence[str]) -> Frame:
    """Sum over the students of a home who have the outcome in `n_years` years, by pair of their years.

    Outcomes and covariates of both years are summed over the students seen in both.
    """
    same = ["topic", "home", *patterns]
    turned = {f"other_{name}": name for name in ("total", "covariate_total") if name in sums}
    others = alike.select(*same, other_period="period", other_grade="grade", **turned)
    both = alike.join(others, on=same, how="inner").filter(nw.col("period") <= nw.col("other_period"))
    return both.group_by(*_PAIR).agg(*_summed([*sums, *turned]))


def _unadjusted(pairs: Frame) -> Frame:
    """Say that all students have weight 1 and no covariate."""
    none = dict.fromkeys(("covariate_total", "other_covariate_total", *_PRODUCTS), nw.lit(0, dtype=nw.Int64))
    return pairs.with_columns(weight_total=nw.col("n_students"), **none)


def _with_products(summed: Frame, pairs: Frame, seen: Frame, in_panel: Frame) -> Frame:
    """Add the products of the covariate, summed over the same students."""
    own = seen.select(*_SEEN, "period", "grade")
    others = own.rename({"period": "other_period", "grade": "other_grade"})
    rows = pairs.join(own, on=[*_SEEN, "period"], how="inner").join(others, on=[*_SEEN, "other_period"], how="inner")
    rows = rows.join(in_panel.select(*_SEEN, "home", "n_years"), on=list(_SEEN), how="inner")
    products = rows.group_by(*_PAIR).agg(*_summed(_PRODUCTS))
    return summed.join(products, on=list(_PAIR), how="left").with_columns(nw.col(*_PRODUCTS).fill_null(0))


def _summed(names: Sequence[str]) -> list[nw.Expr]:
    return [nw.col(name).sum().cast(nw.Int64) for name in names]


def _left(years: Frame, study: Study) -> Frame:
    """Say of every path whether it ends before the last period, below the highest grade of the study."""
    highest = max(high for _, high in study.grade_bands.values())
    last = years.group_by(*PATH).agg((nw.col("period") * 100 + nw.col("grade")).max().cast(nw.Int64).alias("last_seen"))
    is_left = (nw.col("last_seen") < study.periods.last * 100) & (nw.col("last_seen") % 100 < highest)
    return last.with_columns(left=is_left.cast(nw.Int64)).drop("last_seen")


def _counted(in_panel: Frame, left: Frame, entered: Frame) -> Frame:
    """Count a home's students, and beside them those who entered it later and have no home."""
    start = nw.col("start")
    flags = {"n_spanning": (nw.col("first") < start) & (start <= nw.col("last")) & (start < NEVER),
             "n_projected": nw.col("is_projected") == 1, "n_in_two_districts": nw.col("low") < nw.col("high"),
             "n_left": nw.col("left") == 1}
    counted = in_panel.join(left, on=list(PATH), how="inner").with_columns(
        n_entered_later=nw.lit(0, dtype=nw.Int64),
        **{name: nw.col("n_students") * flag.cast(nw.Int64) for name, flag in flags.items()})
    every = nw.concat([counted.select("topic", "home", *_NUMBERS), entered])
    return every.group_by("topic", "home").agg(*_summed(_NUMBERS))


def _entered(seen: Frame, years: Frame, home: Homes, session: Session) -> Frame:
    """Students without a home at the first unit in the program that they entered."""
    late = years.join(home.of_paths, on=list(PATH), how="anti").join(
        session.frame(home.entered), on="place", how="inner").filter(nw.col("period") >= nw.col("start"))
    rows = seen.join(late.select(*PATH, "period", "home"), on=[*PATH, "period"], how="inner")
    first = rows.filter(nw.col("period") == nw.col("period").min().over(*_SEEN))
    none = dict.fromkeys(_NUMBERS[:-1], nw.lit(0, dtype=nw.Int64))
    return first.with_columns(n_entered_later=nw.col("n_students")).with_columns(**none).select(
        "topic", "home", *_NUMBERS)
