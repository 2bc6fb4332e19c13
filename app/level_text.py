"""Gaps of levels, and what data are in, as sentences."""

from __future__ import annotations

import pandas as pd

from app import text
from app.labels import Labels


def trend(rows: pd.DataFrame, labels: Labels) -> str:
    """Return the sentence of one scope's gap over time (rows of `public_gap_levels`, in order of period)."""
    if rows.empty:
        return "No gap is on record for this choice."
    first = rows.iloc[0]
    outcome, gap = labels.outcomes[first["outcome_id"]], labels.gaps[first["gap_id"]]
    who = labels.scope(first["scope"], first["scope_id"])
    shown = rows[rows["gap"].notna()]
    if shown.empty:
        return f"{who}: no {gap['label']} gap in {text.lower(outcome['label'])} can be given ({text.hidden(rows)})."
    per, digits = text.PER[outcome["kind"]], text.level_digits(outcome)
    last, start = shown.iloc[-1], shown.iloc[0]
    latest = (f"{labels.students(first['gap_id'], 'focal')} {last['focal_display']}{per}, "
              f"{labels.students(first['gap_id'], 'reference')} {last['reference_display']}{per}")
    sentence = (f"{who}: the {gap['label']} gap in {text.lower(outcome['label'])} was "
                f"{text.signed(last['gap'], digits)} {outcome['unit_name']} in {last['period']} ({latest})")
    if len(shown) > 1:
        sentence += f"; in {start['period']} it was {text.signed(start['gap'], digits)}"
    return f"{sentence}. {text.hidden(rows).capitalize()}."


def coverage(rows: pd.DataFrame, labels: Labels) -> str:
    """Return how much of one outcome is in (rows of `public_coverage`)."""
    if rows.empty:
        return "Nothing is expected for this choice."
    total = rows.drop(columns=["district_id", "period", "outcome_id"]).sum()
    label = text.lower(labels.outcomes[rows.iloc[0]["outcome_id"]]["label"])
    if not total["cells"]:
        return f"No value of {label} is expected."
    small = f" ({total['cells_small']:,} of them rest on fewer than 10 students and are not usable)"
    small = "" if labels.is_published else small
    return (f"Of {total['cells']:,} expected values of {label}, one per {labels.study['unit']}, group and year, "
            f"{total['cells_reported']:,} are reported{small}, {total['cells_source_suppressed']:,} are hidden by the "
            f"publisher, {total['cells_not_sent']:,} were not sent, {total['cells_not_published']:,} are not published "
            f"and {total['cells_not_applicable']:,} have no such students.")
