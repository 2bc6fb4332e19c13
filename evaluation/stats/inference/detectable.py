"""How large an effect would have had to be."""

from __future__ import annotations

from scipy import stats


def detectable(se: float, df: float) -> float:
    """Smallest effect found with 80 % power at 5 % two-sided: (t_.975 + t_.8) × se, in outcome units."""
    return float((stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df)) * se)
