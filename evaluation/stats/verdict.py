"""What may be said of an effect on a gap, by rule; levelling down is not success."""

from __future__ import annotations

from typing import Literal

import numpy as np

from evaluation.stats.records import Inference

Better = Literal["lower", "higher"]


def verdict(
    gap: Inference, focal: Inference, reference: Inference, *, counterfactual_gap: float, better: Better, margin: float
) -> str:
    """Name the verdict on a gap and its parts.

    Parameters
    ----------
    gap, focal, reference : effects on focal − reference and on each part, in outcome units
    counterfactual_gap : the gap without the program: level_focal − level_reference − gap_att
    better : direction of the outcome
    margin : largest worsening of the reference part, in outcome units, still compatible with "not at its expense"

    Returns
    -------
    str
        `cannot_tell` without an interval of the gap. Gap unclear: `both_improved`, `both_worsened` where both parts
        are clear, else `cannot_tell`. Gap clear, away from 0: `widened`. Towards 0: `overshot` where the interval of
        the gap under the program lies wholly beyond 0, or its estimate is no smaller in size than without the program,
        else `narrowed`. Either is followed by `_levelling_down` where the reference part is clearly worse, and by
        `_focal_worse` where the focal part alone is (it was in the better place). Otherwise a gap that narrowed has
        `narrowed_both_improved`, or `narrowed_focal_improvement` where the focal part is clearly better and reference
        worsening beyond the margin is excluded.
    """
    if gap.ci_low is None or gap.ci_high is None or np.isnan(counterfactual_gap):
        return "cannot_tell"
    good = -1 if better == "lower" else 1
    gains = good * _clear_sign(focal), good * _clear_sign(reference)
    change, side = _clear_sign(gap), int(np.sign(counterfactual_gap))
    if change == 0:
        return {(1, 1): "both_improved", (-1, -1): "both_worsened"}.get(gains, "cannot_tell")
    if change != -side:
        return "widened"
    is_beyond = max(side * (counterfactual_gap + end) for end in (gap.ci_low, gap.ci_high)) < 0
    if is_beyond or abs(counterfactual_gap + gap.value) >= abs(counterfactual_gap):
        return f"overshot{_harm(gains)}"
    return _narrowed(gains, is_harm_excluded=_worst(reference, good) > -margin)


def _harm(gains: tuple[int, int]) -> str:
    """Say which group clearly did worse, as the end of a verdict; gains are the signs of focal and reference."""
    if gains[1] == -1:
        return "_levelling_down"
    return "_focal_worse" if gains[0] == -1 else ""


def _narrowed(gains: tuple[int, int], *, is_harm_excluded: bool) -> str:
    """Name the way in which a gap narrowed; gains are the clear signs of focal and reference, 1 for better."""
    if -1 in gains:
        return f"narrowed{_harm(gains)}"
    if gains == (1, 1):
        return "narrowed_both_improved"
    return "narrowed_focal_improvement" if gains[0] == 1 and is_harm_excluded else "narrowed"


def _clear_sign(effect: Inference) -> int:
    """Return the sign of an effect whose 95 % interval excludes 0; else 0."""
    if effect.ci_low is None or effect.ci_high is None:
        return 0
    return int(effect.ci_low > 0) - int(effect.ci_high < 0)


def _worst(effect: Inference, good: int) -> float:
    """Return the least favourable gain the interval allows; −inf without an interval."""
    if effect.ci_low is None or effect.ci_high is None:
        return -np.inf
    return min(good * effect.ci_low, good * effect.ci_high)
