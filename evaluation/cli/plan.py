"""`evaluation plan`: lock a study's plan before its results are seen, and show what has changed since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console

from evaluation import params, store
from evaluation.errors import StudyError
from evaluation.params import Lock, LockFile
from evaluation.params.locked import PlanDifference, differences, locked_plan, plan_hash, unfinished
from evaluation.release.publish import commit_of
from evaluation.stage import stderr

StudyId = Annotated[str, typer.Argument(metavar="STUDY", help="A file in studies/, without .yaml.")]
DIFFERENT = 3
_FEW = 5

plan = typer.Typer(
    help="Say before the results are seen what will be tested, and keep to it.\n\n"
    "1. Write the block `plan` of studies/STUDY.yaml: which results are confirmatory and which exploratory, families "
    "for the adjustment of p-values, and what counts as success (docs/pre_registration.md).\n\n"
    "2. `evaluation plan lock STUDY` writes plans/STUDY/lock.yaml: the plan, its hash, date and commit. Commit it.\n\n"
    "3. `evaluation plan show STUDY` says whether the study file is still what was locked. A run lists every "
    "difference in its results.\n\n"
    "4. Where the plan must change: `evaluation plan lock STUDY --amend \"why\"`. Earlier locks stay in the file.",
    no_args_is_help=True, add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False,
)


@plan.command()
def lock(
    study: StudyId,
    amend: Annotated[str | None, typer.Option(metavar="REASON", help="Why a locked plan is changed.")] = None,
) -> None:
    """Lock the plan of a study, or amend the lock with a reason.

    The whole study file is fixed, of exploratory specifications too, but for words and where files lie
    (docs/pre_registration.md). Nothing is written when the study is already what was locked.

    Example: `evaluation plan lock partnership`
    """
    wanted, locks, console = params.study(study), params.locks(study), stderr()
    for key, what, fix in unfinished(wanted):
        raise StudyError(f"the plan cannot be locked yet: {what}", where=f"studies/{study}.yaml, key {key}", fix=fix)
    content, path = locked_plan(wanted), params.lock_path(study)
    changed = differences(locks[-1].plan, content) if locks else ()
    _refuse(study, locks, changed, amend)
    if locks and not changed:
        console.print(f"Already locked on {locks[-1].locked_on}: nothing has changed.", style="green")
    else:
        new = Lock(sha256=plan_hash(content), locked_on=date.today(), **commit_of(Path()),
                   had_results=store.path("estimates", study).is_file(), reason=amend, plan=content)
        _write(LockFile(study=study, locks=(*locks, new)), path)
        _tell(new, path, console)
    typer.echo(str(path))


@plan.command()
def show(study: StudyId) -> None:
    """Show when a plan was locked and amended, and in what the study file differs from it.

    Exit code 0: the study is what was locked. 2: no plan was locked. 3: it differs.

    Example: `evaluation plan show partnership`
    """
    wanted, locks = params.study(study), params.locks(study)
    if not locks:
        raise StudyError("no plan was locked.", where=f"study {study}", fix=f"Run `evaluation plan lock {study}`.")
    for before, entry in zip((None, *locks), locks, strict=False):
        typer.echo(_sentence(entry))
        for difference in differences(before.plan, entry.plan) if before else ():
            typer.echo(f"  {_line(difference, 'was', 'is')}")
    changed = differences(locks[-1].plan, locked_plan(wanted))
    if not changed:
        typer.echo(f"studies/{study}.yaml is what was locked.")
        return
    keys = "1 key" if len(changed) == 1 else f"{len(changed):,} keys"
    typer.echo(f"studies/{study}.yaml differs from the lock in {keys}:")
    for difference in changed:
        typer.echo(f"  {_line(difference, 'planned', 'now')}")
    raise typer.Exit(DIFFERENT)


def _refuse(study: str, locks: Sequence[Lock], changed: Sequence[PlanDifference], amend: str | None) -> None:
    where = str(params.lock_path(study))
    if amend is not None and not amend.strip():
        raise StudyError("the reason for the amendment is empty.", where="--amend", fix="Say why the plan changes.")
    if amend is not None and not locks:
        raise StudyError("there is no lock to amend.", where=where, fix="Lock the plan first, without --amend.")
    if locks and changed and amend is None:
        few = "; ".join(_line(d, "planned", "now") for d in changed[:_FEW])
        more = f"; and {len(changed) - _FEW:,} more" if len(changed) > _FEW else ""
        raise StudyError(f"the plan is locked, and the study differs from it: {few}{more}.", where=where,
                         fix=f'Restore studies/{study}.yaml, or say why: evaluation plan lock {study} --amend "…".')


def _write(content: LockFile, path: Path) -> None:
    text = yaml.safe_dump(content.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
    store.write_bytes(f"# Written by `evaluation plan lock`; do not edit.\n{text}".encode(), path)


def _tell(new: Lock, path: Path, console: Console) -> None:
    console.print(f"Locked: SHA-256 {new.sha256}. Commit {path} now, so that the date can be checked.", style="green")
    if new.is_dirty:
        console.print("The lock says that the commit was not clean. To lock a clean one, commit first.",
                      style="yellow")
    if new.had_results:
        console.print("The lock says that estimates of this study were already there.", style="yellow")


def _sentence(entry: Lock) -> str:
    verb = "Locked" if entry.reason is None else "Amended"
    commit = "outside git" if entry.commit is None else f"at commit {entry.commit[:12]}"
    notes = [note for is_so, note in ((entry.is_dirty, "with uncommitted changes"),
                                      (entry.had_results, "with estimates already there")) if is_so]
    reason = "" if entry.reason is None else f" Reason: {entry.reason}"
    return f"{verb} on {entry.locked_on} {', '.join([commit, *notes])}. SHA-256 {entry.sha256}.{reason}"


def _line(difference: PlanDifference, before: str, after: str) -> str:
    return f"{difference.key}: {before} {difference.planned}, {after} {difference.run}"
