"""Read cells and item moments, write what tells whether the effects and the scales can be believed."""

from __future__ import annotations

import pandas as pd
from rich.console import Console
from rich.progress import track

from evaluation import params, stage, store
from evaluation.contracts import TABLES
from evaluation.design import check_assignment
from evaluation.diagnose.all import diagnosable, diagnose
from evaluation.diagnose.scales import scale_tables
from evaluation.errors import EstimationError

_TABLES = ("pre_trends", "detectable_effects", "leave_one_out")


def main(study_id: str) -> None:
    """Diagnose one study; what stage `estimate` refuses has no row here."""
    study = params.load(study_id, "diagnose")
    cells = store.read("cells", study_id)
    check_assignment(cells, study.programs, study_id)
    by_outcome = dict(list(cells.groupby(["outcome_id", "dimension"])))
    console = Console(stderr=True)
    found: dict[str, list[dict[str, object]]] = {table: [] for table in _TABLES}
    wanted = diagnosable(study)
    for topic in track(wanted, "diagnose", console=console, transient=True, disable=not console.is_terminal):
        rows = by_outcome.get((topic.outcome.id, topic.gap.dimension), cells.iloc[:0])
        try:
            made = diagnose(rows, study, topic)
        except EstimationError:
            continue
        for table in _TABLES:
            found[table].extend(made[table])
    found |= scale_tables(store.read("item_moments", study_id), study)
    for table in found:
        store.write(pd.DataFrame(found[table]).reindex(columns=list(TABLES[table].columns)), table, study_id)


if __name__ == "__main__":
    stage.run(main)
