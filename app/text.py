"""Released rows as sentences: the same sentence is on the page and in the chart's alternative text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import pandas as pd

from app.labels import PHASES, SUPPRESSION, Labels
from evaluation.contracts import reasons

Row = Mapping[str, Any]
VERDICTS = {
    "narrowed_focal_improvement": "narrowed, with improvement for {focal}",
    "narrowed_levelling_down": "narrowed by levelling down, which is not success: {reference} did worse",
    "narrowed_focal_worse": "narrowed because {focal} did worse, which is not success",
    "narrowed_both_improved": "narrowed, with improvement for both groups",
    "narrowed": "narrowed",
    "widened": "widened",
    "overshot_levelling_down": "passed zero by levelling down, which is not success: {reference} did worse",
    "overshot_focal_worse": "passed zero because {focal} did worse, which is not success",
    "overshot": "passed zero: it now points the other way",
    "both_improved": "did not clearly change, while both groups improved",
    "both_worsened": "did not clearly change, while both groups did worse",
    "cannot_tell": "did not clearly change",
}
DIRECTIONS = {"narrowed_levelling_down": "⇊ narrowed by levelling down",
              "narrowed_focal_worse": "⇊ narrowed by doing worse", "narrowed": "→← narrowed", "widened": "←→ widened",
              "overshot_levelling_down": "⇊ passed zero by levelling down",
              "overshot_focal_worse": "⇊ passed zero by doing worse", "overshot": "⇄ passed zero"}
LEGEND = "→← narrowed, ⇊ narrowed or passed zero because a group did worse, ◇ unclear, ←→ widened, ⇄ passed zero."
_PER = {"binary": " %", "count": " per 100", "score": ""}
HIDDEN_EFFECT = "[c] withheld"


def records(rows: pd.DataFrame) -> list[Row]:
    """Return the rows of a released table."""
    return cast("list[Row]", rows.to_dict("records"))


def is_missing(value: Any) -> bool:
    """Say whether a value of a released table is missing."""
    return bool(pd.isna(value))


def signed(value: Any, digits: int = 1) -> str:
    """Return a number with its sign and a true minus; an empty string when missing."""
    if is_missing(value):
        return ""
    rounded = round(float(value), digits) + 0.0
    sign = "−" if rounded < 0 else "+" if rounded > 0 else ""
    return f"{sign}{abs(rounded):.{digits}f}"


def interval(low: Any, high: Any, digits: int = 1) -> str:
    """Return an interval as words; an empty string when there is none."""
    return "" if is_missing(low) or is_missing(high) else f"{signed(low, digits)} to {signed(high, digits)}"


def band(rows: pd.DataFrame) -> str:
    """Return which years the band of a chart by years since the start holds; an empty string when there is none."""
    years = sorted({int(year) for year in rows.loc[rows["band_low"].notna(), "event_time"]})
    if not years:
        return ""
    named = ", ".join(signed(year, 0) or "0" for year in years)
    held = f"years {named} all at once" if len(years) > 1 else f"year {named}"
    return f"Shaded: the 95 % band, which holds {held}. Each bar holds one year by itself."


def p_value(p: Any) -> str:
    """Return a p-value as words: `p = 0.32`, `p = 0.023`, `p < 0.001`; `no p-value` when missing."""
    if is_missing(p):
        return "no p-value"
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.{2 if p >= 0.1 else 3}f}"


def number(value: Any, digits: int = 1) -> str:
    """Return a size, which has no sign; `–` when missing."""
    return "–" if is_missing(value) else f"{float(value):.{digits}f}"


def digits(outcome: Row) -> int:
    """Return decimals of an effect: one for percentage points and rates, two for scores."""
    return 2 if outcome["kind"] == "score" else 1


def level_digits(outcome: Row) -> int:
    """Return decimals of a level and of a gap of levels: those of coded means are whole numbers."""
    is_coded = outcome["kind"] != "score" and outcome["measure"] != "published_rate"
    return 0 if is_coded else digits(outcome)


def effect_digits(row: Row, outcome: Row) -> int:
    """Return decimals of one effect: that of a single district is coded like its levels."""
    is_single = row["n_program_districts"] == 1
    return level_digits(outcome) if is_single else digits(outcome)


def direction(row: Row) -> str:
    """Return what happened to the gap, as a shape and a word."""
    if row["suppression"] != "none":
        return HIDDEN_EFFECT
    verdict = "" if is_missing(row["verdict"]) else str(row["verdict"])
    return next((words for start, words in DIRECTIONS.items() if verdict.startswith(start)), "◇ unclear")


def effect(rows: pd.DataFrame, labels: Labels, detectable: float | None = None, refusal: str | None = None) -> str:
    """Return the sentence of one effect on a gap.

    Parameters
    ----------
    rows : DataFrame
        The gap and its parts of one estimand of `public_estimates`; parts may be missing.
    detectable : float or None
        Smallest change that would have been found (80 % power), said where the change is unclear.
    refusal : str or None
        Why the pipeline could not make this estimate.
    """
    found = records(rows[rows["part"] == "gap"])
    if not found:
        return f"There is no estimate for this choice. {refusal or ''}".strip()
    row = found[0]
    outcome, gap = labels.outcomes[row["outcome_id"]], labels.gaps[row["gap_id"]]
    subject = f"the {gap['label']} gap in {lower(outcome['label'])}"
    where, unit = _where(row, labels), outcome["unit_name"]
    if row["suppression"] != "none":
        return f"{where}, the change in {subject} is not shown: {_withheld(row, labels)}.{_left_out(row)}"
    decimals = effect_digits(row, outcome)
    value = f"{signed(row['value'], decimals)} {unit}"
    parts = _parts(rows, labels, decimals)
    if is_missing(row["ci_low"]):
        why = reasons.words(str(row["no_interval"]))
        return (f"{where}, {subject} is estimated to have changed by {value}{parts}. No interval is given, because "
                f"{why}; whether it changed cannot be told yet.{_left_out(row)}")
    verb = VERDICTS[row["verdict"]].format(focal=labels.students(row["gap_id"], "focal"),
                                           reference=labels.students(row["gap_id"], "reference"))
    sentence = (f"{where}, {subject} {verb}: estimated change {value} (95 % interval "
                f"{interval(row['ci_low'], row['ci_high'], decimals)}){parts}.")
    if detectable is not None and direction(row).startswith("◇"):
        sentence += f" A change of ±{detectable:.{decimals}f} {unit} would have been detectable (80 % power)."
    return sentence + _left_out(row)


def standing(rows: pd.DataFrame) -> str:
    """Return what the plan makes of an estimand, as the end of its name; an empty string where there is none."""
    found = set(rows["standing"].dropna()) if "standing" in rows else set()
    return f" ({', '.join(sorted(found))})" if found else ""


def base(labels: Labels, specification: str, program: str, cohort: int | None = None) -> str:
    """Return which year before the start every other year is compared with; empty where none is common to all."""
    if labels.specifications[specification]["base"] != "universal":
        return ""
    starts = labels.cohorts(program) if cohort is None else [cohort]
    found = {start: labels.base_period(specification, start) for start in starts}
    named = [f"{year} for start {start}" for start, year in found.items() if year is not None]
    if len(set(starts)) == 1 or not named:
        return f"The base, with a change of zero, is {named[0].split()[0]}." if named else ""
    return f"The base, with a change of zero, is the last year before the start that counts: {', '.join(named)}."


def pre_trend(row: Row | None, labels: Labels) -> str:
    """Return what the joint pre-trend test says, and what it cannot say."""
    if row is None or is_missing(row["p_value"]):
        return "Whether the gap moved differently before the start could not be tested."
    periods = int(row["n_pre_periods"])
    clear = "moved differently" if row["p_value"] < 0.05 else "did not clearly move differently"
    return (f"Before the start, the gap {clear} at program and comparison {labels.units} (joint test of {periods} "
            f"earlier {'period' if periods == 1 else 'periods'}, p = {row['p_value']:.2f}). A test that finds nothing "
            "does not show that the two would have kept moving alike.")


def leave_one_out(row: Row | None) -> str:
    """Return how far the overall effect depends on a single district; an empty string when not checked."""
    if row is None or is_missing(row["districts_left_out"]):
        return ""
    n = int(row["districts_left_out"])
    said = (f"Leaving out one of {n} districts at a time, the sign stayed the same {times(row['same_sign'])} and the "
            f"verdict {times(row['same_verdict'])}.")
    if is_missing(row["cohorts_left_out"]):
        return said
    n = int(row["cohorts_left_out"])
    return (f"{said} Leaving out one of {n} cohorts, the sign stayed the same {times(row['cohorts_same_sign'])} and "
            f"the verdict {times(row['cohorts_same_verdict'])}.")


def times(n: int, noun: str = "time", plural: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{int(n)} {noun if n == 1 else plural or noun + 's'}"


def trend(rows: pd.DataFrame, labels: Labels) -> str:
    """Return the sentence of one scope's gap over time (rows of `public_gap_levels`, in order of period)."""
    if rows.empty:
        return "No gap is on record for this choice."
    first = rows.iloc[0]
    outcome, gap = labels.outcomes[first["outcome_id"]], labels.gaps[first["gap_id"]]
    who = labels.scope(first["scope"], first["scope_id"])
    shown = rows[rows["gap"].notna()]
    if shown.empty:
        return f"{who}: no {gap['label']} gap in {lower(outcome['label'])} can be given ({hidden(rows)})."
    per = _PER[outcome["kind"]]
    last, start = shown.iloc[-1], shown.iloc[0]
    latest = (f"{labels.students(first['gap_id'], 'focal')} {last['focal_display']}{per}, "
              f"{labels.students(first['gap_id'], 'reference')} {last['reference_display']}{per}")
    sentence = (f"{who}: the {gap['label']} gap in {lower(outcome['label'])} was "
                f"{signed(last['gap'], level_digits(outcome))} {outcome['unit_name']} in {last['period']} ({latest})")
    if len(shown) > 1:
        sentence += f"; in {start['period']} it was {signed(start['gap'], level_digits(outcome))}"
    return f"{sentence}. {hidden(rows).capitalize()}."


