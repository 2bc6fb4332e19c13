"""Invented tables of what makes an effect believable, as stage `diagnose` would write them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd

from evaluation.contracts.table import ESTIMAND, TOPIC
from evaluation.params import Study, results_of

SPEC = [*TOPIC, "part"]
CURVE = {
    "estimator": ("group_time_att", "imputation", "sun_abraham", "twfe"), "comparison": ("not_yet", "never"),
    "weights": ("focal", "unit"), "compared_within": ("state/grade_band", "pooled"), "events": ("excluded", "included"),
    "comparison_pool": ("all", "other_districts"),
}


def of(study: Study, overall: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Invent the tables about overall effects (rows of `estimates`)."""
    rows = overall.drop_duplicates(SPEC)
    gap = rows[rows["part"] == "gap"]
    size = rows["value"].abs()
    checks = [("time", "1 period earlier", 0.1), ("time", "2 periods earlier", -0.2),
              ("outcome", study.outcomes[0].id, 0.05),
              ("regression_to_mean_matched", "3 nearest in the gap before", 0.8),
              ("regression_to_mean_window", "in the program's periods", 0.3),
              ("regression_to_mean_window", "gaps of 2017–2018, effect in 2019", 0.2)]
    return {
        "sensitivity": pd.concat([_sensitive(rows, name, m) for name, m in itertools.product(
            ("relative_magnitude", "smoothness"), (0.0, 0.5, 1.0, 2.0))]),
        "breakdowns": pd.concat([
            rows[SPEC].assign(restriction="relative_magnitude", breakdown=0.61234, undefined=None, n_pre_periods=3,
                              n_post_periods=4),
            rows[SPEC].assign(restriction="smoothness", breakdown=None, undefined="not_clear", n_pre_periods=3,
                              n_post_periods=4)]),
        "placebos": pd.concat([_effect(rows[SPEC].assign(placebo=name, detail=detail), share * rows["value"], size / 4)
                               for name, detail, share in checks]),
        "composition": pd.concat([_effect(gap[list(TOPIC)].assign(composition=name), gap["value"] * 0 + at,
                                          gap["value"] * 0 + 0.03) for name, at in (
            ("log_students_focal", -0.02), ("log_students_reference", 0.01), ("focal_share", 0.04))]),
        "definition_switches": _effect(rows[SPEC].assign(variant=study.outcomes[-1].id, verdict=rows["verdict"]),
                                       rows["value"] * 0.9, size / 3),
        "specification_curve": _curve(gap),
        "two_way_reference": _effect(gap[list(TOPIC)], 0.7 * gap["value"], gap["value"].abs() / 3).assign(
            weight_program_never=0.81234, weight_earlier_later=0.1, weight_later_earlier=0.08766,
            weight_program_always=0.0, program_cells=104, negative_cells=3, negative_weight=-0.01234, undefined=None),
        "multilevel_checks": _effect(gap[list(TOPIC)], 0.8 * gap["value"], gap["value"].abs() / 3).assign(
            variance_district=0.54, variance_school=2.48, variance_school_gap=8.6, variance_student=2082.0,
            intraclass_district=0.00026, intraclass_school=0.0022, undefined=None),
        "student_panel_checks": _effect(gap[list(TOPIC)], 0.9 * gap["value"], gap["value"].abs() / 3).assign(
            n_students=1234, n_spanning=613, n_projected=0, n_in_two_districts=17, n_left=131, n_entered_later=352,
            undefined=None),
        "suppression_bounds": rows[SPEC].assign(low=rows["value"] - 0.4 * size, high=rows["value"] + 0.3 * size,
                                                cells_hidden=12, cells_used=345),
        "adjusted_p_values": _families(study, gap),
        "standards": gap[list(TOPIC)].assign(
            g_gap=-0.12345, g_focal=-0.15, g_reference=-0.03, improvement_index=5.96, baseline_g_focal=0.12,
            baseline_g_reference=0.04, baseline_g_focal_districts=0.3, baseline_g_reference_districts=None,
            equivalence="satisfied_with_adjustment", rating="meets_with_reservations", essa_tier="moderate",
            rating_reasons="randomized_low_attrition, has_rationale"),
    }


def relative(estimates: pd.DataFrame) -> pd.DataFrame:
    """Invent factors beside every effect on a gap after the start."""
    gap = estimates[(estimates["part"] == "gap") & estimates["estimand"].isin(["overall", "cohort", "phase"])]
    rows = gap.drop_duplicates([*TOPIC, *ESTIMAND])[[*TOPIC, *ESTIMAND, "no_interval"]]
    has = rows["no_interval"].isna()
    undefined = np.where(rows["gap_id"] == "disability", "a mean without the program is 0 or less", None)
    factor = pd.Series(np.where(rows["gap_id"] == "disability", np.nan, 0.93456), index=rows.index).astype("Float64")
    return rows.assign(ratio=factor, log_ratio=np.log(0.93456), log_se=0.07, df=7.0,
                       ratio_low=(factor - 0.14).where(has), ratio_high=(factor + 0.17).where(has), p_value=0.21,
                       undefined=undefined)


