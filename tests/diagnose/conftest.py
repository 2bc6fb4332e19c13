import pytest

from evaluation.design import topics
from evaluation.diagnose.diagnosed import prepare


@pytest.fixture
def prepared():
    """The study's first topic (or another), estimated from these cells and ready to be diagnosed."""

    def make(cells, study, at=0):
        return prepare(dict(list(cells.groupby(["outcome_id", "dimension"]))), study, topics(study)[at])

    return make
