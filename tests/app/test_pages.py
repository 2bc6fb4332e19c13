"""Every page on two invented studies: it runs, says what it is, and shows no more than the release."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from app import effect_text, levels, templates, views
from app.labels import Labels
from evaluation import params, released

PAGES = {"start": "Start", "gaps_narrow": "Did gaps narrow?", "how_sure": "How sure are we?",
         "gaps_over_time": "Gaps over time", "coverage": "Data and coverage"}
STUDIES = ("partnership", "connecticut")


@pytest.fixture(params=[(page, study) for page in PAGES for study in STUDIES], ids="-".join)
def shown(request, open_page):
    page, study = request.param
    return page, study, open_page(page, study=study)


def test_a_page_runs_and_carries_banner_trace_and_words_for_every_chart(shown, releases):
    page, study, app = shown
    release = released.current(study, releases)
    assert not app.exception
    assert not app.error
    assert [t.value for t in app.title] == [PAGES[page]]
    assert Labels(release.labels).banner in [w.value for w in app.warning]
    trace = " ".join(c.value for c in app.caption)
    for part in (f"Study {study}", f"release {release.release_id}", "commit ", "← stage ", "protection: primary"):
        assert part in trace
    _check_charts(study, app)


def _check_charts(study, app):
    """Headings in order; every chart has words, banner, a short title and a table."""
    levels_of = [int(h.tag[1]) for h in [*app.title, *app.header, *app.subheader]]
    assert levels_of[0] == 1
    charts = app.get("vega_lite_chart") + app.get("arrow_vega_lite_chart")
    assert charts
    first = "Synthetic data." if study == "partnership" else "Demonstration on public aggregates."
    for chart in charts:
        assert len(chart.proto.alt) > 40
        spec = chart.proto.spec
        assert first in spec
        title = re.search(r'"title": ?\{"text": ?"([^"]*)"', spec)
        assert len(title.group(1).encode().decode("unicode_escape")) <= 40
        assert "http://" not in spec
        assert spec.count("https://") == 1
    assert len(app.table) >= len(charts)


def test_the_address_holds_every_filter_as_a_code(open_page, releases):
    app = open_page("gaps_narrow", study="partnership", program="mesa", outcome="any_suspension_pct",
                    gap="hispanic_white", phase="expansion", cohort="2025")
    assert app.session_state["address"] == {
        "study": "partnership", "release": released.current("partnership", releases).release_id, "program": "mesa",
        "outcome": "any_suspension_pct", "gap": "hispanic_white", "phase": "expansion", "cohort": "2025"}
    assert [w.value for w in app.warning] == [params.study("partnership").banner]


def test_an_address_opens_the_same_page_again(open_page):
    first = open_page("gaps_over_time", study="partnership", districts="ia-9002,ia-3141", gap="disability")
    again = open_page("gaps_over_time", **first.session_state["address"])
    assert again.session_state["address"] == first.session_state["address"]
    assert [m.value for m in again.markdown] == [m.value for m in first.markdown]


def test_a_filter_changes_what_is_said_and_the_address(open_page):
    app = open_page("gaps_narrow", study="partnership")
    before = app.markdown[0].value
    app.sidebar.selectbox(key="filter_gap").set_value("hispanic_white").run()
    assert app.session_state["address"]["gap"] == "hispanic_white"
    assert app.markdown[0].value != before
    assert "Hispanic–White" in app.markdown[0].value


@pytest.mark.parametrize(("name", "code"), [("program", "zzz"), ("outcome", "reading"), ("gap", "x_y"),
                                            ("cohort", "1990"), ("study", "gone")])
def test_an_unknown_code_warns_and_is_not_kept(open_page, name, code):
    address = {"study": "partnership"} | {name: code}
    app = open_page("gaps_narrow", **address)
    assert not app.exception
    assert any(f"asks for {name} “{code}”" in w.value for w in app.warning)
    assert app.session_state["address"][name] != code


def test_more_districts_than_fit_warns(open_page):
    codes = ["ia-3141", "ia-9001", "ia-9002", "ia-9003", "ia-9004"]
    app = open_page("gaps_over_time", study="partnership", districts=",".join(codes))
    assert "The link asks for 5 districts; at most 4 are shown." in [w.value for w in app.warning]
    assert set(app.session_state["address"]["districts"].split(",")) == set(codes[:4])


def test_a_broken_release_is_told_without_paths_of_the_server(maker, monkeypatch, open_page, tmp_path):
    folder = maker.make(tmp_path, params.study("partnership"))
    monkeypatch.setenv("EVALUATION_RELEASED", str(tmp_path / "data" / "released"))
    table = folder / "public" / "public_coverage.parquet"
    table.parent.chmod(0o755)
    table.unlink()
    app = open_page("coverage", study="partnership")
    assert "public_coverage" in app.error[0].value
    assert str(tmp_path) not in app.error[0].value


def test_an_unknown_release_warns(open_page):
    app = open_page("start", study="partnership", release="ffffffffffff")
    assert any("asks for release “ffffffffffff”" in w.value for w in app.warning)


def test_an_older_release_opens_and_says_so(maker, monkeypatch, open_page, tmp_path):
    study = params.study("partnership")
    old = maker.make(tmp_path, study).name
    new = maker.make(tmp_path, study.model_copy(update={"title": "Newer"})).name
    monkeypatch.setenv("EVALUATION_RELEASED", str(tmp_path / "data" / "released"))
    app = open_page("start", study="partnership", release=old)
    assert f"This is release {old}; a newer one exists: {new}." in [i.value for i in app.info]


def test_without_a_release_the_app_says_what_to_run(open_page, monkeypatch, tmp_path):
    monkeypatch.setenv("EVALUATION_RELEASED", str(tmp_path))
    app = open_page("start")
    assert not app.exception
    assert "make evaluate" in app.info[0].value


def test_the_withheld_effect_of_a_lone_district_is_said_in_words(open_page):
    app = open_page("gaps_narrow", study="partnership", program="dile", cohort="2019")
    assert app.markdown[0].value.startswith("**[c] withheld** — At DILE schools that started in 2019, the change in")


def test_the_published_table_stands_beside_the_headline(open_page):
    app = open_page("gaps_narrow", study="connecticut")
    table = app.table[-1].value
    assert list(table["Specification"]) == ["Headline", "As in the published table"]
    assert "CR1" in table["How"].iloc[1]
    assert "own units" in table["Note"].iloc[1]


@pytest.mark.parametrize("study", STUDIES)
def test_a_chart_holds_no_more_than_its_table(releases, study):
    release = released.current(study, releases)
    labels, estimates = Labels(release.labels), release.table("public_estimates")
    code = labels.headline(next(iter(labels.programs)))
    outcome, gap = labels.specifications[code]["outcomes"][0], labels.specifications[code]["gaps"][0]
    rows, names = views.forest_rows(estimates, code, outcome, gap, labels)
    figure = views.forest(rows, names, labels, "light", "words")
    given = set(rows[views._ENDS].stack().dropna())
    assert set(figure.data[views._ENDS].stack().dropna()) <= given
    assert not ({"n_students_rounded", "se", "df", "p_value", "level"} & set(figure.data.columns))
    gaps = release.table("public_gap_levels")
    one = levels.of_scope(gaps, ("district", "ia-3141"), labels.specifications[code]["outcomes"][0], gap)
    lines = levels.group_lines(one, labels, "light", "words", None)
    assert set(lines.data["value"].dropna()) <= set(one["focal_mean"].dropna()) | set(one["reference_mean"].dropna())
    assert lines.data.loc[lines.data["value"].isna(), "symbol"].ne("").all()


@pytest.mark.parametrize("size", [0, 1])
def test_views_take_empty_and_one_row_tables(releases, size):
    release = released.current("partnership", releases)
    labels = Labels(release.labels)
    rows = views.estimand(release.table("public_estimates"), "headline_dile", "chronic_absence_pct", "black_white")
    rows = rows.head(size)
    assert len(views.forest(rows, ["Overall"] * size, labels, "dark", "words").data) == size
    assert len(views.event_study(rows.assign(event_time=0), ("focal",), labels, "dark").table) == size
    cover = release.table("public_coverage").head(size)
    assert len(levels.coverage_matrix(cover, labels, "dark", "words").data) == size
    assert len(levels.reasons(cover, labels)) == size


def test_templates_are_built_once_and_hold_no_data():
    assert templates.forest("light", ("Gap",)) is templates.forest("light", ("Gap",))
    assert "data" not in templates.forest("light", ("Gap",))


def test_years_without_an_effect_keep_their_place_and_groups_their_colour(releases):
    release = released.current("partnership", releases)
    labels = Labels(release.labels)
    estimates = release.table("public_estimates")
    rows = views.by_year(estimates, "headline_dile", "chronic_absence_pct", "black_white", labels)
    gap = views.event_study(rows[rows["event_time"] != 2], ("gap",), labels, "light")
    mark = gap.spec["layer"][-2]["encoding"]
    assert mark["x"]["scale"]["domain"] == list(range(-4, 5))
    forest = templates.forest("light", ("Black", "White", "Gap"))["layer"][-2]["encoding"]
    for channel in ("color", "shape"):
        assert mark[channel]["scale"]["range"] == forest[channel]["scale"]["range"][2:]


def test_one_series_has_its_band_shaded_and_several_have_bars_alone(releases):
    release = released.current("partnership", releases)
    labels, estimates = Labels(release.labels), release.table("public_estimates")
    rows = views.by_year(estimates, "headline_dile", "chronic_absence_pct", "black_white", labels)
    gap = views.event_study(rows, ("gap",), labels, "light")
    groups = views.event_study(rows, ("focal", "reference"), labels, "light")
    assert [layer["encoding"]["y"]["field"] for layer in gap.spec["layer"] if layer["mark"]["type"] == "rect"] == [
        "band_low"]
    assert not any(layer["mark"]["type"] == "rect" for layer in groups.spec["layer"])
    assert not {"band_low", "band_high"} & set(groups.data)
    for figure in (gap, groups):
        banded = figure.table["Years since start"].isin(["0", "+1", "+2", "+3"])
        assert (figure.table["95 % band"].ne("–") == banded).all()
    assert gap.table.set_index("Years since start").loc["+1", ["95 % interval", "95 % band"]].tolist() == [
        "−3.8 to −0.5", "−4.2 to 0.0"]
    said = "Shaded: the 95 % band, which holds years 0, +1, +2, +3 all at once. Each bar holds one year by itself."
    assert said == effect_text.band(rows)
    assert said in gap.alt
    assert "Shaded" not in groups.alt
    cohort = views.by_year(estimates, "headline_dile", "chronic_absence_pct", "black_white", labels, cohort=2022)
    alone = views.event_study(cohort, ("gap",), labels, "light")
    assert "95 % band" not in alone.table
    assert "Shaded" not in alone.alt + effect_text.band(cohort)


def test_the_page_says_what_bar_and_shade_are(open_page):
    said = [m.value for m in open_page("gaps_narrow", study="partnership", program="dile").markdown]
    assert any(s.startswith("Shaded: the 95 % band, which holds years 0, +1, +2, +3") for s in said)
    said = [m.value for m in open_page("gaps_narrow", study="partnership", program="dile", cohort="2022").markdown]
    assert not any("Shaded" in s for s in said)


def test_with_a_cohort_chosen_what_holds_for_all_says_so_and_words_are_those_of_the_chart(open_page):
    app = open_page("gaps_narrow", study="partnership", program="dile", cohort="2022")
    assert any(m.value.startswith("For all cohorts together: Before the start") for m in app.markdown)
    words = [chart.proto.alt for chart in app.get("vega_lite_chart") + app.get("arrow_vega_lite_chart")]
    assert len(set(words)) == len(words) == 3
    assert "start 2022" in words[0]


def test_a_chart_without_any_value_is_a_sentence(open_page):
    app = open_page("gaps_narrow", study="partnership", program="dile", cohort="2019")
    assert "Every value of this chart is hidden; the table says why." in [i.value for i in app.info]


def test_a_specification_is_one_row_though_a_part_has_no_inference(releases):
    release = released.current("partnership", releases)
    estimates = release.table("public_estimates")
    is_bare = (estimates["specification"] == "headline_dile") & (estimates["part"] == "reference")
    estimates.loc[is_bare, "inference"] = "none"
    table = views.specifications(estimates, "dile", "chronic_absence_pct", "black_white", Labels(release.labels))
    assert list(table["Specification"]).count("Headline") == 1
    assert table["How"].iloc[0] == "Group-time effects, CR2, confirmatory"
    assert table.iloc[0][["Gap", "Black", "White"]].tolist() == ["−2.1", "−2.6", "−0.5"]


def test_groups_keep_their_order(releases):
    release = released.current("partnership", releases)
    rows = release.table("public_estimates").sample(frac=1, random_state=1)
    found = views.estimand(rows, "headline_dile", "chronic_absence_pct", "black_white")
    assert list(found["part"]) == ["focal", "reference", "gap"]


def test_rows_received_are_sums_of_what_is_shown_and_hidden_years_are_named(releases):
    release = released.current("partnership", releases)
    table = levels.intake(release.table("public_intake"), Labels(release.labels))
    assert set(table["Rows in"]) == {"2,480"}
    assert set(table["= accepted"]) == {"2,460"}
    assert set(table["+ set aside"]) == {"under 10 in each of 2 years"}
    assert set(table["+ refused"]) == {"0"}


def test_rows_received_of_which_one_year_is_hidden():
    rows = pd.DataFrame({"rows_quarantined": [20, None], "rows_refused": [0, None]}, dtype="Int64")
    assert [levels.received(rows[c]) for c in rows] == ["20 + under 10", "under 10"]
