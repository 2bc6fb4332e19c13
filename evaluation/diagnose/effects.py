"""The overall effect of a specification on any design, and its uncertainty as columns."""

from __future__ import annotations

from evaluation.design.columns import effect
from evaluation.design.estimator import estimator_of
from evaluation.diagnose.diagnosed import Row
from evaluation.errors import EstimationError
from evaluation.params import Specification
from evaluation.stats.aggregate import aggregate
from evaluation.stats.inference.infer import infer
from evaluation.stats.inference.rules import Gate
from evaluation.stats.reading import on_used_dummies
from evaluation.stats.records import Design, Estimate

NOTHING = "no program unit is observed before and in the program beside a comparison unit."


def overall_effect(design: Design, specification: Specification) -> Estimate:
    """Return the overall effect, as stage `estimate` makes it.

    Raises
    ------
    EstimationError
        Nothing can be estimated on this design.
    """
    try:
        made = estimator_of(specification)(design)
    except ValueError as error:
        raise EstimationError(f"{error}.") from None
    if any(e.kind == "att_gt" for e in made.estimands):
        made = aggregate(made, "overall")
    if not made.estimands:
        raise EstimationError(NOTHING)
    is_saturated = specification.estimator == "group_time_att" and made.regression is not None
    return on_used_dummies(made) if is_saturated else made


def effect_rows(overall: Estimate, gate: Gate | None) -> list[Row]:
    """Return one row per part: name of the part, value and uncertainty."""
    return [{"part": part, **effect(found)}
            for part, found in zip(overall.parts, infer(overall, gate=gate)[0], strict=True)]
