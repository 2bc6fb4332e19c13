"""A result as text for a terminal: numbers are never cut; labels are folded, or each number has a line of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console

from evaluation.contracts import reasons
from evaluation.did.result import DidEstimate, DidResult

_NARROWEST = 8
"""Columns that a folded label keeps; with fewer each number has a line of its own."""
_GAP = 2
_FIXED = (-3, 6)
"""Powers of ten of the largest value between which numbers are written without exponent."""
Writer = Callable[[float | None], str]
_WEBB = "p (Webb)"
_HEADS = ("effect", "95 % interval", "se", "df", "p", _WEBB, "clusters")


def show(found: DidResult, console: Console) -> None:
    """Print estimates, why some have no interval, notes, and what was compared with what."""
    s = found.specification
    shown = [e for e in found.estimates if e.estimand != "att_gt"]
    write = _writer([e.value for e in shown])
    has_webb = any(e.p_value_webb is not None for e in shown)
    rows = [((_name(e), e.group or ""), (write(e.value), _interval(e, write), write(e.se), _df(e.df), _p(e.p_value),
                                         *([_p(e.p_value_webb)] if has_webb else []), str(e.n_clusters)))
            for e in shown]
    heads = tuple(head for head in _HEADS if has_webb or head != _WEBB)
    _print(console, f"{s['estimator']}: effect on {s['outcome']}", *tabular(rows, heads, console.width))
    for reason in dict.fromkeys(e.no_interval for e in shown if e.no_interval):
        console.print(f"No interval where {reasons.words(reason, cluster='cluster')}.", style="yellow")
    for sentence in (*_left_out(shown), *_negative(found), *_band(shown), *found.notes):
        console.print(sentence)
    used = ", ".join(dict.fromkeys(e.inference for e in shown))
    more = " Effects by cohort and period: --json." if len(shown) < len(found.estimates) else ""
    console.print(f"Inference: {used}. Clusters: {s['cluster']}. Compared with {s['compared_with']}.{more}")
    if found.decomposition is not None:
        _show_decomposition(found, console)


def tabular(rows: Sequence[tuple[tuple[str, str], tuple[str, ...]]], heads: tuple[str, ...], width: int) -> list[str]:
    """Return lines of a table of a name, a label and numbers, that fit the width unless a number alone does not.

    Parameters
    ----------
    rows : ((name, label), numbers)
    heads : of the numbers
    """
    number_of = [max(cell_len(head), *(cell_len(numbers[j]) for _, numbers in rows)) if rows else cell_len(head)
                 for j, head in enumerate(heads)]
    name_width = max((cell_len(name) for (name, _), _ in rows), default=0)
    longest = max((cell_len(label) for (_, label), _ in rows), default=0)
    room = width - name_width - sum(number_of) - _GAP * len(number_of) - (_GAP if longest else 0)
    if room < min(longest, _NARROWEST):
        return [line for (name, label), numbers in rows for line in _block(name, label, numbers, heads, width)]
    label_width = min(longest, room)

    def line(name: str, label: str, numbers: Sequence[str]) -> str:
        cells = [_left(name, name_width), *([_left(label, label_width)] if longest else []),
                 *(_right(n, w) for n, w in zip(numbers, number_of, strict=True))]
        return (" " * _GAP).join(cells).rstrip()

    total = name_width + sum(number_of) + _GAP * len(number_of) + (label_width + _GAP if longest else 0)
    out = [line("", "", heads), "─" * total]
    for (name, label), numbers in rows:
        first, *rest = _folded(label, label_width) or [""]
        out += [line(name, first, numbers), *(line("", more, [""] * len(heads)) for more in rest)]
    return out


def _show_decomposition(found: DidResult, console: Console) -> None:
    rows = []
    for part in found.decomposition or ():
        against = "" if part["comparison_cohort"] is None else f" {part['comparison_cohort']}"
        kind = part["kind"].replace("_", f" {part['cohort']} vs ")
        rows.append(((f"{kind}{against}", part["group"] or ""), (f"{part['weight']:.4f}", part["value"])))
    write = _writer([value for _, (_, value) in rows])
    written = [(names, (weight, write(value))) for names, (weight, value) in rows]
    _print(console, "Goodman-Bacon decomposition: effect = Σ weight × comparison",
           *tabular(written, ("weight", "effect"), console.width))


def _print(console: Console, title: str, *lines: str) -> None:
    console.print(title, style="italic")
    for line in lines:
        # A line longer than the terminal goes on in the next one rather than lose digits.
        console.print(line, soft_wrap=True)
    console.print()


def _block(name: str, label: str, numbers: tuple[str, ...], heads: tuple[str, ...], width: int) -> list[str]:
    indent = max(cell_len(head) for head in heads)
    return [*_folded(f"{name} {label}".strip(), max(width, _NARROWEST)),
            *(f"  {_left(head, indent)}  {number}" for head, number in zip(heads, numbers, strict=True))]


def _folded(label: str, width: int) -> list[str]:
    return wrap(label, max(width, 1), break_on_hyphens=False)


def _left(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def _left_out(shown: Sequence[DidEstimate]) -> list[str]:
    """Say which cohorts are not in which averages."""
    of: dict[tuple[int, ...], dict[str, None]] = {}
    for e in shown:
        if e.left_out_cohorts:
            of.setdefault(e.left_out_cohorts, {})[_name(e)] = None
    return [f"Left out of {', '.join(names)}: cohort{'s' if len(cohorts) > 1 else ''} {', '.join(map(str, cohorts))}, "
            "of one cluster alone, which would add an effect and no variance (--aggregate cohort shows it)."
            for cohorts, names in of.items()]


def _negative(found: DidResult) -> list[str]:
    """Say how many cells enter a two-way effect with their sign turned."""
    n = found.negative_weights
    if n is None:
        return []
    total = f"{n['total']:.2g}".replace("-", "−")
    sums = f"; their weights sum to {total}, those of all program cells to 1" if n["n_negative"] else ""
    return [f"{100 * n['share_of_cells']:.1f} % of program cells ({n['n_negative']:,} of {n['n_cells']:,}) enter with "
            f"a negative weight{sums}."]


def _band(shown: Sequence[DidEstimate]) -> list[str]:
    """Say over which event times there is a band: intervals are each for one of them."""
    times = sorted({e.event_time for e in shown if e.band_low is not None and e.event_time is not None})
    if not times:
        return []
    which = ", ".join(map(str, times))
    return [f"Intervals are each for one event time. A 95 % band that holds event times {which} all at once: --json "
            "(band_low, band_high), and shaded in --picture."]


def _name(e: DidEstimate) -> str:
    at = {"cohort": f"cohort {e.cohort}", "event_time": f"event time {e.event_time}", "calendar": f"period {e.period}"}
    return at.get(e.estimand, e.estimand).replace("-", "−")


def _writer(values: Sequence[float]) -> Writer:
    """Return how to write numbers: four digits of the largest value; an exponent where it is very small or large."""
    largest = max((abs(v) for v in values), default=0.0)
    magnitude = math.floor(math.log10(largest)) if largest else 0
    form = ".3e" if not _FIXED[0] <= magnitude <= _FIXED[1] else f".{max(0, 3 - magnitude)}f"

    def write(value: float | None) -> str:
        return "–" if value is None else f"{value:{form}}".replace("-", "−")

    return write


def _interval(e: DidEstimate, write: Writer) -> str:
    return "–" if e.ci_low is None or e.ci_high is None else f"{write(e.ci_low)} to {write(e.ci_high)}"


def _df(df: float | None) -> str:
    return "–" if df is None else f"{df:.{0 if df >= 100 else 1}f}"


def _p(p_value: float | None) -> str:
    if p_value is None:
        return "–"
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"
