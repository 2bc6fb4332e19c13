"""Released tables as figures: a chart, the rows it shows, a plain table and the words for those who do not see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from app import alternatives, effect_text, exposure, templates, text
from app.labels import ESTIMATORS, INFERENCE, REFERENCE_ESTIMATORS, SUPPRESSION, Labels
from app.theme import Theme
from evaluation.contracts import reasons

PARTS = ("focal", "reference", "gap")
_EFFECT_COLUMNS = ["Part", "Estimate", "95 % interval", "80 % interval", "Districts", "Note"]
_ENDS = ["value", "ci_low", "ci_high", "ci80_low", "ci80_high"]
_BAND, _BAND_COLUMN = ["band_low", "band_high"], "95 % band"


@dataclass(frozen=True)
class Figure:
    """A chart and its equals.

    Attributes
    ----------
    spec : dict
        Vega-Lite, without data.
    data : DataFrame
        What the browser receives: released values and their labels only.
    table : DataFrame
        The same, as text to read.
    rows : DataFrame
        The released rows, for download.
    alt : str
    """

    spec: dict[str, Any]
    data: pd.DataFrame
    table: pd.DataFrame
    rows: pd.DataFrame
    alt: str


def estimand(estimates: pd.DataFrame, specification: str, outcome: str, gap: str, kind: str = "overall", *,
             phase: str | None = None, cohort: int | None = None) -> pd.DataFrame:
    """Return the rows (gap and parts, in fixed order) of one estimand of one specification."""
    rows = estimates[(estimates["specification"] == specification) & (estimates["outcome_id"] == outcome)
                     & (estimates["gap_id"] == gap) & (estimates["estimand"] == kind)]
    if phase is not None:
        rows = rows[rows["phase"] == phase]
    if cohort is not None:
        rows = rows[rows["cohort"] == cohort]
    return _in_order(rows)


def forest(rows: pd.DataFrame, names: Sequence[str], labels: Labels, theme: Theme, alt: str) -> Figure:
    """Effects on the gap and its parts; `names` says what each row of the table is called in the chart."""
    parts = [_part_name(r, labels) for r in text.records(rows)]
    series = tuple(dict.fromkeys(parts))
    data = rows[["part", *_ENDS]].assign(row=list(names), order=range(len(rows)), series=parts, symbol=symbols(rows))
    table = effects_table(rows, labels)
    data = with_words(data, table)
    table.insert(0, "Effect", list(names))
    return Figure(titled(templates.forest(theme, series), _change(rows, labels), labels), data, table, rows, alt)


def forest_rows(estimates: pd.DataFrame, specification: str, outcome: str, gap: str,
                labels: Labels) -> tuple[pd.DataFrame, list[str]]:
    """Return the overall effect, then phases, then cohorts of a specification, and the name of each row."""
    parts, names = [], []
    for kind, column in (("overall", None), ("phase", "phase"), ("cohort", "cohort")):
        rows = estimand(estimates, specification, outcome, gap, kind)
        order = [None] if column is None else _order_of(rows, column, labels)
        for value in order:
            found = rows if column is None else rows[rows[column] == value]
            parts.append(found)
            name = {"overall": "Overall", "phase": f"Phase {value}", "cohort": f"Start {value}"}[kind]
            names += [name] * len(found)
    return pd.concat(parts), names


def by_year(estimates: pd.DataFrame, specification: str, outcome: str, gap: str, labels: Labels, *,
            cohort: int | None = None) -> pd.DataFrame:
    """Return effects by periods since the start, of all cohorts together or of one."""
    if cohort is None:
        rows = estimand(estimates, specification, outcome, gap, "event_time")
    else:
        rows = estimand(estimates, specification, outcome, gap, "att_gt", cohort=cohort)
        since = [labels.periods.index(int(p)) - labels.periods.index(cohort) for p in rows["period"]]
        rows = rows.assign(event_time=pd.array(since, dtype="Int64"))
    return _in_order(rows).sort_values("event_time", kind="stable")


def event_study(rows: pd.DataFrame, parts: Sequence[str], labels: Labels, theme: Theme) -> Figure:
    """Draw some parts of `by_year`, one alone with its band; years without an effect keep their place."""
    rows = rows[rows["part"].isin(parts)]
    names = [_part_name(r, labels) for r in text.records(rows)]
    ordered = (labels.part(str(gap), part) for gap in rows["gap_id"].unique() for part in parts)
    series = tuple(name for name in ordered if name in names)
    ends = [*_ENDS, *_BAND] if len(parts) == 1 else _ENDS
    data = rows[["event_time", "part", *ends]].assign(series=names, symbol=symbols(rows))
    table = _with_band(effects_table(rows, labels), rows, labels)
    table.insert(0, "Years since start", [text.signed(e, 0) for e in rows["event_time"]])
    data = with_words(data.assign(year=list(table["Years since start"])), table)
    years = () if rows.empty else tuple(range(int(rows["event_time"].min()), int(rows["event_time"].max()) + 1))
    first = PARTS.index(parts[0])
    spec = titled(templates.event_study(theme, series, first, years), _change(rows, labels), labels,
                   "By years since the start")
    return Figure(spec, data, table, rows, alternatives.by_year(rows, labels))


def overall(estimates: pd.DataFrame, specification: str, outcome: str, labels: Labels) -> pd.DataFrame:
    """Return the overall effects on every gap of a specification, each gap above its parts."""
    gaps = labels.specifications[specification]["gaps"]
    return pd.concat([estimand(estimates, specification, outcome, gap) for gap in gaps])


def overall_forest(rows: pd.DataFrame, labels: Labels, theme: Theme, alt: str) -> Figure:
    """Draw `overall`: one row per gap, its parts below it."""
    series = {"focal": "Focal group", "reference": "Reference group", "gap": "Gap"}
    shown = forest(rows, [str(labels.gaps[g]["label"]) for g in rows["gap_id"]], labels, theme, alt)
    data = shown.data.assign(series=[series[str(p)] for p in rows["part"]])
    spec = titled(templates.forest(theme, tuple(series.values())), _change(rows, labels), labels)
    return Figure(spec, data, shown.table, rows, alt)


def effects_table(rows: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return effects as text: estimate, intervals, what stands behind them, and why something is missing."""
    out = []
    for r in text.records(rows):
        d = text.effect_digits(r, labels.outcomes[r["outcome_id"]])
        out.append({"Part": _part_name(r, labels), "Estimate": text.signed(r["value"], d) or "[c]",
                    "95 % interval": text.interval(r["ci_low"], r["ci_high"], d) or "–",
                    "80 % interval": text.interval(r["ci80_low"], r["ci80_high"], d) or "–",
                    "Districts": f"{r['n_program_districts']} vs {r['n_comparison_districts']}", "Note": note(r)})
    return without_empty(pd.DataFrame(out, columns=_EFFECT_COLUMNS))


