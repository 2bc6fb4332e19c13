"""Layers and channels that the charts share."""

from __future__ import annotations

from typing import Any

from app.theme import PALETTES, SHAPES, Theme, config

Spec = dict[str, Any]
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


def whole(theme: Theme, layers: list[Spec], height: Any) -> Spec:
    """Return a chart of layers, as wide as its place."""
    return {"$schema": _SCHEMA, "config": config(theme), "width": "container", "height": height, "layer": layers,
            "usermeta": {"embedOptions": {"renderer": "svg", "actions": False}}}


def zero(theme: Theme, axis: str) -> Spec:
    """Return the rule at zero of an axis."""
    return {"mark": {"type": "rule", "color": PALETTES[theme].muted, "strokeWidth": 1.5},
            "encoding": {axis: {"datum": 0, "type": "quantitative"}}}


def bars(theme: Theme, names: tuple[str, ...], place: Spec, axis: str, *, first: int = 0) -> list[Spec]:
    """Return 95 % intervals as thin and 80 % intervals as thick rules."""
    layers: list[Spec] = []
    for low, high, width in (("ci_low", "ci_high", 1.5), ("ci80_low", "ci80_high", 4.5)):
        ends: Spec = {axis: {"field": low, "type": "quantitative"}, f"{axis}2": {"field": high}}
        encoding: Spec = {**place, **ends, "color": color(theme, names, first=first)}
        layers.append({"transform": [{"filter": f"isValid(datum.{low})"}],
                       "mark": {"type": "rule", "strokeWidth": width}, "encoding": encoding})
    return layers


def band(theme: Theme, names: tuple[str, ...], place: Spec, *, first: int = 0) -> Spec:
    """Return the 95 % band over several places at once as a shade, a step per place."""
    ends: Spec = {"y": {"field": "band_low", "type": "quantitative"}, "y2": {"field": "band_high"}}
    return {"transform": [{"filter": "isValid(datum.band_low)"}], "mark": {"type": "rect", "opacity": 0.2},
            "encoding": {**place, **ends, "color": color(theme, names, first=first)}}


def point() -> Spec:
    """Return the mark of an estimate."""
    return {"type": "point", "filled": True, "size": 75, "opacity": 1, "strokeWidth": 2}


def tooltip(place: str) -> Spec:
    """Words made with the data: `place`, series, value, intervals where there are any."""
    titles = {"row": "Effect", "year": "Years since start", "period": "Year"}
    shown = {place: titles[place], "series": "Group", "shown": "Value"}
    if place != "period":
        shown |= {"ci95": "95 % interval", "ci80": "80 % interval"}
    return {"tooltip": [{"field": field, "type": "nominal", "title": title} for field, title in shown.items()]}


def series(theme: Theme, names: tuple[str, ...], peers: tuple[str, ...] = (), *, first: int = 0,
           has_legend: bool = True) -> Spec:
    """Return colour and shape by series: colour is never alone. No legend where each mark is named beside it."""
    legend = {} if has_legend and len(names) > 1 else {"legend": None}
    shapes = {"domain": list(names), "range": [SHAPES[(first + i) % len(SHAPES)] for i in range(len(names))]}
    shape = {"field": "series", "type": "nominal", "scale": shapes, **legend}
    return {"color": color(theme, names, peers, first=first) | legend, "shape": shape}


def color(theme: Theme, names: tuple[str, ...], peers: tuple[str, ...] = (), *, first: int = 0) -> Spec:
    """Return colour by series; peers are grey."""
    p, own = PALETTES[theme], [name for name in names if name not in peers]
    colors = {name: p.series[(first + i) % len(p.series)] for i, name in enumerate(own)}
    scale = {"domain": list(names), "range": [colors.get(name, p.peer) for name in names]}
    return {"field": "series", "type": "nominal", "scale": scale, **({} if len(names) > 1 else {"legend": None})}


def hidden_text(place: Spec, theme: Theme, *, only: str | None = None, **mark: Any) -> Spec:
    """Return the letter that stands for a hidden value."""
    test = "isValid(datum.symbol) && datum.symbol != ''"
    same = "" if only is None else f" && datum.series == {only!r}"
    return {"transform": [{"filter": test + same}],
            "mark": {"type": "text", "fontSize": 11, "color": PALETTES[theme].muted, **mark},
            "encoding": {**place, "text": {"field": "symbol"}}}
