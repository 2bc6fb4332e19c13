"""Files, names, labels and dates: what is read as what, and what is refused."""

import datetime
import gzip

import numpy as np
import pandas as pd
import pytest

from evaluation.did import did
from evaluation.errors import PanelError
from tests.did.panels import NAMED, panel, with_groups

GROUPS = {"group": "g", "focal": "1", "reference": "0"}


def refused(data, **options) -> str:
    with pytest.raises(PanelError) as error:
        did(data, **{**NAMED, **options})
    return str(error.value)


def estimates(data, **options):
    return did(data, **{**NAMED, **options}).estimates


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_truncated_gzip_is_a_sentence(tmp_path, cut):
    whole = gzip.compress(panel().to_csv(index=False).encode())
    (tmp_path / "a.csv.gz").write_bytes(whole[:int(len(whole) * cut)])
    assert "cannot be read" in refused(tmp_path / "a.csv.gz")


@pytest.mark.parametrize(("name", "content"), [("a.dta", b""), ("a.parquet", b""), ("a.csv.gz", b"u,t\n"),
                                               ("a.csv", b"\x89PNG\r\n\x1a\n\xff"), ("a.dta", b"\x72" * 400)])
def test_a_damaged_file_is_a_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert "cannot be read" in refused(tmp_path / name)


def test_an_infinite_unit_of_a_parquet_file_is_refused(tmp_path):
    data = panel()
    data.assign(u=data["u"].astype(float).replace(3, np.inf)).to_parquet(tmp_path / "a.parquet")
    assert "column `u` is infinite in 5 rows (first in row 17)" in refused(tmp_path / "a.parquet")


@pytest.mark.parametrize(("column", "value"), [("t", "1e19"), ("t", "1e300"), ("y", "1e308"), ("s", "1e19")])
def test_a_number_too_large_to_calculate_with_is_refused(column, value):
    data = panel().astype(object)
    data.loc[data["u"] == 0, column] = value
    assert f"column `{column}` is too large" in refused(data)


@pytest.mark.parametrize("inference", [None, "cr1"])
@pytest.mark.parametrize("factor", [1e-300, 1e3, 1e300, 1e306])
def test_the_size_of_weights_is_irrelevant(factor, inference):
    data = panel()
    scaled = estimates(data.assign(w=data["w"] * factor), weight="w", inference=inference)
    for found, expected in zip(scaled, estimates(data, weight="w", inference=inference), strict=True):
        assert [found.value, found.se, found.df] == pytest.approx([expected.value, expected.se, expected.df])
        assert found.no_interval == expected.no_interval


@pytest.mark.parametrize("written", ["0", "0.0", " 0 ", "0.", "-0"])
@pytest.mark.parametrize("never", ["0", "0.0"])
def test_a_cohort_zero_is_one_name_however_it_is_written(written, never):
    data = panel()
    said = data.assign(s=data["s"].astype(object).where(data["s"].notna(), written))
    assert estimates(said, never=never) == estimates(data)


@pytest.mark.parametrize("kind", ["csv", "parquet", "dta"])
@pytest.mark.parametrize("asked", [("1", "0"), ("1.0", "0.0")])
def test_a_group_is_one_name_in_every_kind_of_file(tmp_path, kind, asked):
    data = with_groups(panel(), 1.0, 0.0)
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        data.to_csv(path, index=False)
    elif kind == "parquet":
        data.to_parquet(path)
    else:
        data.to_stata(path, write_index=False)
    focal, reference = asked
    found = estimates(path, group="g", focal=focal, reference=reference)
    assert found[0].value == pytest.approx(estimates(with_groups(panel(), "1", "0"), **GROUPS)[0].value)
    assert {e.group for e in found} == {"gap", "1", "0"}


def test_units_written_1_and_1_0_are_one_and_01_is_another():
    data = panel()
    plain, late = data["u"].astype(str), data["t"] > 3
    assert estimates(data.assign(u=plain.where(late, plain + ".0"))) == estimates(data.assign(u=plain))
    found = did(data.assign(u=plain.where(late, "0" + plain)), **NAMED)
    assert found.notes[0].startswith("Column `u` has 12 names that are there with and without leading zeros")
    assert found.specification["n_units"] == 24


def test_a_group_that_is_nowhere_is_answered_with_the_codes_there_are():
    data = pd.concat([with_groups(panel(), f"c{i}", f"d{i}") for i in range(6)])
    said = refused(data, group="g", focal="nobody", reference="c0")
    assert "in group `nobody` (12 other groups are there: `c0`, `c1`" in said
    assert "`d3`" in said
    assert "`d4`" not in said
    many = panel().assign(g=lambda d: "person " + d.index.astype(str))
    assert "person" not in refused(many, group="g", focal="nobody", reference="b")