def hidden(rows: pd.DataFrame) -> str:
    """Return how many values are hidden and why; gaps with a coded side are counted apart."""
    coded = is_coded(rows)
    reasons = rows.loc[(rows["suppression"] != "none") & ~coded, "suppression"].value_counts()
    count = f"{int(reasons.sum())} of {len(rows)} values hidden"
    if not reasons.empty:
        count += ": " + ", ".join(f"{n} {SUPPRESSION[str(reason)]}" for reason, n in sorted(reasons.items()))
    n = int(coded.sum())
    return count + (f"; {n} {'gap' if n == 1 else 'gaps'} not given because one side is coded" if n else "")


def is_coded(rows: pd.DataFrame) -> pd.Series:
    """Return which rows lack a gap only because a side is coded (such as `≤5`), not hidden."""
    if "focal_display" not in rows:
        return pd.Series(False, index=rows.index)
    return (rows["suppression"] == "primary") & rows["focal_display"].notna() & rows["reference_display"].notna()


def coverage(rows: pd.DataFrame, labels: Labels) -> str:
    """Return how much of one outcome is in (rows of `public_coverage`)."""
    if rows.empty:
        return "Nothing is expected for this choice."
    total = rows.drop(columns=["district_id", "period", "outcome_id"]).sum()
    label = lower(labels.outcomes[rows.iloc[0]["outcome_id"]]["label"])
    if not total["cells"]:
        return f"No value of {label} is expected."
    small = f" ({total['cells_small']:,} of them rest on fewer than 10 students and are not usable)"
    small = "" if labels.is_published else small
    return (f"Of {total['cells']:,} expected values of {label}, one per {labels.study['unit']}, group and year, "
            f"{total['cells_reported']:,} are reported{small}, {total['cells_source_suppressed']:,} are hidden by the "
            f"publisher, {total['cells_not_sent']:,} were not sent, {total['cells_not_published']:,} are not published "
            f"and {total['cells_not_applicable']:,} have no such students.")


