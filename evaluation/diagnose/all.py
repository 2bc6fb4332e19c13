"""Every diagnostic table and the function that makes its rows: a new diagnostic is one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evaluation.diagnose.bounds import suppression_bounds
from evaluation.diagnose.composition import composition
from evaluation.diagnose.curve import specification_curve
from evaluation.diagnose.detectable import detectable_effects
from evaluation.diagnose.diagnosed import Diagnosed, Row
from evaluation.diagnose.families import adjusted_p_values
from evaluation.diagnose.leave_one_out import leave_one_out
from evaluation.diagnose.multilevel import multilevel_checks
from evaluation.diagnose.placebos import placebos
from evaluation.diagnose.pre_trends import pre_trend_power, pre_trends
from evaluation.diagnose.sensitivity import breakdowns, sensitivity
from evaluation.diagnose.standards import standards
from evaluation.diagnose.students import student_panel_checks
from evaluation.diagnose.switches import definition_switches
from evaluation.diagnose.together import Together
from evaluation.diagnose.two_way import two_way_reference

OF_TOPIC: Mapping[str, Callable[[Diagnosed], list[Row]]] = {
    "pre_trends": pre_trends,
    "pre_trend_power": pre_trend_power,
    "sensitivity": sensitivity,
    "breakdowns": breakdowns,
    "detectable_effects": detectable_effects,
    "leave_one_out": leave_one_out,
    "placebos": placebos,
    "composition": composition,
    "definition_switches": definition_switches,
    "specification_curve": specification_curve,
    "two_way_reference": two_way_reference,
    "multilevel_checks": multilevel_checks,
    "student_panel_checks": student_panel_checks,
    "suppression_bounds": suppression_bounds,
}
"""Tables with rows of one topic; their functions leave out the topic's columns."""
OF_STUDY: Mapping[str, Callable[[Together], list[Row]]] = {
    "adjusted_p_values": adjusted_p_values,
    "standards": standards,
}
"""Tables with rows of all topics together."""


def diagnose(of: Diagnosed) -> Mapping[str, list[Row]]:
    """Return the rows of every table of `OF_TOPIC`."""
    about = of.topic.columns()
    return {table: [{**about, **row} for row in rows(of)] for table, rows in OF_TOPIC.items()}
