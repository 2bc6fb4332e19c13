"""How large an effect would have had to be to be seen."""

from __future__ import annotations

from evaluation.design.columns import coordinates
from evaluation.diagnose.diagnosed import Diagnosed, Row
from evaluation.stats.aggregate import Aggregation, aggregate
from evaluation.stats.combine import joined
from evaluation.stats.inference.detectable import detectable
from evaluation.stats.inference.infer import infer
from evaluation.stats.reading import on_used_dummies
from evaluation.stats.records import Inference

AVERAGES: tuple[Aggregation, ...] = ("overall", "cohort", "phase", "event_time")


def detectable_effects(of: Diagnosed) -> list[Row]:
    """Return per average and part the smallest effect found with 80 % power, with the clusters there are.

    Missing where there is no interval.
    """
    program = next(p for p in of.study.programs if p.id == of.topic.specification.program)
    phase_of = {c.start: c.phase for c in program.cohorts}
    averages = joined([aggregate(of.att_gt, kind, phase_of=phase_of) for kind in AVERAGES])
    found = infer(averages if averages.regression is None else on_used_dummies(averages), gate=of.gate)
    return [{"part": part, **coordinates(estimand), "se": one.se, "df": one.df,
             "detectable": _detectable(one)}
            for estimand, parts in zip(averages.estimands, found, strict=True)
            for part, one in zip(averages.parts, parts, strict=True)]


def _detectable(found: Inference) -> float | None:
    if found.no_interval is not None or found.se is None or found.df is None:
        return None
    return detectable(found.se, found.df)
