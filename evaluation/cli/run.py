"""`evaluation run`: from delivered files to a published release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from evaluation import params
from evaluation.cli import pipeline
from evaluation.cli.found import show
from evaluation.errors import StudyError
from evaluation.release.publish import publish
from evaluation.stage import alone, stderr
from evaluation.synthetic.overwrite import refuse_to_overwrite


def run(
    study: Annotated[str, typer.Argument(help="A file in studies/, without .yaml.")] = "partnership",
    *,
    first: Annotated[Literal["deliveries", "cells"], typer.Option(
        "--from", help="Start at cells on a machine that has no right to student rows.")] = "deliveries",
) -> None:
    """Run a study from its delivered files to a release, and print what it found.

    Reads studies/STUDY.yaml and the districts' files in data/restricted/deliveries/STUDY (docs/delivery.md); a
    synthetic study makes its own. Only what changed since the last run is computed, stage by stage (docs/pipeline).

    Writes data/unreleased/release/STUDY, and prints the path. A study marked `demonstration: true` is published in
    data/released/STUDY, for `evaluation app`.

    Example: `evaluation run connecticut`, then `evaluation app`
    """
    console = stderr()
    wanted = params.study(study)
    if study not in params.settings().studies:
        raise StudyError(f"study `{study}` is not listed.", where="params.yaml, key studies",
                         fix=f"Add `- {study}` there.")
    if (study in params.settings().synthetic_studies) != (wanted.synthetic is not None):
        raise StudyError(f"`{study}` must be listed here if, and only if, it has a `synthetic` block.",
                         where="params.yaml, key synthetic_studies",
                         fix=f"Add or remove `- {study}` there, or write `synthetic: null` in its file.")
    pipeline.refuse_student_files_in_git()
    with alone(Path("dvc.yaml")):
        if first == "cells":
            pipeline.refuse_without_cells(study)
        elif wanted.synthetic is None:
            pipeline.link_deliveries(study, wanted.deliveries)
        else:
            refuse_to_overwrite(pipeline.DELIVERIES / study)
        pipeline.clear_left_lock(console)
        pipeline.clear_left_parts()
        pipeline.reproduce(study, first=first)
        show(wanted, console)
        if wanted.demonstration:
            print_path(publish(study, approver="evaluation run (demonstration study)"))
            return
    console.print(
        "Not published: this study is not a demonstration, and full disclosure protection does not exist yet. "
        "The candidate is for the partnership's own eyes.",
        style="yellow",
    )
    print_path(f"data/unreleased/release/{study}")


def print_path(path: object) -> None:
    """Print the result's path, the only line on stdout."""
    typer.echo(str(path))
