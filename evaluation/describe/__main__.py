"""Read cells and intake, write group_levels, gap_levels and coverage."""

from __future__ import annotations

from evaluation import params, stage, store
from evaluation.describe.coverage import coverage
from evaluation.describe.levels import gap_levels, group_levels
from evaluation.describe.scopes import scopes


def main(study_id: str) -> None:
    """Describe one study."""
    study = params.load(study_id, "describe")
    cells = store.read("cells", study_id)
    members = scopes(cells, study)
    store.write(group_levels(cells, members, study), "group_levels", study_id)
    store.write(gap_levels(cells, members, study), "gap_levels", study_id)
    store.write(coverage(cells, store.read("intake", study_id), study), "coverage", study_id)


if __name__ == "__main__":
    stage.run(main)
