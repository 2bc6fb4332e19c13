"""Lines of one table of a mapping: as the names of columns say, or what refines a known layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from typing import Any

from evaluation.ingest.file_pattern import common_pattern, file_pattern
from evaluation.ingest.mapping.schema import FIELDS, PARTS
from evaluation.ingest.proposal.columns_text import field_lines, other_columns
from evaluation.ingest.proposal.guess import Guess, fields_of, guess_columns
from evaluation.ingest.proposal.layout_table import cleared, further_columns, refined_columns
from evaluation.ingest.proposal.mapping_text import CHECK, noted, quoted
from evaluation.ingest.proposal.sample_file import Sample
from evaluation.ingest.proposal.survey_text import items_of, survey_lines
from evaluation.ingest.versions import year_and_day


def refined_table(name: str, files: Sequence[tuple[Sample, Guess]], content: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a layout, whose `content` of the table is given, does not say; nothing where it says all."""
    sample, guess = files[0]
    columns = _together([s for s, _ in files])
    if not all(fnmatch(s.path, content["files"]) for s, _ in files):
        yield from _files([s for s, _ in files])
    yield from _how_written(sample)
    if name == "survey_response":
        guess = guess_columns([c for c in columns if c not in content.get("drop", ())], fields_of(name))
        items = items_of({c: v for c, v in columns.items() if c not in content.get("drop", ())}, guess)
        yield from (line for line in survey_lines(sample, columns, guess, items) if not line.startswith("    layout:"))
        if not items:
            yield f"    {CHECK} no column was found that holds answers; name yours under `items`, else it is not read"
        fields = [line for field in FIELDS[name] for line in field_lines(field, guess, columns)]
        further = other_columns(columns, {*guess.columns.values(), *items, *content.get("drop", ())}, _years(files))
    else:
        fields = list(refined_columns(content, guess, columns))
        further = further_columns(content, guess, columns, _years(files))
    yield from ["    columns:", *fields] if fields else []
    yield from further


def named_table(name: str, files: Sequence[tuple[Sample, Guess]], below: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table's lines; what a layout says `below` of the same table is taken away."""
    sample, guess = files[0]
    columns = _together([s for s, _ in files])
    if not guess.is_sure:
        yield f"    {CHECK} another table fits as well"
    yield from _files([s for s, _ in files])
    head = list(_how_written(sample))
    items = items_of(columns, guess) if name == "survey_response" and "item_code" not in guess.columns else ()
    if name == "attendance":
        head += [f"    grain: {_grain(guess)}", *_unit(columns, guess)]
    if name == "survey_response":
        head += survey_lines(sample, columns, guess, items)
    fields = _fields(name, guess, is_wide=bool(items))
    gone = list(cleared(below, head, fields))
    yield from (*head, *(line for line in gone if line[4] != " "), "    columns:")
    for field in fields:
        yield from field_lines(field, guess, columns)
    yield from (line for line in gone if line[4] == " ")
    yield from other_columns(columns, {*guess.columns.values(), *items}, _years(files))


def _years(files: Sequence[tuple[Sample, Guess]]) -> list[int]:
    """Return the school years of files, or none where one lies in no year's folder."""
    found = [year_and_day(sample.path.partition("/")[0]) for sample, _ in files]
    return sorted({year[0] for year in found if year is not None}) if None not in found else []


def _files(samples: Sequence[Sample]) -> Iterator[str]:
    patterns = sorted({file_pattern(s.path) for s in samples})
    yield noted(f"    files: {quoted(common_pattern(patterns))}",
                None if len(patterns) == 1 else "made from several names; no other table's file may fit")


def _how_written(sample: Sample) -> Iterator[str]:
    if sample.is_encoding_guessed:
        yield noted(f"    encoding: {sample.encoding}", "the bytes do not say it; look at letters such as ñ and é")
    if sample.delimiter != ",":
        yield f"    delimiter: {quoted(sample.delimiter)}"
    if sample.sheet is not None:
        yield noted(f"    sheet: {quoted(sample.sheet)}", "the workbook's other sheets are not read")
    if sample.title_rows:
        yield f"    title_rows: {sample.title_rows}"


def _fields(name: str, guess: Guess, *, is_wide: bool) -> list[str]:
    """Return the fields to map: those every file must have, and the optional ones that were found."""
    if name == "attendance":
        return list(PARTS.get(_grain(guess), FIELDS[name])) + (["month"] if _grain(guess) == "month" else [])
    needed = [*FIELDS[name], *(("item_code", "value") if name == "survey_response" and not is_wide else ())]
    return [f for f in fields_of(name) if f in needed or (f in guess.columns and f not in ("wave", "consent"))]


def _grain(guess: Guess) -> str:
    return next((grain for field, grain in (("month", "month"), ("date", "day")) if field in guess.columns), "year")


def _unit(columns: Mapping[str, Counter[str]], guess: Guess) -> Iterator[str]:
    """Yield the unit of attendance: the columns' names tell half-days, halves in their values tell days."""
    named = [guess.columns[field] for field in guess.columns if field.startswith("days_")]
    if any("half" in name.casefold() for name in named):
        yield "    unit: half_days"
    else:
        has_halves = any(value.endswith((".5", ",5")) for name in named for value in columns[name])
        yield noted("    unit: days", None if has_halves else "or half_days")


def _together(samples: Sequence[Sample]) -> dict[str, Counter[str]]:
    """Return the columns of several files as those of one."""
    columns: dict[str, Counter[str]] = {}
    for sample in samples:
        for name, values in sample.columns.items():
            columns.setdefault(name, Counter()).update(values)
    return columns
