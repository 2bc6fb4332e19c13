"""Charts of the page *How sure are we?*, without data or titles, built once per kind and theme."""

from __future__ import annotations

from functools import lru_cache

from app import marks
from app.marks import Spec
from app.theme import PALETTES, SHAPES, Theme

HEADLINE, OTHER, REFERENCE = "Headline", "Other", "Two-way (reference)"
CLEAR, UNCLEAR = "Interval excludes 0", "Interval holds 0"
_CURVE, _ROW = 240, 19
_WRAPPED = r"slice(split(replace(datum.label, regexp('(.{1,26})( +|$)', 'g'), '$1|'), '|'), 0, -1)"
"""Labels in lines of at most 26 characters."""


@lru_cache
def rows(theme: Theme, names: tuple[str, ...], *, rules: tuple[float, ...] = (0.0,), first: int = 0,
         is_log: bool = False, ends: tuple[float, float] | None = None, has_legend: bool = False) -> Spec:
    """One estimate per row with its intervals, one mark per series; `rules` are drawn across.

    `first` is the place of the first name among colours and shapes; `ends` fixes the axis. Rows name what they hold;
    `has_legend` is for rows with several marks.
    """
    axis = {"grid": False, "labelExpr": _WRAPPED, "labelLimit": 175, "labelLineHeight": 13}
    row: Spec = {"y": {"field": "row", "type": "nominal", "title": None, "axis": axis,
                       "sort": {"field": "order", "op": "min"}}}
    if has_legend:
        row["yOffset"] = {"field": "series", "type": "nominal", "sort": list(names), "scale": {"paddingInner": 0.1}}
    scale: Spec = {"domain": list(ends)} if ends else {"padding": 10}
    scale |= {"type": "log", "nice": False} if is_log else {}
    x = {"field": "value", "type": "quantitative", "title": None, "axis": {"tickCount": 5}, "scale": scale}
    drawn = marks.series(theme, names, first=first, has_legend=has_legend)
    point = {**marks.point(), "size": 130, "stroke": PALETTES[theme].background, "strokeWidth": 1.2}
    return marks.whole(theme, [
        *({"mark": {"type": "rule", "color": PALETTES[theme].muted, "strokeWidth": 1.5,
                    **({} if at in {0.0, 1.0} else {"strokeDash": [4, 4]})},
           "encoding": {"x": {"datum": at, "type": "quantitative"}}} for at in rules),
        *(bar | {"encoding": bar["encoding"] | {"color": drawn["color"]}}
          for bar in marks.bars(theme, names, row, "x", first=first)),
        {"mark": point, "encoding": {**row, "x": x, **drawn, **marks.tooltip("row")}},
        marks.hidden_text({**row, "x": {"value": 4}}, theme, align="left"),
    ], {"step": 17, "for": "offset"} if has_legend else {"step": 30})


@lru_cache
def detectable(theme: Theme, names: tuple[str, ...]) -> Spec:
    """Estimates over the changes too small to be found, which are grey."""
    p, chart = PALETTES[theme], rows(theme, names, first=0)
    ends = {"x": {"field": "missed_low", "type": "quantitative"}, "x2": {"field": "missed_high"}}
    shade = {"mark": {"type": "bar", "height": 19, "color": p.peer, "opacity": 0.35},
             "transform": [{"filter": "isValid(datum.missed_low)"}],
             "encoding": {"y": chart["layer"][1]["encoding"]["y"], **ends}}
    return {**chart, "layer": [shade, *chart["layer"]]}


@lru_cache
def bounds(theme: Theme) -> Spec:
    """Intervals by size of the departure allowed: solid where they exclude 0, dashed where they hold it."""
    p, names = PALETTES[theme], [CLEAR, UNCLEAR]
    x: Spec = {"x": {"field": "size", "type": "nominal", "title": None, "sort": {"field": "m", "op": "min"},
               "axis": {"labelAngle": 0, "labelOverlap": True}}}
    color = {"field": "series", "type": "nominal", "scale": {"domain": names, "range": [p.series[2], p.peer]}}
    dash = {"field": "series", "type": "nominal", "scale": {"domain": names, "range": [[1, 0], [5, 4]]}}
    shape = {"field": "series", "type": "nominal", "scale": {"domain": names, "range": ["square", "circle"]}}
    ends = {"y": {"field": "ci_low", "type": "quantitative", "title": None, "axis": {"tickCount": 6}},
            "y2": {"field": "ci_high"}}
    words = {"tooltip": [{"field": "size", "type": "nominal", "title": "Departure"},
                         {"field": "ci95", "type": "nominal", "title": "95 % interval"}]}
    return marks.whole(theme, [
        marks.zero(theme, "y"),
        {"mark": {"type": "rule", "strokeWidth": 3},
         "encoding": {**x, **ends, "color": color, "strokeDash": {**dash, "legend": None}, **words}},
        *({"mark": {"type": "point", "filled": True, "opacity": 1, "size": 55},
           "encoding": {**x, "y": {"field": end, "type": "quantitative"}, "color": color,
                        "shape": shape, **words}} for end in ("ci_low", "ci_high")),
    ], 260)


