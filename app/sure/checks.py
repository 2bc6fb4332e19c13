"""Checks that fit in a few rows: placebos, regression to the mean, composition, definitions, hidden values."""

from __future__ import annotations

import math

import pandas as pd

from app import effect_text, text
from app.labels import SUPPRESSION
from app.sure import templates
from app.sure.effects import drawn, excludes_zero, listed
from app.theme import Theme
from app.topic import Topic
from app.views import PARTS, Figure, note, titled, without_empty

HEADLINE = "Headline"
_WINDOW = "regression_to_mean_window"
_COMPOSITION = {
    "log_students_focal": "Number of {focal}",
    "log_students_reference": "Number of {reference}",
    "focal_share": "Share of {focal} among both groups",
    "response_focal": "{focal} who answered",
    "response_reference": "{reference} who answered",
}


def placebos(rows: pd.DataFrame, topic: Topic) -> str:
    """Return how often an effect was found where there should be none (rows of the gap)."""
    if rows.empty:
        return "No placebo could be estimated: there are too few years before the start, and no placebo outcome."
    told = [excludes_zero(r) for r in text.records(rows)]
    n, clear, without = len(told), told.count(True), told.count(None)
    if without == n:
        return f"Whether there is an effect where there should be none cannot be told: {_why_none(rows)}."
    verdict = ("an effect before the program began, or on something it cannot move, is a warning" if clear else
               "none was found where there should be none")
    said = f"In {clear} of {text.times(n - without, 'placebo')} with an interval it excludes 0: {verdict}."
    return f"{said} {text.times(without, 'has', 'have').capitalize()} no interval." if without else said


def regression_to_mean(rows: pd.DataFrame, topic: Topic) -> str:
    """Return whether gaps as large as the program's shrink by themselves (rows of the gap)."""
    if rows.empty:
        return ("Whether gaps as large as the program's shrink by themselves could not be checked: no comparison "
                "places with such gaps, or too few years before the start.")
    windows = rows[rows["placebo"] == _WINDOW]
    told = [excludes_zero(r) for r in text.records(windows)]
    found = [topic.signed(r["value"]) for r in text.records(windows) if not text.is_missing(r["value"])]
    matched = [topic.signed(r["value"]) for r in text.records(rows[rows["placebo"] != _WINDOW])
               if not text.is_missing(r["value"])]
    said = []
    if found:
        how = ("moved clearly by themselves" if any(told) else
               "did not clearly move by themselves" if False in told else
               "moved by themselves as follows, without an interval, so that chance cannot be told from more")
        said.append(f"Comparison places with gaps as large {how}: {', '.join(found)} {topic.unit}.")
    if matched:
        said.append(f"Against comparison places with the nearest gaps before the start the effect is {matched[0]}.")
    return " ".join(said) or f"This check cannot be shown: {_why_none(rows)}."


def composition(rows: pd.DataFrame, topic: Topic) -> str:
    """Return whether the program changed who is enrolled or who answers."""
    if rows.empty:
        return ("Whether the program changed who is enrolled, or who answers, could not be checked: numbers of "
                "students are not known here.")
    told = {str(r["composition"]): excludes_zero(r) for r in text.records(rows)}
    moved = [_composed(code, topic) for code, clear in told.items() if clear]
    if moved:
        return (f"The program may have changed who is counted: {', '.join(moved)} moved clearly, so part of the effect "
                "can be a change of students.")
    n = sum(clear is None for clear in told.values())
    none = f" ({text.times(n, 'has', 'have')} no interval)" if n else ""
    return (f"No clear change in how many are enrolled or answer was found in {text.times(len(told), 'check')}{none}. "
            "Whether these are the same students is not told: joiners and stayers are counted alike.")


def definitions(rows: pd.DataFrame, headline: text.Row | None, topic: Topic) -> str:
    """Return whether another definition of the outcome changes what is said (rows of the gap)."""
    if rows.empty:
        return "The study declares no other definition of this outcome."
    if headline is None or text.is_missing(headline["verdict"]):
        return "Other definitions cannot be compared: the headline has no verdict."
    found = [r for r in text.records(rows) if not text.is_missing(r["verdict"])]
    same = sum(r["verdict"] == headline["verdict"] for r in found)
    n = len(rows) - len(found)
    hidden = f" {text.times(n, 'is', 'are')} withheld." if n else ""
    return (f"Under {same} of {text.times(len(found), 'other definition')} the verdict is the headline's "
            f"({effect_text.VERDICTS[str(headline['verdict'])].split(',')[0].split(':')[0]}).{hidden}")


def hidden_cells(row: text.Row | None, topic: Topic) -> str:
    """Return how far values that the source hides could move the effect on the gap."""
    if row is None:
        return "How far hidden values could move the effect was not worked out for this result."
    if row["suppression"] != "none":
        return f"How far hidden values could move the effect is not shown: {SUPPRESSION[str(row['suppression'])]}."
    hidden, used = int(row["cells_hidden"]), int(row["cells_used"])
    if not hidden:
        return f"No value behind the effect is hidden by the source (all {used:,} are known)."
    if text.is_missing(row["low"]) or text.is_missing(row["high"]):
        return f"{hidden:,} of {hidden + used:,} values are hidden by the source, and nothing limits what they may be."
    sign = "so its sign does not rest on them" if row["low"] * row["high"] > 0 else "so they could turn its sign"
    return (f"{hidden:,} of {hidden + used:,} values are hidden by the source; whatever they are, the effect on the "
            f"gap lies between {topic.signed(row['low'])} and {topic.signed(row['high'])} {topic.unit}, {sign}.")


