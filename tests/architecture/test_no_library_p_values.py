"""No default standard error, interval or p-value of a library reaches a screen, a file or a log."""

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.design import topics
from evaluation.estimate.one import estimate

ROOT = Path(__file__).parents[2]
FILES = [p for folder in ("evaluation", "app") for p in sorted((ROOT / folder).rglob("*.py"))]
TAKEN_FROM_RESULTS = {
    "pvalue", "pvalues", "p_values", "f_pvalue", "pval", "tstat", "tstats", "tvalues", "fvalue", "f_statistic",
    "f_test", "t_test", "t_test_pairwise", "wald_test", "wald_test_terms", "bse", "std_errors", "std_err", "conf_int",
    "conf_int_el", "cov_params", "summary", "summary2", "summary_frame", "get_robustcov_results", "mse_resid"}
STARTS = {f"ia-{i}": 2003 + (i > 13) for i in range(10, 18)}


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_module_reads_a_library_s_uncertainty(file: Path) -> None:
    tree = ast.parse(file.read_text())
    named = [(node.lineno, node.attr) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    named += [(node.lineno, str(node.args[1].value)) for node in ast.walk(tree)
              if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr"
              and isinstance(node.args[1], ast.Constant)]
    assert [f"line {line}: .{name}" for line, name in named if name in TAKEN_FROM_RESULTS] == []


def drawn() -> dict:
    rng = np.random.default_rng(4)
    return {(f"ia-{u}", p, g): (float(rng.uniform(5, 30)), 20)
            for u in range(10, 26) for p in range(2001, 2007) for g in ("black", "white")}


def rows_of(cells_of, study_of, **changes) -> pd.DataFrame:
    study = study_of(STARTS)
    specification = study.specifications[0].model_copy(update=changes)
    study = study.model_copy(update={"specifications": (specification,)})
    return pd.DataFrame(estimate(cells_of(drawn()), study, topics(study)[0]).estimates)


@pytest.mark.parametrize("estimator", ["group_time_att", "twfe"])
def test_every_p_value_and_interval_of_the_table_is_t_with_satterthwaite_df(cells_of, study_of, estimator) -> None:
    rows = rows_of(cells_of, study_of, estimator=estimator)
    rows = rows[rows["p_value"].notna()]
    value, se, df = (rows[name].to_numpy(dtype=float) for name in ("value", "se", "df"))
    assert set(rows["inference"]) == {"cr2"}
    assert (df < rows["n_clusters"].to_numpy(dtype=float) - 1 + 1e-9).all()
    np.testing.assert_allclose(rows["p_value"].astype(float), 2 * stats.t.sf(np.abs(value) / se, df), rtol=1e-12)
    for low, high, level in (("ci_low", "ci_high", 0.975), ("ci80_low", "ci80_high", 0.9)):
        half = stats.t.ppf(level, df) * se
        np.testing.assert_allclose(rows[low].astype(float), value - half, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(rows[high].astype(float), value + half, rtol=1e-10, atol=1e-12)


def test_cr1_reaches_the_table_without_interval_p_value_and_verdict(cells_of, study_of) -> None:
    rows = rows_of(cells_of, study_of, estimator="twfe", inference="cr1")
    assert rows["se"].notna().all()
    assert rows[["p_value", "ci_low", "ci_high", "ci80_low", "ci80_high"]].isna().all(axis=None)
    assert set(rows["no_interval"]) == {"reproduction"}
    assert set(rows["verdict"]) == {"cannot_tell"}


def test_the_two_way_estimate_needs_no_covariance_of_linearmodels(cells_of, study_of, monkeypatch) -> None:
    from linearmodels.panel.results import PanelEffectsResults

    expected = rows_of(cells_of, study_of, estimator="twfe")

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a library's uncertainty was read")

    for name in ("pvalues", "std_errors", "tstats", "cov", "summary", "f_statistic"):
        monkeypatch.setattr(PanelEffectsResults, name, property(refused))
    monkeypatch.setattr(PanelEffectsResults, "conf_int", refused)
    pd.testing.assert_frame_equal(rows_of(cells_of, study_of, estimator="twfe"), expected)