@lru_cache
def curve(theme: Theme, choices: tuple[str, ...], n: int) -> Spec:
    """Sorted estimates above, the choices behind each below, on one x axis.

    Rows with a `choice` are dots of the lower part. The headline is a large diamond with its word, and a rule leads
    from it to its choices; two-way fixed effects are hollow squares.
    """
    p, names = PALETTES[theme], (HEADLINE, OTHER, REFERENCE)
    x: Spec = {"x": {"field": "place", "type": "quantitative", "title": None, "axis": None,
               "scale": {"domain": [0.3, n + 0.7], "nice": False, "zero": False}}}
    lower = (_CURVE + 14, _CURVE + 14 + _ROW * len(choices))
    y_axis = {"orient": "left", "tickCount": 6}
    y: Spec = {"field": "value", "type": "quantitative", "title": None, "axis": y_axis, "scale": {"range": [_CURVE, 0]}}
    heads = "test(/:$/, datum.label)"
    choice_axis = {"orient": "left", "grid": True, "domain": False, "ticks": False, "labelLimit": 138,
                   "labelColor": {"condition": {"test": heads, "value": p.text}, "value": p.muted},
                   "labelFontWeight": {"condition": {"test": heads, "value": "bold"}, "value": "normal"}}
    choice = {"field": "choice", "type": "nominal", "title": None, "axis": choice_axis,
              "scale": {"domain": list(choices), "range": list(lower)}}
    scale, shapes = {"domain": list(names)}, ["diamond", SHAPES[0], SHAPES[1]]
    color: Spec = {"field": "series", "type": "nominal",
                   "scale": {**scale, "range": [p.series[2], p.series[0], p.peer]}}
    shape: Spec = {"field": "series", "type": "nominal", "scale": {**scale, "range": shapes}}
    is_headline, is_reference = (f"datum.series == '{name}'" for name in (HEADLINE, REFERENCE))
    wide = 0 if n <= 24 else 1 if n <= 60 else 2
    large: Spec = {"condition": {"test": is_headline, "value": (190, 150, 120)[wide]}, "value": (50, 28, 14)[wide]}
    fill: Spec = {"condition": {"test": is_reference, "value": p.background}, **color}
    only = {"effects": [{"filter": "!isValid(datum.choice)"}], "dots": [{"filter": "isValid(datum.choice)"}],
            "headline": [{"filter": f"!isValid(datum.choice) && {is_headline}"}]}
    thin, thick = ((1.2, 4.0), (1.0, 2.2), (0.6, 1.4))[wide]
    words: Spec = {"tooltip": [{"field": f, "type": "nominal", "title": t} for f, t in
                         (("series", "Specification"), ("made", "Choices"), ("shown", "Value"),
                          ("ci95", "95 % interval"))]}
    place = {"transform": only["headline"], "mark": {"type": "rule", "color": p.series[2], "strokeDash": [2, 3]}}
    none = {"y": {"datum": 0, "type": "quantitative", "axis": y_axis, "scale": {"range": [_CURVE, 0]}}}
    name = {"type": "text", "fontWeight": "bold", "color": p.series[2], "text": "headline", "baseline": "bottom"}
    upper: list[Spec] = [
        {**place, "encoding": {**x, "y": {"value": 0}, "y2": {"value": lower[1]}}},
        {"mark": {"type": "rule", "color": p.muted, "strokeWidth": 1.5}, "encoding": none},
        *({"transform": [*only["effects"], {"filter": f"isValid(datum.{low})"}],
           "mark": {"type": "rule", "strokeWidth": width},
           "encoding": x | {"y": y | {"field": low}, "y2": {"field": high}, "color": color}}
          for low, high, width in (("ci_low", "ci_high", thin), ("ci80_low", "ci80_high", thick))),
        {"transform": only["effects"], "mark": {**marks.point(), "filled": False, "strokeWidth": 1.5},
         "encoding": {**x, "y": y, "color": color, "shape": shape, "fill": fill, "size": large, **words}},
        {"transform": only["headline"], "mark": name, "encoding": {**x, "y": {"value": -4}}},
    ]
    dots: Spec = {"transform": only["dots"], "mark": {"type": "point", "filled": True, "opacity": 1},
            "encoding": {**x, "y": choice, "color": color, "shape": shape,
                         "size": {"condition": {"test": is_headline, "value": 90},
                                  "value": (40, 20, 9)[wide]}, **words}}
    return {**marks.whole(theme, [{"layer": upper}, {"layer": [dots]}], lower[1]),
            "autosize": {"type": "fit-x", "contains": "padding"},  # the height is ours: both parts have their own range
            "resolve": {"scale": {"y": "independent"}, "axis": {"y": "independent"}}}
