"""Student rows through path cells and moments: the regression of the rows with a dummy per student."""


import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS

from evaluation.contracts import conform
from evaluation.design import build_students, topics
from evaluation.errors import EstimationError
from evaluation.estimate.one import estimate
from evaluation.estimate.planned import with_standing
from evaluation.params.references import broken_references
from evaluation.stats.estimators.student_panel import student_panel
from evaluation.stats.inference.cr2 import cr1, cr2
from evaluation.stats.inference.cv3 import cv3
from evaluation.stats.inference.wild import wild_bootstrap
from evaluation.stats.records import Design
from evaluation.stats.regression import fit
from tests.panel.student_tables import (
    BANDS,
    STARTS,
    YEARS,
    band_of,
    draw_student_years,
    make,
    outcome_of,
    small_study,
)
from tests.stats.estimators.student_rows import Rows, dense_regression, seen_twice

PARTS = {"gap": (0, 1), "focal": (0,), "reference": (1,)}
PRODUCTS = ["covariate_squared", "covariate_outcome", "outcome_covariate"]
COVARIATES = {"days_enrolled": "days", "schools_attended": "schools"}
ADJUSTED = [{"student_covariate": covariate, "student_weight": weight} for covariate in ("none", *COVARIATES)
            for weight in ("none", "first_days_enrolled")][1:]


def homes_by_hand(years: pd.DataFrame) -> dict[str, str]:
    """The home of every student that has one, student by student, by the words of docs/pipeline/panel.md."""
    start = {s: STARTS.get("-".join(s.split("-")[:2]), 9999) for s in years["school_id"].unique() if _is_middle(s)}
    anchors = sorted({s - 1 for s in STARTS.values()})
    bound, found = {}, {}
    by_year = years.sort_values("school_id").drop_duplicates(["student_key", "school_year"])
    at = by_year.set_index(["student_key", "school_year"])[["school_id", "grade"]]
    for (key, year), row in at.iterrows():
        if row["grade"] == 5 and not _is_middle(row["school_id"]) and (key, year + 1) in at.index:
            to = at.loc[key, year + 1]["school_id"]
            if _is_middle(to):
                bound.setdefault(row["school_id"], []).append((year + 1, to))
    for key, mine in by_year.groupby("student_key"):
        chosen = []
        for row in mine.itertuples():
            school = row.school_id
            if row.grade == 5 and not _is_middle(school):
                moved = [to for year, to in bound.get(school, []) if year <= row.school_year]
                school = min(set(moved), key=lambda s: (-moved.count(s), s)) if moved else school
            if row.school_year in anchors and _is_middle(school) and row.school_year < start[school]:
                chosen.append((row.school_year != start[school] - 1, row.school_year, school))
        if chosen:
            found[str(key)] = min(chosen)[2]
    return found


def _is_middle(school: str) -> bool:
    return band_of(school) == "middle"


def frozen_groups(years: pd.DataFrame) -> dict[str, str]:
    known = years[years["group"].isin(["black", "white"])].sort_values("school_year")
    return known.drop_duplicates("student_key").set_index("student_key")["group"].to_dict()


def rows_of(years: pd.DataFrame, outcome_id: str, design: Design, *, without: tuple[int, ...] = (),
            student_covariate: str = "none", student_weight: str = "none") -> Rows:
    """Student-years that count, of students with a home among the design's."""
    home, group = homes_by_hand(years), frozen_groups(years)
    y = outcome_of(years, outcome_id)
    kept = years[y.notna() & (years["grade"] <= BANDS["middle"][1]) & ~years["school_year"].isin(without)
                 & years["student_key"].isin(group) & years["student_key"].map(home).isin(design.unit_ids)]
    unit = {u: i for i, u in enumerate(design.unit_ids)}
    return Rows(pd.factorize(kept["student_key"])[0], kept["student_key"].map(home).map(unit).to_numpy(),
                (kept["student_key"].map(group) == "white").astype(int).to_numpy(), kept["school_year"].to_numpy(),
                kept["grade"].to_numpy(), y[kept.index].to_numpy()[:, None],
                None if student_weight == "none" else 2.0 * kept["student_key"].map(first_days(years)).to_numpy(),
                None if student_covariate == "none" else kept[[COVARIATES[student_covariate]]].to_numpy(dtype=float))


