"""`did` on files of one's own: reference numbers, layouts, and what is refused."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.did import did
from evaluation.errors import PanelError
from tests.did.panels import NAMED, panel

SMALL = """unit,period,start,y,w
a,1,3,1.0,2
a,2,3,2.0,2
a,3,3,9.0,2
b,1,,1.0,1
b,2,,2.0,1
b,3,,4.0,1
c,1,,0.0,3
c,2,,1.0,3
c,3,,2.0,3
d,1,3,5.0,1
d,2,3,6.0,1
d,3,3,10.0,1
"""


def frame(text: str = SMALL) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def small(data: pd.DataFrame | Path, **options: object):
    return did(data, **{"outcome": "y", "unit": "unit", "period": "period", "cohort": "start", **options})


def overall(found):
    return next(e for e in found.estimates if e.estimand == "overall")


def test_by_hand_the_effect_is_the_difference_of_changes():
    """Program units rise by 7 and 4, comparison units by 2 and 1."""
    assert overall(small(frame())).value == pytest.approx(5.5 - 1.5)
    assert overall(small(frame(), weight="w")).value == pytest.approx((2 * 7 + 4) / 3 - (2 + 3 * 1) / 4)


@pytest.mark.parametrize(("by", "key"), [("overall", "simple"), ("cohort", "group"), ("event", "dynamic"),
                                         ("calendar", "calendar")])
def test_county_minimum_wages_have_the_published_averages(cases, reference, by, key):
    """R's did 2.5.1 on mpdta."""
    found = did(reference / "mpdta.csv", outcome="lemp", unit="countyreal", period="year", cohort="first.treat",
                never="0", comparison="never", base="varying", aggregate_by=by)
    assert overall(found).value == pytest.approx(cases["cs_mpdta_never"]["expected"][key][0], abs=1e-8)
    published = cases["cs_mpdta_never"]["expected"]["att_gt"]
    by_cell = {f"{e.cohort},{e.period}": e.value for e in found.estimates if e.estimand == "att_gt"}
    assert by_cell == pytest.approx({cell: value for cell, (value, _) in published.items()}, abs=1e-8)


def test_the_gap_of_eight_districts_has_the_published_cr2(cases, reference):
    """clubSandwich 0.5.8 on the gaps of disparity8, here from its cells."""
    found = did(reference / "disparity8_cells.csv", outcome="y", unit="district", period="year", cohort="first_treat",
                never="0", group="high_need", focal="1", reference="0", estimator="twfe")
    expected = cases["ddd_gap_identity"]["expected"]
    gap, focal, other = found.estimates
    assert [gap.group, focal.group, other.group] == ["gap", "1", "0"]
    assert [gap.value, gap.se, gap.df, gap.p_value] == pytest.approx(
        [expected["beta"], expected["CR2_se"], expected["df"], expected["p"]], abs=1e-9)
    assert gap.value == pytest.approx(focal.value - other.value, abs=1e-10)


def test_csv_parquet_and_stata_say_the_same(tmp_path):
    typed = frame().assign(period=lambda f: f["period"].astype(int), y=lambda f: f["y"].astype(float),
                           start=lambda f: pd.to_numeric(f["start"]))
    frame().to_csv(tmp_path / "a.csv", index=False)
    typed.to_parquet(tmp_path / "a.parquet")
    typed.to_stata(tmp_path / "a.dta", write_index=False)
    found = [small(tmp_path / name).estimates for name in ("a.csv", "a.parquet", "a.dta")]
    assert found[0] == found[1] == found[2]


def test_the_order_of_rows_is_irrelevant():
    shuffled = frame().sample(frac=1, random_state=1)
    assert small(shuffled).estimates == small(frame()).estimates


def test_json_is_plain_and_has_every_key():
    found = json.loads(json.dumps(small(frame(), aggregate_by="event").to_dict()))
    assert set(found) == {"specification", "estimates", "notes"}
    assert {"estimand", "cohort", "period", "event_time", "group", "value", "se", "df", "statistic", "p_value",
            "ci_low", "ci_high", "n_clusters", "n_obs", "inference"} <= set(found["estimates"][0])
    assert found["estimates"][0]["group"] is None


def test_event_times_in_the_program_have_a_band_and_nothing_else_has():
    data = panel(60, periods=9)
    found = did(data, **NAMED, aggregate_by="event").to_dict()["estimates"]
    banded = [e for e in found if e["band_low"] is not None]
    assert [(e["estimand"], e["event_time"]) for e in banded] == [("event_time", t) for t in (0, 1, 2, 3)]
    assert all(e["band_low"] < e["ci_low"] and e["ci_high"] < e["band_high"] for e in banded)
    assert {(e["band_low"], e["band_high"]) for e in found if e not in banded} == {(None, None)}
    assert all(e["band_low"] is None for e in did(data, **NAMED).to_dict()["estimates"])


