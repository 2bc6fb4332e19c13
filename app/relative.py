"""The effect on a gap as a factor, beside the effect as a difference: one is never told alone when they disagree."""

from __future__ import annotations

import pandas as pd

from app import text
from app.labels import PHASES, SUPPRESSION, Labels
from app.sure import templates
from app.theme import Theme
from app.topic import Topic
from app.views import Figure, direction_marks, gap_row, note, titled, without_empty


def of_estimand(relative: pd.DataFrame, topic: Topic, kind: str = "overall", *, phase: str | None = None,
                cohort: int | None = None) -> text.Row | None:
    """Return the row of `public_relative_effects` of one estimand; None where there is none."""
    rows = topic.of(relative)
    rows = rows[rows["estimand"] == kind]
    if phase is not None:
        rows = rows[rows["phase"] == phase]
    if cohort is not None:
        rows = rows[rows["cohort"] == cohort]
    return next(iter(text.records(rows)), None)


def disagree(gap: text.Row | None, relative: text.Row | None, labels: Labels) -> str | None:
    """Say how the two scales disagree: in `sign`, in being `clear`; None where they agree or one is missing.

    A score has no true zero, so its ratio says nothing and cannot disagree.
    """
    if gap is None or relative is None or text.is_missing(gap["value"]) or text.is_missing(relative["ratio"]):
        return None
    if _is_score(gap, labels):
        return None
    absolute = _is_clear(gap["ci_low"], gap["ci_high"], 0.0)
    ratio = _is_clear(relative["ratio_low"], relative["ratio_high"], 1.0)
    if (absolute or ratio) and gap["value"] * (relative["ratio"] - 1) < 0:
        return "sign"
    return "clear" if absolute is not None and ratio is not None and absolute != ratio else None


def marks(rows: pd.DataFrame, relative: text.Row | None, labels: Labels) -> str:
    """Return shape and word of what happened to the gap; unclear where difference and ratio point apart."""
    is_split = disagree(gap_row(rows), relative, labels) == "sign"
    return "◇ unclear: difference and ratio disagree" if is_split else direction_marks(rows)


def caveat(gap: text.Row | None, relative: text.Row | None, labels: Labels) -> str:
    """Return the sentence that goes with an effect where difference and ratio disagree; an empty string elsewhere."""
    how = disagree(gap, relative, labels)
    if how is None or gap is None or relative is None:
        return ""
    focal, reference = (labels.students(str(gap["gap_id"]), side) for side in ("focal", "reference"))
    factor = factor_words(relative)
    if how == "sign":
        fell, rose = ("fell", "rose") if gap["value"] < 0 else ("rose", "fell")
        return (f"Difference and ratio disagree: the difference between {focal} and {reference} {fell}, their ratio "
                f"{rose} ({factor}), so neither alone says what happened to the gap.")
    if _is_clear(gap["ci_low"], gap["ci_high"], 0.0):
        return f"The change is clear as a difference but not as a ratio of {focal} to {reference} ({factor})."
    return f"The change is not clear as a difference, but it is as a ratio of {focal} to {reference} ({factor})."


def sentence(gap: text.Row | None, relative: text.Row | None, topic: Topic) -> str:
    """Return the relative effect beside the absolute one, and whether the two agree."""
    if topic.labels.outcomes[topic.outcome]["kind"] == "score":
        return "A score has no true zero, so a ratio of scores says nothing: the effect is told as a difference only."
    if relative is None:
        return "No relative effect was worked out for this result, so it is told as a difference only."
    if relative["suppression"] != "none":
        return f"The relative effect is not shown: {SUPPRESSION[str(relative['suppression'])]}."
    if not text.is_missing(relative["undefined"]):
        return f"A relative effect is not defined here: {str(relative['undefined']).rstrip('.')}."
    focal, reference = (topic.labels.students(topic.gap, side) for side in ("focal", "reference"))
    difference = "" if gap is None or text.is_missing(gap["value"]) else (
        f"As a difference the gap changed by {topic.signed(gap['value'])} {topic.unit}. ")
    said = (f"{difference}As a ratio the program multiplied {topic.outcome_name} of {focal} relative to {reference} by "
            f"{factor_words(relative)}.")
    return f"{said} {caveat(gap, relative, topic.labels) or 'The two scales do not disagree.'}"


