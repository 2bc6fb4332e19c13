"""Read cells, moments and estimates, write what tells whether the effects and the scales can be believed."""

from __future__ import annotations

import pandas as pd
from rich.progress import track

from evaluation import params, stage, store
from evaluation.contracts import TABLES
from evaluation.coverage import registry
from evaluation.design import StudentSums, check_assignment, one_program_unit, one_unit, renamed, survivors
from evaluation.diagnose.all import OF_STUDY, OF_TOPIC, diagnose
from evaluation.diagnose.diagnosed import Diagnosed, Row, diagnosable, prepare
from evaluation.diagnose.scales import scale_tables
from evaluation.diagnose.together import Result, Together, key_of, published
from evaluation.errors import EstimationError
from evaluation.stats.inference.gate import gate_of
from evaluation.stats.standards.handbook import handbook


def main(study_id: str) -> None:
    """Diagnose one study; what stage `estimate` refuses has no row here."""
    study = params.load(study_id, "diagnose")
    merged = survivors(store.read("school_lineage", study_id), study)
    study, cells = one_program_unit(study, merged), one_unit(store.read("cells", study_id), merged, study)
    check_assignment(cells, study.programs, study_id)
    by_outcome = {(str(o), str(d)): rows for (o, d), rows in cells.groupby(["outcome_id", "dimension"])}
    sums = StudentSums(*(renamed(store.read(t, study_id), merged) for t in ("student_moments", "home_students")))
    gate, console = gate_of(registry()), stage.stderr()
    found: dict[str, list[Row]] = {table: [] for table in OF_TOPIC}
    together: dict[Result, Diagnosed] = {}
    wanted = diagnosable(study)
    for topic in track(wanted, "diagnose", console=console, transient=True, disable=not console.is_terminal):
        try:
            of = prepare(by_outcome, study, topic, gate=gate, sums=sums)
        except EstimationError:
            continue
        for table, rows in diagnose(of).items():
            found[table].extend(rows)
        together[key_of(of)] = of
    scales = scale_tables(store.read("item_moments", study_id), study)
    whole = Together(study, together, published(store.read("estimates", study_id)), scales,
                     handbook(params.settings().standards.handbook))
    found |= {**scales, **{table: rows(whole) for table, rows in OF_STUDY.items()}}
    store.emptied("unreleased", "diagnose", study_id)
    for table, rows in found.items():
        store.write(pd.DataFrame(rows).reindex(columns=list(TABLES[table].columns)), table, study_id)


if __name__ == "__main__":
    stage.run(main)