def first_days(years: pd.DataFrame) -> dict[str, float]:
    return years.sort_values("school_year").drop_duplicates("student_key").set_index("student_key")["days"].to_dict()


def cells_of_schools(cells_of, years):
    """Cells that make every middle school a unit of the study; their means are not read."""
    middle = sorted(s for s in years["school_id"].unique() if _is_middle(s))
    values = {(s, p, g): (1.0, 20) for s in middle for p in YEARS for g in ("black", "white")}
    return pd.concat([cells_of(values, unit="school", grade_band="middle", outcome_id=o)
                      for o in ("oss_per_100", "oss_in_october", "absent_pct")], ignore_index=True)


@pytest.fixture(scope="module")
def years():
    drawn = draw_student_years(3)
    assert drawn.groupby("student_key")["district_id"].nunique().max() > 1
    return drawn


@pytest.fixture(scope="module")
def made():
    """The tables of every study made so far, by its breaks and whether there are sums with covariates."""
    return {}


@pytest.fixture
def built(study_of, cells_of, years, made):
    """Design and moments of one outcome, from the rows of the canonical tables."""

    def build(outcome_id="oss_per_100", *, breaks=(), **beside):
        study = small_study(study_of, breaks=breaks, **beside)
        topic = next(t for t in topics(study) if t.outcome.id == outcome_id)
        key = breaks, bool(beside)
        made[key] = made.get(key) or make(study, years)
        return build_students(made[key].sums, cells_of_schools(cells_of, years), study, topic)

    return build


def assert_is(found, dense):
    robust = cr2(found.regression, found.contrasts)
    scale = np.abs(dense.coefficient).max()
    assert np.abs(found.value - dense.coefficient).max() < 1e-9 * scale
    assert np.abs(cr1(found.regression, found.contrasts).se - dense.cr1).max() < 1e-9 * scale
    assert np.abs(robust.se - dense.cr2).max() < 1e-9 * scale
    assert np.abs(robust.df / dense.df - 1).max() < 1e-9


@pytest.mark.parametrize("outcome_id", ["oss_per_100", "oss_in_october", "absent_pct"])
@pytest.mark.parametrize("effect", ["overall", "event_time"])
def test_coefficients_cr1_cr2_and_df_are_those_of_student_rows_with_dummies(built, years, outcome_id, effect):
    design, moments = built(outcome_id)
    rows = rows_of(years, outcome_id, design)
    for part, groups in PARTS.items():
        found = student_panel(design, moments=moments, part=part, effect=effect)
        labels, dense = dense_regression(rows, design, effect, by_grade=True, groups=groups)
        assert [e.event_time if effect == "event_time" else e.kind for e in found.estimands] == labels
        assert_is(found, dense)


@pytest.mark.parametrize("beside", ADJUSTED, ids=lambda beside: "-".join(beside.values()))
def test_so_are_those_with_a_covariate_and_weights(built, years, beside):
    design, moments = built(**beside)
    rows = rows_of(years, "oss_per_100", design, **beside)
    for part, groups in PARTS.items():
        found = student_panel(design, moments=moments, part=part, effect="event_time")
        assert_is(found, dense_regression(rows, design, "event_time", by_grade=True, groups=groups)[1])


@pytest.mark.parametrize("weight", ["none", "first_days_enrolled"])
@pytest.mark.parametrize("covariate", COVARIATES)
def test_a_covariate_that_varies_within_no_student_changes_nothing(study_of, cells_of, years, covariate, weight):
    same = years.assign(schools=1, days=171)
    made, found = make(small_study(study_of, student_weight=weight), same), []
    for name in ("none", covariate):
        study = small_study(study_of, student_covariate=name, student_weight=weight)
        design, moments = build_students(made.sums, cells_of_schools(cells_of, same), study, topics(study)[0])
        found.append(student_panel(design, moments=moments, part="gap", effect="event_time"))
    (plain, adjusted) = found
    assert adjusted.regression.x.shape == plain.regression.x.shape
    assert adjusted.value == pytest.approx(plain.value, rel=1e-9)
    for statistic in (cr1, cr2):
        assert statistic(adjusted.regression, adjusted.contrasts).se == pytest.approx(
            statistic(plain.regression, plain.contrasts).se, rel=1e-9)


