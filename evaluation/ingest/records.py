"""What the intake says of a file: counts that always add up, and findings that locate a problem without its value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["refused", "quarantined", "note"]


@dataclass(frozen=True)
class Rule:
    """What is wrong and what a data manager can do about it."""

    what: str
    fix: str


@dataclass(frozen=True)
class Flaw:
    """One problem of one row (`row` missing: of the file)."""

    rule: str
    row: int | None = None
    column: str | None = None
    count: int = 1
    hint: str = ""


@dataclass(frozen=True)
class Finding:
    """All flaws of a file that break one rule in one column: `row` is the first, `count` how many."""

    kind: Kind
    rule: str
    row: int | None
    column: str | None
    count: int
    what: str
    fix: str


@dataclass(frozen=True)
class FileReport:
    """One delivered file: rows_in = rows_accepted + rows_quarantined + rows_refused, always.

    `superseded_by` names the folder of the version that replaced the file; its rows are accounted for and not taken.
    """

    district_id: str
    school_year: int
    table: str
    file: str
    rows_in: int
    rows_accepted: int
    rows_quarantined: int
    rows_refused: int
    refusal: str | None = None
    findings: tuple[Finding, ...] = ()
    superseded_by: str | None = None

    def __post_init__(self) -> None:
        if self.rows_in != self.rows_accepted + self.rows_quarantined + self.rows_refused:
            raise AssertionError(f"{self.file}: rows in are not accepted + quarantined + refused")


class RefusedFileError(Exception):
    """The whole file is refused; `rows` is how many data rows it holds, as far as can be told."""

    def __init__(self, flaw: Flaw, rows: int = 0) -> None:
        self.flaw, self.rows = flaw, rows
        super().__init__(flaw.rule)


def findings(kind: Kind, flaws: Iterable[Flaw], rules: Mapping[str, Rule]) -> tuple[Finding, ...]:
    """Return flaws summed up by rule and column, in order of their first row."""
    count: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], Flaw] = {}
    for flaw in flaws:
        key = (flaw.rule, flaw.column or "")
        count[key] += flaw.count
        if key not in first or (flaw.row or 0) < (first[key].row or 0):
            first[key] = flaw
    found = [Finding(kind, flaw.rule, flaw.row, flaw.column, count[key], rules[flaw.rule].what,
                     " ".join(part for part in (flaw.hint, rules[flaw.rule].fix) if part))
             for key, flaw in first.items()]
    return tuple(sorted(found, key=lambda f: (f.row or 0, f.column or "", f.rule)))


def sentence(finding: Finding) -> str:
    """Return a finding as one sentence: what, where, what to do."""
    where = ", ".join(part for part in (f"row {finding.row}" if finding.row else "",
                                        f"column `{finding.column}`" if finding.column else "") if part)
    counted = f" ({finding.count:,} rows)" if finding.count > 1 else ""
    return f"{finding.what}{f' at {where}' if where else ''}{counted}. {finding.fix}"
