"""A mapping.yaml proposed from files nobody has mapped yet; what is unsure is marked `# check:`.

Of values only codes are repeated: those that are known words, and unknown ones that many rows share and that look like
codes. Columns that identify people are named under a comment that says to delete them, and are not mapped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from evaluation.contracts import COLUMNS
from evaluation.ingest.file_pattern import common_pattern, file_pattern
from evaluation.ingest.identity.column_words import is_nobodys_name
from evaluation.ingest.identity.identifiers import kind_of_header, kind_of_values
from evaluation.ingest.mapping.schema import ATTRIBUTES, FIELDS, PARTS
from evaluation.ingest.proposal.guess import (
    Guess,
    compact,
    completions,
    fields_of,
    guess_codes,
    guess_format,
    guess_table,
)
from evaluation.ingest.proposal.mapping_text import CHECK, noted, quoted
from evaluation.ingest.proposal.sample_file import Sample
from evaluation.ingest.values import Broken
from evaluation.ingest.values import grade as read_grade

REQUIRED = ("school_year", "enrollment", "student_year")
_DATES = ("entry_date", "exit_date", "date")
_YEARS_TRIED = (2010, 2016, 2022, 2028)
_MOST_CODES = 40
_FEWEST_ROWS = 10
_MOST_VALUES_TRIED = 20_000
_ITEM_VALUES = {str(n) for n in range(11)}


def propose(samples: Sequence[Sample], *, district_id: str, layouts: Sequence[str], is_district_known: bool) -> str:
    """Return the text of a mapping that `read_mapping` takes.

    Parameters
    ----------
    samples : the district's files that no layout covers; several of one table (its years) are read together.
    district_id : the name of the district's folder; `is_district_known` says whether that is more than a placeholder.
    layouts : names of presets that cover other files.
    """
    tables: dict[str, list[tuple[Sample, Guess]]] = {}
    for sample in samples:
        guess = guess_table(sample.columns, sample.path)
        tables.setdefault(guess.table, []).append((sample, guess))
    lines = [f'# Proposed by evaluation map. Go through the lines marked "{CHECK}", then: evaluation check FOLDER',
             noted(f"district_id: {quoted(district_id)}",
                   None if is_district_known else "the name of the district's folder, as in the study file"),
             'version: "1"']
    if layouts:
        lines.append(noted(f"layout: [{', '.join(layouts)}]", "declare codes of yours that its standard lacks"))
    left = {name: rows for name, rows in completions(layouts).items() if name not in tables}
    lines += _student_id(tables)
    lines.append("tables:" if tables or left or not layouts else "tables: {}")
    for name in FIELDS:
        if name in tables:
            lines += _table(name, tables[name])
        elif name in left:
            lines += [f"  {name}:", *(f"    {row}" for row in left[name])]
        elif name in REQUIRED and not layouts:
            lines += [f"  {name}:  {CHECK} no file of this table was given; name yours",
                      f'    files: "*/{name}*.csv"',
                      f"    columns: {{{', '.join(f'{field}: {field}' for field in FIELDS[name])}}}"]
    return "\n".join(lines) + "\n"


def _table(name: str, files: Sequence[tuple[Sample, Guess]]) -> Iterator[str]:
    sample, guess = files[0]
    columns = _together([s for s, _ in files])
    yield noted(f"  {name}:", None if guess.is_sure else "another table fits as well")
    patterns = sorted({file_pattern(s.path) for s, _ in files})
    yield noted(f"    files: {quoted(common_pattern(patterns))}",
                None if len(patterns) == 1 else "made from several names; no other table's file may fit")
    if sample.is_encoding_guessed:
        yield noted(f"    encoding: {sample.encoding}", "the bytes do not say it; look at letters such as ñ and é")
    if sample.delimiter != ",":
        yield f"    delimiter: {quoted(sample.delimiter)}"
    if sample.title_rows:
        yield f"    title_rows: {sample.title_rows}"
    items = _items(columns, guess) if name == "survey_response" and "item_code" not in guess.columns else ()
    if name == "attendance":
        yield f"    grain: {_grain(guess)}"
        yield from _unit(columns, guess)
    if name == "survey_response":
        yield from _survey(sample, columns, guess, items)
    yield "    columns:"
    for field in _fields(name, guess, is_wide=bool(items)):
        yield from _field(field, guess, columns)
    yield from _others(columns, {*guess.columns.values(), *items})


def _fields(name: str, guess: Guess, *, is_wide: bool) -> list[str]:
    """Return the fields to map: those every file must have, and the optional ones that were found."""
    if name == "attendance":
        return list(PARTS.get(_grain(guess), FIELDS[name])) + (["month"] if _grain(guess) == "month" else [])
    needed = [*FIELDS[name], *(("item_code", "value") if name == "survey_response" and not is_wide else ())]
    return [f for f in fields_of(name) if f in needed or (f in guess.columns and f not in ("wave", "consent"))]


def _grain(guess: Guess) -> str:
    return next((grain for field, grain in (("month", "month"), ("date", "day")) if field in guess.columns), "year")


def _field(field: str, guess: Guess, columns: Mapping[str, Counter[str]]) -> Iterator[str]:
    """Yield the lines of one field: its column, and the format or codes of its values."""
    if field not in guess.columns:
        yield noted(f"      {field}: {field}", "no column was found for it; name yours")
        return
    column = guess.columns[field]
    values = Counter({value: n for value, n in columns[column].items() if value})
    doubt = "the name only resembles known ones" if field in guess.unsure else None
    if field in _DATES or field == "month":
        yield _date(field, column, values, doubt)
    elif field in ATTRIBUTES or field == "action_std":
        kind = field if field in ("race_ethnicity", "sex", "action_std") else "flag"
        yield from _coded(field, column, values, kind, doubt)
    elif field == "item_code":
        yield from _long_items(column, values)
    elif field in ("grade", "grade_low", "grade_high"):
        odd = sum(n for value, n in values.items() if isinstance(read_grade(value), Broken))
        yield noted(f"      {field}: {quoted(column)}",
                    doubt or (f"{odd:,} rows hold no grade from K to 12; they will be set aside" if odd else None))
    elif field.startswith("days_") and any(re.fullmatch(r"\d+,\d{1,2}", value) for value in values):
        yield noted(f'      {field}: {{column: {quoted(column)}, decimal: ","}}', "numbers with a decimal comma")
    else:
        yield noted(f"      {field}: {quoted(column)}", doubt)


def _date(field: str, column: str, values: Counter[str], doubt: str | None) -> str:
    found = guess_format(values, is_month=field == "month")
    if found is None:
        return noted(f"      {field}: {quoted(column)}", "the format of its dates was not recognised; declare `format`")
    if not found.is_sure:
        doubt = "day and month could be exchanged, or some dates are written differently"
    if found.form == ("%Y-%m" if field == "month" else "%Y-%m-%d"):
        return noted(f"      {field}: {quoted(column)}", doubt)
    return noted(f"      {field}: {{column: {quoted(column)}, format: {quoted(found.form)}}}", doubt)


def _coded(field: str, column: str, values: Counter[str], kind: str, doubt: str | None) -> Iterator[str]:
    allowed = COLUMNS[field].allowed
    known = guess_codes(kind, values)
    needed = {value: found for value, found in known.items() if value not in allowed}
    strange = {value: n for value, n in values.items() if value not in known and value not in allowed}
    if not needed and not strange:
        yield noted(f"      {field}: {quoted(column)}", doubt)
        return
    yield noted(f"      {field}:", doubt)
    yield f"        column: {quoted(column)}"
    if needed:
        yield "        codes:"
        for value, (code, is_sure) in needed.items():
            yield noted(f"          {quoted(value)}: {code}", None if is_sure else "a guess")
    yield from _strange(strange, allowed, has_codes=bool(needed))


def _long_items(column: str, values: Counter[str]) -> Iterator[str]:
    told = [value for value in sorted(values) if _is_tellable(value, values)]
    if not told:
        yield noted(f"      item_code: {quoted(column)}", "its codes must be the study's item ids")
        return
    yield from ("      item_code:", f"        column: {quoted(column)}", "        codes:")
    for value in told:
        yield noted(f"          {quoted(value)}: {quoted(compact(value))}", "the study's id of this item")


def _strange(values: Mapping[str, int], allowed: Sequence[str], *, has_codes: bool) -> Iterator[str]:
    """Yield comments on codes that are not known, ready to be completed, and on how many cannot be told."""
    told = [value for value in sorted(values) if _is_tellable(value, values)]
    indent = "          " if has_codes else "        "
    if told:
        yield f"{indent}{CHECK} declare these codes, each as one of {', '.join(allowed)}; else their rows are set aside"
        if not has_codes:
            yield "        # codes:"
        yield from (f"          # {quoted(value)}:" for value in told)
    hidden = len(values) - len(told)
    if hidden:
        yield f"{indent}{CHECK} {hidden:,} unknown value{'' if hidden == 1 else 's'} in few rows, not shown here"


def _is_tellable(value: str, values: Mapping[str, int]) -> bool:
    """Whether a value is a code: one of few, shared by many rows, short, and nothing that identifies a person."""
    return (len(values) <= _MOST_CODES and values[value] >= _FEWEST_ROWS and len(value) <= 40
            and len(value.split()) <= 6 and re.search(r"\d{4}", value) is None
            and _kind_of([value], "", is_declared=False) is None)


def _unit(columns: Mapping[str, Counter[str]], guess: Guess) -> Iterator[str]:
    """Yield the unit of attendance: the columns' names tell half-days, halves in their values tell days."""
    named = [guess.columns[field] for field in guess.columns if field.startswith("days_")]
    if any("half" in name.casefold() for name in named):
        yield "    unit: half_days"
    else:
        has_halves = any(value.endswith((".5", ",5")) for name in named for value in columns[name])
        yield noted("    unit: days", None if has_halves else "or half_days")