def dense_of(rows, design):
    """The overall effect on one group, its rows with a dummy per student and per period × grade, as a regression."""
    rows = seen_twice(rows)
    into = (rows.period >= design.cohort[rows.home]).astype(float)
    level = np.unique(np.column_stack([rows.period, rows.grade]), axis=0, return_inverse=True)[1].ravel()
    students = (rows.student[:, None] == np.unique(rows.student)).astype(float)
    dummies = np.eye(level.max() + 1)[level]
    both = np.hstack([students, rows.z - rows.z.mean(axis=0), dummies])
    rank = np.linalg.matrix_rank(both)
    x = [into[:, None], both[:, :-dummies.shape[1]]]
    for column in dummies.T:
        if np.linalg.matrix_rank(np.hstack([*x[1:], column[:, None]])) == sum(b.shape[1] for b in x[1:]) + 1:
            x.append(column[:, None])
        if sum(b.shape[1] for b in x[1:]) == rank:
            break
    root = np.sqrt(rows.weight)[:, None]
    return fit(root * np.hstack(x), root * rows.y, np.ones(len(rows.y)), design.cluster[rows.home])


@pytest.mark.parametrize("beside", [{}, ADJUSTED[-1]], ids=["plain", "adjusted"])
def test_cv3_and_wild_bootstrap_are_those_of_student_rows_with_dummies(built, years, beside):
    design, moments = built(**beside)
    rows = rows_of(years, "oss_per_100", design, **beside)
    found = student_panel(design, moments=moments, part="focal", effect="overall")
    dense = dense_of(rows.only(rows.group == 0), design)
    contrast = np.eye(1, dense.x.shape[1])
    assert dense.coefficient[0, 0] == pytest.approx(found.value[0, 0], rel=1e-9)
    cluster, left_out = design.cluster[rows.home], []
    for code in np.unique(cluster):
        left_out.append(dense_of(rows.only((rows.group == 0) & (cluster != code)), design).coefficient[0, 0])
    g = len(left_out)
    by_hand = np.sqrt((g - 1) / g * ((np.array(left_out) - dense.coefficient[0, 0]) ** 2).sum())
    assert cv3(found).se[0, 0] == pytest.approx(by_hand, rel=1e-9)
    wild = [wild_bootstrap(r, c) for r, c in ((found.regression, found.contrasts), (dense, contrast))]
    assert wild[0].p_value == pytest.approx(wild[1].p_value, abs=1e-9)
    assert wild[0].ci_low == pytest.approx(wild[1].ci_low, rel=1e-9)
    assert wild[0].ci_high == pytest.approx(wild[1].ci_high, rel=1e-9)


@pytest.mark.filterwarnings("ignore::linearmodels.panel.utility.AbsorbingEffectWarning")
@pytest.mark.parametrize(("outcome_id", "beside"), [("absent_pct", {}), ("oss_per_100", ADJUSTED[-1])])
def test_coefficients_are_those_of_linearmodels_on_the_rows(built, years, outcome_id, beside):
    design, moments = built(outcome_id, **beside)
    rows = seen_twice(rows_of(years, outcome_id, design, **beside))
    for part, group in (("focal", 0), ("reference", 1)):
        mine = rows.only(rows.group == group)
        index = pd.MultiIndex.from_arrays([mine.student, mine.period])
        program = pd.DataFrame({"program": (mine.period >= design.cohort[mine.home]).astype(float)}, index=index)
        levels = pd.get_dummies(pd.Series(mine.period * 100 + mine.grade, index=index), dtype=float)
        y = pd.Series(mine.y[:, 0], index=index)
        for i, covariate in enumerate(mine.z.T):
            program[f"z{i}"] = covariate
        weights = pd.Series(mine.weight, index=index)
        fitted = PanelOLS(y, program.join(levels), weights=weights, entity_effects=True, drop_absorbed=True,
                          check_rank=False).fit()
        found = student_panel(design, moments=moments, part=part, effect="overall")
        assert found.value[0, 0] == pytest.approx(fitted.params["program"], abs=1e-9)


