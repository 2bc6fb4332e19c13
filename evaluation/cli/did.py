"""`evaluation did`: difference-in-differences of a panel file of one's own."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from evaluation.contracts import reasons
from evaluation.contracts.choices import Adjustment, Base, EstimatorName, Method, Sampling
from evaluation.did import DidEstimate, DidResult
from evaluation.did.picture import COMPARED
from evaluation.did.views import Aggregate
from evaluation.errors import PanelError

_PANEL, _CHOICES = "Which column holds what", "What is estimated, and how sure"


def did(
    file: Annotated[Path, typer.Argument(help="CSV (also .gz), Parquet or Stata .dta in long form: a row per unit and "
                                              "period, or per unit, period and group.")],
    *,
    outcome: Annotated[str, typer.Option(help="Column of the outcome.", rich_help_panel=_PANEL)],
    unit: Annotated[str, typer.Option(help="Column of the unit: school, district, county.", rich_help_panel=_PANEL)],
    period: Annotated[str, typer.Option(help="Column of the period, a whole number.", rich_help_panel=_PANEL)],
    cohort: Annotated[str, typer.Option(help="Column of the unit's first program period; empty: never.",
                                        rich_help_panel=_PANEL)],
    group: Annotated[str | None, typer.Option(help="Column of the student group; with --focal and --reference the "
                                                   "effect on their gap.", rich_help_panel=_PANEL)] = None,
    focal: Annotated[str | None, typer.Option(help="Focal group's code.", rich_help_panel=_PANEL)] = None,
    reference: Annotated[str | None, typer.Option(help="Reference group's code.", rich_help_panel=_PANEL)] = None,
    cluster: Annotated[str | None, typer.Option(help="Column of the level at which the program was assigned; default: "
                                                     "the unit.", rich_help_panel=_PANEL)] = None,
    weight: Annotated[str | None, typer.Option(help="Column of a weight, fixed per unit.",
                                               rich_help_panel=_PANEL)] = None,
    covariates: Annotated[str, typer.Option(help="Columns of baseline covariates, separated by commas.",
                                            rich_help_panel=_PANEL)] = "",
    never: Annotated[str | None, typer.Option(help="Value of the cohort column that means never, such as 0.",
                                              rich_help_panel=_PANEL)] = None,
    estimator: Annotated[EstimatorName, typer.Option(help="docs/methods has a page for each.",
                                                     rich_help_panel=_CHOICES)] = "group_time_att",
    comparison: Annotated[Literal["never", "not-yet"], typer.Option(
        help="Compare with units that never start, or also with those that have not started yet.",
        rich_help_panel=_CHOICES)] = "not-yet",
    base: Annotated[Base, typer.Option(help="Base of effects before the start: the last period before it, or for each "
                                            "period the one before.", rich_help_panel=_CHOICES)] = "universal",
    adjustment: Annotated[Adjustment | None, typer.Option(
        help="How covariates are used; default: doubly robust.", rich_help_panel=_CHOICES)] = None,
    sampling: Annotated[Sampling, typer.Option(help="Whether units are followed, or each period has others.",
                                               rich_help_panel=_CHOICES)] = "panel",
    inference: Annotated[Method | None, typer.Option(
        help="Default: CR2 with Satterthwaite degrees of freedom where the estimator is a regression. cr1 only "
             "reproduces other programs: with few clusters it is too sure.", rich_help_panel=_CHOICES)] = None,
    aggregate: Annotated[Aggregate, typer.Option(help="Average effects by this.",
                                                 rich_help_panel=_CHOICES)] = "overall",
    draws: Annotated[int, typer.Option(help="Draws of wild bootstrap and permutation.", min=99,
                                       rich_help_panel=_CHOICES)] = 9999,
    seed: Annotated[int, typer.Option(help="Seed of these draws.", rich_help_panel=_CHOICES)] = 20260101,
    decompose: Annotated[bool, typer.Option("--decompose", help="With twfe: the Goodman-Bacon decomposition.",
                                            rich_help_panel=_CHOICES)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Write the event study to this .svg or .png file.")] = None,
) -> None:
    """Estimate the effect of a program on an outcome, or on the gap between two groups, from any panel file.

    Columns come first, then the method. Numbers are in units of the outcome; an effect on a gap is the effect on the
    focal group minus that on the reference group, and both stand beside it.

    Example, R's county minimum-wage data:
    `evaluation did mpdta.csv --outcome lemp --unit countyreal --period year --cohort first.treat --never 0`

    Example, a gap by district:
    `evaluation did cells.csv --outcome y --unit district --period year --cohort start --group race --focal black
    --reference white --weight n --aggregate event --picture gap.svg`
    """
    from evaluation.did.estimate import did as estimate

    names = tuple(name.strip() for name in covariates.split(",") if name.strip())
    found = estimate(
        file, outcome=outcome, unit=unit, period=period, cohort=cohort, group=group, focal=focal, reference=reference,
        cluster=cluster, weight=weight, covariates=names, never=never, estimator=estimator,
        comparison="not_yet" if comparison == "not-yet" else comparison, base=base, adjustment=adjustment,
        sampling=sampling, inference=inference,
        aggregate_by="event" if picture and aggregate == "overall" and not as_json else aggregate,
        decompose=decompose, draws=draws, seed=seed)
    if picture is not None:
        _draw(found, picture)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2))
        return
    _show(found, Console())


def _draw(found: DidResult, picture: Path) -> None:
    from evaluation.did.picture import write

    if picture.suffix.lower() not in {".svg", ".png"}:
        raise PanelError("a picture is written as .svg or .png.", where=f"option --picture ({picture.name})",
                         fix="Give the file one of these endings.")
    write(found, picture)
    Console(stderr=True).print(f"Wrote {picture}", style="green", markup=False)


def _show(found: DidResult, console: Console) -> None:
    s = found.specification
    shown = [e for e in found.estimates if e.estimand != "att_gt"]
    digits = _digits([e.value for e in shown])
    has_groups = s["group"] is not None
    table = Table(title=f"{s['estimator']}: effect on {s['outcome']}", title_justify="left", box=SIMPLE_HEAD,
                  pad_edge=False, collapse_padding=True)
    for name in ("", *(["group"] if has_groups else [])):
        table.add_column(name, no_wrap=True)
    for name in ("effect", "95 % interval", "se", "df", "p", "clusters"):
        table.add_column(name, justify="right", no_wrap=True)
    for e in shown:
        df = _number(e.df, 0 if (e.df or 0) >= 100 else 1)
        table.add_row(_name(e), *([e.group or ""] if has_groups else []), _number(e.value, digits),
                      _interval(e, digits), _number(e.se, digits), df, _number(e.p_value, 3), str(e.n_clusters))
    console.print(table)
    for reason in dict.fromkeys(e.no_interval for e in shown if e.no_interval):
        console.print(f"No interval where {reasons.words(reason, cluster='cluster')}.", style="yellow")
    for note in found.notes:
        console.print(note, markup=False, highlight=False)
    used = ", ".join(dict.fromkeys(e.inference for e in shown))
    console.print(f"Inference: {used}. Clusters: {s['cluster']}. Compared with {COMPARED[s['comparison']]}. "
                  f"Effects by cohort and period: --json.", highlight=False)
    if found.decomposition is not None:
        _show_decomposition(found, console)


def _show_decomposition(found: DidResult, console: Console) -> None:
    table = Table(title="Goodman-Bacon decomposition: effect = Σ weight × comparison", title_justify="left",
                  box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for name in ("comparison", "start", "against", "group"):
        table.add_column(name, no_wrap=True)
    for name in ("weight", "effect"):
        table.add_column(name, justify="right")
    for part in found.decomposition or ():
        against = "" if part["comparison_cohort"] is None else str(part["comparison_cohort"])
        table.add_row(part["kind"].replace("_", " vs "), str(part["cohort"]), against, part["group"] or "",
                      _number(part["weight"], 4), _number(part["value"], 4))
    console.print(table)


def _name(e: DidEstimate) -> str:
    at = {"cohort": f"cohort {e.cohort}", "event_time": f"event time {e.event_time}", "calendar": f"period {e.period}"}
    return at.get(e.estimand, e.estimand)


def _interval(e: DidEstimate, digits: int) -> str:
    if e.ci_low is None or e.ci_high is None:
        return "–"
    return f"{_number(e.ci_low, digits)} to {_number(e.ci_high, digits)}"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def _digits(values: list[float]) -> int:
    """Return decimals that leave four digits to the largest value."""
    largest = max((abs(v) for v in values), default=0.0)
    return 3 if largest == 0 else max(0, 3 - math.floor(math.log10(largest)))