def labelled(tmp_path, labels: dict[str, dict[int, str]]):
    data = with_groups(panel(), 1, 0)
    data = data.assign(s=data["s"].fillna(0).astype(int))
    data.to_stata(tmp_path / "a.dta", write_index=False, value_labels=labels)
    return tmp_path / "a.dta"


def test_labelled_numbers_of_stata_are_numbers_and_groups_go_by_both(tmp_path):
    path = labelled(tmp_path, {"t": {1: "first wave", 2: "second"}, "s": {0: "never"}, "g": {1: "black", 0: "white"}})
    by_number = estimates(path, never="0", **GROUPS)
    by_label = estimates(path, never="0", group="g", focal="black", reference="white")
    assert [e.value for e in by_number] == [e.value for e in by_label]
    assert [e.group for e in by_label[:3]] == ["gap", "black", "white"]
    assert by_number[0].value == pytest.approx(estimates(with_groups(panel(), 1, 0), **GROUPS)[0].value)


def test_labels_that_are_alike_leave_the_file_readable(tmp_path):
    path = labelled(tmp_path, {"u": dict.fromkeys(range(12), "same"), "g": {0: "same", 1: "same"}})
    assert estimates(path, never="0", **GROUPS)[0].n_units == 12


def test_years_of_stata_are_years_and_its_days_are_refused(tmp_path):
    data = panel().assign(s=lambda d: d["s"] + 2000)
    dated = data.assign(t=pd.to_datetime((data["t"] + 2000).astype(str) + "-01-01"))
    dated.to_stata(tmp_path / "y.dta", write_index=False, convert_dates={"t": "ty"})
    dated.to_stata(tmp_path / "d.dta", write_index=False, convert_dates={"t": "td"})
    assert estimates(tmp_path / "y.dta")[0].value == pytest.approx(estimates(panel())[0].value)
    assert "column `t` holds dates or durations" in refused(tmp_path / "d.dta")


@pytest.mark.parametrize(("column", "made"), [
    ("t", lambda d: pd.to_datetime((d["t"] + 2000).astype(str) + "-01-01")),
    ("t", lambda d: [datetime.date(2000 + t, 1, 1) for t in d["t"]]),
    ("s", lambda d: pd.to_datetime("2000-01-01") + pd.to_timedelta(d["s"] * 366, unit="D")),
    ("y", lambda d: pd.to_timedelta(d["y"], unit="s")),
    ("t", lambda d: pd.PeriodIndex([f"{2000 + t}" for t in d["t"]], freq="Y")),
])
def test_dates_and_durations_are_refused_by_type(tmp_path, column, made):
    data = panel()
    data[column] = made(data)
    data.to_parquet(tmp_path / "a.parquet")
    assert f"column `{column}` holds dates or durations" in refused(tmp_path / "a.parquet")


def test_a_header_with_a_name_twice_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("u,t,s,y, y\n1,1,,2,3\n")
    assert "1 column names are there twice: `y`" in refused(tmp_path / "a.csv")


def test_blanks_around_names_and_values_do_not_count(tmp_path):
    text = panel().to_csv(index=False).replace(",", ", ")
    (tmp_path / "a.csv").write_text(text)
    assert estimates(tmp_path / "a.csv")[0].value == pytest.approx(estimates(panel())[0].value)


def test_an_index_of_units_and_periods_is_columns(tmp_path):
    panel().set_index(["u", "t"]).to_parquet(tmp_path / "a.parquet")
    assert estimates(tmp_path / "a.parquet") == estimates(panel())
    assert estimates(panel().set_index(["u", "t"])) == estimates(panel())


@pytest.mark.parametrize(("mark", "said"), [(";", "separated by `;`"), ("\t", "separated by a tab")])
def test_another_delimiter_is_named(tmp_path, mark, said):
    (tmp_path / "a.csv").write_text(panel().to_csv(index=False).replace(",", mark))
    assert said in refused(tmp_path / "a.csv")


def test_lists_as_units_are_names(tmp_path):
    data = panel()
    data.assign(u=[[int(u)] for u in data["u"]]).to_parquet(tmp_path / "a.parquet")
    assert estimates(tmp_path / "a.parquet")[0].value == pytest.approx(estimates(data)[0].value)


def test_a_header_longer_or_shorter_than_its_rows_moves_no_column(tmp_path):
    (tmp_path / "a.csv").write_text("u,t,s,y\nx,1,1,3,1.5\nx,1,2,3,1.5\n")
    assert "cannot be read" in refused(tmp_path / "a.csv")
