"""Vega-Lite charts without data or titles, built once per kind, theme and series names."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from app.theme import PALETTES, SHAPES, Theme, config

Spec = dict[str, Any]
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


@lru_cache
def forest(theme: Theme, names: tuple[str, ...]) -> Spec:
    """Effects by row, one mark per series (focal, reference, gap): 95 % thin, 80 % thick, on one x axis."""
    row = {"y": {"field": "row", "type": "nominal", "title": None, "axis": {"grid": False},
                 "sort": {"field": "order", "op": "min"}},
           "yOffset": {"field": "series", "type": "nominal", "sort": list(names), "scale": {"paddingInner": 0.2}}}
    x = {"field": "value", "type": "quantitative", "title": None, "axis": {"tickCount": 5}}
    return _whole(theme, [
        _zero(theme, "x"),
        *_bars(theme, names, row, "x"),
        {"mark": _point(), "encoding": {**row, "x": x, **_series(theme, names), **_tooltip("row")}},
        _hidden_text({**row, "x": {"value": 4}}, theme, align="left"),
    ], {"step": 17, "for": "offset"})


@lru_cache
def event_study(theme: Theme, names: tuple[str, ...], first: int, years: tuple[int, ...]) -> Spec:
    """Effects by `years` since the start, none left out: hollow before, filled after; a rule at the start.

    `first` is the place of the first name among the series (focal, reference, gap), whose colours and shapes stay.
    """
    sign = "(datum.value > 0 ? '+' : '') + replace(toString(datum.value), '-', '−')"
    column = {"x": {"field": "event_time", "type": "ordinal", "title": None, "scale": {"domain": list(years)},
                    "axis": {"labelAngle": 0, "labelExpr": sign}},
              "xOffset": {"field": "series", "type": "nominal", "sort": list(names),
                          "scale": {"paddingOuter": 0.25 if len(names) > 1 else 0.5}}}
    y = {"field": "value", "type": "quantitative", "title": None, "axis": {"tickCount": 6}}
    fill = {"condition": {"test": "datum.event_time < 0", "value": PALETTES[theme].background},
            **_color(theme, names, first=first)}
    shown = {**column, "y": y, **_series(theme, names, first=first), "fill": fill, **_tooltip("year")}
    return _whole(theme, [
        _zero(theme, "y"),
        {"mark": {"type": "rule", "strokeDash": [4, 4], "color": PALETTES[theme].muted},
         "data": {"values": [{"event_time": 0}]},
         "encoding": {"x": {"field": "event_time", "type": "ordinal", "bandPosition": 0}}},
        *_bars(theme, names, column, "y", first=first),
        {"mark": _point() | {"filled": False}, "encoding": shown},
        _hidden_text({**column, "y": {"value": "height"}}, theme, baseline="bottom"),
    ], 320)


@lru_cache
def over_time(theme: Theme, names: tuple[str, ...], peers: tuple[str, ...], *, from_zero: bool, first: int = 0) -> Spec:
    """Lines by period, one per series, broken where hidden; `peers` are grey; hidden values stand at the bottom."""
    column = {"x": {"field": "period", "type": "ordinal", "title": None,
                    "axis": {"labelAngle": 0, "labelOverlap": True, "labelSeparation": 4}}}
    y = {"field": "value", "type": "quantitative", "title": None, "axis": {"tickCount": 5},
         "scale": {"zero": from_zero}}
    series = _series(theme, names, peers, first=first)
    texts = [_hidden_text({**column, "y": {"value": "height"}}, theme, baseline="bottom", dy=-14 * i, only=name)
             for i, name in enumerate(names)]
    zero = [] if from_zero else [_zero(theme, "y")]
    return _whole(theme, [
        *zero,
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {**column, "y": y, "color": series["color"]}},
        {"mark": _point(), "encoding": {**column, "y": y, **series, **_tooltip("period")}},
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
    return _whole(theme, [
        {"mark": {"type": "rect", "stroke": p.background, "strokeWidth": 2},
         "encoding": {**place, "color": {"field": "share", "type": "quantitative", "legend": None,
                                         "scale": {"domain": [0, 100], "range": list(p.ramp)}},
                      "tooltip": [{"field": "district", "type": "nominal", "title": "District"},
                                  {"field": "period", "type": "ordinal", "title": "Year"},
                                  {"field": "display", "type": "nominal", "title": cell}]}},
        {"mark": {"type": "text", "fontSize": 11},
         "encoding": {**place, "text": {"field": "display"}, "color": ink}},
    ], {"step": 19})


def events(theme: Theme, marks: list[dict[str, Any]]) -> list[Spec]:
    """Return layers that mark what happened to everybody: a rule at each period, one label per event above the plot."""
    x = {"x": {"field": "period", "type": "ordinal"}}
    p = PALETTES[theme]
    y = {"value": -6}
    rule = {"type": "rule", "strokeDash": [2, 3], "color": p.muted}
    return [{"data": {"values": marks}, "mark": rule, "encoding": x},
            *({"data": {"values": [m for m in marks if m["label"] and m["align"] == align]},
               "mark": {"type": "text", "align": align, "baseline": "bottom", "fontSize": 11, "color": p.muted},
               "encoding": {**x, "y": y, "text": {"field": "label"}}} for align in ("center", "right"))]


def _whole(theme: Theme, layers: list[Spec], height: Any) -> Spec:
    return {"$schema": _SCHEMA, "config": config(theme), "width": "container", "height": height, "layer": layers,
            "usermeta": {"embedOptions": {"renderer": "svg", "actions": False}}}


def _zero(theme: Theme, axis: str) -> Spec:
    return {"mark": {"type": "rule", "color": PALETTES[theme].muted, "strokeWidth": 1.5},
            "encoding": {axis: {"datum": 0, "type": "quantitative"}}}


def _bars(theme: Theme, names: tuple[str, ...], place: Spec, axis: str, *, first: int = 0) -> list[Spec]:
    layers: list[Spec] = []
    for low, high, width in (("ci_low", "ci_high", 1.5), ("ci80_low", "ci80_high", 4.5)):
        ends: Spec = {axis: {"field": low, "type": "quantitative"}, f"{axis}2": {"field": high}}
        encoding: Spec = {**place, **ends, "color": _color(theme, names, first=first)}
        layers.append({"transform": [{"filter": f"isValid(datum.{low})"}],
                       "mark": {"type": "rule", "strokeWidth": width}, "encoding": encoding})
    return layers


def _point() -> Spec:
    return {"type": "point", "filled": True, "size": 75, "opacity": 1, "strokeWidth": 2}


def _tooltip(place: str) -> Spec:
    """Words made with the data: `place`, series, value, intervals where there are any."""
    titles = {"row": "Effect", "year": "Years since start", "period": "Year"}
    shown = {place: titles[place], "series": "Group", "shown": "Value"}
    if place != "period":
        shown |= {"ci95": "95 % interval", "ci80": "80 % interval"}
    return {"tooltip": [{"field": field, "type": "nominal", "title": title} for field, title in shown.items()]}


def _series(theme: Theme, names: tuple[str, ...], peers: tuple[str, ...] = (), *, first: int = 0) -> Spec:
    legend = {} if len(names) > 1 else {"legend": None}
    shapes = {"domain": list(names), "range": [SHAPES[(first + i) % len(SHAPES)] for i in range(len(names))]}
    shape = {"field": "series", "type": "nominal", "scale": shapes, **legend}
    return {"color": _color(theme, names, peers, first=first), "shape": shape}


def _color(theme: Theme, names: tuple[str, ...], peers: tuple[str, ...] = (), *, first: int = 0) -> Spec:
    p, own = PALETTES[theme], [name for name in names if name not in peers]
    colors = {name: p.series[(first + i) % len(p.series)] for i, name in enumerate(own)}
    scale = {"domain": list(names), "range": [colors.get(name, p.peer) for name in names]}
    return {"field": "series", "type": "nominal", "scale": scale, **({} if len(names) > 1 else {"legend": None})}


def _hidden_text(place: Spec, theme: Theme, *, only: str | None = None, **mark: Any) -> Spec:
    test = "isValid(datum.symbol) && datum.symbol != ''"
    same = "" if only is None else f" && datum.series == {only!r}"
    return {"transform": [{"filter": test + same}],
            "mark": {"type": "text", "fontSize": 11, "color": PALETTES[theme].muted, **mark},
            "encoding": {**place, "text": {"field": "symbol"}}}
