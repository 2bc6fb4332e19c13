"""Vega-Lite charts without data or titles, built once per kind, theme and series names."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from app import marks
from app.marks import Spec
from app.theme import PALETTES, Theme


@lru_cache
def forest(theme: Theme, names: tuple[str, ...]) -> Spec:
    """Effects by row, one mark per series (focal, reference, gap): 95 % thin, 80 % thick, on one x axis."""
    row = {"y": {"field": "row", "type": "nominal", "title": None, "axis": {"grid": False},
                 "sort": {"field": "order", "op": "min"}},
           "yOffset": {"field": "series", "type": "nominal", "sort": list(names), "scale": {"paddingInner": 0.2}}}
    x = {"field": "value", "type": "quantitative", "title": None, "axis": {"tickCount": 5}}
    return marks.whole(theme, [
        marks.zero(theme, "x"),
        *marks.bars(theme, names, row, "x"),
        {"mark": marks.point(), "encoding": {**row, "x": x, **marks.series(theme, names), **marks.tooltip("row")}},
        marks.hidden_text({**row, "x": {"value": 4}}, theme, align="left"),
    ], {"step": 17, "for": "offset"})


@lru_cache
def event_study(theme: Theme, names: tuple[str, ...], first: int, years: tuple[int, ...]) -> Spec:
    """Effects by `years` since the start, none left out: hollow before, filled after; a rule at the start.

    One series has its band as a shade; several have bars alone. `first` is the place of the first name among the
    series (focal, reference, gap), whose colours and shapes stay.
    """
    sign = "(datum.value > 0 ? '+' : '') + replace(toString(datum.value), '-', '−')"
    column = {"x": {"field": "event_time", "type": "ordinal", "title": None, "scale": {"domain": list(years)},
                    "axis": {"labelAngle": 0, "labelExpr": sign}},
              "xOffset": {"field": "series", "type": "nominal", "sort": list(names),
                          "scale": {"paddingOuter": 0.25 if len(names) > 1 else 0.5}}}
    y = {"field": "value", "type": "quantitative", "title": None, "axis": {"tickCount": 6}}
    fill = {"condition": {"test": "datum.event_time < 0", "value": PALETTES[theme].background},
            **marks.color(theme, names, first=first)}
    shown = {**column, "y": y, **marks.series(theme, names, first=first), "fill": fill, **marks.tooltip("year")}
    start = [{"mark": {"type": "rule", "strokeDash": [4, 4], "color": PALETTES[theme].muted},
              "data": {"values": [{"event_time": 0}]},
              "encoding": {"x": {"field": "event_time", "type": "ordinal", "bandPosition": 0}}}] if 0 in years else []
    shade = [marks.band(theme, names, {"x": column["x"]}, first=first)] if len(names) == 1 else []
    return marks.whole(theme, [
        *shade,
        marks.zero(theme, "y"),
        *start,
        *marks.bars(theme, names, column, "y", first=first),
        {"mark": marks.point() | {"filled": False}, "encoding": shown},
        marks.hidden_text({**column, "y": {"value": "height"}}, theme, baseline="bottom"),
    ], 320)


@lru_cache
def over_time(theme: Theme, names: tuple[str, ...], peers: tuple[str, ...], *, from_zero: bool, first: int = 0) -> Spec:
    """Lines by period, one per series, broken where hidden; `peers` are grey; hidden values stand at the bottom."""
    column = {"x": {"field": "period", "type": "ordinal", "title": None,
                    "axis": {"labelAngle": 0, "labelOverlap": True, "labelSeparation": 4}}}
    y = {"field": "value", "type": "quantitative", "title": None, "axis": {"tickCount": 5},
         "scale": {"zero": from_zero}}
    drawn = marks.series(theme, names, peers, first=first)
    texts = [marks.hidden_text({**column, "y": {"value": "height"}}, theme, baseline="bottom", dy=-14 * i, only=name)
             for i, name in enumerate(names)]
    line = [] if from_zero else [marks.zero(theme, "y")]
    return marks.whole(theme, [
        *line,
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {**column, "y": y, "color": drawn["color"]}},
        {"mark": marks.point(), "encoding": {**column, "y": y, **drawn, **marks.tooltip("period")}},
        *texts,
    ], 300)


@lru_cache
def matrix(theme: Theme, cell: str) -> Spec:
    """District by period: the share of values reported as text on a one-hue ramp."""
    p = PALETTES[theme]
    place = {"x": {"field": "period", "type": "ordinal", "title": None,
                   "axis": {"orient": "top", "labelAngle": -90, "labelAlign": "left", "labelBaseline": "middle"}},
             "y": {"field": "district", "type": "nominal", "sort": None, "title": None,
                   "axis": {"labelExpr": "replace(datum.label, ' School District', '')"}}}
    ink = {"condition": {"test": f"datum.share > {p.ink_turns}", "value": p.background}, "value": p.text}
    return marks.whole(theme, [
        {"mark": {"type": "rect", "stroke": p.background, "strokeWidth": 2},
         "encoding": {**place, "color": {"field": "share", "type": "quantitative", "legend": None,
                                         "scale": {"domain": [0, 100], "range": list(p.ramp)}},
                      "tooltip": [{"field": "district", "type": "nominal", "title": "District"},
                                  {"field": "period", "type": "ordinal", "title": "Year"},
                                  {"field": "display", "type": "nominal", "title": cell}]}},
        {"mark": {"type": "text", "fontSize": 11},
         "encoding": {**place, "text": {"field": "display"}, "color": ink}},
    ], {"step": 19})


def events(theme: Theme, happened: list[dict[str, Any]]) -> list[Spec]:
    """Return layers that mark what happened to everybody: a rule at each period, one label per event above the plot."""
    x = {"x": {"field": "period", "type": "ordinal"}}
    p = PALETTES[theme]
    y = {"value": -6}
    rule = {"type": "rule", "strokeDash": [2, 3], "color": p.muted}
    return [{"data": {"values": happened}, "mark": rule, "encoding": x},
            *({"data": {"values": [m for m in happened if m["label"] and m["align"] == align]},
               "mark": {"type": "text", "align": align, "baseline": "bottom", "fontSize": 11, "color": p.muted},
               "encoding": {**x, "y": y, "text": {"field": "label"}}} for align in ("center", "right"))]
