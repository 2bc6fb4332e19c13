"""The parameters that each measure of an outcome takes, and what they may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from evaluation.contracts import TABLES

ACTIONS = TABLES["discipline_action"].column("action_std").allowed
MEASURES: Mapping[str, tuple[str, ...]] = {
    "chronic_absence": ("threshold_pct", "min_days_enrolled", "count_oss_days"),
    "any_action": ("actions",),
    "action_count": ("actions",),
    "scale_score": ("items", "reversed", "low", "high", "min_items"),
    "published_rate": (),
}
"""The parameters each measure takes."""
Given = Mapping[str, float | str | tuple[str, ...]]


def broken_parameters(measure: str, given: Given) -> Iterator[str]:
    """Yield what is wrong with the parameters of a measure: with their names, or else with what they hold."""
    needed = MEASURES[measure]
    if set(given) != set(needed):
        yield f"measure {measure} takes the parameters: {', '.join(needed) or 'none'}"
    elif measure in _CHECKS:
        yield from _CHECKS[measure](given)


def _absence(given: Given) -> Iterator[str]:
    threshold, days = given["threshold_pct"], given["min_days_enrolled"]
    if not isinstance(threshold, float) or not 0 < threshold <= 100:
        yield "`threshold_pct` is a percentage above 0 and up to 100"
    if not isinstance(days, float) or not 0 <= days <= 366:
        yield "`min_days_enrolled` is a number of days, 0 to 366"
    if given["count_oss_days"] not in ("yes", "no"):
        yield '`count_oss_days` is "yes" or "no", in quotes (without them YAML reads true or false)'


def _actions(given: Given) -> Iterator[str]:
    actions = given["actions"]
    if not isinstance(actions, tuple) or not actions or not set(actions) <= set(ACTIONS):
        yield f"`actions` is a list of standard actions: {', '.join(ACTIONS)}"


def _scale(given: Given) -> Iterator[str]:
    items, turned, low, high, least = (given[name] for name in MEASURES["scale_score"])
    if not isinstance(items, tuple) or not items or len(set(items)) < len(items):
        yield "`items` is a list of survey items, each once"
    elif not isinstance(turned, tuple) or not set(turned) <= set(items):
        yield "`reversed` is a list of some of `items`"
    elif not _is_whole(least) or not 1 <= float(str(least)) <= len(items):
        yield f"`min_items` is a whole number, 1 to {len(items)}"
    if not _is_whole(low) or not _is_whole(high) or float(str(low)) >= float(str(high)):
        yield "`low` and `high` are the ends of the items' scale, whole numbers"


def _is_whole(value: float | str | tuple[str, ...]) -> bool:
    return isinstance(value, float) and value.is_integer()


_CHECKS: Mapping[str, Callable[[Given], Iterator[str]]] = {
    "chronic_absence": _absence, "any_action": _actions, "action_count": _actions, "scale_score": _scale}
