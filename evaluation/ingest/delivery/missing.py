"""Tables that every district has to send and of which no file came, in any year."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evaluation.ingest.delivery.delivered import DeliveredFile
from evaluation.ingest.mapping.schema import DistrictMapping
from evaluation.ingest.records import FileReport, Flaw, findings, sentence
from evaluation.ingest.rulebook import RULES

ALWAYS_SENT = ("school_year", "enrollment", "student_year")


def missing_tables(files: Sequence[DeliveredFile], mapping: DistrictMapping) -> Iterator[FileReport]:
    """Yield a refusal, in place of a file, of every such table of a district that sent anything.

    It is called by the pattern that the files should have, and stands in the last school year of the others.
    """
    claimed = {file.table for file in files}
    for name in ALWAYS_SENT:
        if not files or name in claimed:
            continue
        found = findings("refused", [Flaw("no_file", hint=f"The table is `{name}`.")], RULES)
        pattern = mapping.tables.sent()[name].files
        yield FileReport(mapping.district_id, max(file.school_year for file in files), name,
                         f"{mapping.district_id}/{pattern}", 0, 0, 0, 0, sentence(found[0]), found)
