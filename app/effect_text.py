"""Effects on a gap as sentences: what changed, and what stands beside it."""

from __future__ import annotations

import pandas as pd

from app import text
from app.labels import PHASES, Labels
from evaluation.contracts import reasons

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
HIDDEN_EFFECT = "[c] withheld"


def direction(row: text.Row) -> str:
    """Return what happened to the gap, as a shape and a word."""
    if row["suppression"] != "none":
        return HIDDEN_EFFECT
    verdict = "" if text.is_missing(row["verdict"]) else str(row["verdict"])
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
    found = text.records(rows[rows["part"] == "gap"])
    if not found:
        return f"There is no estimate for this choice. {refusal or ''}".strip()
    row = found[0]
    outcome, gap = labels.outcomes[row["outcome_id"]], labels.gaps[row["gap_id"]]
    subject = f"the {gap['label']} gap in {text.lower(outcome['label'])}"
    where, unit = _where(row, labels), outcome["unit_name"]
    if row["suppression"] != "none":
        return f"{where}, the change in {subject} is not shown: {_withheld(row, labels)}.{_left_out(row)}"
    decimals = text.effect_digits(row, outcome)
    value = f"{text.signed(row['value'], decimals)} {unit}"
    parts = _parts(rows, labels, decimals)
    if text.is_missing(row["ci_low"]):
        why = reasons.words(str(row["no_interval"]))
        return (f"{where}, {subject} is estimated to have changed by {value}{parts}. No interval is given, because "
                f"{why}; whether it changed cannot be told yet.{_left_out(row)}")
    verb = VERDICTS[row["verdict"]].format(focal=labels.students(row["gap_id"], "focal"),
                                           reference=labels.students(row["gap_id"], "reference"))
    sentence = (f"{where}, {subject} {verb}: estimated change {value} (95 % interval "
                f"{text.interval(row['ci_low'], row['ci_high'], decimals)}){parts}.")
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


def band(rows: pd.DataFrame) -> str:
    """Return which years the band of a chart by years since the start holds; an empty string when there is none."""
    years = sorted({int(year) for year in rows.loc[rows["band_low"].notna(), "event_time"]})
    if not years:
        return ""
    named = ", ".join(text.signed(year, 0) or "0" for year in years)
    held = f"years {named} all at once" if len(years) > 1 else f"year {named}"
    return f"Shaded: the 95 % band, which holds {held}. Each bar holds one year by itself."


def pre_trend(row: text.Row | None, labels: Labels) -> str:
    """Return what the joint pre-trend test says, and what it cannot say."""
    if row is None or text.is_missing(row["p_value"]):
        return "Whether the gap moved differently before the start could not be tested."
    periods = int(row["n_pre_periods"])
    clear = "moved differently" if row["p_value"] < 0.05 else "did not clearly move differently"
    return (f"Before the start, the gap {clear} at program and comparison {labels.units} (joint test of {periods} "
            f"earlier {'period' if periods == 1 else 'periods'}, p = {row['p_value']:.2f}). A test that finds nothing "
            "does not show that the two would have kept moving alike.")


def leave_one_out(row: text.Row | None) -> str:
    """Return how far the overall effect depends on a single district; an empty string when not checked."""
    if row is None or text.is_missing(row["districts_left_out"]):
        return ""
    n = int(row["districts_left_out"])
    said = (f"Leaving out one of {n} districts at a time, the sign stayed the same {text.times(row['same_sign'])} and "
            f"the verdict {text.times(row['same_verdict'])}.")
    if text.is_missing(row["cohorts_left_out"]):
        return said
    n = int(row["cohorts_left_out"])
    return (f"{said} Leaving out one of {n} cohorts, the sign stayed the same {text.times(row['cohorts_same_sign'])} "
            f"and the verdict {text.times(row['cohorts_same_verdict'])}.")


def _where(row: text.Row, labels: Labels) -> str:
    places = labels.places(row["program"])
    if row["estimand"] == "cohort":
        return f"At {places} that started in {row['cohort']}"
    if row["estimand"] == "phase":
        return f"At {places} in phase {PHASES[row['phase']]}"
    return f"Across {places}"


def _parts(rows: pd.DataFrame, labels: Labels, decimals: int) -> str:
    shown = {r["part"]: r for r in text.records(rows) if r["part"] != "gap" and not text.is_missing(r["value"])}
    if set(shown) != {"focal", "reference"}:
        return ""
    own = ", each on its own units" if any(r["sample"] == "own" for r in shown.values()) else ""
    words = (f"{labels.students(r['gap_id'], p)} {text.signed(r['value'], decimals)}{_to(r, labels)}"
             for p, r in sorted(shown.items()))
    return f"; {', '.join(words)}{own}"


def _to(row: text.Row, labels: Labels) -> str:
    if text.is_missing(row.get("level")):
        return ""
    kind = labels.outcomes[row["outcome_id"]]["kind"]
    return f" ({row['level']:.{2 if kind == 'score' else 0}f}{text.PER[kind]} under the program)"


def _withheld(row: text.Row, labels: Labels) -> str:
    if row["n_program_districts"] == 1 and row["estimand"] in {"cohort", "phase"}:
        return "it rests on a single program district, and one of its values is coded or hidden"
    return f"it rests on a single program district or fewer than three program {labels.units}, and would describe them"


def _left_out(row: text.Row) -> str:
    lone, dropped = text.cohorts(row, "left_out_cohorts"), text.cohorts(row, "dropped_cohorts")
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
