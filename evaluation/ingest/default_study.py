"""Definitions for a delivery that is checked without its study: what no study changes, and no claim beyond that."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from evaluation import params
from evaluation.ingest.mapping.schema import DistrictMapping, SurveyTable
from evaluation.params import District, Outcome, Study

WORDS = "the default ones (any school year, all grades); name the study's file with --study for its own"
_NOBODY = "none"
_WIDEST = (0, 100)
_USUAL_ITEMS = ("bel1", "bel2", "bel3", "bel4", "bel5")


def default_study(mappings: Iterable[DistrictMapping]) -> Study:
    """Return default definitions for these districts and the survey items that they map."""
    mappings = tuple(mappings)
    base = params.read_study(Path(__file__).with_name("default_study.yaml"))
    districts = tuple(District.model_construct(id=m.district_id, name=m.district_id, state=m.district_id[:2],
                                               role="implement") for m in mappings)
    surveys = [m.tables.survey_response for m in mappings if m.tables.survey_response is not None]
    return base.model_copy(update={"districts": districts, "outcomes": (_scale(surveys),) if surveys else ()})


def knows_scales(study: Study, mapping: DistrictMapping) -> bool:
    """Return whether answers to a district's survey are checked against a scale, the study's or the mapping's."""
    survey = mapping.tables.survey_response
    is_default = any(outcome.authority == _NOBODY for outcome in study.outcomes)
    return not is_default or survey is None or bool(survey.answers)


def _scale(surveys: Iterable[SurveyTable]) -> Outcome:
    """Return an outcome that reads every mapped item; its ends are those of the declared answers."""
    surveys = tuple(surveys)
    items = {item for s in surveys for item in (*s.items.values(), *_long_items(s))}
    answers = [value for s in surveys for value in s.answers.values()]
    low, high = (min(answers), max(answers)) if all(s.answers for s in surveys) else _WIDEST
    return Outcome(id="survey", label="Survey", kind="score", measure="scale_score", unit_name="points",
                   better="higher", margin=1.0, authority=_NOBODY, version="1", definition="Any mapped item.",
                   parameters={"items": tuple(sorted(items)), "reversed": (), "low": float(low), "high": float(high),
                               "min_items": 1.0})


def _long_items(survey: SurveyTable) -> tuple[str, ...]:
    if "item_code" not in survey.columns:
        return ()
    return tuple(survey.columns["item_code"].codes.values()) or _USUAL_ITEMS
