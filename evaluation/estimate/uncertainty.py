"""How sure a number is: by the specification's inference, or by placebos where the estimator has no other."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np

from evaluation.contracts.choices import PLACEBO_ESTIMATORS
from evaluation.design import Topic
from evaluation.errors import EstimationError
from evaluation.stats.inference.bands import with_band
from evaluation.stats.inference.infer import infer
from evaluation.stats.inference.placebo import placebo
from evaluation.stats.inference.rules import Gates
from evaluation.stats.records import Estimate, Inference

CONSTANT = 1
"""CR1 counts the regressors and the constant, not the unit effects: they are nested in clusters. Student effects count.
"""
SEED = 20260101

Found = tuple[tuple[Inference, ...], ...]


def uncertainty(estimate: Estimate, topic: Topic, gates: Gates | None) -> Found:
    """Return the inference of m estimands in K parts; CR1 only reproduces a table: no interval, no p-value.

    Event times in the program carry their simultaneous band.

    Random draws depend on the topic alone, so that neither order nor company of estimates moves a number.

    Raises
    ------
    EstimationError
        The method does not fit the estimate, such as placebos for many program districts.
    """
    try:
        found = _inferred(estimate, topic, gates)
        return with_band(estimate, found, gate=None if gates is None else gates.joint)
    except ValueError as error:
        raise EstimationError(f"{error}.") from None


def _inferred(estimate: Estimate, topic: Topic, gates: Gates | None) -> Found:
    s = topic.specification
    rng = np.random.default_rng((SEED, zlib.crc32("/".join(topic.columns().values()).encode())))
    if s.estimator in PLACEBO_ESTIMATORS:
        found = placebo(estimate, rng, rank_by=PLACEBO_ESTIMATORS[s.estimator])
        return tuple(tuple(of_part.inference for of_part in row) for row in found)
    absorbed = None if s.estimator == "student_panel" else CONSTANT
    made = infer(estimate, method=None if s.inference == "cr2" else s.inference, rng=rng, n_absorbed=absorbed,
                 gate=None if s.inference == "cr1" or gates is None else gates.single)
    return made if s.inference != "cr1" else tuple(tuple(_reproduction(i) for i in row) for row in made)


def _reproduction(found: Inference) -> Inference:
    if found.no_interval is not None:
        return found
    return replace(found, ci_low=None, ci_high=None, ci80_low=None, ci80_high=None, p_value=None,
                   no_interval="reproduction")