def figure(relative: pd.DataFrame, estimates: pd.DataFrame, topic: Topic, theme: Theme, alt: str) -> Figure:
    """Factors of the overall effect, of phases and of cohorts; the table has the differences beside them."""
    rows = topic.of(relative)
    rows = rows[rows["estimand"].isin(["overall", "phase", "cohort"])]
    rows = rows.sort_values("estimand", key=lambda e: e.map({"overall": 0, "phase": 1, "cohort": 2}), kind="stable")
    names = [_name(r) for r in text.records(rows)]
    data = rows[["ratio", "ratio_low", "ratio_high"]].set_axis(["value", "ci_low", "ci_high"], axis=1).assign(
        row=names, order=range(len(rows)), series="Factor", ci80_low=pd.array([None] * len(rows), dtype="Float64"),
        ci80_high=pd.array([None] * len(rows), dtype="Float64"),
        symbol=[_symbol(r) for r in text.records(rows)],
        shown=[_factor(r["ratio"]) for r in text.records(rows)], ci95=[_interval(r) for r in text.records(rows)],
        ci80="–")
    table = pd.DataFrame({
        "Effect": names, "Factor": [_symbol(r) or _factor(r["ratio"]) for r in text.records(rows)],
        "95 % interval": data["ci95"].to_numpy(),
        "Difference": [_difference(r, estimates, topic) for r in text.records(rows)],
        "Note": [_note(r) for r in text.records(rows)]})
    spec = titled(templates.rows(theme, ("Factor",), rules=(1.0,), first=2, is_log=True), "Factor on the groups' ratio",
                  topic.labels, "1 is no change")
    return Figure(spec, data, without_empty(table), rows, alt)


def factor_words(row: text.Row) -> str:
    """Return a factor with its interval as words."""
    interval = _interval(row)
    given = f"95 % interval {interval}" if interval != "–" else "no interval"
    return f"a factor of {_factor(row['ratio'])}, {given}"


def _difference(row: text.Row, estimates: pd.DataFrame, topic: Topic) -> str:
    same = topic.of(estimates, "gap")
    same = same[same["estimand"] == row["estimand"]]
    for column in ("cohort", "phase"):
        if not text.is_missing(row[column]):
            same = same[same[column] == row[column]]
    if same.empty:
        return "–"
    gap = text.records(same)[0]
    return text.signed(gap["value"], text.effect_digits(gap, topic.labels.outcomes[topic.outcome])) or "[c]"


def _is_score(row: text.Row, labels: Labels) -> bool:
    return bool(labels.outcomes[str(row["outcome_id"])]["kind"] == "score")


def _is_clear(low: object, high: object, none: float) -> bool | None:
    if text.is_missing(low) or text.is_missing(high):
        return None
    return not float(str(low)) <= none <= float(str(high))


def _name(row: text.Row) -> str:
    if row["estimand"] == "phase":
        return f"Phase {PHASES[row['phase']].split(' (', maxsplit=1)[0]}"
    return "Overall" if row["estimand"] == "overall" else f"Start {row['cohort']}"


def _symbol(row: text.Row) -> str:
    if row["suppression"] != "none":
        return SUPPRESSION[str(row["suppression"])][:3]
    return "–" if text.is_missing(row["ratio"]) else ""


def _factor(value: object) -> str:
    return "–" if text.is_missing(value) else f"{float(str(value)):.2f}"


def _interval(row: text.Row) -> str:
    ends = [_factor(row[c]) for c in ("ratio_low", "ratio_high")]
    return "–" if "–" in ends else f"{ends[0]} to {ends[1]}"


def _note(row: text.Row) -> str:
    return note(row) if text.is_missing(row["undefined"]) else f"not defined: {row['undefined']}"
