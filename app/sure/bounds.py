"""How far may trends differ before the effect is no longer clear? Robust intervals and breakdown values."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from app import text
from app.labels import SUPPRESSION
from app.sure import templates
from app.sure.effects import excludes_zero
from app.theme import Theme
from app.topic import Topic
from app.views import Figure, titled, without_empty
from evaluation.contracts import NO_BREAKDOWN

RESTRICTIONS: Mapping[str, tuple[str, str, str]] = {
    "relative_magnitude": (
        "Relative magnitudes", "m: times the largest change before the start",
        "no change from year to year after the start, other than the program's, is more than {m} times the largest "
        "one before it"),
    "smoothness": (
        "Smoothness", "m: {unit} a year",
        "the trend of the difference bends by no more than {m} {unit} a year from one year to the next"),
    "relative_smoothness": (
        "Relative smoothness", "m: times the sharpest bend before the start",
        "no bend of the trend after the start is more than {m} times the sharpest one before it"),
}
"""Name, what m is a multiple of, and what must hold, in the order in which they are shown."""


def sentence(rows: pd.DataFrame, topic: Topic) -> str:
    """Return the breakdown values of the effect on the gap (its rows of `public_breakdowns`)."""
    found = {str(r["restriction"]): r for r in text.records(rows)}
    said = [_broken(found[code], topic) for code in RESTRICTIONS if code in found]
    return " ".join(said) or ("No bounds were worked out: they need an overall effect with years before the start that "
                              "can be tested.")


def restrictions(sensitivity: pd.DataFrame) -> list[str]:
    """Return the restrictions with rows, in the fixed order."""
    found = set(sensitivity["restriction"])
    return [code for code in RESTRICTIONS if code in found]


def figure(rows: pd.DataFrame, restriction: str, topic: Topic, theme: Theme, alt: str) -> Figure:
    """Intervals of the effect on the gap by the size of the departure allowed (rows of `public_sensitivity`)."""
    rows = rows[rows["restriction"] == restriction].sort_values("m", kind="stable")
    name, by, _ = RESTRICTIONS[restriction]
    finite = rows[rows["ci_low"].map(_is_finite) & rows["ci_high"].map(_is_finite)]
    sizes = [_size(m) for m in finite["m"]]
    is_clear = [excludes_zero(r) for r in text.records(finite)]
    data = finite[["m", "ci_low", "ci_high"]].assign(
        size=sizes, series=[templates.CLEAR if clear else templates.UNCLEAR for clear in is_clear],
        ci95=[topic.interval(r) for r in text.records(finite)])
    table = pd.DataFrame({
        "m": [_size(m) for m in rows["m"]], "95 % interval": [_interval(r, topic) for r in text.records(rows)],
        "Excludes 0": ["–" if r is None else "yes" if r else "no" for r in map(excludes_zero, text.records(rows))],
        "Note": ["" if s == "none" else SUPPRESSION[str(s)] for s in rows["suppression"]]})
    spec = titled(templates.bounds(theme), f"{name}: change of the gap", topic.labels, topic.unit,
                  by.format(unit=topic.unit))
    return Figure(spec, data, without_empty(table), rows, f"{alt} {_ends(data, name)}".strip())


def _broken(row: text.Row, topic: Topic) -> str:
    name, _, holds = RESTRICTIONS[str(row["restriction"])]
    if row["suppression"] != "none":
        return f"{name}: not shown, {SUPPRESSION[str(row['suppression'])]}."
    if text.is_missing(row["breakdown"]):
        code = "not_clear" if text.is_missing(row["undefined"]) else str(row["undefined"])
        why = NO_BREAKDOWN[code]  # type: ignore[index]
        return f"{name}: there is no breakdown value, because {why}."
    if math.isinf(row["breakdown"]):
        return f"{name}: {NO_BREAKDOWN['any_size']}."
    words = holds.format(m=_size(row["breakdown"]), unit=topic.unit)
    return f"{name}: the effect on the gap stays clear of 0 as long as {words} (breakdown value)."


def _interval(row: text.Row, topic: Topic) -> str:
    if text.is_missing(row["ci_low"]) or text.is_missing(row["ci_high"]):
        return "–"
    ends = [topic.signed(end) if math.isfinite(end) else "no bound" for end in (row["ci_low"], row["ci_high"])]
    return " to ".join(ends)


def _ends(data: pd.DataFrame, name: str) -> str:
    if data.empty:
        return ""
    first, last = text.records(data)[0], text.records(data)[-1]
    return f"{name}: the interval is {first['ci95']} at m = {first['size']} and {last['ci95']} at m = {last['size']}."


def _size(m: float) -> str:
    return f"{m:.2g}" if m < 100 else f"{m:.0f}"


def _is_finite(value: object) -> bool:
    return not text.is_missing(value) and math.isfinite(float(str(value)))
