"""Write the pages of docs/ that come from code: the data contract, the keys of a study file, the bad-input corpus."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from evaluation.contracts import TABLES
from evaluation.ingest.rulebook import RULES
from evaluation.params import Study

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))
NOTE = "*This page is generated from the code by `make docs`; do not edit it.*"


def data_contract() -> str:
    """Return the page that describes every table and column."""
    return "\n".join(["# Data contract", "", NOTE, "", "Every table that crosses a stage. Key columns are bold.", "",
                      *(line for table in TABLES.values() for line in _table(table.name))])


def _table(name: str) -> Iterator[str]:
    table = TABLES[name]
    yield f"## {table.name}"
    yield ""
    yield f"{table.description}. Written by stage `{table.stage}`, level `{table.level}`, audience `{table.audience}`."
    yield ""
    yield "| Column | Type | Unit | May be empty | Meaning |"
    yield "|---|---|---|---|---|"
    for column in map(table.column, table.columns):
        title = f"**{column.name}**" if column.name in table.key else column.name
        limits = f" One of: {', '.join(f'`{a}`' for a in column.allowed)}." if column.allowed else ""
        empty = "yes" if column.nullable else "no"
        yield f"| {title} | {column.dtype} | {column.unit} | {empty} | {column.description}.{limits} |"
    yield ""


def study_file() -> str:
    """Return the page that lists every key of a study file."""
    return "\n".join(["# The study file", "", NOTE, "",
                      "One file per study in `studies/`. Start from `studies/partnership.yaml`; an unknown key is an "
                      "error. Check yours with `evaluation check studies/<study>.yaml`.", "", *_model(Study, set())])


def _model(model: type[BaseModel], seen: set[str]) -> Iterator[str]:
    seen.add(model.__name__)
    yield f"## {model.__name__}"
    yield ""
    yield (model.__doc__ or "").strip().replace("\n\n    ", "\n\n").replace("\n    ", "\n")
    yield ""
    yield "| Key | Holds | Must be given |"
    yield "|---|---|---|"
    nested: list[type[BaseModel]] = []
    for name, field in model.model_fields.items():
        nested += _models_in(field.annotation)
        yield f"| `{name}` | {_words(field.annotation)} | {'yes' if field.is_required() else 'no'} |"
    yield ""
    for inner in nested:
        if inner.__name__ not in seen:
            yield from _model(inner, seen)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _words(annotation: Any) -> str:  # noqa: PLR0911
    origin, parts = get_origin(annotation), [p for p in get_args(annotation) if p is not Ellipsis]
    if origin is Annotated:
        return _words(parts[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in parts)
    if origin in (Union, UnionType):
        return " or ".join("null" if p is type(None) else _words(p) for p in parts)
    if origin is tuple and len(get_args(annotation)) == 2 and get_args(annotation)[1] is Ellipsis:
        return f"list of: {_words(parts[0])}"
    if origin is tuple:
        return f"[{', '.join(_words(p) for p in parts)}]"
    if origin is not None and len(parts) == 2 and isinstance(origin, type):
        return f"mapping of {_words(parts[0])} to {_words(parts[1])}"
    if origin is not None:
        return _words(parts[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}.get(
        getattr(annotation, "__name__", ""), str(annotation))


def intake_corpus() -> str:
    """Return the page that lists what becomes of every kind of bad input."""
    from tests.ingest.corpus.all_cases import CASES

    words = {"F": "**refused**", "Q": "**set aside**", "N": "read"}
    lines = ["# What becomes of bad input", "", NOTE, "",
             "72 kinds of bad input, some in several forms. `tests/ingest/test_corpus.py` makes each of them out of a",
             "small good delivery and asks for this very outcome, and that rows in = accepted + set aside + refused in",
             "every file. Refused: the whole file. Set aside: the row. Read: correctly, with a note where there is",
             "something to say. Row 1 is the header.", "",
             "| | Input | Outcome | Rule | File | Row | Column | The report says |",
             "|---|---|---|---|---|---|---|---|"]
    for case in CASES:
        says = RULES[case.rule].what if case.rule else ""
        rows, rule = ", ".join(map(str, case.rows)), f"`{case.rule}`" if case.rule else ""
        cells = (str(case.number), case.what, words[case.outcome], rule, case.file, rows, case.column or "", says)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])


PAGES = {"data_contract.md": data_contract, "study_file.md": study_file, "intake_corpus.md": intake_corpus}

if __name__ == "__main__":
    for page, make in PAGES.items():
        (DOCS / page).write_text(make(), encoding="utf-8")