def specifications(estimates: pd.DataFrame, program: str, outcome: str, gap: str, labels: Labels) -> pd.DataFrame:
    """Return the overall effect under every specification of a program as text, the headline first."""
    d, out = text.digits(labels.outcomes[outcome]), []
    for code in labels.specifications_of(program):
        rows = estimand(estimates, code, outcome, gap)
        # a part without an interval may name another inference than its gap: rows go together by place, not by name
        for _, found in rows.groupby(rows.groupby("part").cumcount()):
            parts = {str(r["part"]): r for r in text.records(found)}
            r = parts.get("gap") or next(iter(parts.values()))
            value = {part: text.signed(parts[part]["value"], d) or "[c]" if part in parts else "–" for part in PARTS}
            own = "groups on their own units: they do not add up to the gap" if r["sample"] == "own" else ""
            out.append({
                "Specification": labels.specifications[code]["label"], "Gap": value["gap"],
                "Standard error": "–" if text.is_missing(r["se"]) else f"{r['se']:.{d + 1}f}",
                "95 % interval": text.interval(r["ci_low"], r["ci_high"], d) or "–",
                labels.group(gap, "focal"): value["focal"], labels.group(gap, "reference"): value["reference"],
                "How": f"{ESTIMATORS[r['estimator']]}, {INFERENCE[r['inference']]}, {r['standing']}",
                "Note": "; ".join(n for n in (own, note(r)) if n)})
    return without_empty(pd.DataFrame(out)) if out else pd.DataFrame(columns=["Specification", "Gap"])


