"""What other models would say: two-way fixed effects, a multilevel model, and the same students from year to year."""

from __future__ import annotations

from collections.abc import Mapping

from app import text
from app.sure.model import Model
from app.topic import Topic

COMPARED: Mapping[str, str] = {
    "weight_program_never": "Places never in the program",
    "weight_earlier_later": "Places that start later, before they start",
    "weight_later_earlier": "Places already in the program",
    "weight_program_always": "Places in the program from the first year on",
}
"""Comparisons that a two-way effect averages, in the order in which they are listed."""
VARIANCES: Mapping[str, tuple[str, str | None]] = {
    "variance_district": ("Between districts", "intraclass_district"),
    "variance_school": ("Between schools of a district", "intraclass_school"),
    "variance_school_gap": ("Between the gaps of schools", None),
    "variance_student": ("Between students of a group, school and year", None),
}
"""Variances of a multilevel model: where they lie, and the column of their share."""
FOLLOWED: Mapping[str, str] = {
    "n_students_rounded": "Followed",
    "n_spanning_rounded": "Seen both before the program and in it",
    "n_projected_rounded": "Counted at the school they were bound for",
    "n_in_two_districts_rounded": "Seen in more than one district, by a shared key",
    "n_left_rounded": "Left early; who moved to a district without a shared key counts there as another student",
    "n_entered_later_rounded": "Not followed: came into the program after its start",
}
"""Numbers of students of a student panel."""
_FORBIDDEN = ("weight_later_earlier", "weight_program_always")


def _two_way(row: text.Row, estimated: str) -> str:
    cells = (f"{int(row['negative_cells']) or 'none'} of {int(row['program_cells']):,} program cells "
             f"({_percent(row['negative_cells'] / row['program_cells'])}) enter with a negative weight")
    return (f"Two-way fixed effects, the usual single regression, would say {estimated}. That is not the headline, "
            "because it weighs places and years by what suits the regression, and takes places already in the program "
            "as a comparison though their own effects may still grow: it need not be an average of the effects. Here "
            f"{_forbidden(row)}, and {cells}.")


def _forbidden(row: text.Row) -> str:
    if any(text.is_missing(row[c]) for c in _FORBIDDEN):
        return "the share of such comparisons cannot be told, since some places miss a year"
    return f"{_percent(sum(row[c] for c in _FORBIDDEN))} of its weight is such comparisons"


def _compared(row: text.Row, _: Topic) -> list[dict[str, str]]:
    return [{"Compared with": name, "Share of the estimate": _percent(row[c])} for c, name in COMPARED.items()]


def _multilevel(row: text.Row, estimated: str) -> str:
    return ("A multilevel model of the same cells, in which districts and schools differ at random and cells weigh by "
            f"their precision, says {estimated}. Of the variance of students' outcomes "
            f"{_percent(row['intraclass_district'])} lies between districts and {_percent(row['intraclass_school'])} "
            "between their schools. The model takes the effect to be the same in every cohort and year: it is a check, "
            "never the headline.")


def _spread(row: text.Row, topic: Topic) -> list[dict[str, str]]:
    return [{"Where students differ": name, f"Standard deviation ({topic.unit})": text.number(row[c] ** 0.5, 2),
             "Share of the variance": "–" if share is None else _percent(row[share])}
            for c, (name, share) in VARIANCES.items()]


def _students(_: text.Row, estimated: str) -> str:
    return (f"Followed from year to year and each compared with herself, students say {estimated}. They count where "
            "they were enrolled, or bound for, just before the program, wherever they went later: a place whose "
            "enrolment changed does not look better or worse for it. The headline compares places by whoever is "
            "enrolled; where the two differ, who came and who left is a reason.")


def _followed(row: text.Row, _: Topic) -> list[dict[str, str]]:
    return [{"Students of both groups": name, "Number (to 10)": f"{int(row[c]):,}"} for c, name in FOLLOWED.items()]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.001 or share == 0 else "under 0.1 %"


TWO_WAY = Model(
    table="two_way_reference", key="two_way", heading="Two-way fixed effects", name="Two-way",
    figure_caption="The effect on the gap by two-way fixed effects",
    detail_caption="Which comparisons the two-way estimate averages",
    absent="What two-way fixed effects would say was not worked out for this result.",
    estimate="two-way estimate", says=_two_way, needs=tuple(COMPARED), details=_compared)
MULTILEVEL = Model(
    table="multilevel_checks", key="multilevel", heading="Multilevel model", name="Multilevel",
    figure_caption="The effect on the gap by a multilevel model",
    detail_caption="Where students differ, by the multilevel model",
    absent="A multilevel model was fitted to confirmatory results only.",
    estimate="estimate by a multilevel model", says=_multilevel, needs=("variance_student",), details=_spread)
STUDENTS = Model(
    table="student_panel_checks", key="students", heading="The same students", name="The same students",
    figure_caption="The effect on the gap by the student panel", detail_caption="Who is followed",
    absent="The same students were followed for confirmatory results only.",
    estimate="estimate by the student panel", says=_students, needs=("n_students_rounded",), details=_followed)
MODELS = (TWO_WAY, MULTILEVEL, STUDENTS)
"""Other models in the order of the page."""
