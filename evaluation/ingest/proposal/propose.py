"""A mapping.yaml proposed from files nobody has mapped yet; what is unsure is marked `# check:`.

Of values only codes are repeated: those that are known words, and unknown ones that many rows share and that look like
codes. Columns that identify people are named under a comment that says to delete them, and are not mapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from evaluation.ingest.mapping.schema import FIELDS
from evaluation.ingest.proposal.fits import NAMED, SURVEYS, Fit, fitted, preset
from evaluation.ingest.proposal.grouped import grouped
from evaluation.ingest.proposal.guess import Guess, completions
from evaluation.ingest.proposal.mapping_text import CHECK, noted, quoted
from evaluation.ingest.proposal.sample_file import Sample
from evaluation.ingest.proposal.table_text import named_table, refined_table

_OWN_NAMES = ("iowa_sri", "ohio_emis")
"""Layouts whose columns are named by this project, after public descriptions."""
REQUIRED = ("school_year", "enrollment", "student_year")


def propose(samples: Sequence[Sample], *, district_id: str, layouts: Sequence[str], is_district_known: bool) -> str:
    """Return the text of a mapping that `read_mapping` takes, unless it says that something has to be added first.

    Parameters
    ----------
    samples : the district's files that can be read; several of one table (its years) are read together.
    district_id : the name of the district's folder; `is_district_known` says whether that is more than a placeholder.
    layouts : names of presets that cover other files.
    """
    fits = fitted(samples)
    named = sorted({*layouts, *(fit.layout for fit in fits.values())})
    presets = preset(named)
    found = grouped(samples, fits, presets)
    by_layout, by_name = found.by_layout, found.by_name
    lines = [f'# Proposed by evaluation map. Go through the lines marked "{CHECK}", then: evaluation check FOLDER',
             noted(f"district_id: {quoted(district_id)}",
                   None if is_district_known else "the name of the district's folder, as in the study file"),
             'version: "1"']
    if named:
        lines.append(noted(f"layout: [{', '.join(named)}]", _doubt(named, fits.values())))
    lines += _student_id({**by_layout, **by_name})
    left = completions(named)
    tables: list[str] = []
    for name in FIELDS:
        body: list[str] = []
        if name in by_layout:
            body = [*refined_table(name, by_layout[name], presets[name]), *(f"    {row}" for row in left.get(name, ()))]
        elif name in by_name:
            body = list(named_table(name, by_name[name], presets.get(name, {})))
        elif name in left and name not in _optional(fits.values()):
            body = [f"    {row}" for row in left[name]]
        elif name in presets:
            if name in _optional(fits.values()):
                tables.append(f"  {name}: ~  {CHECK} no file of this table was given")
        elif name in REQUIRED:
            body = [f"    {CHECK} no file of this table was given; name yours", f'    files: "*/{name}*.csv"',
                    f"    columns: {{{', '.join(f'{field}: {field}' for field in FIELDS[name])}}}"]
        tables += [f"  {name}:", *body] if body else []
    return "\n".join([*lines, *(["tables:", *tables] if tables else ["tables: {}"]),
                      *(f"{CHECK} not mapped: {line}" for line in found.left)]) + "\n"


def _doubt(layouts: Sequence[str], fits: Iterable[Fit]) -> str | None:
    """Return what to check about the layouts, if anything."""
    fits = tuple(fits)
    told = {layout: sorted({c for fit in fits if fit.layout == layout for c in fit.lacking}) for layout in layouts}
    found = [f"{layout} is known by its columns and is no official file layout: compare with your export"
             + (f", which lacks {', '.join(lacking)}" if lacking else "")
             for layout, lacking in told.items() if layout in _OWN_NAMES]
    found += [f"{layout} is known by the file's name alone" for layout in told if layout in NAMED]
    if any(layout not in {*_OWN_NAMES, *SURVEYS} for layout in told):
        found.append("declare codes of yours that the standard lacks")
    return "; ".join(found) or None


def _optional(fits: Iterable[Fit]) -> set[str]:
    """Return the tables that a layout of CSV files declares and a delivery may do without."""
    return {name for fit in fits for name in preset([fit.layout]) if name not in REQUIRED}


def _student_id(tables: Mapping[str, Sequence[tuple[Sample, Guess]]]) -> Iterator[str]:
    """Yield how ids are written, where they begin with zeros."""
    ids = {value for files in tables.values() for sample, guess in files if "student_id" in guess.columns
           for value in sample.columns[guess.columns["student_id"]] if value.isdigit()}
    widths = {len(value) for value in ids}
    if any(value.startswith("0") for value in ids):
        if len(widths) == 1:
            yield f"student_id: {{width: {max(widths)}}}"
        else:
            yield noted(f"student_id: {{zero_pad: {max(widths)}}}", "ids of several lengths; shorter ones get zeros")


