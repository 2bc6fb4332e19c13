"""Which known layout of CSV files a district's files have, by the names of their columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any

from evaluation.ingest.mapping.layouts import known_layouts, with_layouts
from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.proposal.guess import compact, guess_table, is_known
from evaluation.ingest.proposal.sample_file import Sample

LEAST = 2 / 3
"""Share of a table's columns that a file has at least."""
NAMED = ("panorama", "elevate")
"""Survey exports that only the file's name tells from others."""
SURVEYS = (*NAMED, "qualtrics")
_FEWEST_TELLING = 2
_WRITTEN = ("files", "columns", "derived", "only", "drop")


@dataclass(frozen=True)
class Fit:
    """A file that a layout's table reads; `lacking` are columns that the layout reads and the file has not."""

    layout: str
    table: str
    lacking: tuple[str, ...]


def preset(layouts: Sequence[str]) -> Mapping[str, Any]:
    """Return the tables that layouts declare, as content."""
    found: Mapping[str, Any] = with_layouts({"layout": list(layouts)})["tables"] if layouts else {}
    return found


def read_by(content: Mapping[str, Any]) -> SourceTable:
    """Return what a layout's table reads, less what the district has yet to add."""
    return SourceTable.model_validate({key: content[key] for key in _WRITTEN if key in content} | {
        "columns": content.get("columns", {})})


def fitted(samples: Iterable[Sample]) -> dict[str, Fit]:
    """Return the files that a known layout reads, by path.

    A layout with files of several tables is recognised by a file with at least two columns that no other system is
    known to name so; then every file with most of the columns of one of its tables is read by it. A survey export is
    recognised by its marks below the header, or by its name.
    """
    samples = tuple(samples)
    found = {sample.path: fit for sample in samples if (fit := _survey(sample)) is not None}
    rest = [sample for sample in samples if sample.path not in found]
    tried = [of_layout for layout in known_layouts() if (of_layout := _of_layout(layout, rest))]
    return found | max(tried, key=len, default={})


def _survey(sample: Sample) -> Fit | None:
    if sample.label_rows:
        return Fit("qualtrics", "survey_response", ())
    name = PurePosixPath(sample.path).stem.casefold()
    is_survey = guess_table(sample.columns, sample.path).table == "survey_response"
    named = [layout for layout in NAMED if layout in name]
    return Fit(named[0], "survey_response", ()) if named and is_survey else None


def _of_layout(layout: str, samples: Sequence[Sample]) -> dict[str, Fit]:
    tables = {name: content for name, content in preset([layout]).items()
              if content.get("columns") and "xml" not in content and "oneroster" not in content}
    found: dict[str, Fit] = {}
    is_told = False
    for sample in samples:
        names = {compact(name) for name in sample.columns}
        best: tuple[float, bool] = (LEAST, False)
        for name, content in tables.items():
            reads = read_by(content).required()
            has = [column for column in reads if compact(column) in names]
            score = (len(has) / len(reads), fnmatch(sample.path, content["files"]))
            if score > best or (score == best and sample.path not in found):
                best = score
                found[sample.path] = Fit(layout, name, tuple(c for c in reads if c not in has))
                is_told |= sum(not is_known(column) for column in has) >= _FEWEST_TELLING
    return found if is_told else {}
