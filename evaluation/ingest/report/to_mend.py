"""What a data manager should mend, worst first, and the one sentence above the report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from evaluation.ingest.records import FileReport, Finding, Kind
from evaluation.ingest.report.account import refused_files
from evaluation.ingest.report.tolerance import NO_LOSS, Place, over_tolerance, place, set_aside_without_loss

_BASE = ("school_year", "enrollment")
_CAUSED_BY = {**dict.fromkeys(("no_roster", "no_enrollment", "school_not_in_roster", "not_enrolled_at_school",
                               "not_enrolled"), _BASE), "no_calendar": ("school_session",)}
"""Rules that are broken where such tables of the year lack what they should have: mended with these first."""
_NO_CAUSE = (*_CAUSED_BY, "total_row", "header_again")
_LACKS = {"no_roster": "school_year", "no_enrollment": "enrollment"}
"""One thing to mend, whichever tables rest on it."""
_NEARLY_ALL = 0.9
_OF_ALL = {"date_outside_school_year": "It is so in nearly every row. A folder is named by the year in which its "
           "school year ends, 2024 for 1 July 2023 to 30 June 2024: move the files to their year's."}
"""What to do where a rule is broken by nearly all rows of a file: not the rows are wrong."""


@dataclass(frozen=True)
class Problem:
    """One rule broken in one table and column of a district, in all its files together; `first` is where it starts.

    `is_blocking`: it keeps the delivery from being taken. `follows`: it is likely to be gone once the schools or the
    enrolment of the same years are mended.
    """

    kind: Kind
    is_blocking: bool
    follows: bool
    rule: str
    district_id: str
    table: str
    column: str | None
    what: str
    fix: str
    rows: int
    files: int
    first_file: str
    first_row: int | None


@dataclass(frozen=True)
class Verdict:
    """One sentence and the exit code it stands for: 0 send it, 2 something is refused, 3 too much is set aside."""

    sentence: str
    exit_code: Literal[0, 2, 3]


def problems(files: Iterable[FileReport], *, tolerance: float, accept_without: tuple[str, ...]) -> tuple[Problem, ...]:
    """Return what is refused or set aside, worst first, and what only follows from it last."""
    files = tuple(files)
    unexpected = {f.file for f in refused_files(files, accept_without)[0]}
    grouped: dict[tuple[str, str, str, str, str], list[tuple[FileReport, Finding]]] = defaultdict(list)
    for file in sorted(files, key=lambda f: f.file):
        for finding in file.findings:
            if finding.kind != "note":
                key = (finding.kind, file.district_id, _table(file, finding), finding.rule, finding.column or "")
                grouped[key].append((file, finding))
    causes = {(file.district_id, file.school_year, file.table) for file in files if any(
        f.kind != "note" and f.rule not in _NO_CAUSE for f in file.findings)}
    found = [_problem(group, unexpected, causes) for group in grouped.values()]
    needed = _needed(found, tuple(grouped.values()), {over.place: tolerance * over.read
                                                      for over in over_tolerance(files, tolerance)})
    found = [replace(p, is_blocking=p.is_blocking or i in needed) for i, p in enumerate(found)]
    return tuple(sorted(found, key=lambda p: (not p.is_blocking, p.follows, p.kind != "refused", -p.rows, p.district_id,
                                              p.table, p.rule, p.column or "")))


def verdict(files: tuple[FileReport, ...], found: Iterable[Problem], *, tolerance: float,
            accept_without: tuple[str, ...]) -> Verdict:
    """Return whether to send the delivery as it is, or how many things to mend first."""
    found = tuple(found)
    unexpected, accepted = refused_files(files, accept_without)
    over = over_tolerance(files, tolerance)
    blocking = sum(1 for p in found if p.is_blocking)
    first = "Mend this first" if blocking <= 1 else f"Mend these {blocking:,} things first"
    if not files:
        return Verdict("There is nothing to send: no file was found.", 2)
    if unexpected:
        return Verdict(f"{first}: {_counted(len(unexpected), 'file')} cannot be taken as "
                       f"{'it is' if len(unexpected) == 1 else 'they are'}.", 2)
    if over:
        worst = next((o for p in found for o in over if (p.district_id, p.table) == o.place[:2]), over[0])
        return Verdict(f"{first}. {worst.sentence}; {100 * tolerance:g} % are tolerated.", 3)
    aside = sum(f.rows_quarantined for f in files)
    without = f" The study goes without {_counted(len(accepted), 'refused file')}." if accepted else ""
    if not aside:
        return Verdict(f"Send it: every {'other ' if accepted else ''}row was accepted.{without}", 0)
    harmless = sum(set_aside_without_loss(f) for f in files)
    said = ", which takes nothing from the study" if harmless == aside else (
        f", within the {100 * tolerance:g} % that are tolerated" if tolerance < 1 else "")
    also = f"; {harmless:,} more, without loss to the study" if 0 < harmless < aside else ""
    lost = aside - harmless or aside
    return Verdict(f"Send it: {_counted(lost, 'row')} of {sum(f.rows_in for f in files):,} "
                   f"{'is' if lost == 1 else 'are'} set aside{said}{also}.{without}", 0)


def _needed(found: Sequence[Problem], groups: Sequence[Sequence[tuple[FileReport, Finding]]],
            allowed: Mapping[Place, float]) -> set[int]:
    """Return which problems have to be mended: somewhere their rows, with those of smaller ones, exceed the allowed."""
    rows: dict[Place, list[tuple[int, int]]] = defaultdict(list)
    for i, (problem, group) in enumerate(zip(found, groups, strict=True)):
        if problem.kind == "quarantined" and not problem.follows and problem.rule not in NO_LOSS:
            for at in {place(file) for file, _ in group} & allowed.keys():
                rows[at].append((sum(finding.count for file, finding in group if place(file) == at), i))
    needed = set()
    for at, counted in rows.items():
        smaller = 0
        for count, i in sorted(counted):
            smaller += count
            if smaller > allowed[at]:
                needed.add(i)
    return needed


def _problem(group: list[tuple[FileReport, Finding]], unexpected: set[str], causes: set[tuple[str, int, str]]
             ) -> Problem:
    file, first = group[0]
    follows = any((f.district_id, f.school_year, table) in causes for f, _ in group
                  for table in _CAUSED_BY.get(first.rule, ()))
    stops = first.kind == "refused" and any(f.file in unexpected for f, _ in group)
    rows = sum(f.rows_refused if found.kind == "refused" else found.count for f, found in group)
    in_all = sum(f.rows_in for f, _ in group)
    fix = _OF_ALL[first.rule] if first.rule in _OF_ALL and rows >= _NEARLY_ALL * in_all else first.fix
    return Problem(first.kind, stops and not follows, follows, first.rule, file.district_id, _table(file, first),
                   first.column, first.what, fix, rows, len({f.file for f, _ in group}), file.file, first.row)


def _table(file: FileReport, finding: Finding) -> str:
    return _LACKS.get(finding.rule, file.table)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
