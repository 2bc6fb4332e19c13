"""Codes of a release as the words of its study."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Entry = Mapping[str, Any]
PHASES = {"develop": "develop (pilot cohort)", "expansion": "expansion", "test": "test"}
SUPPRESSION = {
    "primary": "[c] too few students or districts",
    "complementary": "[c] hidden to protect another value",
    "source": "[s] hidden by the publisher",
    "not_applicable": "[z] no such students",
    "not_sent": "[x] not sent or not published",
}
ESTIMATORS = {
    "group_time_att": "Group-time effects",
    "sun_abraham": "Sun–Abraham",
    "imputation": "Imputation",
    "etwfe": "Extended two-way regression",
    "etwfe_poisson": "Extended Poisson regression",
    "stacked": "Stacked regression",
    "synthetic_did": "Synthetic difference-in-differences",
    "synthetic_control": "Synthetic control",
    "triple_difference": "Triple difference",
    "student_panel": "Student panel",
    "event_study": "Two-way event study",
    "twfe": "Two-way fixed effects",
}
REFERENCE_ESTIMATORS = ("twfe", "event_study")
"""Two-way regressions: they can be wrong where starts are staggered, and stand beside the others only."""
INFERENCE = {"cr2": "CR2", "cv3": "CV3 (jackknife)", "cr1": "CR1", "wild": "wild cluster bootstrap",
             "permutation": "permutation test", "placebo": "placebo test", "none": "no inference"}
ADJUSTMENTS = {"benjamini_hochberg": "Benjamini–Hochberg", "romano_wolf": "Romano–Wolf"}


class Labels:
    """The labels of one release.

    Parameters
    ----------
    study : mapping
        `Release.labels`.
    """

    def __init__(self, study: Entry) -> None:
        self.study = study
        self.programs = _by_id(study["programs"])
        self.outcomes = _by_id(study["outcomes"])
        self.gaps = _by_id(study["gaps"])
        self.specifications = _by_id(study["specifications"])
        self.districts = _by_id(study["districts"])
        self.periods = list(range(study["periods"]["first"], study["periods"]["last"] + 1))
        self.units = f"{study['unit']}s"
        self.confirmatory = [s for entry in study["plan"]["confirmatory"] for s in entry["specifications"]]

    @property
    def banner(self) -> str | None:
        """What every page, chart and download of demonstration data says."""
        text: str | None = self.study["banner"]
        return text or ("Demonstration data: not evidence about a program." if self.study["demonstration"] else None)

    @property
    def is_published(self) -> bool:
        """Whether all outcomes are rates that a publisher gives, without numbers of students."""
        return all(outcome["measure"] == "published_rate" for outcome in self.outcomes.values())

    def base_period(self, specification: str, cohort: int) -> int | None:
        """Return the last period before a cohort's start that no break and no excluded event covers."""
        excluded = set(self.specifications[specification]["exclude_events"])
        gone = {p for event in self.study["events"] for p in event["periods"]
                if event["id"] in excluded or event["kind"] == "break"}
        return max((p for p in self.periods if p < cohort and p not in gone), default=None)

    @property
    def short_banner(self) -> str:
        """First sentence of the banner."""
        return re.split(r"(?<=\.)\s", self.banner, maxsplit=1)[0] if self.banner else ""

    def district(self, code: str) -> str:
        """Return a district's name, or its code where the study names none."""
        return str(self.districts[code]["name"]) if code in self.districts else code

    def group(self, gap: str, side: str) -> str:
        """Return the words of a gap's `focal` or `reference` group."""
        entry = self.gaps[gap]
        groups = next(d["groups"] for d in self.study["dimensions"] if d["id"] == entry["dimension"])
        return str(groups[entry[side]])

    def students(self, gap: str, side: str) -> str:
        """Return the group as a noun: `Black students`."""
        name = self.group(gap, side)
        return name if "student" in name.lower() else f"{name} students"

    def part(self, gap: str, part: str) -> str:
        """Return what a part of a gap is called."""
        return "Gap" if part == "gap" else self.group(gap, part)

    def scope(self, scope: str, scope_id: str) -> str:
        """Return what a scope is called: program, phase, cohort, comparison or district."""
        if scope == "district":
            return self.district(scope_id)
        program = next((p for p in self.programs if scope_id == p or scope_id.startswith(f"{p}_")), "")
        places = self.places(program) if program else ""
        rest = scope_id.removeprefix(program).removeprefix("_")
        return {"comparison": f"Comparison {self.units}", "program": places, "phase": f"{places}, phase {rest}",
                "cohort": f"{places}, start {rest}",
                }.get(scope, f"All {self.units}")

    def places(self, program: str) -> str:
        """Return the units of a program as a noun: `DILE schools`."""
        label, unit = str(self.programs[program]["label"]), str(self.study["unit"])
        if label.lower().endswith(self.units):
            return label
        return f"{label}s" if label.lower().endswith(unit) else f"{label} {self.units}"

    def cohorts(self, program: str, phase: str | None = None) -> list[int]:
        """Return the start periods of a program's cohorts, in order."""
        return sorted({c["start"] for c in self.programs[program]["cohorts"] if phase in {None, c["phase"]}})

    def phases(self, program: str) -> list[str]:
        """Return the phases a program has, in the fixed order."""
        found = {c["phase"] for c in self.programs[program]["cohorts"]}
        return [phase for phase in PHASES if phase in found]

    def program_districts(self) -> set[str]:
        """Return the districts with a program unit."""
        cohorts = [c for p in self.programs.values() for c in p["cohorts"]]
        of_schools = {d for d in self.districts for c in cohorts for s in c["schools"] if s.startswith(f"{d}-")}
        return of_schools | {d for c in cohorts for d in c["districts"]}

    def headline(self, program: str) -> str | None:
        """Return the program's confirmatory specification."""
        return next((s for s in self.confirmatory if self.specifications[s]["program"] == program), None)

    def specifications_of(self, program: str) -> list[str]:
        """Return the program's specifications: confirmatory first, then in the study's order."""
        found = [s for s, entry in self.specifications.items() if entry["program"] == program]
        return sorted(found, key=lambda s: s not in self.confirmatory)


def _by_id(entries: list[Entry]) -> dict[str, Entry]:
    return {entry["id"]: entry for entry in entries}
