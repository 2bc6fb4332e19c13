"""Charts of effects as words, for those who do not see them: each from its own rows."""

from __future__ import annotations

import pandas as pd

from app import effect_text, text
from app.labels import Labels


def by_year(rows: pd.DataFrame, labels: Labels) -> str:
    """Return what a chart by years since the start shows: who, from when to when, and the last year's effects."""
    if rows.empty:
        return "No effect by years since the start."
    first, last = text.signed(rows["event_time"].min(), 0), text.signed(rows["event_time"].max(), 0)
    row, found = text.records(rows)[0], text.records(rows[rows["event_time"] == rows["event_time"].max()])
    cohorts = f", start {row['cohort']}" if row["estimand"] == "att_gt" else ""
    parts = " and ".join(dict.fromkeys(_part(r, labels) for r in text.records(rows)))
    said = "; ".join(f"{_part(r, labels)} {_value(r, labels)}" for r in found)
    shaded = f" {effect_text.band(rows)}" if rows["part"].nunique() == 1 and effect_text.band(rows) else ""
    return (f"{labels.places(row['program'])}{cohorts}: estimated change of {parts} in {_outcome(row, labels)} by "
            f"years since the start, {first} to {last}. In the last year: {said}. {text.hidden(rows)}.{shaded}")


def by_scope(rows: pd.DataFrame, names: list[str], labels: Labels) -> str:
    """Return the effects on the gap that a forest shows, one per phase or cohort."""
    if rows.empty:
        return "No effect by phase and cohort."
    row = text.records(rows)[0]
    said = "; ".join(f"{name} {_value(r, labels)}" for name, r in zip(names, text.records(rows), strict=True)
                     if r["part"] == "gap")
    gap = labels.gaps[row["gap_id"]]["label"]
    return (f"{labels.places(row['program'])}: estimated change of the {gap} gap in {_outcome(row, labels)}, by "
            f"phase and cohort: {said}. {text.hidden(rows)}.")


def _part(row: text.Row, labels: Labels) -> str:
    gap = str(row["gap_id"])
    return f"the {labels.gaps[gap]['label']} gap" if row["part"] == "gap" else labels.students(gap, str(row["part"]))


def _outcome(row: text.Row, labels: Labels) -> str:
    label = str(labels.outcomes[row["outcome_id"]]["label"])
    return label[:1].lower() + label[1:]


def _value(row: text.Row, labels: Labels) -> str:
    if text.is_missing(row["value"]):
        return "hidden"
    digits = text.effect_digits(row, labels.outcomes[row["outcome_id"]])
    interval = text.interval(row["ci_low"], row["ci_high"], digits)
    return f"{text.signed(row['value'], digits)} ({f'95 % interval {interval}' if interval else 'no interval'})"
