"""Did the same students do better? The headline's effect on the students of home schools, beside it as a check."""

from __future__ import annotations

from evaluation.design import build_students
from evaluation.design.columns import effect
from evaluation.diagnose.diagnosed import Diagnosed, Row
from evaluation.errors import EstimationError
from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.student_panel import student_panel
from evaluation.stats.inference.infer import infer
from evaluation.stats.records import Design

NO_STUDENTS = "the study has no student rows."
NOT_IDENTIFIED = "no home school in the program has the same students before and in it beside one that is not."
COUNTS = ("n_students", "n_spanning", "n_projected", "n_in_two_districts", "n_left", "n_entered_later")


def student_panel_checks(of: Diagnosed) -> list[Row]:
    """Return the effect on the gap by the student panel, and the students it speaks of; confirmatory results only.

    Effects by cohort and period, averaged as the headline's, cohorts of one district left out. Students are those of
    both groups; `n_entered_later` came into the program after its start and are in the headline, not in the panel.
    """
    topic = of.topic
    if not of.is_confirmatory:
        return []
    if of.sums.moments.empty:
        return [{"undefined": NO_STUDENTS}]
    try:
        design, moments = build_students(of.sums, of.own_cells, of.study, topic)
        overall = aggregate(student_panel(design, moments=moments, part="gap", effect="att_gt"), "overall")
    except (EstimationError, ValueError) as error:
        return [{"undefined": f"{str(error).rstrip('.')}."}]
    counts = _counts(of, design)
    if not overall.estimands:
        return [{**counts, "undefined": NOT_IDENTIFIED}]
    return [{**effect(infer(overall, gate=of.gate)[0][0]), **counts}]


def _counts(of: Diagnosed, design: Design) -> Row:
    """Count the students of the design's home schools, and those who entered later."""
    homes = of.sums.only(of.study, of.topic).homes
    mine = homes[homes["unit_id"].isin(design.unit_ids).to_numpy(dtype=bool)]
    return {name: int(mine[name].sum()) for name in COUNTS}
