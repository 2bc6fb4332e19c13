"""`evaluation map`: propose a mapping.yaml from a district's files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluation.cli.output import refuse_targets, write_output
from evaluation.errors import DeliveryError
from evaluation.ingest.proposal.mapping_text import CHECK
from evaluation.ingest.proposal.propose_files import propose_files
from evaluation.stage import stderr


def map(
    files: Annotated[list[Path], typer.Argument(help="Files that the district exports, or folders of them.")],
    district: Annotated[str | None, typer.Option(help="The district's id in the study; without it, the name of the "
                                                      "folder above the school year.")] = None,
    output: Annotated[Path | None, typer.Option(help="Write the mapping to this file; without it, to stdout.")] = None,
) -> None:
    """Propose a mapping.yaml: which file feeds which table, which column is which, and what codes and dates mean.

    What is unsure is marked `# check:`. Columns that identify people are named to be deleted at the source. No value of
    a student is repeated. Mend what is marked, then try it: `evaluation check ia-9001`.

    Example: `evaluation map ia-9001/2024/*.csv --output ia-9001/mapping.yaml`
    """
    if output is not None:
        refuse_targets([output])
        if output.exists():
            raise DeliveryError("there is such a file already.", where=str(output),
                                fix="Name another one, or move it away.")
    text = propose_files(files, district)
    console = stderr()
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_output(text.encode(), output)
        typer.echo(str(output))
    marks = text.count(CHECK) - 1
    console.print(f"{marks:,} line{'' if marks == 1 else 's'} to check." if marks else "Nothing to check.",
                  style="yellow" if marks else "green")
