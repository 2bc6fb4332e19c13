"""Colours and chart settings for the light and the dark theme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Theme = Literal["light", "dark"]
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross")


@dataclass(frozen=True)
class Palette:
    """At most four series, a grey for peers, text and lines."""

    series: tuple[str, str, str, str]
    peer: str
    text: str
    muted: str
    line: str
    background: str
    ramp: tuple[str, str]
    ink_turns: int


PALETTES: dict[Theme, Palette] = {
    "light": Palette(("#12436D", "#28A197", "#801650", "#F46A25"), "#6F777B", "#0B0C0C", "#505A5F", "#B1B4B6",
                     "#FFFFFF", ("#EEF3F7", "#12436D"), 68),
    "dark": Palette(("#6BACE6", "#28A197", "#E58BB8", "#F46A25"), "#A0A8AD", "#F3F2F1", "#C2C8CC", "#4C555B",
                    "#14181C", ("#20303E", "#6BACE6"), 50),
}


def config(theme: Theme) -> dict[str, Any]:
    """Return the Vega-Lite configuration: system fonts, readable axis labels, no frame."""
    p = PALETTES[theme]
    axis = {"labelColor": p.muted, "titleColor": p.text, "labelFontSize": 12, "titleFontSize": 13, "gridColor": p.line,
            "gridOpacity": 0.5, "domainColor": p.line, "tickColor": p.line, "labelFlush": False,
            "titleFontWeight": "normal", "labelLimit": 150}
    return {
        "aria": False, "mark": {"aria": False},  # the chart has words of its own
        "font": FONT, "background": "transparent", "view": {"stroke": None}, "axis": axis,
        "title": {"anchor": "start", "frame": "bounds", "color": p.text, "fontSize": 14, "fontWeight": "bold",
                  "subtitleColor": p.muted, "subtitleFontSize": 12, "offset": 10},
        "legend": {"orient": "top", "offset": 26, "direction": "horizontal", "columns": 2, "title": None,
                   "labelColor": p.text, "labelFontSize": 13, "symbolSize": 110, "labelLimit": 260},
        "text": {"color": p.muted, "fontSize": 12},
    }
