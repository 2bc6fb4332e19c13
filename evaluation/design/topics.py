"""What one design is about: a specification, an outcome and a gap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.params import Gap, Outcome, Specification, Study


@dataclass(frozen=True)
class Topic:
    """One specification × outcome × gap: what one design, and a group of result rows, is about."""

    specification: Specification
    outcome: Outcome
    gap: Gap

    def columns(self) -> Mapping[str, str]:
        """Return the columns every result row of the topic begins with."""
        return {"specification": self.specification.id, "program": self.specification.program,
                "outcome_id": self.outcome.id, "gap_id": self.gap.id, "focal": self.gap.focal,
                "reference": self.gap.reference}


def topics(study: Study) -> tuple[Topic, ...]:
    """Return every specification × outcome × gap of the study, in its order."""
    outcomes = {o.id: o for o in study.outcomes}
    gaps = {g.id: g for g in study.gaps}
    return tuple(Topic(s, outcomes[o], gaps[g]) for s in study.specifications for o in s.outcomes for g in s.gaps)
