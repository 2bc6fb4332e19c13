"""Whether a survey scale measures the same in both groups: what a gap on it may say, and how reliable it is."""

from __future__ import annotations

import pandas as pd

from app import templates, text
from app.labels import SUPPRESSION, Labels
from app.theme import Theme
from app.topic import Topic
from app.views import Figure, titled, without_empty

WORDS = {
    "holds": "The scale measures the same in both groups and all waves",
    "partial": "Some items of the scale work differently between the groups, so part of the gap can come from them",
    "fails": "The scale does not measure the same in both groups, so a gap on it would compare different things",
    "cannot_tell": "Whether the scale measures the same in both groups cannot be told",
}
REASONS = {
    "equal": "loadings and intercepts are alike", "loadings": "items hang together differently",
    "intercepts": "items are answered differently at the same level",
    "one_factor_does_not_fit": "the items do not measure one thing", "small_group": "too few answers in a group",
    "few_items": "too few items", "not_estimable": "the model could not be fitted",
}
IN_BRIEF = {"equal": "alike", "loadings": "loadings differ", "intercepts": "intercepts differ",
            "one_factor_does_not_fit": "not one factor", "small_group": "few answers", "few_items": "few items",
            "not_estimable": "no fit"}
_IS_SAME = {"holds": "yes", "partial": "partly", "fails": "no", "cannot_tell": "cannot tell"}
_WORST = ("fails", "partial", "cannot_tell", "holds")


def decision(scales: pd.DataFrame, outcome: str, gap: str, program: str, labels: Labels) -> text.Row | None:
    """Return the row of `public_scales` that decides on a gap; None where the outcome is no scale or none was checked.

    All waves at once decide; where they cannot tell, the worst single wave does.
    """
    rows = _rows(scales, outcome, gap, program, labels)
    if rows.empty:
        return None
    whole = text.records(rows[rows["compared"] == "groups_and_waves"])
    waves = sorted(text.records(rows[rows["compared"] == "groups"]), key=lambda r: _WORST.index(str(r["invariance"])))
    if whole and (whole[0]["invariance"] != "cannot_tell" or not waves or waves[0]["invariance"] == "holds"):
        return whole[0]
    return waves[0]


def refusal(scales: pd.DataFrame, outcome: str, gap: str, program: str, labels: Labels) -> str | None:
    """Return why a gap on a scale may not be shown; None where it may, or the outcome is no scale."""
    row = decision(scales, outcome, gap, program, labels)
    if row is None or row["invariance"] != "fails":
        return None
    return f"The {labels.gaps[gap]['label']} gap in {_outcome(outcome, labels)} is not shown. {_said(row)}."


def warning(scales: pd.DataFrame, outcome: str, gap: str, program: str, labels: Labels) -> str:
    """Return the warning that goes with a gap on a scale; an empty string where none is needed."""
    if labels.outcomes[outcome]["measure"] != "scale_score":
        return ""
    row = decision(scales, outcome, gap, program, labels)
    if row is None:
        return "Warning: whether the scale measures the same in both groups was not checked."
    return f"Warning: {text.lower(_said(row))}." if row["invariance"] in {"partial", "cannot_tell"} else ""


def sentence(scales: pd.DataFrame, topic: Topic) -> str:
    """Return what measurement invariance and reliability say of the outcome, by group."""
    given = topic.labels.outcomes[topic.outcome]
    if given["measure"] != "scale_score":
        return f"{given['label']} is counted from records and is no survey scale, so there is nothing to check here."
    refused = refusal(scales, topic.outcome, topic.gap, topic.program, topic.labels)
    row = decision(scales, topic.outcome, topic.gap, topic.program, topic.labels)
    said = refused or warning(scales, topic.outcome, topic.gap, topic.program, topic.labels)
    if not said and row is not None:
        said = f"{_said(row)}."
    return f"{said} {_reliability(_rows(scales, topic.outcome, topic.gap, topic.program, topic.labels), topic)}".strip()


def figure(scales: pd.DataFrame, topic: Topic, theme: Theme, alt: str) -> Figure:
    """Cronbach's alpha of both groups by wave; the table has omega and the decision of every wave."""
    rows = _rows(scales, topic.outcome, topic.gap, topic.program, topic.labels)
    waves = rows[rows["compared"] == "groups"].sort_values("period")
    names = (topic.labels.group(topic.gap, "focal"), topic.labels.group(topic.gap, "reference"))
    period = [_wave(p) for p in waves["period"]]
    sides = [pd.DataFrame({"period": period, "series": name, "value": waves[f"alpha_{side}"],
                           "symbol": ["" if pd.notna(a) else "[c]" if s != "none" else "–" for a, s in
                                      zip(waves[f"alpha_{side}"], waves["suppression"], strict=True)],
                           "shown": [_two(a) for a in waves[f"alpha_{side}"]]})
             for side, name in zip(("focal", "reference"), names, strict=True)]
    everything = pd.concat([waves, rows[rows["compared"] == "groups_and_waves"]])
    table = pd.DataFrame([{
        "Year": "all together" if text.is_missing(r["period"]) else _wave(r["period"]),
        "Same measure": _IS_SAME[str(r["invariance"])],
        "Why": IN_BRIEF[str(r["invariance_reason"])], "Item most different": _given(r["worst_item"]),
        **{f"{letter} {name}": _two(r[f"{kind}_{side}"]) for kind, letter in (("alpha", "α"), ("omega", "ω"))
           for side, name in zip(("focal", "reference"), names, strict=True)},
        "Note": "" if r["suppression"] == "none" else SUPPRESSION[str(r["suppression"])]}
        for r in text.records(everything)])
    spec = titled(templates.over_time(theme, names, (), from_zero=True), "Reliability (Cronbach's alpha)",
                  topic.labels)
    data = pd.concat(sides, ignore_index=True)
    return Figure(spec, data, without_empty(table) if len(table) else table, everything, alt)


def _rows(scales: pd.DataFrame, outcome: str, gap: str, program: str, labels: Labels) -> pd.DataFrame:
    band = labels.programs[program]["grade_band"]
    rows = scales[(scales["outcome_id"] == outcome) & (scales["gap_id"] == gap)]
    return rows if band == "all" else rows[rows["grade_band"] == band]


def _wave(period: int) -> str:
    """Return a year, or a survey wave as year and number."""
    return str(period) if period < 10_000 else f"{period // 10}/{period % 10}"


def _said(row: text.Row) -> str:
    is_silent = row["invariance"] == "holds" or text.is_missing(row["worst_item"])
    item = "" if is_silent else f"; the item most different is {row['worst_item']}"
    return f"{WORDS[str(row['invariance'])]} ({REASONS[str(row['invariance_reason'])]}{item})"


def _reliability(rows: pd.DataFrame, topic: Topic) -> str:
    found = []
    for side in ("focal", "reference"):
        alpha = rows[f"alpha_{side}"].dropna()
        if len(alpha):
            ends = dict.fromkeys((_two(alpha.min()), _two(alpha.max())))
            found.append(f"{topic.labels.students(topic.gap, side)} {' to '.join(ends)}")
    if not found:
        return "How consistently its items measure is not known for either group."
    return f"Cronbach's alpha over the years: {', '.join(found)}."


def _outcome(code: str, labels: Labels) -> str:
    return text.lower(str(labels.outcomes[code]["label"]))


def _two(value: object) -> str:
    return "–" if text.is_missing(value) else f"{float(str(value)):.2f}"


def _given(value: object) -> str:
    return "–" if text.is_missing(value) else str(value)
