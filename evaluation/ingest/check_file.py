"""What the intake would say of one file: the same rules, with nothing written."""

from __future__ import annotations

from pathlib import Path

from evaluation import engine
from evaluation.errors import DeliveryError
from evaluation.ingest.district import ingest_district
from evaluation.ingest.mapping import read_mapping
from evaluation.ingest.records import FileReport, Finding
from evaluation.params import Study

__all__ = ["FileReport", "Finding", "check_file"]

_NO_SECRET = b"checked only; no pseudonym leaves this module"


def check_file(path: Path, study: Study) -> FileReport:
    """Return the intake report of a file of a district's delivery.

    The mapping is found in the folders above the file; the district's other files of the same year are read too, since
    schools and enrolment lie there.

    Raises
    ------
    DeliveryError
        No mapping.yaml lies above the file, it is broken, or the file is not in a school year's folder.
    """
    file = path.resolve()
    district = next((folder for folder in file.parents if (folder / "mapping.yaml").is_file()), None)
    if district is None:
        raise DeliveryError("there is no mapping.yaml in the folders above this file.", where=str(path),
                            fix="Put the file into <district>/<school year>/, with <district>/mapping.yaml.")
    if district.name not in {d.id for d in study.districts}:
        raise DeliveryError(f"the study has no district `{district.name}`.", where=str(path),
                            fix="Add it under `districts` in the study file, or name the study with --study.")
    mapping = read_mapping((district / "mapping.yaml").read_bytes(),
                           where=str(district / "mapping.yaml"), folder=district.name)
    year = district / file.relative_to(district).parts[0]
    siblings = {file, *(p for p in year.rglob("*") if p.is_file() and not p.name.startswith("."))}
    paths = [p.relative_to(district).as_posix() for p in siblings]
    with engine.session() as session:
        found = ingest_district(mapping, paths, lambda p: (district / p).read_bytes(), study, key=_NO_SECRET,
                                session=session)
    wanted = f"{district.name}/{file.relative_to(district).as_posix()}"
    return next(report for report in found.files if report.file == wanted)
