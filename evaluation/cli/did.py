"""`evaluation did`: difference-in-differences of a panel file of one's own."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from evaluation.contracts.choices import Adjustment, Base, EstimatorName, Method, Sampling
from evaluation.did import DidResult
from evaluation.did.table import show
from evaluation.did.views import Aggregate
from evaluation.errors import PanelError
from evaluation.stage import stderr

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
    focal: Annotated[str | None, typer.Option(help="Focal group's code, or its label in Stata.",
                                              rich_help_panel=_PANEL)] = None,
    reference: Annotated[str | None, typer.Option(help="Reference group's code, or label.",
                                                  rich_help_panel=_PANEL)] = None,
    cluster: Annotated[str | None, typer.Option(help="Column of the level at which the program was assigned; default: "
                                                     "the unit.", rich_help_panel=_PANEL)] = None,
    weight: Annotated[str | None, typer.Option(help="Column of a weight, fixed per unit.",
                                               rich_help_panel=_PANEL)] = None,
    covariates: Annotated[list[str] | None, typer.Option(
        help="Columns of baseline covariates, separated by commas; or the option again for each, as for a name with a "
             "comma in it. Of group_time_att and triple_difference.", rich_help_panel=_PANEL)] = None,
    never: Annotated[str | None, typer.Option(help="Value of the cohort column that means never, such as 0.",
                                              rich_help_panel=_PANEL)] = None,
    estimator: Annotated[EstimatorName, typer.Option(
        help="docs/methods has a page for each. synthetic_did and synthetic_control are for one or two program "
             "clusters. An option that the estimator does not know is refused.",
        rich_help_panel=_CHOICES)] = "group_time_att",
    comparison: Annotated[Literal["never", "not-yet"] | None, typer.Option(
        help="Compare with units that never start, or also with those that have not started yet (default). Of "
             "group_time_att, triple_difference, etwfe and stacked; the others have one comparison each.",
        rich_help_panel=_CHOICES)] = None,
    base: Annotated[Base | None, typer.Option(
        help="Base of effects before the start: the last period before it (universal, default), or for each period the "
             "one before. Of group_time_att and triple_difference.", rich_help_panel=_CHOICES)] = None,
    adjustment: Annotated[Adjustment | None, typer.Option(
        help="How covariates are used; default: doubly robust.", rich_help_panel=_CHOICES)] = None,
    sampling: Annotated[Sampling | None, typer.Option(
        help="Whether units are followed (panel, default), or each period has others (group_time_att alone).",
        rich_help_panel=_CHOICES)] = None,
    inference: Annotated[Method | None, typer.Option(
        help="Default: CR2 with Satterthwaite degrees of freedom where the estimator is a regression; else CV3, a "
             "jackknife over clusters (above 100 clusters CR1 of their influence). Synthetic estimators have placebo "
             "inference and take none of these. cr1 only reproduces other programs: with few clusters it is too sure.",
        rich_help_panel=_CHOICES)] = None,
    aggregate: Annotated[Aggregate, typer.Option(help="Average effects by this.",
                                                 rich_help_panel=_CHOICES)] = "overall",
    draws: Annotated[int, typer.Option(help="Draws of wild bootstrap, permutation and placebos.", min=99,
                                       rich_help_panel=_CHOICES)] = 9999,
    seed: Annotated[int, typer.Option(help="Seed of these draws.", min=0, rich_help_panel=_CHOICES)] = 20260101,
    decompose: Annotated[bool, typer.Option("--decompose", help="With twfe: the Goodman-Bacon decomposition.",
                                            rich_help_panel=_CHOICES)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Write the event study to this .svg or .png file; what "
                                                               "is printed stays the same.")] = None,
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
    from evaluation.did.picture import refuse_undrawn, write

    if picture is not None:
        refuse_undrawn(estimator, picture)
    estimated = partial(
        estimate, file, outcome=outcome, unit=unit, period=period, cohort=cohort, group=group, focal=focal,
        reference=reference, cluster=cluster, weight=weight, covariates=tuple(covariates or ()), never=never,
        estimator=estimator, comparison="not_yet" if comparison == "not-yet" else comparison, base=base,
        adjustment=adjustment, sampling=sampling, inference=inference, draws=draws, seed=seed)
    found = estimated(aggregate_by=aggregate, decompose=decompose)
    if picture is not None:
        write(found if aggregate == "event" else estimated(aggregate_by="event"), picture)
        stderr().print(f"Wrote {picture}", style="green")
    _print(found, as_json=as_json)


def _print(found: DidResult, *, as_json: bool) -> None:
    """Print the result; a full disk is a sentence, and what Python still holds of the output is let go."""
    try:
        if as_json:
            typer.echo(json.dumps(found.to_dict(), indent=2))
        else:
            show(found, Console(markup=False, highlight=False, emoji=False))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise PanelError("the result cannot be written there.", where="standard output",
                         fix="Check that the disk has room.") from None
