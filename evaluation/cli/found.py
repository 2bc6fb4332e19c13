"""What a run found, for the terminal: headline effects on gaps, beside the planted truth where there is one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from evaluation import store
from evaluation.contracts import PARTS, REASONS, reasons
from evaluation.params import Specification, Study
from evaluation.synthetic.beside import truth_of

Row = Mapping[Hashable, Any]

def show(study: Study, console: Console) -> None:
    """Print every confirmatory effect on a gap, its parts, the two-way reference and the planted truth."""
    estimates = overall(store.read("estimates", study.id))
    truth = None
    if study.synthetic is not None:
        from evaluation.design import renamed, survivors  # loads scipy, which a study without a truth needs not

        merged = survivors(store.read("school_lineage", study.id), study)
        truth = planted(store.read("estimate_weights", study.id), renamed(store.read("truth_cells", study.id), merged),
                        study)
    confirmatory = study.plan.confirmatory_specifications()
    for specification in (s for s in study.specifications if s.id in confirmatory):
        console.print(_table(study, specification, estimates, truth), soft_wrap=False)
    console.print("Intervals: CR2 standard errors, Satterthwaite degrees of freedom. Two-way: two-way fixed effects, "
                  "for reference.")
    if truth is not None:
        console.print("Truth: planted effects under the estimate's own weights.")


def overall(estimates: pd.DataFrame) -> dict[tuple[str, str, str, str], Row]:
    """Return the rows of overall estimates by specification, outcome, gap and part."""
    rows = estimates[estimates["estimand"].eq("overall")]
    return {(r["specification"], r["outcome_id"], r["gap_id"], r["part"]): r for r in rows.to_dict("records")}


def planted(weights: pd.DataFrame, truth_cells: pd.DataFrame, study: Study) -> dict[tuple[str, str, str], float]:
    """Return the planted overall effect on each gap by specification, outcome and gap."""
    truth = truth_of(weights[weights["estimand"].eq("overall")], truth_cells, study)
    return {(r["specification"], r["outcome_id"], r["gap_id"]): r["truth"] for r in truth.to_dict("records")}


def two_way_of(study: Study, specification: Specification) -> str | None:
    """Return the id of the two-way fixed-effects specification of the same program, if the study has one."""
    return next((s.id for s in study.specifications
                 if s.estimator == "twfe" and s.program == specification.program), None)


def _table(study: Study, specification: Specification, estimates: dict[tuple[str, str, str, str], Row],
           truth: dict[tuple[str, str, str], float] | None) -> Table:
    program = next(p.label for p in study.programs if p.id == specification.program)
    table = Table(title=f"{program}: effect on gaps, overall ({specification.id})", title_justify="left",
                  box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("gap", no_wrap=True)
    table.add_column("effect (95 % interval)", overflow="fold")
    for name in ("focal", "reference", *(["truth"] if truth is not None else []), "two-way"):
        table.add_column(name, justify="right", no_wrap=True)
    two_way = two_way_of(study, specification)
    for outcome in specification.outcomes:
        table.add_row(outcome, style="bold")
        for gap in specification.gaps:
            of = {part: estimates.get((specification.id, outcome, gap, part)) for part in PARTS}
            cells = [f"  {gap}", _with_interval(of["gap"]), _value(of["focal"]), _value(of["reference"])]
            if truth is not None:
                cells.append(_number(truth.get((specification.id, outcome, gap))))
            table.add_row(*cells, _value(estimates.get((two_way or "", outcome, gap, "gap"))))
    return table


def _with_interval(row: Row | None) -> str:
    if row is None:
        return "no estimate: see the refusals in Data and coverage"
    if row["no_interval"] in REASONS:
        return f"{_number(row['value'])} (no interval: {reasons.short(row['no_interval'])})"
    return f"{_number(row['value'])} ({_number(row['ci_low'])} to {_number(row['ci_high'])})"


def _value(row: Row | None) -> str:
    return "" if row is None else _number(row["value"])


def _number(value: float | None) -> str:
    return "" if value is None or pd.isna(value) else f"{value:+.2f}".replace("-", "−")
