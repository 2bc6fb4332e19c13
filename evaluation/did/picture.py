"""The event study of a result as a picture: effects by periods since the start, with 95 % intervals and band."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evaluation.contracts.choices import EstimatorName
from evaluation.did.result import DidResult
from evaluation.did.views import ASKED_OF
from evaluation.errors import PanelError

_COLORS, _SHAPES = ("#12436D", "#28A197", "#801650"), ("circle", "square", "triangle-up")
_INK = "#0B0C0C"


def refuse_undrawn(estimator: EstimatorName, path: Path) -> None:
    """Refuse a picture of another kind, or of an estimator without effects by event time, before estimating."""
    if path.suffix.lower() not in {".svg", ".png"}:
        raise PanelError("a picture is written as .svg or .png.", where=f"option --picture ({path.name})",
                         fix="Give the file one of these endings.")
    if "event" not in ASKED_OF.get(estimator, ("event",)):
        raise PanelError(f"`{estimator}` has no effects by periods since the start to draw.", where="option --picture",
                         fix="Leave it out, or say --estimator event_study.")


def write(found: DidResult, path: Path) -> None:
    """Write an SVG or PNG, by the file's ending.

    Raises
    ------
    PanelError
        The result has no effects by event time, or the folder cannot be written to.
    """
    import vl_convert

    spec = picture(found)
    try:
        if path.suffix.lower() == ".svg":
            path.write_text(vl_convert.vegalite_to_svg(spec), encoding="utf-8")
        else:
            path.write_bytes(vl_convert.vegalite_to_png(spec, scale=2))
    except OSError:
        raise PanelError("the picture cannot be written there.", where=str(path),
                         fix="Check folder and rights.") from None


def picture(found: DidResult) -> dict[str, Any]:
    """Return the chart as Vega-Lite: hollow points before the start, filled after, one panel per group; band shaded."""
    rows = [{"event_time": e.event_time, "group": e.group or "effect", "value": e.value, "ci_low": e.ci_low,
             "ci_high": e.ci_high, "band_low": e.band_low, "band_high": e.band_high,
             "after": e.event_time is not None and e.event_time >= 0}
            for e in found.estimates if e.estimand == "event_time"]
    if not rows:
        raise PanelError("there are no effects by periods since the start to draw.", where="option --picture",
                         fix="Leave it out, or choose another --estimator.")
    groups = list(dict.fromkeys(str(r["group"]) for r in rows))
    s = found.specification
    return {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "data": {"values": rows},
            "title": {"text": f"Change of {s['outcome']}, by periods since the start", "anchor": "start",
                      "subtitle": _words(rows, s["estimator"], s["compared_with"]), "color": _INK},
            "config": {"font": "sans-serif", "axis": {"labelColor": _INK, "titleColor": _INK},
                       "view": {"stroke": None}},
            "facet": {"row": {"field": "group", "sort": groups, "title": None,
                              "header": {"labelAngle": 0, "labelAlign": "left", "labelAnchor": "start",
                                         "labelOrient": "top", "labelColor": _INK, "labels": len(groups) > 1}}},
            "spec": {"width": 520, "height": 180, "layer": _layers(groups)}}


def _words(rows: list[dict[str, Any]], estimator: str, compared_with: str) -> list[str]:
    """Return what bars and shade are, in lines."""
    out = [f"{estimator}, compared with {compared_with}", "bars: 95 % interval, each for one period by itself"]
    times = sorted({r["event_time"] for r in rows if r["band_low"] is not None})
    if times:
        out.append(f"shaded: 95 % band, holds periods {', '.join(map(str, times))} all at once")
    return out


def _layers(groups: list[str]) -> list[dict[str, Any]]:
    x = {"field": "event_time", "type": "quantitative", "title": "Periods since the start",
         "axis": {"tickMinStep": 1, "format": "d", "grid": False}, "scale": {"padding": 15}}
    y = {"field": "value", "type": "quantitative", "title": None}
    color = {"field": "group", "type": "nominal", "scale": {"domain": groups, "range": list(_COLORS)}, "legend": None}
    shape = {"field": "group", "type": "nominal", "scale": {"domain": groups, "range": list(_SHAPES)}, "legend": None}
    point = {"type": "point", "filled": True, "opacity": 1, "size": 70, "strokeWidth": 2}
    return [
        {"transform": [{"filter": "isValid(datum.band_low)"}, {"calculate": "datum.event_time - 0.5", "as": "from"},
                       {"calculate": "datum.event_time + 0.5", "as": "to"}], "mark": {"type": "rect", "opacity": 0.2},
         "encoding": {"x": {**x, "field": "from"}, "x2": {"field": "to"}, "color": color,
                      "y": {"field": "band_low", "type": "quantitative", "title": None}, "y2": {"field": "band_high"}}},
        {"mark": {"type": "rule", "color": "#505A5F"}, "encoding": {"y": {"datum": 0}}},
        {"transform": [{"filter": "isValid(datum.ci_low)"}], "mark": {"type": "rule", "strokeWidth": 1.5},
         "encoding": {"x": x, "y": {"field": "ci_low", "type": "quantitative", "title": None},
                      "y2": {"field": "ci_high"}, "color": color}},
        {"transform": [{"filter": "datum.after"}], "mark": point,
         "encoding": {"x": x, "y": y, "color": color, "shape": shape}},
        {"transform": [{"filter": "!datum.after"}], "mark": point,
         "encoding": {"x": x, "y": y, "stroke": color, "shape": shape, "fill": {"value": "white"}}},
    ]
