"""`evaluation key`: the secret that turns students' ids into pseudonyms. Its id is shown, itself never."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from evaluation import params, store
from evaluation.errors import DeliveryError
from evaluation.ingest.district_folder import MAPPING, district_of, is_delivered, read_folder_mapping
from evaluation.ingest.identity.crosswalk import written
from evaluation.ingest.identity.hashed_file import hashed, replacements
from evaluation.ingest.identity.key_file import read_key_file, read_named_key, write_key_file
from evaluation.ingest.identity.pseudonym import FILE_VARIABLE, chosen_key, key_id, key_of, student_pseudonyms
from evaluation.ingest.identity.source_ids import source_ids, table_with_students
from evaluation.ingest.versions import year_and_day

KeyFile = Annotated[Path, typer.Argument(help="A key file made with `evaluation key new`.")]

key = typer.Typer(
    help="Make and change the secret that turns students' ids into pseudonyms.\n\n"
    "The key belongs to the district and stays there: outside the project, readable by one person, with a copy where "
    "the district keeps its passwords. Reports name it by its id (docs/privacy.md).",
    no_args_is_help=True,
)


@key.command()
def new(path: Annotated[Path, typer.Argument(help="A new file outside every repository and data folder.")]) -> None:
    """Make a key, once, into a file that its owner alone can read.

    Example: `evaluation key new ~/keys/ia-9001.key`
    """
    named = write_key_file(path.expanduser())
    console = Console(stderr=True)
    console.print(f"Key {named} was made. Before a run say:", style="green", markup=False, highlight=False)
    place = path.expanduser().resolve()
    console.print(f"  export {FILE_VARIABLE}={place}", markup=False, highlight=False, soft_wrap=True)
    console.print("Use it every year, and keep a copy where the district keeps its passwords: without it, years do not "
                  "link. Never mail it, and never put it into a folder that is shared, in git or in data.",
                  soft_wrap=True)
    typer.echo(str(path.expanduser()))


@key.command()
def show(path: Annotated[Path | None, typer.Argument(help="A key file; else the key a run would use.")] = None) -> None:
    """Show the id of a key, as reports name it. The key itself is never shown.

    Example: `evaluation key show`
    """
    if path is not None:
        found = key_of(read_key_file(str(path), called="PATH"), "PATH")
    else:
        found = chosen_key(os.environ, None, read_named_key)
    typer.echo(key_id(found))


@key.command()
def rotate(
    old: KeyFile,
    new: KeyFile,
    ids: Annotated[list[Path], typer.Option(help="The district's folder, or files of it, with the ids to carry over.")],
    study: Annotated[str, typer.Option(help="The study that the district is part of.")] = "partnership",
) -> None:
    """Write the crosswalk from pseudonyms under the old key to those under the new one.

    The district runs it: its files hold the ids. The crosswalk holds pseudonyms only and is written beside
    mapping.yaml, where the intake finds it.

    Example: `evaluation key rotate old.key new.key --ids data/restricted/deliveries/partnership/ia-9001`
    """
    keys = [key_of(read_key_file(str(p), called=name), name) for p, name in ((old, "OLD"), (new, "NEW"))]
    named = [key_id(k) for k in keys]
    if named[0] == named[1]:
        raise DeliveryError("the old and the new key are the same.", where="OLD and NEW",
                            fix="Make a new one with `evaluation key new PATH`.")
    folder = _district(ids)
    mapping, state = read_folder_mapping(folder), _state(folder, study)
    found = source_ids(mapping, _files(ids, folder), lambda path: (folder / path).read_bytes())
    if not found:
        raise DeliveryError("no student's id was found.", where=str(folder),
                            fix="Give files with students that mapping.yaml names, of years that are not hashed.")
    sides = [student_pseudonyms(k, mapping.district_id, state, mapping.student_id.id_type) for k in keys]
    target = folder / f"crosswalk_{named[0]}_{named[1]}.csv"
    store.write_bytes(written(found, *sides, old_key_id=named[0], new_key_id=named[1]).encode(), target)
    Console(stderr=True).print(f"{len(found):,} students carried from key {named[0]} to key {named[1]}.", style="green",
                               highlight=False)
    typer.echo(str(target))


@key.command(name="hash")
def hash_(
    ids: Annotated[list[Path], typer.Argument(help="The district's folder, or files of it; CSV.")],
    to: Annotated[Path, typer.Option(help="The folder to write copies into, as <district>/<school year>/<file>.")],
    study: Annotated[str, typer.Option(help="The study that the district is part of.")] = "partnership",
) -> None:
    """Write copies of a district's files with pseudonyms in place of students' and actions' ids.

    The district can hand these on and keep its key, or keep them and delete files with ids. What to add to the copied
    mapping.yaml is told.

    Example: `evaluation key hash ia-9001 --to handed-on`
    """
    secret = chosen_key(os.environ, None, read_named_key)
    folder = _district(ids)
    mapping, state = read_folder_mapping(folder), _state(folder, study)
    target = to / folder.name
    if target.exists():
        raise DeliveryError("there is such a folder already.", where=str(target), fix="Name another one with --to.")
    years: dict[int, str] = dict(mapping.student_id.hashed_with)
    for path in _files(ids, folder):
        content, table, found = (folder / path).read_bytes(), table_with_students(mapping, path), year_and_day(
            path.partition("/")[0])
        if table is not None and found is not None:
            replaced = replacements(mapping, table, found[0], key=secret, state=state)
            content = hashed(content, table, replaced, f"{folder.name}/{path}")
            years[found[0]] = key_id(secret)
        store.write_bytes(content, target / path)
    store.write_bytes((folder / MAPPING).read_bytes(), target / MAPPING)
    console = Console(stderr=True)
    console.print("Add to its mapping.yaml, under student_id:", soft_wrap=True)
    console.print(f"  hashed_with: {{{', '.join(f'{y}: {k}' for y, k in sorted(years.items()))}}}", markup=False,
                  highlight=False, soft_wrap=True)
    typer.echo(str(target))


def _district(ids: list[Path]) -> Path:
    """Return the one district's folder that all of `ids` lie in."""
    found = set()
    for path in ids:
        if not path.exists():
            raise DeliveryError("there is no such file or folder.", where=str(path), fix="Check the path.")
        folder = district_of(path.resolve())
        if folder is None:
            raise DeliveryError("there is no mapping.yaml in the folders above.", where=str(path),
                                fix="Give a district's folder, or files in it.")
        found.add(folder)
    if len(found) > 1:
        raise DeliveryError("these files are of several districts.", where="--ids", fix="Rotate district by district.")
    return found.pop()


def _state(folder: Path, study: str) -> str:
    state = next((d.state for d in params.study(study).districts if d.id == folder.name), None)
    if state is None:
        raise DeliveryError(f"the study has no district `{folder.name}`.", where=str(folder),
                            fix="Name its study with --study.")
    return state


def _files(ids: list[Path], folder: Path) -> list[str]:
    """Return the files meant, relative to the district's folder; those in no school year's folder are none."""
    files = {f for path in ids for f in (path.resolve().rglob("*") if path.is_dir() else [path.resolve()])}
    paths = (f.relative_to(folder) for f in files if f.is_file())
    return sorted(p.as_posix() for p in paths if len(p.parts) > 1 and is_delivered(p))