def specification_note(labels: Labels, program: str) -> str:
    """Return what the reference rows of the table are good for."""
    estimators = {labels.specifications[s]["estimator"] for s in labels.specifications_of(program)}
    if not estimators & set(REFERENCE_ESTIMATORS):
        return ""
    return ("Two-way fixed effects stands here as a reference: where places start in different years and effects grow "
            "or differ, it compares with places already in the program and can be wrong. CR1 serves only to reproduce "
            "a published table and has no p-value.")


def gap_row(rows: pd.DataFrame) -> text.Row | None:
    """Return the gap among the rows of one estimand; None where there is none."""
    return next(iter(text.records(rows[rows["part"] == "gap"])), None)


def direction_marks(rows: pd.DataFrame) -> str:
    """Return shape and word of what happened to the gap."""
    gap = text.records(rows[rows["part"] == "gap"])
    return effect_text.direction(gap[0]) if gap else "– no estimate"


def without_empty(table: pd.DataFrame, column: str = "Note") -> pd.DataFrame:
    """Return the table without a column that says nothing."""
    return table if table[column].ne("").any() else table.drop(columns=column)


def titled(template: Mapping[str, Any], title: str, labels: Labels, *below: str) -> dict[str, Any]:
    """Return a template with its title, the banner below it."""
    subtitle = [line for line in (*below, labels.short_banner) if line]
    return {**template, "title": {"text": title, "subtitle": subtitle}}


def with_words(data: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return chart data with the numbers as they are written, for tooltips."""
    return data.assign(shown=list(table["Estimate"]), ci95=list(table["95 % interval"]),
                       ci80=list(table["80 % interval"]))


def _with_band(table: pd.DataFrame, rows: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return the table of effects with their band beside the intervals, where there is one."""
    if rows["band_low"].isna().all():
        return table
    said = [text.interval(r["band_low"], r["band_high"], text.effect_digits(r, labels.outcomes[r["outcome_id"]])) or "–"
            for r in text.records(rows)]
    out = table.copy()
    out.insert(list(out).index("95 % interval") + 1, _BAND_COLUMN, said)
    return out


def _change(rows: pd.DataFrame, labels: Labels) -> str:
    if rows.empty:
        return "Change"
    return f"Change, {labels.outcomes[rows.iloc[0]['outcome_id']]['unit_name']}"


def note(r: text.Row) -> str:
    """Return why an effect is hidden or has no interval, and its partial first years; an empty string for others."""
    if r["suppression"] != "none":
        return SUPPRESSION[str(r["suppression"])]
    why = "" if text.is_missing(r["no_interval"]) else f"no interval: {reasons.short(str(r['no_interval']))}"
    return "; ".join(said for said in (why, exposure.note(r)) if said)


def _part_name(r: text.Row, labels: Labels) -> str:
    return labels.part(str(r["gap_id"]), str(r["part"]))


def symbols(rows: pd.DataFrame) -> list[str]:
    """Return the letter of each hidden value."""
    return ["" if s == "none" else SUPPRESSION[str(s)][:3] for s in rows["suppression"]]


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values("part", key=lambda p: p.map({c: i for i, c in enumerate(PARTS)}), kind="stable")


def _order_of(rows: pd.DataFrame, column: str, labels: Labels) -> list[Any]:
    found = set(rows[column].dropna())
    if column == "phase":
        program = next(iter(rows["program"]), None)
        return [] if program is None else [p for p in labels.phases(str(program)) if p in found]
    return sorted(found)
