"""Did the gap move alike before the start, and what would the test have found?"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from app import effect_text, text, views
from app.sure import templates
from app.sure.effects import drawn, excludes_zero, listed
from app.theme import Theme
from app.topic import Topic
from app.views import PARTS, Figure, titled, without_empty


def sentence(diagnostics: pd.DataFrame, topic: Topic) -> str:
    """Return the joint tests before the start of the gap and of both groups, and the drift they would have found."""
    gap = topic.row(diagnostics, "gap")
    said = effect_text.pre_trend(gap, topic.labels)
    if gap is None:
        return f"{said} The overall effect is withheld or was not estimated."
    sides = [(topic.labels.students(topic.gap, part), topic.row(diagnostics, part)) for part in ("focal", "reference")]
    alone = [f"{name} {text.p_value(row['p_value'])}" for name, row in sides
             if row is not None and not text.is_missing(row["p_value"])]
    groups = f" The same test of each group alone: {', '.join(alone)}." if alone else ""
    return f"{said}{groups} {_power(gap, topic)}"


def study(estimates: pd.DataFrame, topic: Topic, theme: Theme, alt: str) -> Figure:
    """The gap and both groups by years before the start."""
    years = views.by_year(estimates, topic.specification, topic.outcome, topic.gap, topic.labels)
    figure = views.event_study(years[years["event_time"] < 0], PARTS, topic.labels, theme)
    return replace(figure, alt=f"{alt} {figure.alt}")


def table(diagnostics: pd.DataFrame, topic: Topic) -> pd.DataFrame:
    """Return the joint test of each part, and the drifts found with 50 % and 80 % power, as text."""
    out = []
    for part in PARTS:
        row = topic.row(diagnostics, part)
        if row is not None:
            out.append({"Part": topic.part(part), "Earlier years tested": text.number(row["n_pre_periods"], 0),
                        "Joint test": text.p_value(row["p_value"]),
                        "Drift a year found with 50 % power": _drift(row["slope_50"], topic),
                        "with 80 % power": _drift(row["slope_80"], topic)})
    return pd.DataFrame(out)


def detectable(diagnostics: pd.DataFrame, rows: pd.DataFrame, topic: Topic) -> str:
    """Return the smallest effect on the gap that would have been found, beside the overall effect (`rows`)."""
    row = topic.row(diagnostics, "gap")
    if row is None or text.is_missing(row["detectable"]):
        return ("Which effect would have been found could not be worked out, because the overall effect has no "
                "interval or is not shown.")
    size = text.number(row["detectable"], topic.digits)
    said = f"An effect of ±{size} {topic.unit} on the gap would have been found with 80 % power (5 %, two-sided)."
    value = topic.row(rows, "gap")
    if value is None or text.is_missing(value["value"]):
        return said
    if abs(value["value"]) < row["detectable"] and excludes_zero(value):
        return (f"{said} The estimate, {topic.signed(value['value'])}, is clear and yet smaller: studies like this "
                "miss effects of that size in more than 20 of 100 cases, and those that find one tend to overstate it.")
    if abs(value["value"]) < row["detectable"]:
        return (f"{said} The estimate, {topic.signed(value['value'])}, is smaller: an effect of that size would more "
                "likely be missed than an effect of the detectable size, so “unclear” does not mean “none”.")
    return f"{said} The estimate, {topic.signed(value['value'])}, is at least as large."


def coverage(row: text.Row | None) -> str:
    """Return how often intervals like that of the overall effect hold the truth; an empty string where unknown."""
    if row is None or text.is_missing(row["coverage"]) or text.is_missing(row["ci_low"]):
        return ""
    return (f"In simulated designs like this one, 95 % intervals of this kind hold the truth in at least "
            f"{100 * row['coverage']:.1f} % of cases.")


def detectable_figure(diagnostics: pd.DataFrame, rows: pd.DataFrame, topic: Topic, theme: Theme, alt: str) -> Figure:
    """Overall effects over the changes too small to be found with 80 % power."""
    names = [topic.part(str(part)) for part in rows["part"]]
    sizes = [None if (row := topic.row(diagnostics, str(part))) is None or text.is_missing(row["detectable"])
             else float(row["detectable"]) for part in rows["part"]]
    missed = pd.Series(sizes, index=rows.index, dtype="Float64")
    data = drawn(rows, names, names, topic).assign(missed_low=-missed, missed_high=missed)
    table = listed(rows, names, topic, "Part")
    table.insert(2, "Detectable", [f"±{text.number(s, topic.digits)}" if s is not None else "–" for s in sizes])
    spec = titled(templates.detectable(theme, tuple(dict.fromkeys(names))), "Effects and what would be missed",
                  topic.labels, topic.unit, "Grey: too small to be found")
    return Figure(spec, data, without_empty(table), rows, alt)


def _power(row: text.Row, topic: Topic) -> str:
    if text.is_missing(row["slope_50"]) and text.is_missing(row["slope_80"]):
        return "Which steady drift the test would have found could not be worked out."
    return (f"Had the gap drifted steadily by {_drift(row['slope_50'], topic)} {topic.unit} a year, the test would "
            f"have found it in 50 of 100 cases, by {_drift(row['slope_80'], topic)} in 80; a smaller drift would "
            f"mostly have gone unseen ({text.times(int(row['n_pre_periods']), 'earlier year')}).")


def _drift(value: object, topic: Topic) -> str:
    return "–" if text.is_missing(value) else f"±{text.number(value, topic.digits + 1)}"
