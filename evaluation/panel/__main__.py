"""Read canonical tables, write student outcomes and path cells (restricted), cells and moments (what is read later)."""

from __future__ import annotations

from evaluation import engine, params, stage, store
from evaluation.contracts import TABLES
from evaluation.engine import Frame, Session
from evaluation.panel.cells import cells, published_cells
from evaluation.panel.definitions import definitions
from evaluation.panel.items import item_moments, no_items
from evaluation.panel.lineage import no_lineage, school_lineage
from evaluation.panel.moments import no_homes, no_moments, student_moments
from evaluation.panel.outcomes import values
from evaluation.panel.paths import Paths, no_paths, placed, student_paths
from evaluation.panel.students import by_school, student_outcomes, student_years
from evaluation.params import Study
from evaluation.sent import SOURCE, sent

_SOURCES = ("school_year", "enrollment", "student_year", "attendance", "discipline_action", "survey_response")


def main(study_id: str) -> None:
    """Run the stage for one study."""
    study = params.load(study_id, "panel")
    for level in ("restricted", "unreleased"):
        store.emptied(level, "panel", study_id)
    if study.deliveries.adapter == "public_group_level":
        store.write(published_cells(store.read("public_cell", study_id)), "cells", study_id)
        store.write(definitions(study, None), "definition", study_id)
        for name, empty in (("item_moments", no_items), ("school_lineage", no_lineage),
                            ("student_moments", no_moments), ("home_students", no_homes)):
            store.write(empty(), name, study_id)
        for name, frame in vars(no_paths()).items():
            store.write(frame, name, study_id)
        return
    chosen, scratch = params.settings(), store.scratch("panel", study_id)
    with engine.session(chosen.engine, memory=chosen.engine_memory, scratch=scratch) as session:
        tables = _tables(study_id, session)
        students = session.kept(student_years(tables).join(
            tables["enrollment_sent"], on=["district_id", "school_year"], how="inner"))
        outcomes = student_outcomes(students, tables, _score(study, students, tables))
        store.write_in_order(session.in_order(outcomes, TABLES["student_outcome"].key), "student_outcome", study_id)
        store.write(definitions(study, tables["discipline_action"]), "definition", study_id)
        store.write(school_lineage(tables["school_year"]), "school_lineage", study_id)
        store.write(cells(study, students, tables), "cells", study_id)
        store.write(item_moments(study, students, tables), "item_moments", study_id)
        at_one_school = session.kept(placed(students, tables))
        found = vars(student_paths(study, at_one_school, tables, session))
        paths = Paths(**{name: session.scan(store.write(frame, name, study_id)) for name, frame in found.items()})
        made = student_moments(study, paths, at_one_school, session)
        store.write(made.moments, "student_moments", study_id)
        store.write(made.homes, "home_students", study_id)


def _tables(study_id: str, session: Session) -> dict[str, Frame]:
    """Return the canonical tables, and for each the district-years that were sent as `<table>_sent`."""
    intake = store.read("intake", study_id)
    tables = {name: session.scan(store.path(name, study_id)) for name in _SOURCES}
    days = store.path("attendance_day", study_id)
    attendance = by_school(tables["attendance"], session.scan(days) if days.is_dir() else None)
    return tables | {"attendance": session.kept(attendance)} | {
        f"{name}_sent": session.frame(sent(intake, name)) for name in _SOURCES}


def _score(study: Study, students: Frame, tables: dict[str, Frame]) -> Frame | None:
    first = next((o for o in study.outcomes if SOURCE.get(o.measure) == "survey_response"), None)
    return None if first is None else values(first, students, tables)


if __name__ == "__main__":
    stage.run(main)
