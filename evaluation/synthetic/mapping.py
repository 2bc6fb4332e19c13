"""The mapping file a district's data manager would write for a local layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from evaluation.synthetic.layouts import Layout
from evaluation.synthetic.realities import NEW_CODES

_CODED = ("race_ethnicity", "sex", "english_learner", "disability", "economic", "action_std", "item_code")


def mapping_yaml(district_id: str, layout: Layout) -> str:
    """Return mapping.yaml for a district that delivers in `layout`."""
    content: dict[str, Any] = {"district_id": district_id, "version": "1", "student_id": {"zero_pad": _width(layout)},
               "tables": {table: _table(table, layout) for table in layout.headers}}
    if district_id in NEW_CODES:
        first_year, codes = NEW_CODES[district_id]
        action = content["tables"]["discipline_action"]["columns"]["action_std"]
        action["codes_from"] = {first_year: {code: canonical for canonical, code in codes.items()}}
    head = f"# How {district_id} names and codes what it sends.\n"
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _width(layout: Layout) -> int:
    return len(layout.id_prefix) + layout.id_width


def _table(table: str, layout: Layout) -> dict[str, Any]:
    headers = layout.headers[table]
    is_daily = table == "attendance" and layout.grain == "day"
    out: dict[str, Any] = {"files": f"*/{layout.files[table]}*.{'parquet' if is_daily else 'csv'}"}
    if is_daily:
        return out | {"grain": "day", "unit": layout.unit} | {"columns": _columns(headers, layout)}
    if layout.encoding != "utf-8":
        out["encoding"] = layout.encoding
    if layout.delimiter != ",":
        out["delimiter"] = layout.delimiter
    if layout.title:
        out["title_rows"] = 1
    if table == "attendance":
        out |= {"grain": layout.grain, "unit": layout.unit}
    if table == "survey_response":
        out |= _survey(layout)
    out["columns"] = _columns(headers, layout)
    extra = [local for name, local in headers.items() if name.startswith("_")]
    return out | ({"drop": extra} if extra else {})


def _columns(headers: Mapping[str, str], layout: Layout) -> dict[str, Any]:
    return {name: _column(name, local, layout) for name, local in headers.items()
            if not name.startswith(("_", "bel")) and name != "wave"}


def _column(name: str, local: str, layout: Layout) -> str | dict[str, Any]:
    if name in ("entry_date", "exit_date", "date"):
        return {"column": local, "format": layout.date_format}
    if name == "month":
        return {"column": local, "format": layout.month_format}
    if name in _CODED:
        return {"column": local, "codes": {code: canonical for canonical, code in layout.codes[name].items()}}
    return local


def _survey(layout: Layout) -> dict[str, Any]:
    headers = layout.headers["survey_response"]
    out: dict[str, Any] = {"layout": "long" if layout.survey == "long" else "wide", "instrument": "belonging_v1",
                           "consent": "given"}
    if layout.survey == "wide_by_wave":
        out["wave_from"] = f"{layout.files['survey_response']}{{wave}}*.csv"
    else:
        out["wave"] = {"column": headers["wave"]}
    items = {local: name for name, local in headers.items() if name.startswith("bel")}
    if items:
        out["items"] = items
    if "value" in layout.codes:
        out["answers"] = {label: int(value) for value, label in layout.codes["value"].items()}
    return out
