"""Read cells and intake, write group_levels, gap_levels and coverage."""

from __future__ import annotations

from evaluation import params, stage, store
from evaluation.describe.coverage import coverage
from evaluation.describe.levels import gap_levels, group_levels
from evaluation.describe.scopes import scopes
from evaluation.design import one_program_unit, one_unit, survivors


def main(study_id: str) -> None:
    """Describe one study."""
    study = params.load(study_id, "describe")
    cells = store.read("cells", study_id)
    merged = survivors(store.read("school_lineage", study_id), study)
    units = one_unit(cells, merged, study)
    members = scopes(units, one_program_unit(study, merged))
    tables = {"group_levels": group_levels(units, members, study), "gap_levels": gap_levels(units, members, study),
              "coverage": coverage(cells, store.read("intake", study_id), study)}
    store.emptied("unreleased", "describe", study_id)
    for name, frame in tables.items():
        store.write(frame, name, study_id)


if __name__ == "__main__":
    stage.run(main)
