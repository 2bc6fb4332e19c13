"""`evaluation check`: look at files before they are sent or run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from evaluation import params, store
from evaluation.cli.output import refuse_targets, write_output
from evaluation.errors import DeliveryError
from evaluation.ingest.check_delivery import check_delivery
from evaluation.ingest.district_folder import MAPPING, district_of, read_folder_mapping
from evaluation.ingest.report.html import page
from evaluation.ingest.report.not_sent import not_sent
from evaluation.params import Study
from evaluation.stage import stderr

_MOST_SHOWN = 12


def check(
    files: Annotated[list[Path], typer.Argument(help="Delivered files, a school year's or a district's folder, a "
                                                     "mapping.yaml or a study file.")],
    study: Annotated[str | None, typer.Option(help="The study whose definitions apply: its file, or its name in the "
                                                   "project's folder. Without it: default definitions.")] = None,
    previous: Annotated[Path | None, typer.Option(help="The folder of the delivery before, as it was sent: says what "
                                                       "changed since.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the whole report as a page to this file.")] = None,
    json_: Annotated[Path | None, typer.Option("--json", help="Write the whole report as JSON to this file.")] = None,
) -> None:
    """Say whether files can be taken, and if not, which rows and columns to mend. Needs no key.

    Nothing is written unless --html or --json names a file.

    Exit code 0: accepted. 2: refused. 3: accepted, with more rows set aside than tolerated.

    Example: `evaluation check ia-9001 --html report.html`, `evaluation check ia-9001 --previous sent/ia-9001`, or
    `evaluation check data/restricted/deliveries/partnership/ia-9001/2024 --study partnership`
    """
    console = stderr()
    if len(files) == 1 and _is_checked_alone(files[0], console):
        return
    targets = [target for target in (html, json_) if target is not None]
    refuse_targets(targets)
    for target in targets:
        _refuse_inside_a_delivery(target)
    content = check_delivery(files, None if study is None else _study(study), previous=previous)
    _show(content, console)
    if html is not None:
        write_output(page(content).encode(), html)
    if json_ is not None:
        write_output(store.json_bytes(content), json_)
    for target in targets:
        typer.echo(str(target))
    if not targets:
        console.print("The whole report, file by file: add --html report.html", style="dim")
    raise typer.Exit(content["verdict"]["exit_code"])


def _is_checked_alone(file: Path, console: Console) -> bool:
    """Check a mapping or a study file, if it is one."""
    if not file.is_file() or file.suffix not in {".yaml", ".yml"}:
        return False
    if file.name == MAPPING:
        read_folder_mapping(file.parent)
        console.print("The mapping is complete.", style="green")
    else:
        found = params.read_study(file)
        console.print(f"Study `{found.id}` is complete: {len(found.specifications)} specifications.", style="green")
    return True


def _study(named: str) -> Study:
    return params.read_study(Path(named)) if named.endswith((".yaml", ".yml")) else params.study(named)


def _refuse_inside_a_delivery(target: Path) -> None:
    if district_of(target.resolve().parent) is not None:
        raise DeliveryError("a report in a district's folder would be taken for a delivered file.", where=str(target),
                            fix="Write it elsewhere.")


def _show(content: Mapping[str, Any], console: Console) -> None:
    said, total = content["verdict"], content["totals"]
    console.print(said["sentence"], style={0: "bold green", 2: "bold red", 3: "bold yellow"}[said["exit_code"]])
    console.print(f"{total['files']:,} file{'' if total['files'] == 1 else 's'}, {total['rows_in']:,} rows in = "
                  f"{total['rows_accepted']:,} accepted + {total['rows_quarantined']:,} set aside + "
                  f"{total['rows_refused']:,} refused")
    console.print()
    for problem in content["to_mend"][:_MOST_SHOWN]:
        _show_problem(problem, console)
    if len(content["to_mend"]) > _MOST_SHOWN:
        console.print(f"… and {len(content['to_mend']) - _MOST_SHOWN:,} more.\n")
    for missing in not_sent(content["coverage"]):
        console.print(f"Not sent: {missing}.", style="yellow")
    for sentence in _changed(content):
        console.print(sentence)
    for shift in content["level_shifts"][:_MOST_SHOWN]:
        console.print(_level_shift(shift), style="yellow")
    for one in content.get("advice", []):
        console.print(f"Look at this: {one['district_id']}: {one['what']} {one['fix']}", style="yellow")


def _changed(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield what late and corrected versions changed, and what of them could not be compared."""
    changed = [one for one in content["revisions"] if {one["added"], one["removed"], one["changed"]} - {"0", 0}]
    for one in changed[:_MOST_SHOWN]:
        columns = f" ({', '.join(one['columns'])})" if one["columns"] else ""
        students = f"; students {one['students_before']} → {one['students_after']}" if one["students_after"] else ""
        yield (f"Changed: {one['district_id']} {one['table']} {one['school_year']}: {one['version']} replaces "
               f"{one['before']}; rows {one['rows_before']} → {one['rows_after']}, {one['added']} added, "
               f"{one['removed']} removed, {one['changed']} changed{columns}{students}.")
    if len(changed) > _MOST_SHOWN:
        yield f"… and {len(changed) - _MOST_SHOWN:,} more tables changed."
    for file in content["superseded_files"]:
        if file["refusal"] is not None:
            yield f"Not compared: {file['file']} as sent before. {file['refusal']}"
    if content["is_compared"] and not changed:
        yield "Compared with the delivery before: no row changed."


def _level_shift(shift: Mapping[str, Any]) -> str:
    levels = shift["levels"]
    changes = ", ".join(f"{change['kind']} in {change['year']} ({levels[str(change['year_before'])]} in "
                        f"{change['year_before']}, {levels[str(change['year'])]} in {change['year']})"
                        for change in shift["changes"])
    what = " ".join(part for part in (shift["unit_id"], shift["column"], shift.get("code", "")) if part)
    return f"Look at this: {what} {changes}; {shift['unit']}."


def _show_problem(problem: Mapping[str, Any], console: Console) -> None:
    """Print what is wrong, where, and what to do, in lines that can be copied."""
    style = "default" if not problem["is_blocking"] else "red" if problem["kind"] == "refused" else "yellow"
    kind = "file refused" if problem["kind"] == "refused" else "rows set aside"
    others = problem["files"] - 1
    more = f" and {others:,} more file{'' if others == 1 else 's'}" if others else ""
    row = f", row {problem['first_row']}" if "first_row" in problem else ""
    column = f", column {problem['column']}" if "column" in problem else ""
    rows = f"{problem['rows']:,} row{'' if problem['rows'] == 1 else 's'}"
    first = "Mend first: " if problem["is_blocking"] else ""
    for line, look in ((f"{first}{problem['what']}: {kind} ({problem['rule']}, {rows})", style),
                       (f"  {problem['first_file']}{row}{column}{more}", "default"),
                       (f"  {problem['fix']}\n", "default")):
        console.print(line, style=look)


