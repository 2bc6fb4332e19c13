"""Would other reasonable choices change it? The overall effect on the gap under every combination of choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from app import text
from app.labels import ESTIMATORS, REFERENCE_ESTIMATORS
from app.sure import templates
from app.sure.effects import ENDS, excludes_zero
from app.theme import Theme
from app.topic import Topic
from app.views import Figure, note, titled, without_empty

CHOICES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "estimator": ("Estimator", {**ESTIMATORS, "etwfe": "Extended two-way", "etwfe_poisson": "Extended Poisson",
                                "synthetic_did": "Synthetic DiD"}),
    "comparison": ("Compared with", {"not_yet": "Not yet and never", "never": "Never only"}),
    "compared_within": ("Compared within", {"state/grade_band": "State and grades", "pooled": "All states"}),
    "weights": ("Weights", {"focal": "Focal students", "unit": "Each place once", "own": "Own students"}),
    "events": ("Break years", {"excluded": "Left out", "included": "Included"}),
    "comparison_pool": ("Comparison places", {"all": "All places", "other_districts": "Other districts",
                                              "no_network": "Outside network"}),
}
"""Columns of choices: what each is called, and its codes as short words, in the order in which they are drawn."""


def sentence(rows: pd.DataFrame, topic: Topic) -> str:
    """Return how far the effect on the gap depends on the choices (rows of `public_specification_curve`)."""
    if rows.empty:
        return "No other specification was estimated for this result."
    found = text.records(rows)
    headline = next((r for r in found if r["is_headline"]), None)
    if headline is None or text.is_missing(headline["value"]):
        why = "it is withheld" if headline is not None and headline["suppression"] != "none" else "it has no estimate"
        return f"There is no headline to compare other specifications with: {why}. {_missing(found)}".strip()
    counted = [r for r in found if r["estimator"] not in REFERENCE_ESTIMATORS and not text.is_missing(r["value"])]
    same = sum(r["value"] * headline["value"] > 0 for r in counted)
    told = [excludes_zero(r) for r in counted]
    clear, without = told.count(True), told.count(None)
    values = pd.Series([float(r["value"]) for r in counted])
    said = f"{clear} of {text.times(len(counted) - without, 'interval')} exclude 0"
    said += f"; {text.times(without, 'has', 'have')} no interval" if without else ""
    said = said if without < len(counted) else "none has an interval"
    return (f"In {same} of {text.times(len(counted), 'reasonable specification')} the effect on the gap has the "
            f"headline's sign; {said}. Estimates run from "
            f"{topic.signed(values.min())} to {topic.signed(values.max())} {topic.unit} (median "
            f"{topic.signed(values.median())}, headline {topic.signed(headline['value'])}). {_reference(found)}"
            f"{_missing(found)}").strip()


def figure(rows: pd.DataFrame, topic: Topic, theme: Theme, alt: str) -> Figure:
    """Sorted estimates with intervals, the choices behind each below."""
    rows = rows.sort_values("value", kind="stable", na_position="last")
    shown = rows[rows["value"].notna()]
    names = _levels(shown)
    data = shown[ENDS].assign(
        place=range(1, len(shown) + 1), series=[_series(r) for r in text.records(shown)],
        made=[_made(r) for r in text.records(shown)], shown=[topic.signed(v) for v in shown["value"]],
        ci95=[topic.interval(r) or "–" for r in text.records(shown)], choice=None)
    dots = [{**{k: r[k] for k in ("place", "series", "made", "shown", "ci95")}, "choice": _label(column, r[column])}
            for column in _varying(shown)
            for r in text.records(data.assign(**{column: shown[column]}))]
    data = pd.concat([data, pd.DataFrame(dots, columns=list(data.columns))], ignore_index=True).astype(
        dict.fromkeys(ENDS, "Float64"))
    spec = titled(templates.curve(theme, names, len(shown)), "Change of the gap, by specification", topic.labels,
                  f"{topic.unit}, sorted")
    return Figure(spec, data, without_empty(_table(rows, topic)), rows, alt)


def _table(rows: pd.DataFrame, topic: Topic) -> pd.DataFrame:
    out: list[dict[str, Any]] = []
    for r in text.records(rows):
        why = "" if text.is_missing(r["undefined"]) else f"not estimated: {r['undefined']}"
        out.append({**{title: words.get(str(r[column]), str(r[column])) for column, (title, words) in CHOICES.items()},
                    "Gap": topic.signed(r["value"]) or ("[c]" if r["suppression"] != "none" else "–"),
                    "95 % interval": topic.interval(r) or "–",
                    "Note": "; ".join(n for n in ("headline" if r["is_headline"] else "", _is_reference(r), why,
                                                  note(r)) if n)})
    return pd.DataFrame(out)


def _levels(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return the rows of the lower part: each choice that varies as a heading, and its values that occur."""
    out: list[str] = []
    for column in _varying(rows):
        (title, words), found = CHOICES[column], set(rows[column])
        out += [f"{title}:", *(_label(column, code) for code in words if code in found),
                *sorted(str(code) for code in found if code not in words)]
    return tuple(out)


def _varying(rows: pd.DataFrame) -> list[str]:
    return [column for column in CHOICES if rows[column].nunique() > 1]


def _label(column: str, code: Any) -> str:
    return CHOICES[column][1].get(str(code), str(code))


def _made(row: text.Row) -> str:
    return ", ".join(_label(column, row[column]) for column in CHOICES)


def _series(row: text.Row) -> str:
    if row["is_headline"]:
        return templates.HEADLINE
    return templates.REFERENCE if row["estimator"] in REFERENCE_ESTIMATORS else templates.OTHER


def _is_reference(row: text.Row) -> str:
    return "reference" if row["estimator"] in REFERENCE_ESTIMATORS else ""


def _reference(found: list[text.Row]) -> str:
    if not any(_is_reference(r) for r in found):
        return ""
    return ("Two-way fixed effects stands beside them as a reference and is not counted: it can be wrong where places "
            "start in different years. ")


def _missing(found: list[text.Row]) -> str:
    hidden = sum(r["suppression"] != "none" for r in found)
    undefined = sum(not text.is_missing(r["undefined"]) for r in found if r["suppression"] == "none")
    said = [f"{undefined} could not be estimated"] if undefined else []
    said += [f"{text.times(hidden, 'is', 'are')} withheld, [c]"] if hidden else []
    return f"{' and '.join(said)}; the table says why." if said else ""
