"""The overall effect under another definition of the outcome."""

from __future__ import annotations

from dataclasses import replace

from evaluation.design import build
from evaluation.design.columns import effect
from evaluation.diagnose.diagnosed import Diagnosed, Row, cells_of
from evaluation.diagnose.effects import overall_effect
from evaluation.errors import EstimationError
from evaluation.stats.inference.infer import infer
from evaluation.stats.reading import levels, verdicts


def definition_switches(of: Diagnosed) -> list[Row]:
    """Return a row per part of every outcome that is a variant of the topic's; none where it cannot be estimated."""
    rows: list[Row] = []
    for variant in of.study.outcomes:
        if variant.variant_of != of.topic.outcome.id:
            continue
        topic = replace(of.topic, outcome=variant)
        try:
            design = build(cells_of(of.cells, topic), of.study, topic.specification, variant.id, topic.gap)
            overall = overall_effect(design, topic.specification)
        except EstimationError:
            continue
        inference = infer(overall, gate=of.gate)
        said = verdicts(levels(overall), inference, better=variant.better, margin=variant.margin)[0]
        rows += [{"variant": variant.id, "part": part, **effect(found), "verdict": said}
                 for part, found in zip(overall.parts, inference[0], strict=True)]
    return rows