def test_moments_without_breaks_are_those_of_rows_without_them(built, years):
    design, moments = built(breaks=(2003,))
    assert 2003 not in moments.period
    assert 2003 not in design.periods
    found = student_panel(design, moments=moments, part="gap", effect="overall")
    rows = rows_of(years, "oss_per_100", design, without=(2003,))
    _, dense = dense_regression(rows, design, "overall", by_grade=True, groups=(0, 1))
    assert found.value[0, 0] == pytest.approx(dense.coefficient[0, 0], rel=1e-9)


def test_students_before_and_after_are_counted(built, study_of, years):
    design, moments = built()
    rows = rows_of(years, "oss_per_100", design)
    frame = pd.DataFrame({"student": rows.student, "home": rows.home, "group": rows.group,
                          "after": rows.period >= design.cohort[rows.home]})
    spans = frame.groupby(["home", "group", "student"])["after"].nunique() > 1
    expected = spans.groupby(["home", "group"]).sum()
    place = {u: i for i, u in enumerate(moments.unit_ids)}
    for (home, group), n in expected.items():
        assert moments.n_spanning[place[design.unit_ids[home]], group] == n
    mine = make(small_study(study_of), years).homes()
    assert mine["n_students"].sum() >= frame["student"].nunique()
    assert mine["n_projected"].sum() > 0
    assert mine["n_in_two_districts"].sum() > 0
    assert mine["n_entered_later"].sum() > 0


def few(*rows):
    """Student-years worked by hand: student, year, school (of ia-10 unless named), grade."""
    return pd.DataFrame([("-".join(s.split("-")[:2]), k, y, s, g, "black", 1, 170) for k, y, s, g in rows],
                        columns=["district_id", "student_key", "school_year", "school_id", "grade", "group", "events",
                                 "days"]).assign(schools=1, is_late=False)


BY_HAND = few(
    ("own", 2003, "ia-10-11", 6), ("own", 2004, "ia-10-11", 7), ("own", 2005, "ia-20-11", 8),
    ("late", 2004, "ia-10-11", 6), ("late", 2005, "ia-10-11", 7),
    ("comparison", 2003, "ia-20-11", 6), ("comparison", 2004, "ia-10-11", 7),
    ("left", 2002, "ia-10-11", 8), ("left", 2003, "ia-10-21", 9),
    ("before", 2002, "ia-10-01", 5), ("before", 2003, "ia-10-12", 6),
    ("bound", 2003, "ia-10-01", 5), ("bound", 2004, "ia-20-11", 6),
    ("own_first", 2003, "ia-20-11", 6), ("own_first", 2004, "ia-12-11", 7), ("own_first", 2005, "ia-12-11", 8))


def test_homes_worked_by_hand(study_of):
    """ia-10 starts in 2004 and ia-12 in 2005, so the anchors are 2003 and 2004; ia-20 never starts."""
    made = make(small_study(study_of), BY_HAND)
    homes = made.homes().set_index("unit_id")
    counted = {u: tuple(int(homes.loc[u, c]) for c in ("n_students", "n_spanning", "n_projected", "n_in_two_districts",
                                                       "n_entered_later")) for u in homes.index}
    assert counted == {
        "ia-10-11": (1, 1, 0, 1, 1),   # own, who spans and moved; late entered
        "ia-10-12": (2, 1, 1, 1, 0),   # before, and bound: the school its elementary school's one student went to
        "ia-20-11": (1, 0, 0, 1, 0),   # comparison, though she moves into the program
        "ia-12-11": (1, 1, 0, 1, 0)}   # its own anchor goes before the first anchor elsewhere


def test_moments_worked_by_hand(study_of):
    """own: 100 in grades 6, 7, 8 of 2003–2005; her sums are those of three years, pair by pair."""
    moments = make(small_study(study_of), BY_HAND).moments()
    mine = moments[moments["unit_id"] == "ia-10-11"]
    pairs = [(2003, 6), (2004, 7), (2005, 8)]
    assert set(mine["n_years"]) == {3}
    assert {((r.period, r.grade), (r.other_period, r.other_grade)): (r.n_students, r.total, r.other_total)
            for r in mine.itertuples()} == {(a, b): (1, 1, 1) for i, a in enumerate(pairs) for b in pairs[i:]}
    assert (mine["weight_total"] == 1).all()
    assert (mine[PRODUCTS] == 0).all(axis=None)