def _survey(sample: Sample, columns: Mapping[str, Counter[str]], guess: Guess, items: Sequence[str]) -> Iterator[str]:
    yield f"    layout: {'wide' if items else 'long'}"
    yield noted("    instrument: survey_v1", "a name for the questionnaire and its version")
    wave = re.search(r"(?i)(w(?:ave)?[_ -]?)([1-9])(?!\d)", PurePosixPath(sample.path).stem)
    if "wave" in guess.columns:
        yield f"    wave: {quoted(guess.columns['wave'])}"
    else:
        stem = PurePosixPath(sample.path).stem
        start = stem[:wave.start(2)] if wave else ""
        yield noted(f'    wave_from: {quoted(start + "{wave}*")}',
                    None if wave else "no column and no file name tells the wave of the survey")
    if "consent" in guess.columns:
        yield noted(f"    consent: {{column: {quoted(guess.columns['consent'])}}}",
                    "its values must be yes or no, else declare `codes`")
    else:
        yield f"    {CHECK} add `consent: given` if every answer was given with consent; else the file is refused"
    asked = items or ([guess.columns["value"]] if "value" in guess.columns else [])
    labels = {value for column in asked for value in columns[column] if value and value not in _ITEM_VALUES}
    answers = guess_codes("answer", labels)
    if answers:
        yield "    answers:"
        for value, (code, is_sure) in sorted(answers.items(), key=lambda entry: (entry[1][0], entry[0])):
            yield noted(f"      {quoted(value)}: {code}", None if is_sure else "a guess")
    if items:
        yield "    items:"
        for column in items:
            yield noted(f"      {quoted(column)}: {quoted(compact(column))}", "the study's id of this item")


