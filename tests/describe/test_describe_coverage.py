import pandas as pd

from evaluation.contracts import conform
from evaluation.describe.coverage import coverage

OUTCOME = {"id": "rate_pct", "label": "Rate", "kind": "binary", "measure": "chronic_absence", "unit_name": "points",
           "better": "lower", "margin": 1.0, "authority": "t", "version": "1", "definition": "t",
           "parameters": {"threshold_pct": 10, "min_days_enrolled": 45, "count_oss_days": "yes"}}


def intake(*sent):
    rows = [{"district_id": d, "school_year": y, "table": t, "rows_in": 5, "rows_accepted": 5, "refusal": None}
            for d, y in sent for t in ("school_year", "enrollment", "student_year", "attendance")]
    return pd.DataFrame(rows, columns=["district_id", "school_year", "table", "rows_in", "rows_accepted", "refusal"])


def at(frame, district, period):
    found = frame[(frame["district_id"] == district) & (frame["period"] == period)].iloc[0]
    return {name.removeprefix("cells_"): int(found[name]) for name in frame if name.startswith("cells")}


def test_every_expected_cell_is_counted_once_by_reason(cells_of, study_of):
    study = study_of({"ia-1": 2003}, last=2003, outcomes=[OUTCOME])
    cells = cells_of({("ia-1", 2001, "black"): (3, 9, "total"), ("ia-1", 2001, "white"): (3, 30, "total"),
                      ("ia-1", 2002, "white"): (None, None, "suppressed")})
    found = conform(coverage(cells, intake(("ia-1", 2001), ("ia-1", 2002)), study), "coverage")
    assert at(found, "ia-1", 2001) == {"cells": 2, "reported": 2, "small": 1, "source_suppressed": 0,
                                       "not_applicable": 0, "not_published": 0, "not_sent": 0}
    assert at(found, "ia-1", 2002)["source_suppressed"] == 1
    assert at(found, "ia-1", 2002)["not_applicable"] == 1
    assert at(found, "ia-1", 2003)["not_sent"] == 2


def test_a_refused_file_is_not_sent(cells_of, study_of):
    study = study_of({"ia-1": 2003}, last=2003, outcomes=[OUTCOME])
    cells = cells_of({("ia-1", 2001, "black"): (3, 9, "total")})
    received = intake(("ia-1", 2001), ("ia-1", 2002))
    received.loc[(received["school_year"] == 2002) & (received["table"] == "attendance"), "refusal"] = "identifiers"
    assert at(coverage(cells, received, study), "ia-1", 2002)["not_sent"] == 1


def test_missing_public_cells_are_not_published_and_silent_districts_listed(cells_of, study_of):
    study = study_of({"ia-1": 2003, "ia-2": 2003}, last=2003)
    found = coverage(cells_of({("ia-1", 2001, "black"): (3.0, None)}), intake(), study)
    assert at(found, "ia-1", 2002)["not_published"] == 1
    assert at(found, "ia-2", 2001)["cells"] == 0
