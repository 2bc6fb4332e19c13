"""Released levels, gaps and coverage as figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from app import templates, text
from app.choices import Scope
from app.labels import SUPPRESSION, Labels
from app.theme import Theme
from app.views import Figure, without_empty
from evaluation.contracts import COLUMNS, TABLES

_LEVEL = {"binary": "Percent of students", "count": "Per 100 students", "score": "Mean score"}


def of_scope(gaps: pd.DataFrame, scope: Scope, outcome: str, gap: str) -> pd.DataFrame:
    """Return one scope's rows of `public_gap_levels`, in order of period."""
    found = gaps[(gaps["scope"] == scope[0]) & (gaps["scope_id"] == scope[1]) & (gaps["outcome_id"] == outcome)
                 & (gaps["gap_id"] == gap)]
    return found.sort_values("period")


def group_lines(rows: pd.DataFrame, labels: Labels, theme: Theme, alt: str, ends: tuple[float, float] | None) -> Figure:
    """Focal and reference group of one scope over time; `ends` is the y range that neighbouring charts share."""
    gap, outcome = str(rows.iloc[0]["gap_id"]), labels.outcomes[rows.iloc[0]["outcome_id"]]
    names = (labels.group(gap, "focal"), labels.group(gap, "reference"))
    sides = []
    for side, name in zip(("focal", "reference"), names, strict=True):
        shown = rows[f"{side}_mean"].notna()
        display = rows[f"{side}_display"].fillna("[c]")
        sides.append(pd.DataFrame({"period": rows["period"], "series": name, "value": rows[f"{side}_mean"],
                                   "symbol": display.where(~shown, ""), "shown": rows[f"{side}_display"].fillna("")}))
    data = pd.concat(sides, ignore_index=True)
    data.loc[data["symbol"] == "[c]", "symbol"] = [
        _symbol(s) for s in pd.concat([rows["suppression"]] * 2, ignore_index=True)[data["symbol"] == "[c]"]]
    spec = templates.over_time(theme, names, (), from_zero=outcome["kind"] != "score")
    spec = _with_events(spec, labels, theme, set(rows["period"]))
    if ends is not None:
        spec = _with_ends(spec, ends)
    table = pd.DataFrame({"Year": rows["period"].astype(str), names[0]: rows["focal_display"].fillna("–"),
                          names[1]: rows["reference_display"].fillna("–"), "Gap": _gap_text(rows, outcome),
                          "Districts": rows["n_districts"].astype(str),
                          "Hidden": _reasons(rows)})
    title = {"text": _LEVEL[outcome["kind"]], "subtitle": labels.short_banner}
    return Figure({**spec, "title": title}, data, without_empty(table, "Hidden"), rows, alt)


