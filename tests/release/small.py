"""The partnership in brief: a released table does not need every specification to show its rules."""

from evaluation import params
from evaluation.params import Study

WHOLE = params.study("partnership")


def brief(*kept: str) -> Study:
    """The study with these specifications alone."""
    return WHOLE.model_copy(update={"specifications": tuple(s for s in WHOLE.specifications if s.id in kept)})


STUDY = brief("headline_dile", "headline_mesa")
