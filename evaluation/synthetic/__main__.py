"""Read a study, write its deliveries and its truth."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rich.progress import track

from evaluation import params, stage, store
from evaluation.errors import StudyError
from evaluation.synthetic.delivery import delivered_files
from evaluation.synthetic.layouts import layout_of
from evaluation.synthetic.levels import levels
from evaluation.synthetic.mapping import mapping_yaml
from evaluation.synthetic.outcomes import draw
from evaluation.synthetic.overwrite import KEY_FILE, refuse_to_overwrite
from evaluation.synthetic.places import Place, place, refuse_unknown_schools
from evaluation.synthetic.planted import NOISE
from evaluation.synthetic.roster import roster
from evaluation.synthetic.truth import truth_cells

DEMO_KEY = """# Demonstration key of a synthetic study. It is public and protects nobody: every student is invented.
# A real district keeps its key outside the repository; the last line is the key.
demonstration-key-not-secret-0123456789abcdef
"""


def main(study_id: str) -> None:
    """Write `deliveries/<study>` and `truth_cells`; what an earlier run left there is removed first."""
    study = params.load(study_id, "synthetic")
    if study.synthetic is None:
        raise StudyError("the study is not synthetic.", where=f"studies/{study_id}.yaml",
                         fix="Add a `synthetic` block with seed and scale, or leave this stage out.")
    places = tuple(place(study, district) for district in study.districts)
    refuse_unknown_schools(study, places)
    refuse_to_overwrite(store.folder("restricted", "deliveries", study_id))
    root = store.emptied("restricted", "deliveries", study_id)
    store.emptied("unreleased", "synthetic", study_id)
    store.write_bytes(DEMO_KEY.encode(), root / KEY_FILE)
    console = stage.stderr()
    truth = [_district(study, p, study.synthetic, root) for p in
             track(places, "synthetic deliveries", console=console, disable=not console.is_terminal, transient=True)]
    store.write(pd.concat(truth, ignore_index=True), "truth_cells", study_id)


def _district(study: params.Study, where: Place, settings: params.Synthetic, root: Path) -> pd.DataFrame:
    """Write one district's delivery and return its truth cells."""
    people = roster(where, settings.seed, settings.scale, study.periods.all())
    drawn = draw(people, {outcome: levels(study, where, outcome, settings.seed) for outcome in NOISE}, settings.seed)
    layout, folder = layout_of(where.district.id, settings.attendance_grain), root / where.district.id
    store.write_bytes(mapping_yaml(where.district.id, layout).encode(), folder / "mapping.yaml")
    for year in study.periods.all():
        for path, content in delivered_files(people, drawn, layout, year):
            store.write_bytes(content, folder / path)
    return truth_cells(study, people, drawn)


if __name__ == "__main__":
    stage.run(main)
