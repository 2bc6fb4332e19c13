"""Read cells and student moments, write estimates with what belongs to them, refusals and plan_differences."""

from __future__ import annotations

import pandas as pd
from rich.progress import track

from evaluation import params, stage, store
from evaluation.contracts import TABLES
from evaluation.coverage import registry
from evaluation.design import StudentSums, check_assignment, one_program_unit, one_unit, renamed, survivors, topics
from evaluation.errors import EstimationError
from evaluation.estimate.one import Found, estimate
from evaluation.estimate.planned import plan_differences, with_standing
from evaluation.stats.inference.gate import gates_of


def main(study_id: str) -> None:
    """Estimate one study; what cannot be estimated is told and listed, and sinks nothing else."""
    planned = params.load(study_id, "estimate")
    merged = survivors(store.read("school_lineage", study_id), planned)
    study, cells = one_program_unit(planned, merged), one_unit(store.read("cells", study_id), merged, planned)
    check_assignment(cells, study.programs, study_id)
    by_outcome = dict(list(cells.groupby(["outcome_id", "dimension"])))
    sums = StudentSums(*(renamed(store.read(t, study_id), merged) for t in ("student_moments", "home_students")))
    gates, console = gates_of(registry()), stage.stderr()
    found, refused = Found([], [], [], []), []
    for topic in track(topics(study), "estimate", console=console, transient=True, disable=not console.is_terminal):
        about = topic.columns()
        try:
            rows = by_outcome.get((topic.outcome.id, topic.gap.dimension), cells.iloc[:0])
            made = estimate(rows, study, topic, gates=gates, sums=sums)
        except EstimationError as error:
            refused.append({k: about[k] for k in ("specification", "program", "outcome_id", "gap_id")}
                           | {"reason": str(error)})
            console.print(f"no estimate: {topic.specification.id}, {topic.outcome.id}, {topic.gap.id}", style="yellow")
            continue
        found.estimates.extend(made.estimates)
        found.relative.extend(made.relative)
        found.splits.extend(made.splits)
        found.weights.extend(made.weights)
    locks = params.locks(study_id)
    store.emptied("unreleased", "estimate", study_id)
    store.write(pd.DataFrame(plan_differences(planned, locks)), "plan_differences", study_id)
    estimates = with_standing(pd.DataFrame(found.estimates), planned, locks)
    for table, content in (("estimates", estimates), ("refusals", pd.DataFrame(refused)),
                           ("relative_effects", pd.DataFrame(found.relative)),
                           ("gap_splits", pd.DataFrame(found.splits)),
                           ("estimate_weights", pd.concat(found.weights) if found.weights else pd.DataFrame())):
        columns = list(TABLES[table].columns)
        store.write(content.reindex(columns=columns), table, study_id)


if __name__ == "__main__":
    stage.run(main)
