"""One case of the bad-input corpus: what is wrong, and what must become of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from evaluation.ingest.district import District
from evaluation.ingest.records import FileReport
from tests.ingest.corpus.delivery import good_files

Files = dict[str, bytes]
Outcome = Literal["F", "Q", "N"]


@dataclass(frozen=True)
class Case:
    """F: the file is refused; Q: `rows` are set aside; N: read correctly, `rule` is the note or there is none to make.

    `file` is where `rule` shows, below the district's folder; `delivered` makes all files; `mapping` changes the plain
    mapping; `reads` asks of (this delivery, the plain one) that what was read is right.
    """

    number: int
    what: str
    outcome: Outcome
    rule: str | None
    delivered: Callable[[], Files]
    file: str = "2024/students.csv"
    rows: tuple[int, ...] = ()
    column: str | None = None
    hint: str = ""
    mapping: Mapping[str, object] = field(default_factory=dict)
    reads: Callable[[District, District], bool] | None = None


def same(table: str) -> Callable[[District, District], bool]:
    """Ask that a canonical table is the plain delivery's."""
    return lambda found, plain: found.tables[table].equals(plain.tables[table])


def with_file(name: str, content: bytes, instead: str = "") -> Callable[[], Files]:
    """Return the plain delivery with one file more, or one `instead` of another."""
    def delivered() -> Files:
        files = good_files()
        files.pop(instead or name, None)
        return files | {name: content}
    return delivered


def changed(table: str, change: Callable[[bytes], bytes]) -> Callable[[], Files]:
    """Return the plain delivery with the bytes of a table's file changed."""
    name = f"2024/{table}.csv"
    return lambda: good_files() | {name: change(good_files()[name])}


def line(table: str, row: int, text: str) -> Callable[[], Files]:
    """Return the plain delivery with a spreadsheet row of a table's file replaced; 1 is the header."""
    def change(content: bytes) -> bytes:
        rows = content.decode().splitlines()
        rows[row - 1:row] = [text]
        return ("\n".join(rows) + "\n").encode()
    return changed(table, change)


def needed(case: Case) -> Files:
    """Return the case's delivery without tables that its file does not rest on."""
    table = PurePosixPath(case.file).name.partition(".")[0]
    rests_on = {table, *({"schools": (), "enrollment": ("schools",)}.get(table, ("schools", "enrollment")))}
    return {name: content for name, content in case.delivered().items()
            if PurePosixPath(name).name.partition(".")[0] in rests_on}


def report_of(found: District, case: Case) -> FileReport:
    """Return the report of the case's file."""
    return next(report for report in found.files if report.file == f"ia-9001/{case.file}")