def scales(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Invent invariance, which fails for one gap and warns for another, and reliability."""
    said = {0: ("partial", "intercepts", "bel3"), 1: ("fails", "loadings", "bel2"), 2: ("holds", "equal", None)}
    invariance, reliability = [], []
    scored = [o for o in study.outcomes if o.measure == "scale_score"]
    for outcome, band in itertools.product(scored, sorted({p.grade_band for p in study.programs})):
        for (i, gap), period in itertools.product(enumerate(study.gaps), (None, *study.periods.all()[-4:])):
            word, reason, item = said[i % 3]
            about = {"outcome_id": outcome.id, "grade_band": band, "period": period, "dimension": gap.dimension}
            invariance.append({
                **about, "gap_id": gap.id, "focal": gap.focal, "reference": gap.reference,
                "compared": "groups_and_waves" if period is None else "groups", "n_focal": 400, "n_reference": 900,
                "invariance": word, "invariance_reason": reason, "worst_item": item, "freed_items": item})
            groups = () if period is None else (gap.focal, gap.reference)
            reliability += [{**about, "group_id": group, "n_students": 7 if period == study.periods.last and j == 0 else
                             400, "n_items": 5, "alpha": 0.8123456 - 0.02 * j, "omega": 0.82 - 0.02 * j}
                            for j, group in enumerate(groups)]
    fit = [f"{index}{model}" for model in ("", "_loadings", "_intercepts") for index in ("cfi", "rmsea", "srmr")]
    columns = ["outcome_id", "grade_band", "period", "dimension", "gap_id", "focal", "reference", "compared", "n_focal",
               "n_reference", "invariance", "invariance_reason", "worst_item", "freed_items", *fit, "gap",
               "gap_by_factor", "gap_by_items"]
    of_group = ["outcome_id", "grade_band", "period", "dimension", "group_id", "n_students", "n_items", "alpha",
                "alpha_low", "alpha_high", "omega"]
    reliable = pd.DataFrame(reliability, columns=of_group).drop_duplicates(of_group[:5])
    return pd.DataFrame(invariance, columns=columns), reliable


def _effect(about: pd.DataFrame, value: pd.Series, se: pd.Series, *, no_interval: Any = None) -> pd.DataFrame:
    return about.assign(value=value, se=se, df=7.0, ci_low=value - 2.3 * se, ci_high=value + 2.3 * se,
                        ci80_low=value - 1.4 * se, ci80_high=value + 1.4 * se, p_value=0.43210987,
                        no_interval=no_interval)


def _sensitive(rows: pd.DataFrame, restriction: str, m: float) -> pd.DataFrame:
    half = rows["value"].abs() * (0.6 + 0.65 * m)
    return rows[SPEC].assign(restriction=restriction, m=m, ci_low=rows["value"] - half, ci_high=rows["value"] + half)


def _curve(gap: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for i, chosen in enumerate(itertools.product(*CURVE.values())):
        choice = dict(zip(CURVE, chosen, strict=True))
        if (choice["estimator"] == "sun_abraham") != (choice["comparison"] == "never"):
            continue
        value = gap["value"] * (1 + 0.35 * np.sin(3 * i)) + (1.5 * gap["value"].abs() if i % 13 == 5 else 0)
        made = _effect(gap[list(TOPIC)].assign(**choice), value, gap["value"].abs() / 3,
                       no_interval="low_df" if i % 17 == 3 else None)
        if i % 17 == 3:
            made = made.assign(**dict.fromkeys(("se", "df", "ci_low", "ci_high", "ci80_low", "ci80_high", "p_value")))
        is_undefined, few = i % 29 == 7, i % 23 == 11
        numbers = {"n_clusters": 14, "n_program_districts": 5, "n_comparison_districts": 1 if few else 9,
                   "n_program_units": 15}
        made = made.assign(**numbers, is_headline=i == 0, undefined=None)
        if is_undefined:
            empty = ("value", "se", "df", "ci_low", "ci_high", "ci80_low", "ci80_high", "p_value", *numbers)
            made = made.assign(**dict.fromkeys(empty), undefined="there is no never-program unit to compare with.")
        rows.append(made)
    return pd.concat(rows)


def _families(study: Study, gap: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for family in study.plan.families:
        named = set(results_of(family.results, study.specifications))
        own = gap[[key in named for key in zip(gap["specification"], gap["outcome_id"], gap["gap_id"], strict=True)]]
        rows.append(own[[*TOPIC, "verdict", "p_value"]].assign(
            family=family.id, adjustment=family.adjustment, alpha_level=family.alpha,
            adjusted_p_value=0.0469134, is_rejected=True, decision="success"))
    columns = ["family", *TOPIC, "adjustment", "p_value", "adjusted_p_value", "alpha_level", "is_rejected", "verdict",
               "decision"]
    return pd.concat(rows) if rows else pd.DataFrame(columns=columns)
