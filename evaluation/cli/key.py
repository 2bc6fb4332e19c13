"""`evaluation key`: the secret that turns students' ids into pseudonyms. Its id is shown, itself never."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from evaluation.cli.output import write_output
from evaluation.errors import DeliveryError
from evaluation.ingest.district_folder import MAPPING, delivered_at, district_of, read_folder_mapping
from evaluation.ingest.identity.crosswalk import CROSSWALKS, read_crosswalk, written
from evaluation.ingest.identity.hashed_file import Copy, copies
from evaluation.ingest.identity.hashed_mapping import with_hashed_years
from evaluation.ingest.identity.key_file import read_given_key, read_named_key, write_key_file
from evaluation.ingest.identity.pseudonym import FILE_VARIABLE, chosen_key, key_id, state_of, student_pseudonyms
from evaluation.ingest.identity.source_ids import source_ids
from evaluation.ingest.records import findings, sentence
from evaluation.ingest.rulebook import RULES
from evaluation.ingest.versions import year_and_day
from evaluation.stage import stderr

KeyFile = Annotated[Path, typer.Argument(help="A key file made with `evaluation key new`.")]

key = typer.Typer(
    help="Make and change the secret that turns students' ids into pseudonyms.\n\n"
    "The key belongs to the district and stays there: outside the project, readable by one person, with a copy where "
    "the district keeps its passwords. Reports name it by its id (docs/privacy.md).",
    no_args_is_help=True, add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False,
)


@key.command()
def new(path: Annotated[Path, typer.Argument(help="A new file outside every repository and data folder.")]) -> None:
    """Make a key, once, into a file that its owner alone can read.

    Example: `evaluation key new ~/keys/ia-9001.key`
    """
    named = write_key_file(path.expanduser())
    console = stderr()
    console.print(f"Key {named} was made. Before a run say:", style="green")
    place = shlex.quote(str(path.expanduser().resolve()))
    console.print(f"  export {FILE_VARIABLE}={place}")
    console.print("Use it every year, and keep a copy where the district keeps its passwords: without it, years do not "
                  "link. Never mail it, and never put it into a folder that is shared, in git or in data.")
    typer.echo(str(path.expanduser()))


@key.command()
def show(path: Annotated[Path | None, typer.Argument(help="A key file; else the key a run would use.")] = None) -> None:
    """Show the id of a key, as reports name it. The key itself is never shown.

    Example: `evaluation key show`
    """
    found = chosen_key(os.environ, None, read_named_key) if path is None else read_given_key(path)
    typer.echo(key_id(found))


@key.command()
def rotate(
    old: KeyFile,
    new: KeyFile,
    ids: Annotated[list[Path], typer.Option(help="The district's folder, or files of it, with the ids to carry over.")],
) -> None:
    """Write the crosswalk from pseudonyms under the old key to those under the new one.

    The district runs it: its files hold the ids. The crosswalk holds pseudonyms only and is written beside
    mapping.yaml, where the intake finds it; one that would not go together with those that lie there is not written.

    Example: `evaluation key rotate old.key new.key --ids ia-9001`
    """
    keys = [read_given_key(path) for path in (old, new)]
    named = [key_id(k) for k in keys]
    if named[0] == named[1]:
        raise DeliveryError("both files hold the same key.", where=f"{old} and {new}",
                            fix="Make a new key with `evaluation key new`.")
    folder = _district(ids)
    mapping = read_folder_mapping(folder)
    found = source_ids(mapping, _files(ids, folder), lambda path: (folder / path).read_bytes())
    if not found:
        raise DeliveryError("no student's id was found.", where=str(folder),
                            fix="Give files with students that mapping.yaml names, of years that are not hashed.")
    state = state_of(mapping.district_id)
    sides = [student_pseudonyms(k, mapping.district_id, state, mapping.student_id.id_type) for k in keys]
    target = folder / f"crosswalk_{named[0]}_{named[1]}.csv"
    content = written(found, *sides, old_key_id=named[0], new_key_id=named[1]).encode()
    others = {str(p): p.read_bytes() for p in sorted(folder.glob(CROSSWALKS)) if p != target}
    read_crosswalk(others | {str(target): content})
    write_output(content, target)
    stderr().print(f"{len(found):,} students carried from key {named[0]} to key {named[1]}.", style="green")
    typer.echo(str(target))


@key.command(name="hash")
def hash_(
    ids: Annotated[list[Path], typer.Argument(help="The district's folder, or files of it; CSV.")],
    to: Annotated[Path, typer.Option(help="The folder to write copies into, as <district>/<school year>/<file>.")],
) -> None:
    """Write copies of a district's files with pseudonyms in place of students' and actions' ids.

    The district can hand these on and keep its key, or keep them and delete files with ids. Only the columns that
    mapping.yaml reads are copied, and nothing where `evaluation check` would find a person in one of them. The copied
    mapping.yaml says which years hold pseudonyms, and of which key.

    Example: `evaluation key hash ia-9001 --to handed-on`
    """
    secret, folder = chosen_key(os.environ, None, read_named_key), _district(ids)
    mapping, target = read_folder_mapping(folder), to / folder.resolve().name
    if target.exists():
        raise DeliveryError("there is such a folder already.", where=str(target), fix="Name another one with --to.")
    if district_of(target.resolve()) is not None:
        raise DeliveryError("copies in a district's folder would be taken for delivered files.", where=str(target),
                            fix="Name a folder outside with --to.")
    made = copies(mapping, _files(ids, folder), lambda path: (folder / path).read_bytes(), key=secret,
                  state=state_of(mapping.district_id))
    _refuse(made, folder)
    for path, copy in made.items():
        write_output(copy.content, target / path)
    now = {found[0]: key_id(secret) for path in made if (found := year_and_day(path.partition("/")[0]))}
    hashed_with = now | dict(mapping.student_id.hashed_with)
    write_output(with_hashed_years((folder / MAPPING).read_bytes(), hashed_with), target / MAPPING)
    _tell(made)
    typer.echo(str(target))


def _refuse(made: Mapping[str, Copy], folder: Path) -> None:
    lines = [f"{path}: {sentence(finding)}" for path, copy in made.items()
             for finding in findings("refused", copy.refused, RULES)]
    if lines or not made:
        what = "nothing was copied, since files would be refused" if lines else "there is no delivered file"
        raise DeliveryError(f"{what}.", where=str(folder),
                            fix="\n  ".join(["Mend them first:", *lines]) if lines else "Check the path.")


def _tell(made: Mapping[str, Copy]) -> None:
    """Say which columns stayed behind, and how to go on."""
    for path, copy in made.items():
        if copy.left_out:
            stderr().print(f"{path}: not copied, since mapping.yaml does not read them: {', '.join(copy.left_out)}")
    stderr().print("Its mapping.yaml says which years hold pseudonyms. Check the copies before you hand them on.",
                   style="green")


def _district(ids: list[Path]) -> Path:
    """Return the one district's folder that all of `ids` lie in."""
    found = set()
    for path in ids:
        if not path.exists():
            raise DeliveryError("there is no such file or folder.", where=str(path), fix="Check the path.")
        folder = district_of(Path(os.path.abspath(path)))
        if folder is None:
            raise DeliveryError("there is no mapping.yaml in the folders above.", where=str(path),
                                fix="Give a district's folder, or files in it.")
        found.add(folder)
    if len(found) > 1:
        raise DeliveryError("these files are of several districts.", where=" and ".join(sorted(map(str, found))),
                            fix="Take one district after the other.")
    return found.pop()


def _files(ids: list[Path], folder: Path) -> list[str]:
    """Return the delivered files meant, relative to the district's folder."""
    meant = {name for path in ids for name in delivered_at(Path(os.path.abspath(path)), folder)}
    return sorted(name for name in meant if (folder / name).is_file())