def test_products_worked_by_hand(study_of):
    """own: 10, 30 and 20 days enrolled, 1, 0 and 2 suspensions; weight 20, the half-days of her first year."""
    years = BY_HAND.copy()
    mine = years["student_key"] == "own"
    years.loc[mine, "days"], years.loc[mine, "events"] = [10, 30, 20], [1, 0, 2]
    study = small_study(study_of, student_covariate="days_enrolled")
    moments = make(study, years).moments("oss_per_100", "days_enrolled", "first_days_enrolled")
    found = moments[moments["unit_id"] == "ia-10-11"].set_index(["period", "other_period"]).astype(object)
    days, events = {2003: 20, 2004: 60, 2005: 40}, {2003: 1, 2004: 0, 2005: 2}
    assert len(found) == 6
    for (a, b), row in found.iterrows():
        assert (row["n_students"], row["weight_total"]) == (1, 20)
        assert (row["total"], row["other_total"]) == (20 * events[a], 20 * events[b])
        assert (row["covariate_total"], row["other_covariate_total"]) == (20 * days[a], 20 * days[b])
        assert list(row[PRODUCTS]) == [20 * days[a] * days[b], 20 * days[a] * events[b], 20 * events[a] * days[b]]


def test_students_of_one_path_are_one_row_a_year(study_of):
    years = few(("a", 2001, "ia-10-11", 6), ("a", 2002, "ia-10-11", 7), ("b", 2001, "ia-10-11", 6),
                ("b", 2002, "ia-10-11", 7), ("c", 2001, "ia-10-11", 6), ("c", 2003, "ia-10-11", 7))
    years.loc[3, "events"] = 4
    made = make(small_study(study_of), years)
    assert [(r.path_id, r.period, r.n_students) for r in made.paths.itertuples()] == [
        (1, 2001, 1), (1, 2003, 1), (2, 2001, 2), (2, 2002, 2)]
    mine = made.cells()
    found = [(r.path_id, r.missed, r.period, r.n_students, r.total) for r in mine.itertuples()]
    assert found == [(1, 0, 2001, 1, 1), (1, 0, 2003, 1, 1), (2, 0, 2001, 2, 2), (2, 0, 2002, 2, 5)]


def test_students_of_a_path_who_miss_the_outcome_in_other_years_are_apart(study_of):
    """2002 and 2003 are the study's years 1 and 2: a misses the one (2), b none, c both (2 + 4)."""
    years = few(*[(s, y, "ia-10-11", 6 + y - 2001) for s in "abc" for y in (2001, 2002, 2003)])
    years.loc[[1, 7, 8], "days"] = 44
    mine = make(small_study(study_of), years).cells("absent_pct")
    assert [(r.path_id, r.missed, r.period, r.n_students) for r in mine.itertuples()] == [
        (1, 0, 2001, 1), (1, 0, 2002, 1), (1, 0, 2003, 1), (1, 2, 2001, 1), (1, 2, 2003, 1), (1, 6, 2001, 1)]


def test_a_group_is_frozen_at_baseline_or_part_of_the_path(study_of):
    years = few(*[("a", y, "ia-10-11", 6 + y - 2001) for y in (2001, 2002, 2003)])
    years["group"] = ["unknown", "white", "black"]
    frozen, moving = (make(small_study(study_of, over_time=kind), years).paths for kind in ("baseline", "path"))
    assert list(frozen["group_id"]) == ["white"] * 3
    assert list(moving["group_id"].fillna("-")) == ["-", "white", "black"]
    homes = make(small_study(study_of, over_time="path"), years).sums.homes
    assert set(homes["group_id"]) == {"black"}, "the group at home"


def test_path_cells_hold_every_student_year(study_of, years):
    made = make(small_study(study_of), years)
    mine = made.cells()
    counted = years[years["student_key"].isin(frozen_groups(years))]
    assert mine["n_students"].sum() == len(counted)
    assert mine["total"].sum() == counted["events"].sum()
    by_school = counted.groupby(["school_id", "school_year"]).size()
    assert (made.paths.groupby(["school_id", "period"])["n_students"].sum() == by_school.to_numpy()).all()