def _items(columns: Mapping[str, Counter[str]], guess: Guess) -> tuple[str, ...]:
    """Return the columns that hold answers on a scale."""
    free = [name for name in columns if name and name not in guess.columns.values()]
    return tuple(name for name in free if (values := {v for v in columns[name] if v})
                 and len(values - _ITEM_VALUES - set(guess_codes("answer", values))) == 0
                 and kind_of_header(name, is_declared=True) is None)


def _others(columns: Mapping[str, Counter[str]], mapped: set[str]) -> Iterator[str]:
    """Yield the columns that identify people, to be deleted, and those that are not needed.

    A column whose name could be a person's is called by its place, and is not among those that are not needed.
    """
    identifying = []
    spare = []
    for place, (name, values) in enumerate(columns.items(), start=1):
        kind = kind_of_header(name, is_declared=name in mapped) or _kind_of(values, name, is_declared=name in mapped)
        if kind is not None:
            identifying.append((quoted(name) if is_nobodys_name(name) else f"column {place}", kind))
        elif is_nobodys_name(name) and name not in mapped:
            spare.append(name)
    if spare:
        yield noted(f"    drop: [{', '.join(map(quoted, spare))}]", "not needed, unless one belongs above")
    if identifying:
        yield f"    {CHECK} delete these columns at the source before you send; with them the file is refused:"
        for name, kind in identifying:
            yield f"    #   {name} ({kind})"


def _kind_of(values: Sequence[str] | Counter[str], header: str, *, is_declared: bool) -> str | None:
    """Return what values identify people by, in whatever school year they were written."""
    distinct = sorted(value for value in values if value)[:_MOST_VALUES_TRIED]
    for year in _YEARS_TRIED:
        found = kind_of_values(distinct, is_declared=is_declared, school_year=year, header=header)
        if found is not None:
            return found[0]
    return None


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


def _together(samples: Sequence[Sample]) -> dict[str, Counter[str]]:
    """Return the columns of several files as those of one."""
    columns: dict[str, Counter[str]] = {}
    for sample in samples:
        for name, values in sample.columns.items():
            columns.setdefault(name, Counter()).update(values)
    return columns
