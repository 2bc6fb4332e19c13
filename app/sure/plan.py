"""Was the result planned, is the run as planned, and what does the plan's rule make of it?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from app import text
from app.labels import ADJUSTMENTS, SUPPRESSION, Labels
from app.sure import templates
from app.theme import Theme
from app.topic import Topic
from app.views import Figure, titled, without_empty

DECISIONS = {
    "success": "by the plan's rule this is a success",
    "no_success": "the plan's rule of success is not met",
    "cannot_tell": "by the plan's rule it cannot be told yet",
    "no_rule": "the plan has no rule for this outcome",
}
_DECIDED = {"success": "success", "no_success": "not met", "cannot_tell": "cannot tell yet", "no_rule": "no rule"}
CHANGES = {"no_lock": "never locked", "lock": "locked", "amendment": "plan amended", "difference": "run differs",
           "not_planned": "not planned"}
_PLACES = {change: i for i, change in enumerate(CHANGES)}
_TESTED, _ADJUSTED = "As tested", "Adjusted in its family"


def standing(standing_code: str | None, plan: pd.DataFrame) -> str:
    """Return whether a result is confirmatory, when the plan was locked, and how far the run differs from it.

    Parameters
    ----------
    standing_code : str or None
        `confirmatory` or `exploratory`; None where there is no estimate.
    plan : DataFrame
        `public_plan`.
    """
    said = {"confirmatory": "Confirmatory: the study's plan names this result.",
            "exploratory": "Exploratory: the plan does not name this result as confirmatory, so it can suggest but not "
                           "confirm."}.get(standing_code or "", "There is no estimate of this result to be planned.")
    locks = text.records(plan[plan["change"] == "lock"].sort_values("lock"))
    if not locks:
        return f"{said} The plan was never locked, so nothing shows that it came before the results.{_not_named(plan)}"
    return f"{said} {_locked(locks)} {_differences(plan)}{_not_named(plan)}"


def decision(row: text.Row | None, topic: Topic, n_tested: int) -> str:
    """Return the adjusted p-value of a result in its family of `n_tested`, and what the plan's rule makes of it."""
    if row is None:
        return ("This result is in no family of the plan, so its p-value is not adjusted and no rule of the plan "
                "decides on it.")
    family = _entry(topic.labels.study["plan"]["families"], "id", str(row["family"]))
    name = f"family “{family['label']}”" if family else "family"
    if row["suppression"] != "none":
        return f"The p-values of its {name} are not shown: {SUPPRESSION[str(row['suppression'])]}."
    results = "1 result tested" if n_tested == 1 else f"{n_tested} results tested"
    ruled = DECISIONS[str(row["decision"])]
    if text.is_missing(row["p_value"]):
        said = f"In its {name} it is not tested, because no interval is given; {ruled}."
    elif text.is_missing(row["adjusted_p_value"]):
        said = f"In its {name} ({results}) {text.p_value(row['p_value'])}, which could not be adjusted; {ruled}."
    else:
        said = (f"In its {name} ({results}, {ADJUSTMENTS[str(row['adjustment'])]}) {text.p_value(row['p_value'])}, "
                f"adjusted {text.p_value(row['adjusted_p_value'])}, at a level of {row['alpha_level']:g}; {ruled}.")
    rule = _entry(topic.labels.study["plan"]["decision_rules"], "outcome", topic.outcome)
    return f"{said} The rule: {rule['words']}" if rule else said


