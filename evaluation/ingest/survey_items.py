"""Survey items that a study reads, and the scales they are answered on."""

from __future__ import annotations

from collections.abc import Mapping

from evaluation.errors import DeliveryError, StudyError
from evaluation.ingest.mapping.schema import DistrictMapping
from evaluation.params import Study


def item_scales(study: Study) -> dict[str, tuple[int, int]]:
    """Return (low, high) of every survey item that an outcome of the study reads.

    Raises
    ------
    StudyError
        An outcome with a scale lacks its items or a whole number for its lower or upper end.
    """
    found: dict[str, tuple[int, int]] = {}
    for outcome in (o for o in study.outcomes if o.measure == "scale_score"):
        try:
            low, high = (int(float(str(outcome.parameters[end]))) for end in ("low", "high"))
            found |= {str(item): (low, high) for item in _listed(outcome.parameters["items"])}
        except (KeyError, ValueError, OverflowError):
            raise StudyError("a scale score needs `items` and whole numbers `low` and `high`.",
                             where=f"studies/, key outcomes.{outcome.id}.parameters",
                             fix="Add them, as docs/study_file.md says.") from None
    return found


def check_items(mapping: DistrictMapping, scales: Mapping[str, tuple[int, int]]) -> None:
    """Refuse a mapping that names survey items which the study does not read (DeliveryError)."""
    table = mapping.tables.survey_response
    if table is None:
        return
    unknown = sorted(set(table.items.values()) - set(scales))
    if unknown or not scales:
        what = f"the study has no survey item `{unknown[0]}`." if unknown else "the study reads no survey items."
        raise DeliveryError(what, where=f"{mapping.district_id}/mapping.yaml, key tables.survey_response.items",
                            fix=f"Known items: {', '.join(sorted(scales)) or 'none: take survey_response out'}.")


def _listed(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (str(value),)
