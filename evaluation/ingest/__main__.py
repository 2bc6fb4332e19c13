"""Read a study's delivery, write canonical tables, quarantine and the account of every row."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
import pyarrow as pa
from rich.progress import track

from evaluation import engine, params, stage, store
from evaluation.contracts import TABLES
from evaluation.daily import months
from evaluation.errors import DeliveryError
from evaluation.ingest.canonical import CANONICAL, with_months
from evaluation.ingest.district import District
from evaluation.ingest.district_folder import MAPPING, delivered_paths, ingest_folder, read_folder
from evaluation.ingest.identity.key_file import read_named_key
from evaluation.ingest.identity.linking import linked_by, unlinked
from evaluation.ingest.identity.pseudonym import chosen_key, key_id
from evaluation.ingest.public.account import public_content, public_files
from evaluation.ingest.public.cells import read_public
from evaluation.ingest.records import FileReport
from evaluation.ingest.report.account import intake, stop_unless_usable, summary
from evaluation.ingest.report.content import report_content
from evaluation.ingest.report.html import page
from evaluation.ingest.report.identity import identity_of
from evaluation.ingest.report.revised import lines, told
from evaluation.ingest.versions import snapshot
from evaluation.params import Study

_DEMO_KEY = "demo_pseudonym.key"
_REPORT = "report.json"
_DIGITS = "0123456789abcdef"
"""With which a pseudonym may begin, in order."""


def main(study_id: str) -> None:
    """Run the stage for one study."""
    study = params.load(study_id, "ingest")
    for level in ("restricted", "unreleased"):
        store.emptied(level, "ingest", study_id)
    deliveries = store.folder("restricted", "deliveries", study_id)
    if not deliveries.is_dir():
        raise DeliveryError("there is no delivery.", where=str(deliveries),
                            fix="Put the files there as docs/delivery.md says. Source: "
                                f"{study.deliveries.found_at or study.deliveries.publisher or 'the districts'}.")
    if study.deliveries.adapter == "public_group_level":
        _public(deliveries, study, study_id)
    else:
        _districts(deliveries, study, study_id)


def _public(deliveries: Path, study: Study, study_id: str) -> None:
    found = read_public(deliveries, study)
    written = {table: store.write(getattr(found, table), table, study_id)
               for table in ("public_cell", "intake", "quarantine")}
    target = written["intake"].with_name(_REPORT)
    _write(public_content(found, study, definitions=f"study {study_id}"), target)
    _conclude(public_files(found), study, set(), study.quarantine_tolerance, str(target))


def _districts(deliveries: Path, study: Study, study_id: str) -> None:
    console = stage.stderr()
    demo = deliveries / _DEMO_KEY
    has_demo = study.synthetic is not None and demo.is_file()
    key = chosen_key(os.environ, demo.read_text(encoding="utf-8") if has_demo else None, read_named_key)
    if has_demo:
        console.print("Synthetic study: pseudonyms are made with its demonstration key, which is no secret.")
    folders = [read_folder(path) for path in _folders(deliveries, study)]
    linked = {folder.name: linked_by(folder.mapping, folder.crosswalk, key_id(key)) for folder in folders}
    for line in unlinked(linked):
        console.print(line, style="yellow")
    as_of = study.deliveries.as_of
    delivered = {folder.name: snapshot(delivered_paths(folder.path), as_of) for folder in folders}
    later = tuple(f"{name}/{path}" for name, (_, left) in delivered.items() for path in left)
    chosen, scratch = params.settings(), store.scratch("ingest", study_id)
    with engine.session(chosen.engine, memory=chosen.engine_memory, scratch=scratch) as session:
        shown = track(folders, "ingest", console=console, disable=not console.is_terminal)
        found: list[District] = []
        by_month: list[engine.Frame] = []
        for folder in shown:
            district = ingest_folder(folder, delivered[folder.name][0], study, key=key, session=session)
            found.append(district)
            if "attendance_day" in district.tables:
                days = _days_written(district.tables["attendance_day"], folder.name, study_id, session)
                by_month.append(session.kept(months(session.scan(days))))
        revisions = tuple(revision for district in found for revision in district.revisions)
        every = tuple(file for district in found for file in district.files)
        files = tuple(file for file in every if file.superseded_by is None)
        silent = {d.id for d in study.districts} - {f.district_id for f in files}
        for table in CANONICAL:
            store.write_in_order(_in_order(found, table, session), table, study_id)
        quarantine = pd.concat([d.quarantine for d in found], ignore_index=True)
        store.write(quarantine, "quarantine", study_id)
        target = store.write(intake(files), "intake", study_id).with_name(_REPORT)
        tables = with_months({name: session.scan(store.path(name, study_id)) for name in CANONICAL}, by_month)
        content = report_content(
            files, quarantine, tables, tolerance=study.quarantine_tolerance,
            accept_without=study.deliveries.accept_without, silent=silent, definitions=f"study {study_id}",
            pseudonyms="demonstration key: anybody can recompute them" if has_demo
            else f"district's own key, named {key_id(key)}")
        identity = {"key_id": key_id(key)} | identity_of(linked, tables)
    superseded = (file for file in every if file.superseded_by is not None)
    _write(content | told(revisions, superseded, later, as_of) | identity, target)
    for line in lines(revisions, later, as_of):
        console.print(line)
    _conclude(files, study, silent, study.quarantine_tolerance, str(target))


def _in_order(found: Iterable[District], table: str, session: engine.Session) -> Iterator[pa.RecordBatch]:
    """Yield a table's rows of all districts by its key; by district in turn where the key begins with it."""
    key, sent = TABLES[table].key, [d.tables[table] for d in found if table in d.tables]
    parts = sent if key[0] == "district_id" else [nw.concat(sent)] if sent else []
    for rows in parts:
        yield from session.in_order(rows, key)


def _days_written(days: engine.Frame, district: str, study_id: str, session: engine.Session) -> Path:
    """Write a district's daily attendance; in order are a sixteenth of its students at a time."""
    key = TABLES["attendance_day"].key
    in_order = (batch for digit in _DIGITS
                for batch in session.in_order(days.filter(nw.col("student_key").str.starts_with(digit)), key))
    return store.write_in_order(in_order, "attendance_day", study_id, district=district)


def _write(content: Mapping[str, Any], target: Path) -> None:
    store.write_json(content, target)
    store.write_bytes(page(content).encode(), target.with_suffix(".html"))


def _conclude(files: tuple[FileReport, ...], study: Study, silent: set[str], tolerance: float, where: str) -> None:
    """Say what became of the delivery, and stop when it cannot be used as it is."""
    console = stage.stderr()
    for line, colour in summary(files, silent, study.deliveries.accept_without, where):
        console.print(line, style=colour)
    stop_unless_usable(files, tolerance, study.deliveries.accept_without, where)


def _folders(deliveries: Path, study: Study) -> list[Path]:
    known = {d.id for d in study.districts}
    folders = sorted(p for p in deliveries.iterdir() if p.is_dir() and not p.name.startswith("."))
    for folder in folders:
        if folder.name not in known:
            raise DeliveryError(f"the study has no district `{folder.name}`.", where=str(folder),
                                fix="Add it under `districts` in the study file, or take the folder away.")
        if not (folder / MAPPING).is_file():
            raise DeliveryError("mapping.yaml is missing.", where=str(folder), fix="docs/delivery.md has an example.")
    if not folders:
        raise DeliveryError("no district has a folder.", where=str(deliveries), fix="See docs/delivery.md.")
    return folders


if __name__ == "__main__":
    stage.run(main)
