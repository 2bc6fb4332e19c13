"""What may be chosen, and the released rows a choice means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from app import text
from app.labels import Labels

Scope = tuple[str, str]
POOLS = {"all": "All districts", "program": "Program districts", "other": "Other districts"}
_MANY = 60


@dataclass(frozen=True)
class Choice:
    """Which aggregate is shown: `overall`, a `phase` or a `cohort`."""

    kind: str
    phase: str | None = None
    cohort: int | None = None

    def note(self, years: pd.DataFrame) -> str:
        """Which cohorts the chart by years (`years`: its rows) holds."""
        if self.kind == "cohort":
            return f"Cohort {self.cohort} alone."
        more = " of more than one district" if years["left_out_cohorts"].notna().any() else ""
        return f"All {'phases and ' if self.kind == 'phase' else ''}cohorts{more} together."


def choice(phase: str, cohort: str) -> Choice:
    """Return the aggregate of the filters; a cohort is narrower than its phase."""
    if cohort != "all":
        return Choice("cohort", cohort=int(cohort))
    return Choice("overall") if phase == "all" else Choice("phase", phase=phase)


def cohort_choices(labels: Labels, program: str, phase: str) -> dict[str, str]:
    """Return the cohorts of a phase (or of `all`) as codes and words."""
    starts = labels.cohorts(program, None if phase == "all" else phase)
    return {"all": "All cohorts"} | {str(start): f"Start {start}" for start in starts}


def estimated_outcomes(labels: Labels, program: str) -> dict[str, str]:
    """Return outcomes with an effect of the program, in the study's order."""
    found = {o for s in labels.specifications_of(program) for o in labels.specifications[s]["outcomes"]}
    return {o: str(entry["label"]) for o, entry in labels.outcomes.items() if o in found}


def estimated_gaps(labels: Labels, program: str, outcome: str) -> dict[str, str]:
    """Return gaps with an effect of the program on this outcome, in the study's order."""
    found = {g for s in labels.specifications_of(program) if outcome in labels.specifications[s]["outcomes"]
             for g in labels.specifications[s]["gaps"]}
    return {g: str(entry["label"]) for g, entry in labels.gaps.items() if g in found}


def specification_for(labels: Labels, program: str, outcome: str, gap: str) -> str:
    """Return the confirmatory specification of outcome and gap, else the first that has both."""
    return next(s for s in labels.specifications_of(program)
                if outcome in labels.specifications[s]["outcomes"] and gap in labels.specifications[s]["gaps"])


def diagnosis(diagnostics: pd.DataFrame, specification: str, outcome: str, gap: str) -> Mapping[str, Any] | None:
    """Return the diagnostics of the gap under a specification."""
    found = diagnostics[(diagnostics["specification"] == specification) & (diagnostics["outcome_id"] == outcome)
                        & (diagnostics["gap_id"] == gap) & (diagnostics["part"] == "gap")]
    return next(iter(text.records(found)), None)


def detectable(diagnostics: pd.DataFrame, specification: str, outcome: str, gap: str) -> float | None:
    """Return the smallest change of the gap that would have been found; None when it was not worked out."""
    row = diagnosis(diagnostics, specification, outcome, gap)
    return None if row is None or text.is_missing(row["detectable"]) else float(row["detectable"])


def refusal(refusals: pd.DataFrame, specification: str, outcome: str, gap: str) -> str | None:
    """Return why an estimate could not be made; None when it could."""
    found = refusals[(refusals["specification"] == specification) & (refusals["outcome_id"] == outcome)
                     & (refusals["gap_id"] == gap)]
    return None if found.empty else str(found.iloc[0]["reason"])


def scopes(program: str, districts: Sequence[str]) -> list[Scope]:
    """Return the chosen districts, else the program's units, and the comparison units beside them."""
    chosen = [("district", d) for d in districts] or [("program", program)]
    return [*chosen, ("comparison", program)]


def districts(gaps: pd.DataFrame, labels: Labels) -> dict[str, str]:
    """Return the districts with gaps on record, by name."""
    found = {str(d) for d in gaps.loc[gaps["scope"] == "district", "scope_id"]}
    return dict(sorted(((d, labels.district(d)) for d in found), key=lambda pair: (pair[1], pair[0])))


def pools(coverage: pd.DataFrame) -> dict[str, str]:
    """Return the pools of districts; with many districts the program's come first, so that the page stays short."""
    first = "program" if coverage["district_id"].nunique() > _MANY else "all"
    return {first: POOLS[first]} | POOLS


def in_pool(coverage: pd.DataFrame, pool: str, labels: Labels) -> pd.DataFrame:
    """Return the rows of a pool of districts, by name of district."""
    inside = labels.program_districts()
    if pool != "all":
        coverage = coverage[coverage["district_id"].isin(inside) == (pool == "program")]
    names = coverage["district_id"].map({d: labels.district(str(d)) for d in coverage["district_id"].unique()})
    return coverage.assign(name=names).sort_values(["name", "district_id", "period"]).drop(columns="name")
