"""Which tables a delivered file feeds, by the patterns of the mapping and the folder of its school year."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch

from evaluation.errors import DeliveryError
from evaluation.ingest.delivery.delivered import DeliveredFile
from evaluation.ingest.mapping.schema import DistrictMapping
from evaluation.ingest.records import Flaw
from evaluation.ingest.versions import year_and_day
from evaluation.params import Study


def claimed(path: str, mapping: DistrictMapping, study: Study) -> Iterator[DeliveredFile]:
    """Yield the file once for every table it feeds: one, unless it holds records of several tables.

    A file that no table claims, or of a year that the study does not ask for, is refused.

    Raises
    ------
    DeliveryError
        The file lies in no school year's folder, or tables claim it that do not tell its records apart.
    """
    where = f"{mapping.district_id}/{path}"
    found = year_and_day(path.partition("/")[0]) if "/" in path else None
    if found is None:
        raise DeliveryError("the file lies in no school year's folder.", where=where,
                            fix=f"Put it into {mapping.district_id}/<school year>/, by the year in which it ends; a "
                                "late or corrected file into <school year>@<day it came>/, such as 2024@2025-02-01/.")
    school_year, day = found
    begins = f"{school_year - 1}-07-01"
    if day and day < begins:
        raise DeliveryError("the day in the folder's name is before its school year begins.", where=where,
                            fix=f"Name the folder by the day on which the files came, {begins} or later.")
    sent = mapping.tables.sent()
    claims = [name for name, table in sent.items() if fnmatch(path, table.files)]
    records = {sent[name].kind_of_record() for name in claims} - {None}
    if len(claims) > 1 and len(records) != len(claims):
        raise DeliveryError(f"tables {' and '.join(claims)} both claim this file.", where=where,
                            fix="Make the patterns under `files` in mapping.yaml narrower.")
    for name in claims or ("unclaimed",):
        record = (sent[name].kind_of_record() or "") if len(claims) > 1 else ""
        file = DeliveredFile(path, name, school_year, day, record)
        if file.school_year not in study.periods.all():
            file.refuse(Flaw("outside_periods"))
        elif not claims:
            file.refuse(Flaw("unclaimed_file"))
        yield file
