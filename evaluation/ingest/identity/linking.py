"""How far students link: over years within a district, and between districts where a state's ids allow it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import narwhals.stable.v2 as nw

from evaluation.engine import Frame, collect
from evaluation.ingest.identity.crosswalk import Crosswalk
from evaluation.ingest.mapping.schema import DistrictMapping

_PLACE = ["district_id", "school_year"]


def movement(enrollment: Frame) -> list[dict[str, Any]]:
    """Return per district and school year how many students it has, and how many enter and leave.

    Parameters
    ----------
    enrollment : columns student_key, district_id, school_year; several rows per student are one.

    Returns
    -------
    list of dict
        `students`; `entered`: not enrolled here in the school year before, of whom `entered_from_another` were enrolled
        in another district of the study; `left` and `left_to_another` likewise for the year after. None where the
        district sent no enrolment of that year. Students whose ids do not link between districts are counted as two.
    """
    here = enrollment.select("student_key", *_PLACE).unique()
    found = here
    for side, shift in (("before", 1), ("after", -1)):
        moved = here.with_columns(school_year=nw.col("school_year") + shift)
        stayed = moved.with_columns(**{f"is_here_{side}": nw.lit(1)})
        anywhere = moved.select("student_key", "school_year").unique().with_columns(**{f"is_any_{side}": nw.lit(1)})
        sent = moved.select(*_PLACE).unique().with_columns(**{f"is_sent_{side}": nw.lit(1)})
        found = found.join(stayed, on=["student_key", *_PLACE], how="left")
        found = found.join(anywhere, on=["student_key", "school_year"], how="left").join(sent, on=_PLACE, how="left")
    flags = {f"{where}_{side}": nw.col(f"is_{where}_{side}").fill_null(0).cast(nw.Int64).sum()
             for where in ("here", "any", "sent") for side in ("before", "after")}
    counts = collect(found.group_by(*_PLACE).agg(students=nw.len().cast(nw.Int64), **flags))
    rows = []
    for row in counts.sort_values(_PLACE).to_dict("records"):
        told: dict[str, Any] = {"district_id": row["district_id"], "school_year": int(row["school_year"]),
                                "students": int(row["students"])}
        for side, verb, way in (("before", "entered", "from"), ("after", "left", "to")):
            is_sent = row[f"sent_{side}"] > 0
            told[verb] = int(row["students"] - row[f"here_{side}"]) if is_sent else None
            told[f"{verb}_{way}_another"] = int(row[f"any_{side}"] - row[f"here_{side}"]) if is_sent else None
        rows.append(told)
    return rows


def linked_by(mapping: DistrictMapping, crosswalk: Crosswalk, key_id: str) -> dict[str, Any]:
    """Return who gave a district's ids, and the years whose pseudonyms no crosswalk carries to the present key."""
    apart = {year: made_with for year, made_with in mapping.student_id.hashed_with.items()
             if crosswalk.newest_key(made_with) != key_id}
    return {"id_type": mapping.student_id.id_type, "years_that_do_not_link": sorted(apart)}


def unlinked(districts: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """Yield a sentence per district with years that do not link."""
    for district_id, how in sorted(districts.items()):
        years = ", ".join(str(year) for year in how["years_that_do_not_link"])
        if years:
            yield (f"{district_id}: the pseudonyms of {years} were made with another key, and no crosswalk leads to "
                   "the present one; these years do not link to the others. Make it with `evaluation key rotate`.")
