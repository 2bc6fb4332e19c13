"""One other model of the effect on the gap beside the headline: its sentence, its chart, its details."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from app import text
from app.labels import SUPPRESSION
from app.sure import templates
from app.sure.checks import HEADLINE
from app.sure.effects import drawn, listed
from app.theme import Theme
from app.topic import Topic
from app.views import Figure, note, titled, without_empty


@dataclass(frozen=True)
class Model:
    """One other model of the effect on the gap, and what the page says of it.

    Attributes
    ----------
    table : str
        The released table that holds it.
    key : str
        Name of its chart and its download.
    heading, name, figure_caption, detail_caption : str
        Heading on the page, name in the chart, captions of the chart and of the table of details.
    absent : str
        Sentence where it was not fitted.
    estimate : str
        What there is none of where it was fitted in vain.
    says : callable
        From a row, and its estimate in words, to the sentence.
    needs : sequence of str
        Columns without which there are no details.
    details : callable
        From a row to the lines of the table of details.
    """

    table: str
    key: str
    heading: str
    name: str
    figure_caption: str
    detail_caption: str
    absent: str
    estimate: str
    says: Callable[[text.Row, str], str]
    needs: Sequence[str]
    details: Callable[[text.Row, Topic], list[dict[str, str]]]

    def sentence(self, row: text.Row | None, headline: text.Row | None, topic: Topic) -> str:
        """Return what the model says of the gap beside the headline, or why it says nothing."""
        if row is None:
            return self.absent
        if row["suppression"] != "none":
            return f"The {self.estimate} is not shown: {SUPPRESSION[str(row['suppression'])]}."
        if not text.is_missing(row["undefined"]):
            return f"There is no {self.estimate}: {row['undefined']}"
        return self.says(row, _estimated(row, headline, topic))

    def detail(self, row: text.Row | None, topic: Topic) -> pd.DataFrame:
        """Return the model's details as text; no rows where they are not shown."""
        if row is None or row["suppression"] != "none" or any(text.is_missing(row[column]) for column in self.needs):
            return pd.DataFrame()
        return pd.DataFrame(self.details(row, topic))

    def forest(self, rows: pd.DataFrame, headline: pd.DataFrame, topic: Topic, theme: Theme, alt: str) -> Figure:
        """The model below the headline; without an estimate there is no figure (no rows)."""
        rows = rows[rows["value"].notna()]
        names = [HEADLINE] * len(headline) + [self.name] * len(rows)
        data = drawn(pd.concat([headline, rows]), names, names, topic)
        spec = titled(templates.rows(theme, (HEADLINE, self.name), first=2), f"{self.name}: change of the gap",
                      topic.labels, topic.unit)
        values = "; ".join(f"{r['row']} {r['shown']} ({r['ci95']})" for r in text.records(data))
        table = listed(rows, [self.name] * len(rows), topic, "Model")
        return Figure(spec, data, without_empty(table), rows, f"{alt} {values}.".strip())


def _estimated(row: text.Row, headline: text.Row | None, topic: Topic) -> str:
    interval = f"95 % interval {topic.interval(row)}" if topic.interval(row) else note(row)
    has_headline = headline is not None and not text.is_missing(headline["value"])
    beside = f", where the headline says {topic.signed(headline['value'])}" if headline and has_headline else ""
    return f"{topic.signed(row['value'])} {topic.unit} ({interval}){beside}"
