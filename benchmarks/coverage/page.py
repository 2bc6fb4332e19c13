"""The registry as a page and a picture: worst coverage per design and interval."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from string import Template

from evaluation.stats.inference.coverage import SKEW, Known, Quantity, Simulated, registry_of, required

COLUMNS: tuple[tuple[str, Quantity, str, float], ...] = (
    ("CR2", "overall", "cr2", 0.95), ("CR2, 80 %", "overall", "cr2", 0.8),
    ("CR2, one event time", "event_time", "cr2", 0.95),
    ("CR2, band", "joint", "cr2", 0.95), ("CR2, two-way", "two_way", "cr2", 0.95), ("CV3", "overall", "cv3", 0.95),
    ("Wild", "overall", "wild", 0.95), ("Webb", "overall", "webb", 0.95), ("CR1", "overall", "cr1", 0.95))
NAMES = {"cr2": "CR2", "cv3": "CV3", "wild": "wild bootstrap", "cr1": "CR1 (known to be bad)"}
STARTS = {False: "one", True: "several"}
LOWEST = 80
"""Lower end of the picture; points below lie on it."""
NOTE = "*Written by `python -m benchmarks.coverage` from `evaluation/coverage/registry.csv`; do not edit it.*"


def decisions(rows: Iterable[Simulated]) -> dict[str, bool]:
    """Return for every simulated design and interval whether it may be shown."""
    return {
        f"{n} clusters, {program} program, {known.skew}, starts: {STARTS[known.is_staggered]}, {known.quantity}, "
        f"{known.method}, {known.level:.0%}": is_allowed(row)
        for known, of in registry_of(rows).worst.items() for (n, program), row in of.items()}


def is_allowed(row: Simulated) -> bool:
    """Say whether the interval may be shown in designs for which this row is the worst."""
    return row.bounds[0] >= _required(row)


def is_open(row: Simulated) -> bool:
    """Say whether more repetitions could allow it: its bounds lie on both sides of what is required."""
    return row.bounds[0] < _required(row) <= row.bounds[1]


def _required(row: Simulated) -> float:
    s = row.scenario
    return required(s.n_clusters, s.n_program, is_equal=s.skew == "equal", level=row.level)


def table(rows: Sequence[Simulated]) -> str:
    """Return worst coverage per design in Markdown, in percent; an interval that is refused is struck out."""
    worst = registry_of(rows).worst
    designs = sorted({(n, program, known.skew, known.is_staggered) for known, of in worst.items() for n, program in of},
                     key=lambda d: (d[0], d[1], list(SKEW).index(d[2]), d[3]))
    lines = [f"| Clusters | Program | Sizes | Starts | {' | '.join(name for name, *_ in COLUMNS)} |",
             "|---:|---:|---|---|" + "---:|" * len(COLUMNS)]
    for n, program, skew, is_staggered in designs:
        cells = [worst.get(Known(quantity, method, level, skew, is_staggered), {}).get((n, program))
                 for _, quantity, method, level in COLUMNS]
        lines.append(f"| {n} | {program} | {skew} | {STARTS[is_staggered]} | {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines)


def _cell(row: Simulated | None) -> str:
    if row is None:
        return "–"
    words = f"{100 * row.coverage:.1f}"
    return words if is_allowed(row) else f"~~{words}~~"


def page(rows: Sequence[Simulated]) -> str:
    """Return the page: `page.md` beside this module, filled."""
    template = Template(Path(__file__).with_suffix(".md").read_text(encoding="utf-8"))
    return template.substitute(
        note=NOTE, repetitions=f"{median(row.repetitions for row in rows):,.0f}",
        most=f"{max(row.repetitions for row in rows):,}",
        fewest=f"{min(row.repetitions for row in rows):,}", findings="\n".join(_findings(rows)), table=table(rows))


def _findings(rows: Sequence[Simulated]) -> Iterator[str]:
    yield "| Interval | Designs | May be shown | Median of worst coverage | Lowest |"
    yield "|---|---:|---:|---:|---:|"
    worst = registry_of(rows).worst
    for name, quantity, method, level in COLUMNS:
        of = [row for known, mine in worst.items() for row in mine.values()
              if (known.quantity, known.method, known.level) == (quantity, method, level)]
        if of:
            covered = sorted(row.coverage for row in of)
            yield (f"| {name} | {len(of)} | {sum(map(is_allowed, of))} | {100 * covered[len(of) // 2]:.1f} | "
                   f"{100 * covered[0]:.1f} |")


def picture(rows: Sequence[Simulated]) -> str:
    """Return the picture in SVG: worst coverage of 95 % intervals of the overall effect, by design and method."""
    import vl_convert

    values = [
        {"clusters": n, "design": f"{n} / {program}", "sizes": known.skew, "method": NAMES[known.method],
         "starts": f"starts: {STARTS[known.is_staggered]}", "coverage": 100 * row.coverage, "order": 1000 * n + program}
        for known, of in registry_of(rows).worst.items()
        if known.quantity == "overall" and known.level == 0.95 and known.method in NAMES
        for (n, program), row in of.items()]
    points = {
        "mark": {"type": "point", "filled": True, "size": 45, "opacity": 0.9},
        "encoding": {
            "x": {"field": "design", "type": "ordinal", "title": "clusters / program clusters",
                  "sort": {"field": "order"}, "axis": {"labelAngle": -60}},
            "y": {"field": "coverage", "type": "quantitative", "title": "covered, %",
                  "scale": {"domain": [LOWEST, 100], "zero": False, "clamp": True}},
            "color": {"field": "method", "type": "nominal", "title": None, "legend": {"orient": "top"},
                      "scale": {"domain": list(NAMES.values()),
                                "range": ["#0072B2", "#009E73", "#E69F00", "#B0B0B0"]}},
            "shape": {"field": "method", "type": "nominal", "title": None,
                      "scale": {"domain": list(NAMES.values())}}}}
    line = {"mark": {"type": "rule", "strokeDash": [4, 3], "color": "#444"},
            "encoding": {"y": {"datum": 95, "type": "quantitative"}}}
    spec = {
        "data": {"values": values},
        "title": f"Coverage of 95 % intervals, worst case over what is unknown ({LOWEST}: that or less)",
        "facet": {"row": {"field": "starts", "title": None},
                  "column": {"field": "sizes", "title": "cluster sizes", "sort": list(SKEW)}},
        "spec": {"width": 250, "height": 200, "layer": [points, line]}, "config": {"background": "white"}}
    svg: str = vl_convert.vegalite_to_svg(json.dumps(spec))
    return svg
