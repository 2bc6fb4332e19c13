"""Sums over the students of a path who have the outcome in the same years, by year and by pair of years."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import pandas as pd

from evaluation.engine import Frame, Session, collect

_SAME = ("path_id", "missed")


def seen(rows: Frame, periods: Sequence[int], session: Session) -> Frame:
    """Return the rows with a `value`, with `missed`: the years of the student without, the sum of 2 to their places.

    Parameters
    ----------
    rows : student_key, school_year, path_id and `value`, missing without the outcome
    """
    bits = pd.DataFrame({"school_year": list(periods), "bit": [2**i for i in range(len(periods))]})
    without = rows.filter(nw.col("value").is_null()).join(session.frame(bits), on="school_year", how="inner")
    missed = session.kept(without.group_by("student_key").agg(nw.col("bit").sum().cast(nw.Int64).alias("missed")))
    found = rows.filter(~nw.col("value").is_null())
    if collect(missed.select(n=nw.len()))["n"].iloc[0] == 0:  # else the join would read every student's key for nothing
        return found.with_columns(missed=nw.lit(0, dtype=nw.Int64))
    return found.join(missed, on="student_key", how="left").with_columns(nw.col("missed").fill_null(0))


def sums_by_path(rows: Frame) -> Frame:
    """Return path_id, missed, period, n_students and total.

    Parameters
    ----------
    rows : from `seen`
    """
    found = rows.group_by(*_SAME, "school_year").agg(
        nw.len().cast(nw.Int64).alias("n_students"), nw.col("value").sum().cast(nw.Int64).alias("total"))
    return found.rename({"school_year": "period"})


def weighted_sums_by_path(rows: Frame) -> Frame:
    """Return path_id, missed, period, n_students, weight_total, total and covariate_total.

    Parameters
    ----------
    rows : from `seen`, with `weight` and `covariate`
    """
    weighted = {"weight_total": nw.col("weight"), "total": nw.col("weight") * nw.col("value"),
                "covariate_total": nw.col("weight") * nw.col("covariate")}
    found = rows.select(*_SAME, "school_year", **weighted).group_by(*_SAME, "school_year").agg(
        n_students=nw.len().cast(nw.Int64), **_summed(weighted))
    return found.rename({"school_year": "period"})


def products_by_path(rows: Frame) -> Frame:
    """Return path_id, missed, period, other_period (not before it) and the weighted sums of products in both.

    Parameters
    ----------
    rows : from `seen`, with `weight` and `covariate`
    """
    others = rows.select("student_key", other_period="school_year", other_value="value", other_covariate="covariate")
    both = rows.join(others, on="student_key", how="inner").filter(nw.col("school_year") <= nw.col("other_period"))
    own = nw.col("weight") * nw.col("covariate")
    products = {"covariate_squared": own * nw.col("other_covariate"), "covariate_outcome": own * nw.col("other_value"),
                "outcome_covariate": nw.col("weight") * nw.col("value") * nw.col("other_covariate")}
    keys = (*_SAME, "school_year", "other_period")
    found = both.select(*keys, **products).group_by(*keys).agg(**_summed(products))
    return found.rename({"school_year": "period"})


def _summed(names: Sequence[str] | dict[str, nw.Expr]) -> dict[str, nw.Expr]:
    return {name: nw.col(name).sum().cast(nw.Int64) for name in names}
