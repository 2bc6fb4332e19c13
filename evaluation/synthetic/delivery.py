"""A district's delivery of one school year: the files as bytes, in its local layout and in versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

from evaluation.synthetic.calendar import instructional_days
from evaluation.synthetic.dirt import with_dirt
from evaluation.synthetic.layouts import Layout
from evaluation.synthetic.months import spread
from evaluation.synthetic.outcomes import N_ITEMS, REVERSED, WAVE_PLACE, Outcomes
from evaluation.synthetic.planted import RACES
from evaluation.synthetic.realities import CORRECTED, LATE, MERGERS, NEW_CODES
from evaluation.synthetic.roster import Ints, Roster

Texts = NDArray[np.object_]
Columns = dict[str, Texts]
"""Canonical column name → text as the district writes it; columns of one table are equally long."""

_HALF_DAYS = np.array([f"{h // 2}.5" if h % 2 else str(h // 2) for h in range(500)], object)
_WHOLE = np.array([str(h) for h in range(500)], object)


def delivered_files(people: Roster, drawn: Outcomes, layout: Layout, year: int) -> Iterator[tuple[str, bytes]]:
    """Yield (path below the district's folder, content) of one school year.

    Outcomes are those under the program where it ran. What came late, or again, lies in a version of the year.
    """
    at = np.flatnonzero(people.rows["year"] == year)
    rows = people.rows.iloc[at].reset_index(drop=True)
    year_of = _Year(people, rows, at, layout, year)
    tables: dict[str, Columns] = {
        "school_year": year_of.schools(), "enrollment": year_of.enrollment(), "student_year": year_of.students(),
        "attendance": year_of.attendance(drawn), "discipline_action": year_of.discipline(drawn)}
    district = people.place.district.id
    tables = with_dirt(tables, layout, district, year)
    late, corrected = LATE.get((district, year)), CORRECTED.get((district, year))
    files = [(table, layout.files[table], columns) for table, columns in tables.items()]
    files += [("survey_response", name, columns) for name, columns in year_of.survey(drawn)]
    for table, name, columns in files:
        is_late = late is not None and late.table == table
        is_corrected = corrected is not None and corrected.table == table
        if is_corrected:
            yield _file(str(year), name, year, _lacking(columns), layout=layout, table=table)
        version = next((v for v, holds in ((late, is_late), (corrected, is_corrected)) if v and holds), None)
        folder = str(year) if version is None else f"{year}@{version.day}"
        yield _file(folder, name, year, columns, layout=layout, table=table)


def _file(folder: str, name: str, year: int, columns: Columns, *, layout: Layout, table: str) -> tuple[str, bytes]:
    is_daily = table == "attendance" and layout.grain == "day"
    content = to_parquet(columns, layout, table) if is_daily else to_csv(columns, layout, table)
    return f"{folder}/{name}_{year}.{'parquet' if is_daily else 'csv'}", content


def _lacking(columns: Columns) -> Columns:
    """Return attendance in which the first school's absences were not entered yet."""
    is_first = columns["school_id"] == columns["school_id"].min()
    return columns | {name: np.where(is_first, "0", columns[name]) for name in ("days_absent", "days_absent_oss")}


def to_csv(columns: Mapping[str, Texts], layout: Layout, table: str) -> bytes:
    """Write columns under their local headers, in local order; newline is \\n, no quotes."""
    headers = {name: local for name, local in layout.headers[table].items() if name in columns}
    title = f"{layout.title}\n" if layout.title else ""
    sink = pa.BufferOutputStream()
    body = pa.table([pa.array(columns[name], pa.string()) for name in headers], names=list(headers.values()))
    csv.write_csv(body, sink, csv.WriteOptions(include_header=False, delimiter=layout.delimiter, quoting_style="none"))
    text: bytes = (title + layout.delimiter.join(headers.values()) + "\n").encode() + sink.getvalue().to_pybytes()
    return text if layout.encoding == "utf-8" else text.decode().encode(layout.encoding)


def to_parquet(columns: Mapping[str, Texts], layout: Layout, table: str) -> bytes:
    """Write columns under their local headers, as text; large tables travel so."""
    headers = {name: local for name, local in layout.headers[table].items() if name in columns}
    body = pa.table([pa.array(columns[name], pa.string()).dictionary_encode() for name in headers],
                    names=list(headers.values()))
    sink = pa.BufferOutputStream()
    parquet.write_table(body, sink, compression="zstd", write_statistics=False)
    content: bytes = sink.getvalue().to_pybytes()
    return content


class _Year:
    """Canonical tables of one district and school year, already in local codes and formats."""

    def __init__(self, people: Roster, rows: pd.DataFrame, at: Ints, layout: Layout, year: int) -> None:
        self.people, self.rows, self.at, self.layout, self.year = people, rows, at, layout, year
        days = instructional_days(year, people.calendar_days)
        self.dates = np.array([d.strftime(layout.date_format) for d in days], object)
        months = [d.strftime(layout.month_format) for d in days]
        self.month_names = np.array(list(dict.fromkeys(months)), object)
        self.month_of_day = np.array([list(self.month_names).index(m) for m in months])
        self.bldg = np.array([_local(s.id) for s in people.place.schools], object)
        ids = [f"{layout.id_prefix}{s + 1:0{layout.id_width}d}" for s in rows["student"]]
        self.ids = np.array(ids, object)
        self.amount = _HALF_DAYS if layout.unit == "days" else _WHOLE

    def schools(self) -> Columns:
        merger = MERGERS.get(self.people.place.district.id)
        listed = [(s, bldg) for s, bldg in zip(self.people.place.schools, self.bldg, strict=True)
                  if merger is None or s.id != merger.school or self.year < merger.first_year]
        merged = [_local(merger.into) if merger and s.id == merger.school and self.year == merger.first_year - 1 else ""
                  for s, _ in listed]
        return {"school_id": np.array([bldg for _, bldg in listed], object),
                "_name": np.array([f"Peña {s.band.title()} {bldg}" for s, bldg in listed], object),
                "grade_low": _WHOLE[[s.grades[0] for s, _ in listed]],
                "grade_high": _WHOLE[[s.grades[1] for s, _ in listed]],
                "calendar_days": np.full(len(listed), str(self.people.calendar_days), object),
                "merged_into": np.array(merged, object)}

    def enrollment(self) -> Columns:
        rows = self.rows
        moved = np.flatnonzero(rows["move_day"] <= rows["last_day"])
        who = np.concatenate([np.arange(len(rows)), moved])
        school = np.concatenate([rows["school"], rows["later_school"].iloc[moved]])
        entry = np.concatenate([rows["first_day"], rows["move_day"].iloc[moved]])
        leave = np.concatenate([rows["move_day"] - 1, rows["last_day"].iloc[moved]])
        order = np.argsort(who, kind="stable")
        who, school, entry, leave = who[order], school[order], entry[order], leave[order]
        return {"student_id": self.ids[who], "school_id": self.bldg[school], "entry_date": self.dates[entry - 1],
                "exit_date": self.dates[leave - 1], "grade": _WHOLE[rows["grade"].to_numpy()[who]],
                "_homeroom": _WHOLE[100 + who % 20]}

    def students(self) -> Columns:
        rows, codes = self.rows, self.layout.codes
        out = {"student_id": self.ids, "race_ethnicity": _coded(RACES, codes["race_ethnicity"])[rows["race"]],
               "sex": _coded(("female", "male"), codes["sex"])[rows["male"].astype(int)]}
        flags = {f: _coded(("no", "yes"), codes[f])[rows[f].astype(int)]
                 for f in ("english_learner", "disability", "economic")}
        return out | flags

    def attendance(self, drawn: Outcomes) -> Columns:
        place = np.arange(len(self.dates))
        month = {"month": self.month_of_day, "year": np.zeros_like(place), "day": place}[self.layout.grain]
        parts = spread(self.rows, month, drawn.absent_y1[self.at], drawn.absent_oss[self.at])
        out = {"student_id": self.ids[parts.row], "school_id": self.bldg[parts.school],
               "days_enrolled": self.amount[parts.enrolled], "days_absent": self.amount[parts.absent],
               "days_absent_oss": self.amount[parts.oss]}
        if self.layout.grain == "day":
            del out["days_enrolled"]
            return out | {"date": self.dates[parts.month]}
        return out | ({"month": self.month_names[parts.month]} if self.layout.grain == "month" else {})

    def discipline(self, drawn: Outcomes) -> Columns:
        """Return suspensions, plus an office referral before every third of them."""
        actions, codes = drawn.actions, self.layout.codes["action_std"]
        first_year, new = NEW_CODES.get(self.people.place.district.id, (self.year + 1, codes))
        codes = new if self.year >= first_year else codes
        mine = np.flatnonzero((actions.row >= self.at[0]) & (actions.row <= self.at[-1]))
        row, day = actions.row[mine] - self.at[0], actions.day[mine]
        school = np.where(day >= self.rows["move_day"].to_numpy()[row], self.rows["later_school"].to_numpy()[row],
                          self.rows["school"].to_numpy()[row])
        kind = np.where(actions.is_oss[mine], codes["OSS"], codes["ISS"]).astype(object)
        referred = np.arange(0, len(mine), 3)
        which = np.concatenate([np.arange(len(mine)), referred])
        label = np.concatenate([kind, np.full(len(referred), codes["ODR"], object)])
        amount = np.concatenate([actions.half_days[mine], np.zeros(len(referred), np.int64)])
        return {"action_id": np.array([f"{self.year}{i:05d}" for i in range(1, len(which) + 1)], object),
                "student_id": self.ids[row[which]], "school_id": self.bldg[school[which]],
                "date": self.dates[day[which] - 1], "action_std": label, "days_assigned": _HALF_DAYS[amount]}

    def survey(self, drawn: Outcomes) -> Iterator[tuple[str, Columns]]:
        """Yield (file name without year, columns): one file, or one per wave."""
        items = drawn.items_y1[self.at].copy()
        items[:, :, REVERSED] = np.where(items[:, :, REVERSED] > 0, 6 - items[:, :, REVERSED], 0)
        name = self.layout.files["survey_response"]
        if self.layout.survey == "wide_by_wave":
            for wave in range(items.shape[1]):
                if items[:, wave].any():
                    yield f"{name}{wave + 1}", self._wide(items[:, [wave]], wave)
        else:
            yield name, self._long(items) if self.layout.survey == "long" else self._wide(items, 0)

    def _school_at(self, row: Ints, wave: Ints) -> Texts:
        day = np.rint(np.array(WAVE_PLACE) * self.people.calendar_days)[wave]
        now, later, move = (self.rows[c].to_numpy()[row] for c in ("school", "later_school", "move_day"))
        return self.bldg[np.where(day >= move, later, now)]

    def _wide(self, items: Ints, first_wave: int) -> Columns:
        row, wave = np.nonzero(items.any(axis=2))
        answers = self._labels(empty=True)[items[row, wave]]
        out = {"student_id": self.ids[row], "school_id": self._school_at(row, wave + first_wave),
               "wave": _WHOLE[wave + first_wave + 1]}
        return out | {f"bel{i + 1}": answers[:, i] for i in range(N_ITEMS)}

    def _long(self, items: Ints) -> Columns:
        row, wave, item = np.nonzero(items)
        names = _coded(tuple(f"bel{i + 1}" for i in range(N_ITEMS)), self.layout.codes["item_code"])
        return {"student_id": self.ids[row], "school_id": self._school_at(row, wave), "wave": _WHOLE[wave + 1],
                "item_code": names[item], "value": self._labels(empty=False)[items[row, wave, item]]}

    def _labels(self, *, empty: bool) -> Texts:
        numbers = [str(v) for v in range(1, 6)]
        given = self.layout.codes.get("value", dict(zip(numbers, numbers, strict=True)))
        return np.array(["" if empty else "0", *(given[v] for v in numbers)], object)


def _local(school_id: str) -> str:
    return school_id.rsplit("-", 1)[1]


def _coded(values: tuple[str, ...], codes: Mapping[str, str]) -> Texts:
    return np.array([codes[v] for v in values], object)
