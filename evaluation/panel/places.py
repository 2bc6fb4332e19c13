"""Where the students of paths were, numbered: names stay in a small table, and the large ones are integers."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import pandas as pd

from evaluation.engine import Frame, Session, collect
from evaluation.panel.adjusted import adjustments
from evaluation.params import Study

AT = ("dimension", "district_id", "school_id", "grade_band", "grade", "group_id")
PATH = ("dimension_number", "path_id")
TOPIC = ("dimension", "outcome_id", "student_covariate", "student_weight")


def topics(study: Study) -> pd.DataFrame:
    """Return `TOPIC`, dimension_number and `topic`, the number of all of these, of a study's student sums."""
    found = [(d.id, o.id, *beside, number) for number, d in enumerate(study.dimensions) for o in study.outcomes
             for beside in (("none", "none"), *adjustments(o))]
    return pd.DataFrame(found, columns=[*TOPIC, "dimension_number"]).assign(topic=range(len(found)))


def places(paths: Frame, study: Study) -> pd.DataFrame:
    """Return `place`, dimension_number and `AT` in order, of a group "" where it is none of the study's.

    Parameters
    ----------
    paths : contract `paths`
    """
    found = collect(_known(paths).group_by(*AT).agg(n=nw.len())).drop(columns="n").sort_values(list(AT))
    number = {dimension.id: i for i, dimension in enumerate(study.dimensions)}
    return found.assign(dimension_number=found["dimension"].map(number).astype("int64"), place=range(len(found)),
                        district=pd.factorize(found["district_id"])[0]).reset_index(drop=True)


def numbered(paths: Frame, named: pd.DataFrame, session: Session) -> Frame:
    """Return the years of paths as `PATH`, period, grade, place and district, by number.

    Parameters
    ----------
    paths : contract `paths`
    named : from `places`
    """
    numbers = session.frame(named[[*AT, "dimension_number", "place", "district"]])
    return _known(paths).join(numbers, on=list(AT), how="inner").select(*PATH, "period", "grade", "place", "district")


def _known(paths: Frame) -> Frame:
    return paths.with_columns(nw.col("group_id").fill_null(""))
