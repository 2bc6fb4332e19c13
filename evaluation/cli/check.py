"""`evaluation check`: look at one file before it is sent or run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from evaluation import params
from evaluation.errors import DeliveryError
from evaluation.ingest.check_file import FileReport, check_file
from evaluation.ingest.mapping import read_mapping


def check(
    file: Annotated[Path, typer.Argument(help="A delivered file, a mapping.yaml or a study file.")],
    study: Annotated[str, typer.Option(help="The study whose definitions apply.")] = "partnership",
) -> None:
    """Say whether a file can be taken, and if not, which rows and columns to mend.

    Exit code 0: accepted. 2: refused. 3: accepted, with more rows set aside than the study tolerates.

    Example: `evaluation check data/restricted/deliveries/partnership/ia-9001/2024/"Attendance by Month_2024.csv"`
    """
    console = Console(stderr=True)
    if not file.is_file():
        raise DeliveryError("there is no such file.", where=str(file), fix="Check the path.")
    if file.suffix in {".yaml", ".yml"} and file.name != "mapping.yaml":
        found = params.read_study(file)
        console.print(f"Study `{found.id}` is complete: {len(found.specifications)} specifications.", style="green")
        return
    if file.name == "mapping.yaml":
        read_mapping(file.read_bytes(), where=str(file), folder=file.resolve().parent.name)
        console.print("The mapping is complete.", style="green")
        return
    wanted = params.study(study)
    report = check_file(file, wanted)
    _show(report, console)
    raise typer.Exit(_exit_code(report, wanted.quarantine_tolerance))


def _show(report: FileReport, console: Console) -> None:
    console.print(
        f"{report.rows_in:,} rows in = {report.rows_accepted:,} accepted + {report.rows_quarantined:,} set aside "
        f"+ {report.rows_refused:,} refused"
    )
    if report.refusal is not None:
        console.print(f"Refused: {report.refusal}", style="red", markup=False, highlight=False, soft_wrap=True)
    if not report.findings:
        console.print("Nothing to mend.", style="green")
        return
    table = Table("row", "column", "what is wrong", "rows", "how to fix")
    for finding in report.findings:
        row = "" if finding.row is None else f"{finding.row:,}"
        table.add_row(row, finding.column or "", finding.what, f"{finding.count:,}", finding.fix)
    console.print(table)


def _exit_code(report: FileReport, tolerance: float) -> int:
    if report.refusal is not None:
        return 2
    return 3 if report.rows_quarantined > tolerance * report.rows_in else 0
