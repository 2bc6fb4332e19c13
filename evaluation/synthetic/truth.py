"""The truth as cells: what each school, group and year would show without and under the program."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.errors import StudyError
from evaluation.params import Outcome, Study
from evaluation.synthetic.outcomes import Bools, Outcomes, belonging_e6
from evaluation.synthetic.planted import RACES
from evaluation.synthetic.realities import NEW_CODES
from evaluation.synthetic.roster import Ints, Roster


def truth_cells(study: Study, people: Roster, drawn: Outcomes) -> pd.DataFrame:
    """Return a district's truth cells: students of a school-year belong to the school with most enrolled days.

    One row per school, year, group and outcome with at least one student in the denominator. `total_y0`, `total_y1`
    are students with the event, events (kind count), or score × 1,000,000. Groups: those the study lists. Outcomes that
    count a part of the students of a district have no truth here.
    """
    groups = dict(_groups(study, people))
    parts = []
    for outcome in (o for o in study.outcomes if (o.counted, o.legs) == ("cross_section", "all")):
        if outcome.code_lists == "unchanged" and _has_new_codes(study, people.place.district.id):
            continue
        counted, y0, y1 = _values(outcome, people, drawn)
        for dimension, group in groups.items():
            cells = _summed(people, group, counted, y0, y1)
            parts.append(cells.assign(dimension=dimension, outcome_id=outcome.id))
    cells = pd.concat(parts, ignore_index=True)
    schools = people.place.schools
    return cells.assign(unit="school", unit_id=[schools[i].id for i in cells["main"]], period_kind="school_year",
                        grade_band=[schools[i].band for i in cells["main"]],
                        district_id=people.place.district.id).drop(columns="main")


def _has_new_codes(study: Study, district_id: str) -> bool:
    first_year, _ = NEW_CODES.get(district_id, (study.periods.first, {}))
    return study.periods.first < first_year <= study.periods.last


def _groups(study: Study, people: Roster) -> Iterator[tuple[str, NDArray[np.object_]]]:
    """Yield (dimension, group of each student-year; empty where the study lists no such group)."""
    rows = people.rows
    known = {"race_ethnicity": np.array(RACES, object)[rows["race"]], "sex": np.where(rows["male"], "male", "female")}
    known |= {d: np.where(rows[d], "yes", "no") for d in ("disability", "english_learner", "economic")}
    yield "all", np.full(len(rows), "all", object)
    for dimension in study.dimensions:
        if dimension.id not in known:
            raise StudyError(f"synthetic students have no `{dimension.id}`.", where="dimensions",
                             fix=f"Known: {', '.join(known)}.")
        values = known[dimension.id].astype(object)
        yield dimension.id, np.where(np.isin(values.astype(str), list(dimension.groups)), values, "")


def _values(outcome: Outcome, people: Roster, drawn: Outcomes) -> tuple[Bools, Ints, Ints]:
    """Return (in the denominator, value without program, value under the program) of each student-year.

    Chronic absence: half-days absent × 100 ≥ threshold × enrolled half-days, inclusive; without suspension days these
    leave the numerator only.
    """
    everybody = np.ones(len(people.rows), bool)
    given = outcome.parameters
    if outcome.measure == "chronic_absence":
        out = drawn.absent_oss if given["count_oss_days"] == "no" else np.zeros_like(drawn.absent_oss)
        needed = float(str(given["threshold_pct"])) * drawn.enrolled
        counted = drawn.enrolled >= 2 * float(str(given["min_days_enrolled"]))
        y0, y1 = ((absent - out) * 100 >= needed for absent in (drawn.absent_y0, drawn.absent_y1))
        return counted, y0.astype(np.int64), y1.astype(np.int64)
    if outcome.measure in ("any_action", "action_count"):
        wanted = np.isin(np.where(drawn.actions.is_oss, "OSS", "ISS"), given["actions"])
        count = np.bincount(drawn.actions.row[wanted], minlength=len(people.rows)).astype(np.int64)
        value = np.minimum(count, 1) if outcome.measure == "any_action" else count
        return everybody, value, value
    if outcome.measure == "scale_score":
        score0, score1 = belonging_e6(drawn.items_y0), belonging_e6(drawn.items_y1)
        return score0 >= 0, score0, score1
    raise StudyError(f"outcome `{outcome.id}`: synthetic data have no {outcome.measure}.", where="outcomes",
                     fix="Choose another measure.")


def _summed(people: Roster, group: NDArray[np.object_], counted: Bools, y0: Ints, y1: Ints) -> pd.DataFrame:
    rows = people.rows
    frame = pd.DataFrame({"main": rows["main"], "period": rows["year"], "group_id": group, "n_students": 1,
                          "total_y0": y0, "total_y1": y1})
    kept = frame[counted & (group != "")]
    cells: pd.DataFrame = kept.groupby(["main", "period", "group_id"], as_index=False).sum()
    return cells
