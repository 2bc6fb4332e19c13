"""A student-year's value of an outcome, one function per `measure`: STUDENT, value (integer), n_obs.

A student-year without a row is outside the outcome's denominator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import narwhals.stable.v2 as nw

from evaluation.contracts import SCALE
from evaluation.engine import Frame
from evaluation.errors import StudyError
from evaluation.panel.students import STUDENT, actions, half_days
from evaluation.params import Outcome


def values(outcome: Outcome, students: Frame, tables: Mapping[str, Frame]) -> Frame:
    """Return STUDENT, `value` and `n_obs` of every student-year in the outcome's denominator.

    binary: 1 with the event, else 0. count: events. score: points × 1,000,000.
    """
    return _MEASURES[outcome.measure](outcome, students, tables)


def _chronic_absence(outcome: Outcome, students: Frame, tables: Mapping[str, Frame]) -> Frame:
    """Absent on at least `threshold_pct` of enrolled half-days, enrolled at least `min_days_enrolled` days."""
    given = outcome.parameters
    counted = nw.col("half_days_absent")
    if given["count_oss_days"] == "no":
        counted = counted - nw.col("half_days_absent_oss")
    is_chronic = counted * 100 >= nw.col("half_days_enrolled") * _number(outcome, "threshold_pct")
    days = half_days(tables["attendance"])
    days = days.filter(nw.col("half_days_enrolled") >= 2 * _number(outcome, "min_days_enrolled"))
    rows = students.select(*STUDENT).join(days, on=list(STUDENT), how="inner")
    return rows.select(*STUDENT, value=is_chronic.cast(nw.Int64), n_obs=nw.lit(1, dtype=nw.Int64))


def _any_action(outcome: Outcome, students: Frame, tables: Mapping[str, Frame]) -> Frame:
    """At least one of `actions` in the year, of all enrolled students."""
    rows = _action_count(outcome, students, tables)
    return rows.with_columns(value=(nw.col("value") > 0).cast(nw.Int64))


def _action_count(outcome: Outcome, students: Frame, tables: Mapping[str, Frame]) -> Frame:
    """Number of `actions` in the year, of all enrolled students."""
    counted = actions(tables["discipline_action"], _texts(outcome, "actions"), "value")
    rows = students.select(*STUDENT).join(counted, on=list(STUDENT), how="left")
    return rows.select(*STUDENT, value=nw.col("value").fill_null(0), n_obs=nw.lit(1, dtype=nw.Int64))


def _scale_score(outcome: Outcome, students: Frame, tables: Mapping[str, Frame]) -> Frame:
    """Mean of the year's wave scores; a wave's score is the mean of its answers, given at least `min_items`.

    Both means are rounded half-even to 1 / SCALE in integers; reversed items are turned (low + high − answer).
    """
    waves = scale_answers(outcome, tables).group_by(*STUDENT, "wave").agg(
        answered=nw.len().cast(nw.Int64), points=nw.col("turned").sum().cast(nw.Int64))
    waves = waves.filter(nw.col("answered") >= min_items(outcome))
    waves = waves.with_columns(score=round_half_even(nw.col("points") * SCALE, nw.col("answered")))
    years = waves.group_by(*STUDENT).agg(total=nw.col("score").sum().cast(nw.Int64), n_obs=nw.len().cast(nw.Int64))
    years = years.select(*STUDENT, "n_obs", value=round_half_even(nw.col("total"), nw.col("n_obs")))
    return students.select(*STUDENT).join(years, on=list(STUDENT), how="inner")


def scale_answers(outcome: Outcome, tables: Mapping[str, Frame]) -> Frame:
    """Return the answers to a scale's items, with `turned`: reversed items as low + high − answer."""
    ends = _number(outcome, "low") + _number(outcome, "high")
    answers = tables["survey_response"].filter(nw.col("item_code").is_in(scale_items(outcome)))
    turned = nw.when(nw.col("item_code").is_in(_texts(outcome, "reversed"))).then(
        nw.lit(int(ends), dtype=nw.Int64) - nw.col("value_int")).otherwise(nw.col("value_int"))
    return answers.with_columns(turned=turned)


def scale_items(outcome: Outcome) -> tuple[str, ...]:
    """Return the codes of a scale's items, in the study's order."""
    return _texts(outcome, "items")


def min_items(outcome: Outcome) -> int:
    """Return how many answers a wave's score needs."""
    return int(_number(outcome, "min_items"))


def round_half_even(total: nw.Expr, n: nw.Expr) -> nw.Expr:
    """Return total / n as an integer, ties to the even one; total ≥ 0, n ≥ 1, no float on the way."""
    rest = total % n
    quotient = (total - rest) // n  # a multiple of n: Spark divides in floats
    is_up = (2 * rest > n) | ((2 * rest == n) & (quotient % 2 == 1))
    return (quotient + is_up.cast(nw.Int64)).cast(nw.Int64)


def _published_rate(outcome: Outcome, students: Frame, tables: Mapping[str, Frame]) -> Frame:
    raise StudyError(f"outcome `{outcome.id}` is published, not computed from students.",
                     where="studies/, key outcomes", fix="Choose another measure, or the adapter public_group_level.")


def _number(outcome: Outcome, name: str) -> float:
    """Return a parameter as a number; whole numbers as integers, so that comparisons are exact."""
    try:
        value = float(str(outcome.parameters[name]))
    except (KeyError, ValueError):
        raise _lacking(outcome, name, "a number") from None
    return int(value) if value.is_integer() else value


def _texts(outcome: Outcome, name: str) -> tuple[str, ...]:
    value = outcome.parameters.get(name)
    if not isinstance(value, tuple):
        raise _lacking(outcome, name, "a list")
    return value


def _lacking(outcome: Outcome, name: str, kind: str) -> StudyError:
    return StudyError(f"outcome `{outcome.id}` needs {kind} here.", where=f"studies/, key outcomes.parameters.{name}",
                      fix=f"Measure {outcome.measure} reads it; docs/pipeline/panel.md has its definition.")


_MEASURES: Mapping[str, Callable[[Outcome, Frame, Mapping[str, Frame]], Frame]] = {
    "chronic_absence": _chronic_absence, "any_action": _any_action, "action_count": _action_count,
    "scale_score": _scale_score, "published_rate": _published_rate,
}
