"""Invented daily attendance of a state, as canonical tables lie on disk; DuckDB draws it, district by district."""

from __future__ import annotations

from pathlib import Path

import duckdb

DISTRICTS, SCHOOLS, YEARS, DAYS = 20, 12, 10, 180
FIRST_YEAR = 2016
_OUT = "(format parquet, compression zstd, row_group_size 131072)"


def deliver(folder: Path, rows: int) -> int:
    """Write `attendance_day` (a file per district) and the tables it needs; return how many days there are.

    Every student-year has 180 school days. One in ten student-years changes school after 90 of them; one in seven has a
    suspension. A student's absences depend on nothing: only how many rows there are, and how they lie, matters here.
    """
    student_years = rows // DAYS
    (folder / "attendance_day").mkdir(parents=True)
    with duckdb.connect(config={"memory_limit": "2GB", "temp_directory": str(folder / "spill")}) as base:
        base.execute(f"""
            create table student_year as
            select 'zz-' || lpad((person % {DISTRICTS} + 1)::varchar, 4, '0') as district_id,
                   md5('student ' || person) as student_key,
                   {FIRST_YEAR} + (n % {YEARS})::int as school_year,
                   person // {DISTRICTS} % {SCHOOLS} + 1 as school,
                   hash(n) % 10 = 0 as moves, hash(n, 1) % 7 = 0 as is_suspended, n
            from (select n, n // {YEARS} as person from range({student_years}) t(n))""")
        base.execute(f"""
            create view spell as
            select *, part, district_id || '-' || (case when part = 2 then school % {SCHOOLS} + 1 else school end)
                       as school_id,
                   if(part = 2, {DAYS // 2}, 0) as first, if(moves and part = 1, {DAYS // 2}, {DAYS}) - 1 as last
            from student_year, (values (1), (2)) p(part) where part = 1 or moves""")
        base.execute("create macro day(year, i) as "
                     f"make_date((year - 1)::int, 9, 1) + (i + i // {DAYS // 2} * 20)::int")
        for i in range(1, DISTRICTS + 1):
            district = f"zz-{i:04d}"
            base.execute(f"""
                copy (select student_key, school_id, district_id, school_year::bigint as school_year,
                             strftime(day(school_year, i), '%Y-%m-%d') as date,
                             (case when u < 12 then 2 when u < 15 then 1 else 0 end)::bigint as half_days_absent,
                             (case when u < 1 then 2 else 0 end)::bigint as half_days_absent_oss
                      from (select s.*, i, hash(s.n, i) % 200 as u from spell s, range({DAYS}) d(i)
                            where s.district_id = '{district}' and i between s.first and s.last)
                      order by student_key, school_id, date)
                to '{folder}/attendance_day/{district}.parquet' {_OUT}""")
        base.execute(f"""
            copy (select student_key, school_id, district_id, school_year::bigint as school_year,
                         strftime(day(school_year, first), '%Y-%m-%d') as entry_date,
                         strftime(day(school_year, last), '%Y-%m-%d') as exit_date, 7::bigint as grade
                  from spell order by student_key, school_id, school_year, entry_date)
            to '{folder}/enrollment.parquet' {_OUT}""")
        base.execute(f"""
            copy (select md5('action ' || n) as action_id, student_key, school_id, district_id,
                         school_year::bigint as school_year, strftime(day(school_year, 30), '%Y-%m-%d') as date,
                         if(n % 3 = 0, 'OSS', 'ISS') as action_std, 2::bigint as half_days_assigned
                  from spell where is_suspended and part = 1 order by district_id, action_id)
            to '{folder}/discipline_action.parquet' {_OUT}""")
        base.execute(f"""
            copy (select distinct school_id, district_id, school_year::bigint as school_year, 0::bigint as grade_low,
                         12::bigint as grade_high, 'all' as grade_band, {DAYS}::bigint as calendar_days
                  from spell order by school_id, school_year)
            to '{folder}/school_year.parquet' {_OUT}""")
        base.execute(f"""
            copy (select student_key, district_id, school_year::bigint as school_year,
                         ['black', 'white', 'hispanic'][n // {YEARS} % 3 + 1] as race_ethnicity, 'unknown' as sex,
                         'no' as english_learner, 'no' as disability, 'no' as economic
                  from student_year order by district_id, student_key, school_year)
            to '{folder}/student_year.parquet' {_OUT}""")
        return int(base.execute(f"select count(*) from '{folder}/attendance_day/*.parquet'").fetchall()[0][0])
