"""Every diagnostic table and the function that makes its rows: a new diagnostic is one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evaluation.diagnose import believe
from evaluation.diagnose.bounds import suppression_bounds
from evaluation.diagnose.composition import composition
from evaluation.diagnose.curve import specification_curve
from evaluation.diagnose.diagnosed import Diagnosed, Row
from evaluation.diagnose.placebos import placebos
from evaluation.diagnose.switches import definition_switches

OF_TOPIC: Mapping[str, Callable[[Diagnosed], list[Row]]] = {
    "pre_trends": believe.pre_trends,
    "detectable_effects": believe.detectable_effects,
    "leave_one_out": believe.leave_one_out,
    "placebos": placebos,
    "composition": composition,
    "definition_switches": definition_switches,
    "specification_curve": specification_curve,
    "suppression_bounds": suppression_bounds,
}
"""Tables with rows of one topic; their functions leave out the topic's columns."""


def diagnose(of: Diagnosed) -> Mapping[str, list[Row]]:
    """Return the rows of every table of `OF_TOPIC`."""
    about = of.topic.columns()
    return {table: [{**about, **row} for row in rows(of)] for table, rows in OF_TOPIC.items()}
