"""What other models would say: two-way fixed effects, a multilevel model, and the same students from year to year."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from app import text
from app.labels import SUPPRESSION
from app.sure import templates
from app.sure.checks import HEADLINE
from app.sure.effects import drawn, listed
from app.theme import Theme
from app.topic import Topic
from app.views import Figure, note, titled, without_empty

TWO_WAY, MULTILEVEL, STUDENTS = "Two-way", "Multilevel", "The same students"
COMPARED: Mapping[str, str] = {
    "weight_program_never": "Places never in the program",
    "weight_earlier_later": "Places that start later, before they start",
    "weight_later_earlier": "Places already in the program",
    "weight_program_always": "Places in the program from the first year on",
}
"""Comparisons that a two-way effect averages, in the order in which they are listed."""
_FORBIDDEN = ("weight_later_earlier", "weight_program_always")
_VARIANCES: Mapping[str, tuple[str, str | None]] = {
    "variance_district": ("Between districts", "intraclass_district"),
    "variance_school": ("Between schools of a district", "intraclass_school"),
    "variance_school_gap": ("Between the gaps of schools", None),
    "variance_student": ("Between students of a group, school and year", None),
}


_FOLLOWED: Mapping[str, str] = {
    "n_students_rounded": "Followed",
    "n_spanning_rounded": "Seen both before the program and in it",
    "n_projected_rounded": "Counted at the school they were bound for",
    "n_in_two_districts_rounded": "Seen in more than one district, by a shared key",
    "n_left_rounded": "Left early; who moved to a district without a shared key counts there as another student",
    "n_entered_later_rounded": "Not followed: came into the program after its start",
}


def two_way(row: text.Row | None, headline: text.Row | None, topic: Topic) -> str:
    """Return what two-way fixed effects would say, and why that is not the headline (`public_two_way_reference`)."""
    if row is None:
        return "What two-way fixed effects would say was not worked out for this result."
    missing = _missing(row, "two-way estimate")
    if missing:
        return missing
    cells = (f"{int(row['negative_cells']) or 'none'} of {int(row['program_cells']):,} program cells "
             f"({_percent(row['negative_cells'] / row['program_cells'])}) enter with a negative weight")
    return (f"Two-way fixed effects, the usual single regression, would say {_said(row, headline, topic)}. That is not "
            "the headline, because it weighs places and years by what suits the regression, and takes places already "
            "in the program as a comparison though their own effects may still grow: it need not be an average of the "
            f"effects. Here {_forbidden(row)}, and {cells}.")


def multilevel(row: text.Row | None, headline: text.Row | None, topic: Topic) -> str:
    """Return what a multilevel model says of the gap, and where students differ (`public_multilevel_checks`)."""
    if row is None:
        return "A multilevel model was fitted to confirmatory results only."
    missing = _missing(row, "estimate by a multilevel model")
    if missing:
        return missing
    return (f"A multilevel model of the same cells, in which districts and schools differ at random and cells weigh by "
            f"their precision, says {_said(row, headline, topic)}. Of the variance of students' outcomes "
            f"{_percent(row['intraclass_district'])} lies between districts and {_percent(row['intraclass_school'])} "
            "between their schools. The model takes the effect to be the same in every cohort and year: it is a check, "
            "never the headline.")


def students(row: text.Row | None, headline: text.Row | None, topic: Topic) -> str:
    """Return what the same students say of the gap, and who they are (`public_student_panel_checks`)."""
    if row is None:
        return "The same students were followed for confirmatory results only."
    missing = _missing(row, "estimate by the student panel")
    if missing:
        return missing
    return (f"Followed from year to year and each compared with herself, students say {_said(row, headline, topic)}. "
            "They count where they were enrolled, or bound for, just before the program, wherever they went later: "
            "a place whose enrolment changed does not look better or worse for it. The headline compares places by "
            "whoever is enrolled; where the two differ, who came and who left is a reason.")


def followed(row: text.Row | None) -> pd.DataFrame:
    """Return the numbers of students of the student panel, rounded, as text; no rows where they are not shown."""
    if row is None or row["suppression"] != "none" or text.is_missing(row["n_students_rounded"]):
        return pd.DataFrame()
    return pd.DataFrame([{"Students of both groups": name, "Number (to 10)": f"{int(row[c]):,}"}
                         for c, name in _FOLLOWED.items()])


def compared(row: text.Row | None) -> pd.DataFrame:
    """Return the comparisons that the two-way effect averages, as text; no rows where they cannot be told."""
    if row is None or row["suppression"] != "none" or any(text.is_missing(row[c]) for c in COMPARED):
        return pd.DataFrame()
    return pd.DataFrame([{"Compared with": name, "Share of the estimate": _percent(row[c])}
                         for c, name in COMPARED.items()])


def variances(row: text.Row | None, topic: Topic) -> pd.DataFrame:
    """Return the variances of the multilevel model as standard deviations, as text."""
    if row is None or row["suppression"] != "none" or text.is_missing(row["variance_student"]):
        return pd.DataFrame()
    return pd.DataFrame([
        {"Where students differ": name, f"Standard deviation ({topic.unit})": text.number(row[c] ** 0.5, 2),
         "Share of the variance": "–" if share is None else _percent(row[share])}
        for c, (name, share) in _VARIANCES.items()])


def forest(rows: pd.DataFrame, headline: pd.DataFrame, topic: Topic, theme: Theme, alt: str, *, name: str) -> Figure:
    """One other model below the headline; without an estimate there is no figure (no rows)."""
    rows = rows[rows["value"].notna()]
    names = [HEADLINE] * len(headline) + [name] * len(rows)
    data = drawn(pd.concat([headline, rows]), names, names, topic)
    spec = titled(templates.rows(theme, (HEADLINE, name), first=2), f"{name}: change of the gap", topic.labels,
                  topic.unit)
    values = "; ".join(f"{r['row']} {r['shown']} ({r['ci95']})" for r in text.records(data))
    table = listed(rows, [name] * len(rows), topic, "Model")
    return Figure(spec, data, without_empty(table), rows, f"{alt} {values}.".strip())


def _missing(row: text.Row, what: str) -> str:
    """Return why there is no estimate; an empty string where there is one."""
    if row["suppression"] != "none":
        return f"The {what} is not shown: {SUPPRESSION[str(row['suppression'])]}."
    return "" if text.is_missing(row["undefined"]) else f"There is no {what}: {row['undefined']}"


def _said(row: text.Row, headline: text.Row | None, topic: Topic) -> str:
    interval = f"95 % interval {topic.interval(row)}" if topic.interval(row) else note(row)
    has_headline = headline is not None and not text.is_missing(headline["value"])
    beside = f", where the headline says {topic.signed(headline['value'])}" if headline and has_headline else ""
    return f"{topic.signed(row['value'])} {topic.unit} ({interval}){beside}"


def _forbidden(row: text.Row) -> str:
    if any(text.is_missing(row[c]) for c in _FORBIDDEN):
        return "the share of such comparisons cannot be told, since some places miss a year"
    return f"{_percent(sum(row[c] for c in _FORBIDDEN))} of its weight is such comparisons"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.001 or share == 0 else "under 0.1 %"
