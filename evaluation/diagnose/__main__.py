"""Read cells and item moments, write what tells whether the effects and the scales can be believed."""

from __future__ import annotations

import pandas as pd
from rich.console import Console
from rich.progress import track

from evaluation import params, stage, store
from evaluation.contracts import TABLES
from evaluation.design import check_assignment
from evaluation.diagnose.all import OF_TOPIC, diagnose
from evaluation.diagnose.diagnosed import Row, diagnosable, prepare
from evaluation.diagnose.scales import scale_tables
from evaluation.errors import EstimationError


def main(study_id: str) -> None:
    """Diagnose one study; what stage `estimate` refuses has no row here."""
    study = params.load(study_id, "diagnose")
    cells = store.read("cells", study_id)
    check_assignment(cells, study.programs, study_id)
    by_outcome = {(str(o), str(d)): rows for (o, d), rows in cells.groupby(["outcome_id", "dimension"])}
    console = Console(stderr=True)
    found: dict[str, list[Row]] = {table: [] for table in OF_TOPIC}
    wanted = diagnosable(study)
    for topic in track(wanted, "diagnose", console=console, transient=True, disable=not console.is_terminal):
        try:
            of = prepare(by_outcome, study, topic)
        except EstimationError:
            continue
        for table, rows in diagnose(of).items():
            found[table].extend(rows)
    found |= scale_tables(store.read("item_moments", study_id), study)
    for table, rows in found.items():
        store.write(pd.DataFrame(rows).reindex(columns=list(TABLES[table].columns)), table, study_id)


if __name__ == "__main__":
    stage.run(main)