def test_neither_threads_nor_row_order_change_anything(study_of, years):
    base, other = (make(small_study(study_of), years, threads=t, seed=s) for t, s in ((1, 1), (4, 2)))
    pd.testing.assert_frame_equal(base.paths, other.paths)
    pd.testing.assert_frame_equal(base.path_cells, other.path_cells)
    pd.testing.assert_frame_equal(base.sums.moments, other.sums.moments)
    pd.testing.assert_frame_equal(base.sums.homes, other.sums.homes)


def test_years_in_more_than_one_pattern_change_nothing(study_of, years, monkeypatch):
    base = make(small_study(study_of), years).sums
    monkeypatch.setattr("evaluation.panel.moments._YEARS_OF_A_PATTERN", 3)
    other = make(small_study(study_of), years).sums
    pd.testing.assert_frame_equal(base.moments, other.moments)
    pd.testing.assert_frame_equal(base.homes, other.homes)


def test_one_key_in_two_districts_counts_where_she_was_longer(study_of):
    years = few(("a", 2003, "ia-10-11", 6), ("a", 2003, "ia-20-11", 6), ("a", 2004, "ia-20-11", 7))
    years["days"] = [100, 60, 170]
    paths = make(small_study(study_of), years).paths
    assert list(paths["school_id"]) == ["ia-10-11", "ia-20-11"]


def test_rows_of_the_specification_fit_the_contract_and_add_up(study_of, cells_of, years):
    study = small_study(study_of, starts=dict.fromkeys(STARTS, 2004))
    sums, cells = make(study, years).sums, cells_of_schools(cells_of, years)
    made = estimate(cells[cells["outcome_id"] == "oss_per_100"], study, topics(study)[0], sums=sums)
    frame = conform(with_standing(pd.DataFrame(made.estimates), study, ()), "estimates")
    overall = frame[frame["estimand"] == "overall"].set_index("part")
    assert overall.loc["gap", "value"] == pytest.approx(
        overall.loc["focal", "value"] - overall.loc["reference", "value"], abs=1e-9)
    assert set(overall["inference"]) == {"cr2"}
    assert (overall["n_program_districts"] == 5).all()
    assert {"att_gt", "overall", "event_time", "cohort"} <= set(frame["estimand"])
    assert (overall["se"] > 0).all()


def test_without_moments_there_is_no_estimate_and_the_reason_is_told(study_of, cells_of, years):
    study = small_study(study_of)
    cells = cells_of_schools(cells_of, years)
    with pytest.raises(EstimationError, match="no student moments of oss_per_100 by race_ethnicity"):
        estimate(cells[cells["outcome_id"] == "oss_per_100"], study, topics(study)[0])


@pytest.mark.parametrize(("outcome_id", "estimator", "said"), [
    ("oss_per_100", "student_panel", []),
    ("absent_pct", "student_panel", ["outcome `absent_pct` has no sums with `days_enrolled`."]),
    ("oss_per_100", "group_time_att", ["`group_time_att` knows neither student covariates nor weights."])])
def test_only_what_an_outcome_lists_can_be_adjusted_for(study_of, outcome_id, estimator, said):
    study = small_study(study_of, student_covariate="days_enrolled")
    spec = study.specifications[0].model_copy(update={"outcomes": (outcome_id,), "estimator": estimator})
    broken = study.model_copy(update={"specifications": (spec,)})
    assert [what for _, what, _ in broken_references(broken, "small")] == said


def test_other_periods_than_breaks_cannot_be_left_out(study_of):
    study = small_study(study_of, breaks=(2003,))
    law = study.events[0].model_copy(update={"id": "law", "kind": "law"})
    spec = study.specifications[0].model_copy(update={"exclude_events": ("law",)})
    broken = study.model_copy(update={"events": (*study.events, law), "specifications": (spec,)})
    said = [what for key, what, _ in broken_references(broken, "small") if "exclude_events" in key]
    assert said == ["student moments are made with all periods or without the breaks."]