def left_out(row: text.Row | None) -> str:
    """Return how far the overall effect depends on a single district."""
    none = "Whether the effect rests on a single district was not checked or is not shown."
    return effect_text.leave_one_out(row) or none


def forest(rows: pd.DataFrame, headline: pd.DataFrame, topic: Topic, theme: Theme, alt: str, *, title: str) -> Figure:
    """Checks in the headline's unit as a forest below the headline; the table has them all."""
    names = [_name(r, topic) for r in text.records(rows)]
    same = [_has_headlines_unit(r, topic) for r in text.records(rows)]
    kept = rows[same]
    ends = pd.concat([headline, kept])
    series = [HEADLINE] * len(headline) + ["Check"] * len(kept)
    data = drawn(ends, [HEADLINE] * len(headline) + [n for n, is_same in zip(names, same, strict=True) if is_same],
                 series, topic)
    table = listed(rows, names, topic, "Check")
    if not all(same):
        table["Note"] = [n or ("" if is_same else "another unit, not drawn") for n, is_same in
                         zip(table["Note"], same, strict=True)]
    spec = titled(templates.rows(theme, (HEADLINE, "Check"), first=2), title, topic.labels, topic.unit)
    return Figure(spec, data, without_empty(table), rows, f"{alt} {_values(ends, data)}".strip())


def composition_table(rows: pd.DataFrame, topic: Topic) -> pd.DataFrame:
    """Return effects on who is enrolled and who answers as text: numbers of students in percent."""
    out = []
    for r in text.records(rows):
        as_percent = str(r["composition"]).startswith("log_")
        ends = [_percent(r[c], as_percent=as_percent) for c in ("value", "ci_low", "ci_high")]
        unit = " %" if as_percent else " percentage points"
        out.append({"Of what": _composed(str(r["composition"]), topic), "Change": f"{ends[0]}{unit}" if ends[0] else
                    ("[c]" if r["suppression"] != "none" else "–"),
                    "95 % interval": f"{ends[1]} to {ends[2]}" if ends[1] and ends[2] else "–", "Note": note(r)})
    return without_empty(pd.DataFrame(out, columns=["Of what", "Change", "95 % interval", "Note"]))


def hidden_table(rows: pd.DataFrame, topic: Topic) -> pd.DataFrame:
    """Return the bounds of each part as text."""
    return without_empty(pd.DataFrame([
        {"Part": topic.part(str(r["part"])), "Values hidden": f"{r['cells_hidden']:,}", "known": f"{r['cells_used']:,}",
         "Least": topic.signed(r["low"]) or "–", "Largest": topic.signed(r["high"]) or "–",
         "Note": "" if r["suppression"] == "none" else SUPPRESSION[str(r["suppression"])]}
        for part in PARTS for r in text.records(rows[rows["part"] == part])],
        columns=["Part", "Values hidden", "known", "Least", "Largest", "Note"]))


def left_out_table(diagnostics: pd.DataFrame, topic: Topic) -> pd.DataFrame:
    """Return leave-one-district-out counts of each part as text."""
    columns = {"Districts left out in turn": "districts_left_out", "Same sign": "same_sign",
               "Same verdict": "same_verdict", "Cohorts left out in turn": "cohorts_left_out",
               "Sign stays": "cohorts_same_sign", "Verdict stays": "cohorts_same_verdict"}
    found = [(part, topic.row(diagnostics, part)) for part in PARTS]
    rows = [(part, r) for part, r in found if r is not None and not text.is_missing(r["districts_left_out"])]
    given = {name: c for name, c in columns.items() if not all(text.is_missing(r[c]) for _, r in rows)}
    return pd.DataFrame([{"Part": topic.part(part), **{name: text.number(r[c], 0) for name, c in given.items()}}
                         for part, r in rows])


def _name(row: text.Row, topic: Topic) -> str:
    if "variant" in row:
        return _outcome(str(row["variant"]), topic)
    detail = str(row["detail"])
    return {"time": f"Start {detail}", "outcome": _outcome(detail, topic),
            _WINDOW: f"Large {detail}" if detail.startswith("gaps") else f"Large gaps {detail}",
            "regression_to_mean_matched": f"Matched places: {detail}"}[str(row["placebo"])]


def _has_headlines_unit(row: text.Row, topic: Topic) -> bool:
    if "variant" in row or row["placebo"] != "outcome":
        return True
    other = topic.labels.outcomes.get(str(row["detail"]), {})
    return bool(other.get("unit_name") == topic.unit)


def _outcome(code: str, topic: Topic) -> str:
    return str(topic.labels.outcomes[code]["label"]) if code in topic.labels.outcomes else code


def _composed(code: str, topic: Topic) -> str:
    return _COMPOSITION[code].format(focal=topic.labels.students(topic.gap, "focal"),
                                     reference=topic.labels.students(topic.gap, "reference"))


def _percent(value: object, *, as_percent: bool) -> str:
    if text.is_missing(value):
        return ""
    number = float(str(value))
    return text.signed(100 * math.expm1(number) if as_percent else number)


def _why_none(rows: pd.DataFrame) -> str:
    said = dict.fromkeys(note(r) for r in text.records(rows))
    return "; ".join(n for n in said if n) or "there is no interval"


def _values(rows: pd.DataFrame, data: pd.DataFrame) -> str:
    return "; ".join(f"{r['row']} {r['shown']} ({r['ci95']})" for r in text.records(data)) + "." if len(rows) else ""