def together(found: Mapping[Scope, pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several scopes as one table."""
    return pd.concat(list(found.values()), ignore_index=True)


def shared_ends(rows: pd.DataFrame) -> tuple[float, float] | None:
    """Return the range of all shown means, so that neighbouring charts can be compared; None when all are hidden."""
    values = pd.concat([rows["focal_mean"], rows["reference_mean"]]).dropna()
    return None if values.empty else (float(values.min()), float(values.max()))


def gap_lines(rows: pd.DataFrame, scopes: Sequence[Scope], labels: Labels, theme: Theme, alt: str) -> Figure:
    """The gap of several scopes over time; comparison units are grey."""
    names = tuple(labels.scope(*scope) for scope in scopes)
    peers = tuple(labels.scope(*scope) for scope in scopes if scope[0] == "comparison")
    order = {scope: i for i, scope in enumerate(scopes)}
    rows = rows.assign(order=[order[s, i] for s, i in zip(rows["scope"], rows["scope_id"], strict=True)])
    rows = rows.sort_values(["order", "period"]).drop(columns="order")
    series = [labels.scope(s, i) for s, i in zip(rows["scope"], rows["scope_id"], strict=True)]
    symbols = ["" if s == "none" else _symbol(s) for s in rows["suppression"]]
    data = pd.DataFrame({"period": rows["period"], "series": series, "value": rows["gap"], "symbol": symbols})
    outcome = labels.outcomes[rows.iloc[0]["outcome_id"]]
    data["shown"] = _gap_text(rows, outcome)
    lines = templates.over_time(theme, names, peers, from_zero=False, first=2)
    spec = _with_events(lines, labels, theme, set(rows["period"]))
    table = pd.DataFrame({"Where": series, "Year": rows["period"].astype(str), "Gap": _gap_text(rows, outcome),
                          "Districts": rows["n_districts"].astype(str),
                          "Hidden": _reasons(rows)})
    title = {"text": f"Gap, {outcome['unit_name']}", "subtitle": labels.short_banner}
    return Figure({**spec, "title": title}, data, without_empty(table, "Hidden"), rows, alt)


def coverage_matrix(rows: pd.DataFrame, labels: Labels, theme: Theme, alt: str) -> Figure:
    """District by year: percent of expected values that are reported; `·` where none is expected."""
    expected = rows["cells"] - rows["cells_not_applicable"]
    share = (100 * (rows["cells_reported"] - rows["cells_small"]) / expected.where(expected > 0)).round()
    why = [_mostly(r) for r in text.records(rows)]
    display = [w if pd.isna(s) or s == 0 else f"{s:.0f}" for s, w in zip(share, why, strict=True)]
    data = pd.DataFrame({"district": [labels.district(str(d)) for d in rows["district_id"]], "period": rows["period"],
                         "share": share, "display": display})
    table = data.pivot_table(index="district", columns="period", values="display", aggfunc="first", sort=False)
    table = table.fillna("·").reset_index().rename(columns={"district": "District"})
    table.columns = [str(c) for c in table.columns]
    cell = f"Percent of expected values {usable(labels)}"
    title = {"text": cell, "subtitle": labels.short_banner}
    return Figure({**templates.matrix(theme, cell), "title": title}, data, table, rows, alt)


def usable(labels: Labels) -> str:
    """Return what a value must be to count as in: published, or of enough students."""
    return "published" if labels.is_published else "usable"


def reasons(coverage: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return values expected, usable and missing by reason, per outcome, as text."""
    total = coverage.drop(columns=["district_id", "period"]).groupby("outcome_id").sum()
    shown = total["cells_reported"] - total["cells_small"]
    columns = {"Expected": total["cells"], usable(labels).capitalize(): shown,
               "[c] under 10 students": total["cells_small"],
               "[s] hidden by the publisher": total["cells_source_suppressed"],
               "[x] not sent": total["cells_not_sent"], "[x] not published": total["cells_not_published"],
               "[z] no such students": total["cells_not_applicable"]}
    out = pd.DataFrame({name: [f"{n:,}" for n in values] for name, values in columns.items()}, index=total.index)
    out.insert(0, "Outcome", [labels.outcomes[o]["label"] for o in total.index])
    order = [o for o in labels.outcomes if o in out.index]
    out = out.drop(columns="[c] under 10 students") if labels.is_published else out
    return out.loc[order].reset_index(drop=True)


def intake(rows: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return rows received per district and table over all years, as text; see `received`."""
    columns = {"Rows in": "rows_in", "= accepted": "rows_accepted", "+ set aside": "rows_quarantined",
               "+ refused": "rows_refused"}
    return pd.DataFrame([
        {"District": labels.district(str(district)), "Table": table,
         **{name: received(found[column]) for name, column in columns.items()}}
        for (district, table), found in rows.groupby(["district_id", "table"])])


def received(counts: pd.Series) -> str:
    """Return the sum of the years shown, and that each hidden year is under 10: hidden is never zero."""
    total, hidden = int(counts.sum()), int(counts.isna().sum())
    if not hidden:
        return f"{total:,}"
    under = "under 10" if hidden == 1 else f"under 10 in each of {hidden} years"
    return f"{total:,} + {under}" if total else under


def dictionary() -> pd.DataFrame:
    """Return every column of every public table, from the contracts."""
    rows: list[dict[str, Any]] = []
    for table in TABLES.values():
        if table.level == "released" and table.audience == "public":
            rows += [{"Table": table.name, "Column": name, "Holds": COLUMNS[name].description,
                      "Unit": COLUMNS[name].unit or "–"} for name in table.columns]
    return pd.DataFrame(rows)


def _mostly(r: text.Row) -> str:
    reasons_of = {"[c]": r["cells_small"], "[s]": r["cells_source_suppressed"],
                  "[x]": r["cells_not_sent"] + r["cells_not_published"]}
    return max(reasons_of, key=lambda k: reasons_of[k]) if any(reasons_of.values()) else "·"


def _gap_text(rows: pd.DataFrame, outcome: Any) -> list[str]:
    return [text.signed(g, text.level_digits(outcome)) or "–" for g in rows["gap"]]


def _reasons(rows: pd.DataFrame) -> list[str]:
    return ["" if s == "none" else "[c] one side is coded" if coded else SUPPRESSION[str(s)]
            for s, coded in zip(rows["suppression"], text.is_coded(rows), strict=True)]


def _symbol(suppression: Any) -> str:
    return SUPPRESSION[str(suppression)][:3] if suppression != "none" else "[c]"


def _with_events(spec: dict[str, Any], labels: Labels, theme: Theme, periods: set[int]) -> dict[str, Any]:
    marks: list[dict[str, Any]] = []
    last_third = sorted(periods)[2 * len(periods) // 3]
    for event in labels.study["events"]:
        inside = [p for p in event["periods"] if p in periods]
        for i, period in enumerate(inside):
            marks.append({"period": int(period), "label": event["label"] if i == 0 else "",
                          "align": "right" if period > last_third else "center"})
    return {**spec, "layer": [*spec["layer"], *templates.events(theme, marks)]} if marks else spec


def _with_ends(spec: dict[str, Any], ends: tuple[float, float]) -> dict[str, Any]:
    return {**spec, "layer": [_layer_with_ends(layer, ends) for layer in spec["layer"]]}


def _layer_with_ends(layer: dict[str, Any], ends: tuple[float, float]) -> dict[str, Any]:
    y = layer.get("encoding", {}).get("y", {})
    if y.get("field") != "value":
        return layer
    low = min(0.0, ends[0]) if y["scale"]["zero"] else ends[0]
    y = {**y, "scale": {**y["scale"], "domain": [low, ends[1]], "nice": True}}
    return {**layer, "encoding": {**layer["encoding"], "y": y}}