def family(rows: pd.DataFrame, labels: Labels, theme: Theme, alt: str) -> Figure:
    """P-values of one family (its rows of `public_adjusted_p_values`), as tested and adjusted; its level is a rule."""
    names = [f"{labels.outcomes[r['outcome_id']]['label']}, {labels.gaps[r['gap_id']]['label']}"
             for r in text.records(rows)]
    if rows["outcome_id"].nunique() == 1:
        names = [str(labels.gaps[g]["label"]) for g in rows["gap_id"]]
    sides = [pd.DataFrame({"row": names, "order": range(len(rows)), "series": series, "value": rows[column].to_numpy(),
                           "symbol": ["" if s == "none" else SUPPRESSION[str(s)][:3] for s in rows["suppression"]],
                           "shown": [text.p_value(p) for p in rows[column]]})
             for series, column in ((_TESTED, "p_value"), (_ADJUSTED, "adjusted_p_value"))]
    data = pd.concat(sides, ignore_index=True).assign(
        **dict.fromkeys(("ci_low", "ci_high", "ci80_low", "ci80_high"), float("nan")), ci95="–", ci80="–")
    level = float(rows["alpha_level"].dropna().max()) if rows["alpha_level"].notna().any() else 0.05
    table = pd.DataFrame({
        "Result": names, "As tested": [text.p_value(p) for p in rows["p_value"]],
        "Adjusted": [text.p_value(p) for p in rows["adjusted_p_value"]],
        "Plan's rule": ["–" if text.is_missing(d) else _DECIDED[str(d)]
                        for d in rows["decision"]],
        "Note": ["" if s == "none" else SUPPRESSION[str(s)] for s in rows["suppression"]]})
    chart = templates.rows(theme, (_TESTED, _ADJUSTED), rules=(level,), ends=(0.0, 1.0), has_legend=True)
    spec = titled(chart, "P-values of the family", labels, f"Dashed: level {level:g}")
    return Figure(spec, data, without_empty(table), rows, alt)


def changes(plan: pd.DataFrame) -> pd.DataFrame:
    """Return every lock, amendment and difference as text, in order of the locks; a lock's row tells commit and why."""
    plan = plan.sort_values(["lock", "change", "key"], key=lambda c: c.map(_PLACES) if c.name == "change" else c)
    return pd.DataFrame([{
        "Lock": "–" if not r["lock"] else f"{r['lock']}, {_given(r['locked_on'])}", "What": CHANGES[str(r["change"])],
        "Where": _where(r), "Plan": _given(r["planned"]), "Run": _given(r["run"])} for r in text.records(plan)],
        columns=["Lock", "What", "Where", "Plan", "Run"])


def _where(row: text.Row) -> str:
    """Return the key that changed; of a lock its commit, and why it amends another."""
    if row["change"] != "lock":
        return str(row["key"])
    why = "" if text.is_missing(row["amended_because"]) else f": {row['amended_because']}"
    return f"{_commit(row)}{why}"


def _locked(locks: list[text.Row]) -> str:
    last = locks[-1]
    had_results = None if text.is_missing(last["had_results"]) else bool(last["had_results"])
    before = {None: "it is not known whether results lay in the folder", True: "when results already lay in the folder",
              False: "before any result lay in the folder"}[had_results]
    times = "" if len(locks) == 1 else f", after {len(locks) - 1} earlier {'lock' if len(locks) == 2 else 'locks'}"
    reason = _given(last["amended_because"]).rstrip(".")
    why = "" if text.is_missing(last["amended_because"]) else f" It was amended because: “{reason}”."
    return (f"The plan was locked on {last['locked_on']} ({_commit(last)}, SHA-256 {str(last['plan_sha256'])[:12]}…), "
            f"{before}{times}.{why}")


def _differences(plan: pd.DataFrame) -> str:
    n = int((plan["change"] == "difference").sum())
    if not n:
        return "The run does not differ from it."
    return f"The run differs from it in {n} {'point' if n == 1 else 'points'}, listed below."


def _not_named(plan: pd.DataFrame) -> str:
    n = int((plan["change"] == "not_planned").sum())
    return f" The study also computes {n} {'result' if n == 1 else 'results'} that no plan names." if n else ""


def _commit(row: text.Row) -> str:
    if text.is_missing(row["locked_commit"]):
        return "commit unknown"
    is_dirty = not text.is_missing(row["is_dirty"]) and bool(row["is_dirty"])
    return f"commit {str(row['locked_commit'])[:12]}{' with uncommitted changes' if is_dirty else ''}"


def _given(value: Any) -> str:
    return "–" if text.is_missing(value) else str(value)


def _entry(entries: list[Mapping[str, Any]], key: str, code: str) -> Mapping[str, Any] | None:
    return next((entry for entry in entries if entry[key] == code), None)
