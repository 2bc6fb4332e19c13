"""What `evaluation map` says of a OneRoster export: an archive is read whole, its files alone are not."""

from __future__ import annotations

from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.proposal.mapping_text import CHECK
from evaluation.ingest.proposal.sample_file import first_fields
from evaluation.ingest.readers.containers import members_of_zip
from evaluation.ingest.readers.csv_records import csv_records
from evaluation.ingest.readers.oneroster import FILES, identifies
from evaluation.ingest.records import RefusedFileError

LAYOUT = "oneroster_1_1"
TOGETHER = (f"Take the columns that identify people out of them, put {', '.join(FILES)} together into one archive "
            "whose name holds `oneroster`, and map that.")
_ID = "sourcedId"


def is_roster(content: bytes) -> bool:
    """Return whether an archive holds the users and the enrolments of a roster."""
    try:
        return content.startswith(b"PK") and {"users.csv", "enrollments.csv"} <= set(members_of_zip(content, FILES))
    except RefusedFileError:
        return False


def is_file_of_roster(content: bytes) -> bool:
    """Return whether text is one of the files of a roster."""
    return _ID in first_fields(content)


def to_delete(content: bytes) -> list[str]:
    """Return comments on the columns of an archive that identify people, in its files' order."""
    table = SourceTable(files="*", columns={})
    found = []
    for name, text in members_of_zip(content, FILES).items():
        header = next(iter(csv_records(text, table)), []) if text.strip() else []
        found += [f"#   {name}/{column} ({kind})" for column in map(str.strip, header)
                  if (kind := identifies(name, column)) is not None]
    return [f"{CHECK} delete these columns at the source before you send; with them the archive is refused:", *found
            ] if found else []
