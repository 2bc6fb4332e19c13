"""P-values adjusted within the families of the plan, and what the plan decides."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from evaluation.design import topics
from evaluation.diagnose.diagnosed import Diagnosed, Row
from evaluation.diagnose.together import Published, Result, Together
from evaluation.params import DecisionRule, Family, results_of
from evaluation.stats.inference.multiplicity import Hypothesis, benjamini_hochberg, romano_wolf
from evaluation.stats.records import Floats
from evaluation.stats.regression import regression_of

SEED = 20260102
NOTHING = Published(None, "cannot_tell")


def adjusted_p_values(of: Together) -> list[Row]:
    """Return one row per family of the plan and result in it: the overall effect on the gap; none without families.

    P-values are those of stage `estimate`. A result without one (refused, or too few clusters for an interval) is no
    test: it is not counted in its family, has no adjusted p-value, and nothing is decided on it.
    """
    about = {(t.specification.id, t.outcome.id, t.gap.id): t.columns() for t in topics(of.study)}
    rules = {rule.outcome: rule for rule in of.study.plan.decision_rules}
    rows = []
    for family in of.study.plan.families:
        results = results_of(family.results, of.study.specifications)
        said = [of.published.get(result, NOTHING) for result in results]
        for result, one, adjusted in zip(results, said, _adjusted(family, results, said, of.of), strict=True):
            found = None if np.isnan(adjusted) else float(adjusted)
            rows.append({"family": family.id, **about[result], "adjustment": family.adjustment,
                         "alpha_level": family.alpha, "p_value": one.p_value, "adjusted_p_value": found,
                         "is_rejected": None if found is None else found <= family.alpha, "verdict": one.verdict,
                         "decision": _decision(rules.get(result[1]), one.verdict, found)})
    return rows


def _adjusted(family: Family, results: Sequence[Result], said: Sequence[Published],
              of: Mapping[Result, Diagnosed]) -> Floats:
    p_value = np.array([np.nan if one.p_value is None else one.p_value for one in said], dtype=float)
    if family.adjustment == "benjamini_hochberg":
        return benjamini_hochberg(p_value, alpha=family.alpha).p_value
    return _romano_wolf(family, p_value, [of.get(result) for result in results])


def _romano_wolf(family: Family, p_value: Floats, of: Sequence[Diagnosed | None]) -> Floats:
    """Bootstrap all tested results together; none is adjusted where one of them is no regression on shared units.

    Districts share their sign across results, so their codes are made those of all districts behind the family. Draws
    depend on the family alone.
    """
    adjusted = np.full(len(p_value), np.nan)
    tested = np.flatnonzero(~np.isnan(p_value))
    chosen = [one for i, one in enumerate(of) if i in tested and one is not None]
    if len(chosen) < len(tested) or any(one.overall.regression is None for one in chosen):
        return adjusted
    names = sorted({str(d) for one in chosen for d in one.districts})
    rng = np.random.default_rng((SEED, zlib.crc32(family.id.encode())))
    try:
        adjusted[tested] = romano_wolf([_hypothesis(one, names) for one in chosen], alpha=family.alpha, rng=rng).p_value
    except ValueError:
        return adjusted
    return adjusted


def _hypothesis(of: Diagnosed, names: Sequence[str]) -> Hypothesis:
    regression, _ = regression_of(of.overall)
    code_of = np.zeros(of.design.cluster.max() + 1, dtype=np.int64)
    code_of[of.design.cluster] = np.searchsorted(names, of.districts.to_numpy(dtype=str))
    shared = replace(of.overall, regression=replace(regression, cluster=code_of[regression.cluster]))
    return Hypothesis(shared, 0, shared.parts.index("gap"))


def _decision(rule: DecisionRule | None, verdict: str, adjusted: float | None) -> str:
    """Decide by the plan's rule for the outcome; `no_success` says that the rule is not met, not that nothing works."""
    if rule is None:
        return "no_rule"
    if adjusted is None:
        return "cannot_tell"
    return "success" if verdict in rule.success and adjusted <= rule.alpha else "no_success"