def _where(row: Row, labels: Labels) -> str:
    places = labels.places(row["program"])
    if row["estimand"] == "cohort":
        return f"At {places} that started in {row['cohort']}"
    if row["estimand"] == "phase":
        return f"At {places} in phase {PHASES[row['phase']]}"
    return f"Across {places}"


def _parts(rows: pd.DataFrame, labels: Labels, decimals: int) -> str:
    shown = {r["part"]: r for r in records(rows) if r["part"] != "gap" and not is_missing(r["value"])}
    if set(shown) != {"focal", "reference"}:
        return ""
    own = ", each on its own units" if any(r["sample"] == "own" for r in shown.values()) else ""
    words = (f"{labels.students(r['gap_id'], p)} {signed(r['value'], decimals)}{_to(r, labels)}"
             for p, r in sorted(shown.items()))
    return f"; {', '.join(words)}{own}"


def _to(row: Row, labels: Labels) -> str:
    if is_missing(row.get("level")):
        return ""
    kind = labels.outcomes[row["outcome_id"]]["kind"]
    return f" ({row['level']:.{2 if kind == 'score' else 0}f}{_PER[kind]} under the program)"


def _withheld(row: Row, labels: Labels) -> str:
    if row["n_program_districts"] == 1 and row["estimand"] in {"cohort", "phase"}:
        return "it rests on a single program district, and one of its values is coded or hidden"
    return f"it rests on a single program district or fewer than three program {labels.units}, and would describe them"


def _left_out(row: Row) -> str:
    lone, dropped = cohorts(row, "left_out_cohorts"), cohorts(row, "dropped_cohorts")
    out = ""
    if len(lone) == 1:
        out = f" Not included: the {lone[0]} cohort, which is a single district and is listed apart."
    elif lone:
        out = f" Not included: the {', '.join(lone)} cohorts, each a single district, listed apart."
    if dropped:
        noun = "cohort" if len(dropped) == 1 else "cohorts"
        out += (f" Not included: the {', '.join(dropped)} {noun}, for which data of the base period, a comparison or "
                "weights are missing.")
    return out


def cohorts(row: Row, column: str) -> list[str]:
    """Return the start years that a column of cohorts names."""
    return [] if is_missing(row.get(column)) else re.findall(r"\d{4,}", str(row[column]))


def lower(label: str) -> str:
    """Return a label as it stands within a sentence."""
    return label[:1].lower() + label[1:]
