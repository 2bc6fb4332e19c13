"""Effects of one result as chart rows and as text."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from app import text
from app.topic import Topic
from app.views import note, symbols

ENDS = ["value", "ci_low", "ci_high", "ci80_low", "ci80_high"]


def drawn(rows: pd.DataFrame, names: Sequence[str], series: Sequence[str], topic: Topic) -> pd.DataFrame:
    """Return what a chart of rows holds: released values, and how they are written."""
    table = listed(rows, names, topic)
    return rows[ENDS].assign(row=list(names), order=range(len(rows)), series=list(series), symbol=symbols(rows),
                             shown=list(table["Estimate"]), ci95=list(table["95 % interval"]),
                             ci80=list(table["80 % interval"]))


def listed(rows: pd.DataFrame, names: Sequence[str], topic: Topic, heading: str = "Effect") -> pd.DataFrame:
    """Return effects as text: estimate, intervals, and why something is missing."""
    out = [{heading: name, "Estimate": text.signed(r["value"], topic.digits) or ("–" if r["suppression"] == "none"
                                                                                  else "[c]"),
            "95 % interval": topic.interval(r) or "–",
            "80 % interval": text.interval(r["ci80_low"], r["ci80_high"], topic.digits) or "–", "Note": note(r)}
           for name, r in zip(names, text.records(rows), strict=True)]
    return pd.DataFrame(out, columns=[heading, "Estimate", "95 % interval", "80 % interval", "Note"])


def excludes_zero(row: text.Row) -> bool | None:
    """Say whether the 95 % interval excludes 0; None where there is none."""
    if text.is_missing(row["ci_low"]) or text.is_missing(row["ci_high"]):
        return None
    return bool(row["ci_low"] > 0 or row["ci_high"] < 0)