@pytest.mark.parametrize(("n", "options"), [(60, {"inference": "cv3"}), (60, {"inference": "cr1"}), (4, {}),
                                            (10, {})])
def test_without_intervals_by_cr2_or_simulated_bands_there_is_no_band(n, options):
    """Ten clusters, five of them in the program: each event time has its interval, the band covers too seldom."""
    found = did(panel(n, starts=(4, np.nan), periods=7), **NAMED, aggregate_by="event", **options).estimates
    assert all(e.band_low is None and e.band_high is None for e in found)
    assert any(e.ci_low is not None for e in found) == (n > 4)


def test_two_program_clusters_get_no_interval_and_the_reason():
    found = overall(small(frame()))
    assert (found.se, found.p_value, found.ci_low) == (None, None, None)
    assert found.no_interval == "few_program_clusters"


def changed(**cells: tuple[int, str]) -> pd.DataFrame:
    out = frame()
    for name, (row, value) in cells.items():
        out.loc[row, name] = value
    return out


@pytest.mark.parametrize(("data", "options", "said"), [
    (pd.concat([frame(), frame().tail(1)]), {}, "1 rows repeat a `unit`, `period`"),
    (changed(start=(0, "2")), {}, "column `start` changes within 1 of 4 units"),
    (changed(start=(3, "3")), {}, "column `start` changes within 1 of 4 units"),
    (frame(), {"cluster": "y"}, "column `y` changes within 4 of 4 units"),
    (frame().assign(one="x"), {"cluster": "one"}, "all 4 units are in one cluster"),
    (frame().assign(start="3"), {}, "there are no comparison units"),
    (frame().assign(start=""), {}, "no unit of 4 starts"),
    (frame().assign(y=""), {}, "column `y` has no value in all 12 rows"),
    (changed(y=(4, "two")), {}, "column `y` has 1 values that are no number (first in row 6)"),
    (changed(period=(4, "2.5")), {}, "no whole number (first in row 6)"),
    (changed(period=(4, "")), {}, "column `period` is empty in 1 rows"),
    (frame().replace({"start": {"": "0"}}), {}, "column `start` is 0 in 2 units"),
    (frame(), {"outcome": "z"}, "there is no column `z`"),
    (frame().assign(g="A"), {"group": "g", "focal": "A", "reference": "B"}, "no row of column `g` is in group `B`"),
    (frame().assign(g="A"), {"group": "g"}, "needs both groups"),
    (frame().assign(g="A"), {"group": "g", "focal": "A", "reference": "A"}, "the same group"),
    (changed(w=(0, "0")), {"weight": "w"}, "column `w` is not positive, or empty, in 1 rows"),
    (changed(w=(0, "")), {"covariates": ["w"]}, "1 of 4 units lack a covariate"),
    (frame(), {"estimator": "twfe", "aggregate_by": "event"}, "`twfe` has no effects by event"),
])
def test_what_does_not_fit_is_told_by_column_and_count(data, options, said):
    with pytest.raises(PanelError) as error:
        small(data, **options)
    assert said in str(error.value)


def test_a_message_never_holds_a_value_of_the_data():
    with pytest.raises(PanelError) as error:
        small(changed(y=(4, "Jane Doe 123-45-6789")))
    assert "Jane" not in str(error.value)


@pytest.mark.parametrize(("name", "content"), [("a.xlsx", b"x"), ("a.parquet", b"no parquet"), ("a.dta", b"x"),
                                               ("a.csv", b""), ("a.csv", b"unit,period,start,y\n")])
def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PanelError):
        small(tmp_path / name)
    with pytest.raises(PanelError, match="no such file"):
        small(tmp_path / "none.csv")


def test_never_can_be_a_value_and_zero_is_not_guessed():
    data = frame().replace({"start": {"": "0"}})
    assert small(data, never="0").estimates == small(frame()).estimates


def test_a_missing_year_keeps_its_distance():
    later = frame().replace({"period": {"3": "5"}, "start": {"3": "5"}})
    found = small(later, aggregate_by="event")
    assert [e.event_time for e in found.estimates if e.estimand == "event_time"] == [-4, 0]


def test_a_weight_that_changes_is_its_mean_before_the_program_and_says_so():
    data = frame()
    data.loc[2, "w"] = "100"
    found = small(data, weight="w")
    assert overall(found).value == pytest.approx(overall(small(frame(), weight="w")).value)
    assert any("changes over time" in note for note in found.notes)
