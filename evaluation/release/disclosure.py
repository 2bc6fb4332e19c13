"""The one function that decides how a group's mean may be shown, and the rules for effects.

Policy: the block `disclosure` of params.yaml. A hidden value has a reason (`suppression`), never a number; the number
of students is never published, only its band.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from evaluation.params import Disclosure

Kind = Literal["binary", "count", "score"]
NOT_PUBLISHED = "not published"
REASONS = {"suppressed": "source", "not_applicable": "not_applicable", "not_published": "not_sent"}


@dataclass(frozen=True)
class Shown:
    """A mean as it may be shown.

    Attributes
    ----------
    value : float or None
        The displayed number; None when coded or hidden.
    display : str or None
        What is printed: the number, or a bound such as `≤5`; None when hidden.
    n_band : str or None
        Band of students; None when hidden.
    suppression : str
        `none`, or why nothing is printed.
    """

    value: float | None
    display: str | None
    n_band: str | None
    suppression: str


def shown(mean: float | None, n: int | None, *, kind: Kind, status: str, policy: Disclosure) -> Shown:
    """Apply primary suppression, coding and rounding to the mean of one group.

    Parameters
    ----------
    mean : float or None
        In outcome units: per 100 students for binary and count outcomes.
    n : int or None
        Students in the denominator; None when the publisher does not say (then the value is public as it stands).
    kind, status
        Kind of the outcome; status of the cell at its source.
    """
    hidden = _why_hidden(mean, n, status, policy)
    if hidden is not None:
        return _hidden(hidden)
    assert mean is not None
    if n is None:
        digits = 2 if kind == "score" else 1
        value = half_up(mean, digits)
        return Shown(value, f"{value:.{digits}f}", NOT_PUBLISHED, "none")
    if kind == "score":
        value = half_up(mean, 2)
        return Shown(value, f"{value:.2f}", n_band(n, policy), "none")
    return _coded(mean, n, kind, policy)


def _why_hidden(mean: float | None, n: int | None, status: str, policy: Disclosure) -> str | None:
    if status in REASONS:
        return REASONS[status]
    if n == 0:
        return "not_applicable"
    if mean is None:
        return "not_sent"
    is_small = n is not None and (n < policy.min_students or low_code(n, policy) is None)
    return "primary" if is_small else None


def _coded(mean: float, n: int, kind: Kind, policy: Disclosure) -> Shown:
    percent, bound, band = half_up(mean, 0), low_code(n, policy) or 0, n_band(n, policy)
    if percent <= bound:
        return Shown(None, f"≤{bound}", band, "none")
    if kind == "binary" and percent >= 100 - bound:
        return Shown(None, f"≥{100 - bound}", band, "none")
    if _few(mean, n, kind, policy):
        return _hidden("primary")
    return Shown(percent, f"{percent:.0f}", band, "none")


def low_code(n: int, policy: Disclosure) -> int | None:
    """Return the lowest percentage shown for `n` students (the highest is 100 minus it); None when `n` is too small."""
    codes = [low for least, low in sorted(policy.percent_codes) if n >= least]
    return codes[-1] if codes else None


def n_band(n: int, policy: Disclosure) -> str:
    """Return the band of `n` between two thresholds of the code table, such as `10-19` or `300+`."""
    starts = sorted(least for least, _ in policy.percent_codes)
    at = max(i for i, least in enumerate(starts) if n >= least)
    return f"{starts[at]}+" if at + 1 == len(starts) else f"{starts[at]}-{starts[at + 1] - 1}"


def is_withheld(n_program_districts: int, n_comparison_districts: int, n_program_units: int, n_students: int | None,
                policy: Disclosure) -> bool:
    """Say whether an effect rests on so few districts on one side, units or students that it describes one of them."""
    few_districts = min(n_program_districts, n_comparison_districts) < policy.min_districts
    few_students = n_students is not None and n_students < policy.min_students
    return few_districts or n_program_units < policy.min_units or few_students


def significant(value: float | None, policy: Disclosure) -> float | None:
    """Round to the policy's significant digits."""
    return None if value is None else float(f"{value:.{policy.significant_digits}g}")


def half_up(value: float, digits: int) -> float:
    """Round to decimals; a half goes up."""
    scale = 10**digits
    return float(math.floor(round(value * scale, 6) + 0.5) / scale)


def rounded_students(n: int | None, policy: Disclosure) -> int | None:
    """Round a number of students half-up to the policy's step."""
    step = policy.round_students_to
    return None if n is None else (n + step // 2) // step * step


def _few(mean: float, n: int, kind: Kind, policy: Disclosure) -> bool:
    events = round(mean * n / 100)
    few = [events] if kind == "count" else [events, n - events]
    return any(count < policy.min_events for count in few)


def _hidden(suppression: str) -> Shown:
    return Shown(None, None, None, suppression)
