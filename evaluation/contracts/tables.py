"""Every table that crosses a stage: key, columns, where it may lie, who may see it."""

from __future__ import annotations

from collections.abc import Mapping

from evaluation.contracts.diagnostics import DIAGNOSTICS
from evaluation.contracts.table import BAND, CI, ESTIMAND, GAP, SPEC, TOPIC, Table

_STUDENT = ("race_ethnicity", "sex", "english_learner", "disability", "economic")
_CELL = ("unit", "unit_id", "district_id", "grade_band", "period_kind", "period", "dimension", "group_id", "outcome_id")
_ITEMS = ("outcome_id", "state", "grade_band", "period_kind", "period", "dimension", "group_id")
_ADJUSTED = ("student_covariate", "student_weight")
_PATH_CELL = ("dimension", "outcome_id", "path_id", "missed", "period")
_ADJUSTED_CELL = ("dimension", "outcome_id", *_ADJUSTED, "path_id", "missed", "period")
_PRODUCTS = ("covariate_squared", "covariate_outcome", "outcome_covariate")
_HOME = ("program", "sample_periods", "dimension", "outcome_id", *_ADJUSTED, "unit_id", "group_id")
_PAIR = ("period", "grade", "other_period", "other_grade")
_SCALE = ("outcome_id", "grade_band", "period")
_FIT = tuple(f"{index}{model}" for model in ("", "_loadings", "_intercepts") for index in ("cfi", "rmsea", "srmr"))
_SCOPE = ("scope", "scope_id", "program", "period", "outcome_id")
_PLAN = ("change", "lock", "key", "planned", "run", "locked_on", "locked_commit", "is_dirty", "had_results",
         "plan_sha256", "amended_because")
_LEFT_OUT = ("districts_left_out", "same_sign", "same_verdict", "cohorts_left_out", "cohorts_same_sign",
             "cohorts_same_verdict")
_OPTIONAL = frozenset({"period", "district_id"})

_TABLES: tuple[Table, ...] = (
    Table("school_session", "Calendar of a school by part: term or single day", "restricted", "ingest",
          ("school_id", "begin_date"),
          ("school_id", "district_id", "school_year", "begin_date", "end_date", "session_days")),
    Table("school_year", "Schools by year", "restricted", "ingest", ("school_id", "school_year"),
          ("school_id", "district_id", "school_year", "grade_low", "grade_high", "grade_band", "calendar_days",
           "merged_into", "feeder_from")),
    Table("enrollment", "Enrolment spells", "restricted", "ingest",
          ("student_key", "school_id", "school_year", "entry_date"),
          ("student_key", "school_id", "district_id", "school_year", "entry_date", "exit_date", "grade")),
    Table("student_year", "Student attributes by year", "restricted", "ingest",
          ("district_id", "student_key", "school_year"), ("student_key", "district_id", "school_year", *_STUDENT)),
    Table("attendance", "Attendance by student, school and month", "restricted", "ingest",
          ("student_key", "school_id", "month"),
          ("student_key", "school_id", "district_id", "school_year", "month", "source_grain", "half_days_enrolled",
           "half_days_absent", "half_days_absent_oss")),
    Table("attendance_day", "Attendance by student, school and enrolled school day, of districts that send it so: a "
          "folder with a file per district", "restricted", "ingest", ("student_key", "school_id", "date"),
          ("student_key", "school_id", "district_id", "school_year", "date", "half_days_absent",
           "half_days_absent_oss"), by_district=True),
    Table("attendance_part", "Absences by day, or time by kind, as sent; `ingest` makes attendance of them and writes "
          "only that", "restricted", "ingest", ("student_key", "school_id", "date", "kind"),
          ("student_key", "school_id", "district_id", "school_year", "date", "source_grain", "kind", "day_parts")),
    Table("discipline_action", "Discipline actions", "restricted", "ingest", ("district_id", "action_id"),
          ("action_id", "student_key", "school_id", "district_id", "school_year", "date", "action_std",
           "half_days_assigned", "definition_version")),
    Table("survey_response", "Answers to survey items", "restricted", "ingest",
          ("student_key", "school_id", "wave", "item_code"),
          ("student_key", "school_id", "district_id", "school_year", "wave", "instrument", "item_code", "value_int")),
    Table("public_cell", "Group-level public data, as published", "unreleased", "ingest",
          ("unit_id", "period", "dimension", "group_id", "outcome_id"),
          ("unit", "unit_id", "district_id", "grade_band", "period_kind", "period", "dimension", "group_id",
           "outcome_id", "n_students", "mean", "status")),
    Table("quarantine", "Rows set aside, located by file and row; the delivered file still holds them", "restricted",
          "ingest", ("file", "row", "column", "rule"),
          ("district_id", "school_year", "table", "file", "row", "column", "rule", "fix")),
    Table("intake", "Per delivered file: rows in = accepted + quarantined + refused", "unreleased", "ingest", ("file",),
          ("district_id", "school_year", "table", "file", "rows_in", "rows_accepted", "rows_quarantined",
           "rows_refused", "refusal")),
    Table("student_outcome", "One row per student, school and year: what cells are summed from", "restricted", "panel",
          ("district_id", "student_key", "school_year"),
          ("student_key", "district_id", "school_id", "school_year", "grade_band", *_STUDENT, "half_days_enrolled",
           "half_days_absent", "half_days_absent_oss", "iss_actions", "oss_actions", "belonging_e6",
           "waves_answered"),
          nullable=frozenset({"half_days_enrolled", "half_days_absent", "half_days_absent_oss", "iss_actions",
                              "oss_actions", "waves_answered"})),
    Table("cells", "Sums by unit, period, group and outcome: the only thing later stages read", "unreleased", "panel",
          _CELL, (*_CELL, "n_students", "n_obs", "n_eligible", "total", "total_sq", "mean", "status")),
    Table("paths", "Ordered lists of (year, school, grade, group), and the students with each: near student level",
          "restricted", "panel", ("dimension", "path_id", "period"),
          ("dimension", "path_id", "period", "district_id", "school_id", "grade_band", "grade", "group_id",
           "n_students"), nullable=frozenset({"group_id"})),
    Table("path_cells", "Sums by year over the students of a path who have the outcome in the same years: near student "
          "level", "restricted", "panel", _PATH_CELL, (*_PATH_CELL, "n_students", "total")),
    Table("adjusted_path_cells", "As `path_cells`, weighted and with a covariate: near student level", "restricted",
          "panel", _ADJUSTED_CELL, (*_ADJUSTED_CELL, "n_students", "weight_total", "total", "covariate_total")),
    Table("path_pairs", "Products of a covariate and the outcome over the same students, by pair of their years: near "
          "student level", "restricted", "panel", (*_ADJUSTED_CELL, "other_period"),
          (*_ADJUSTED_CELL, "other_period", *_PRODUCTS)),
    Table("student_moments", "Sums over the students of a home school by pair of their years: what a regression with "
          "student effects is computed from", "unreleased", "panel", (*_HOME, "n_years", *_PAIR),
          (*_HOME, "district_id", "n_years", *_PAIR, "n_students", "weight_total", "total", "other_total",
           "covariate_total", "other_covariate_total", *_PRODUCTS)),
    Table("home_students", "Students of a home school in the student panel, and those who entered later and are not in "
          "it", "unreleased", "panel", _HOME,
          (*_HOME, "district_id", "n_students", "n_spanning", "n_projected", "n_in_two_districts", "n_left",
           "n_entered_later")),
    Table("school_lineage", "Schools that merged into another (`merged_into`), or took in students of another of their "
          "grade band by a split or a moved boundary (`feeder_from`), as the newest school list says that names it",
          "unreleased", "panel", ("school_id", "merged_into", "feeder_from"),
          ("school_id", "district_id", "merged_into", "feeder_from", "school_year")),
    Table("definition", "Which definition of an outcome, and which list of discipline codes, held when", "unreleased",
          "panel", ("metric", "authority", "version"), ("metric", "authority", "version", "valid_from", "valid_to")),
    Table("item_moments", "Sums and products of answers to the items of a scale, pair by pair: what reliability and "
          "measurement invariance are computed from", "unreleased", "panel", (*_ITEMS, "item_i", "item_j"),
          (*_ITEMS, "item_i", "item_j", "n_answered", "sum_i", "sum_j", "sum_ij")),
    Table("truth_cells", "Both potential outcomes of every cell (synthetic studies)", "unreleased", "synthetic",
          _CELL, (*_CELL, "n_students", "total_y0", "total_y1")),
    Table("group_levels", "Means of a group over time", "unreleased", "describe",
          (*_SCOPE, "dimension", "group_id"),
          (*_SCOPE, "dimension", "group_id", "n_students", "n_units", "n_districts", "mean", "status"),
          nullable=frozenset({"program"})),
    Table("gap_levels", "Gaps over time, on the units where both groups are observed", "unreleased", "describe",
          (*_SCOPE, "gap_id"),
          (*_SCOPE, *GAP, "n_focal", "n_reference", "n_units", "n_districts", "focal_mean", "reference_mean", "gap",
           "status"), nullable=frozenset({"program"})),
    Table("coverage", "What is in, hidden and missing, per district, year and outcome", "unreleased", "describe",
          ("district_id", "period", "outcome_id"),
          ("district_id", "period", "outcome_id", "cells", "cells_reported", "cells_small", "cells_source_suppressed",
           "cells_not_applicable", "cells_not_published", "cells_not_sent")),
    Table("estimates", "Effects on gaps and their parts", "unreleased", "estimate", (*SPEC, *ESTIMAND, "inference"),
          (*SPEC, "standing", "estimator", "comparison", "weights", "sample", *ESTIMAND, "value", "unit_name",
           "se", "df", *CI, *BAND, "p_value", "inference", "no_interval", "verdict", "left_out_cohorts",
           "dropped_cohorts", "partial_first_cohorts", "exposed_pct", "level", "n_students", "n_units",
           "n_program_units", "n_program_districts", "n_comparison_districts", "n_clusters", "coverage"),
          nullable=_OPTIONAL),
    Table("estimate_weights", "Weight of every cell in the averages of a gap (no att_gt, no district): value = Σ "
          "weight × cell mean",
          "unreleased", "estimate", ("specification", "outcome_id", "gap_id", *ESTIMAND, "unit_id", "cell_period",
                                     "group_id"),
          ("specification", "outcome_id", "gap_id", *ESTIMAND, "unit_id", "cell_period", "group_id", "weight"),
          nullable=_OPTIONAL),
    Table("relative_effects", "Effects on a gap as a factor on focal mean / reference mean", "unreleased", "estimate",
          (*TOPIC, *ESTIMAND),
          (*TOPIC, *ESTIMAND, "ratio", "log_ratio", "log_se", "df", "ratio_low", "ratio_high", "p_value",
           "no_interval", "undefined"), nullable=_OPTIONAL),
    Table("gap_splits", "Overall effect on a district-wide gap (weights `own`), within and between schools",
          "unreleased", "estimate", (*TOPIC, "split"),
          (*TOPIC, "split", "value", "se", "df", *CI, "p_value", "no_interval")),
    Table("refusals", "Estimates that cannot be made from these cells, and why", "unreleased", "estimate",
          ("specification", "outcome_id", "gap_id"), ("specification", "program", "outcome_id", "gap_id", "reason")),
    Table("plan_differences", "Locks of the study's plan, and everything in which the run differs from it",
          "unreleased", "estimate", ("change", "lock", "key"), _PLAN),
    Table("pre_trends", "Joint tests that nothing moved before the program", "unreleased", "diagnose", SPEC,
          (*SPEC, "statistic", "df1", "df2", "p_value", "n_pre_periods")),
    Table("detectable_effects", "Smallest effect that would have been seen", "unreleased", "diagnose",
          (*SPEC, *ESTIMAND), (*SPEC, *ESTIMAND, "detectable", "se", "df"), nullable=_OPTIONAL),
    Table("leave_one_out", "Overall effect without one district or one cohort", "unreleased", "diagnose",
          (*SPEC, "left_out_kind", "left_out"),
          (*SPEC, "left_out_kind", "left_out", "value", "se", "df", "ci_low", "ci_high", "verdict")),
    Table("scale_reliability", "How consistently the items of a scale measure, by group and wave", "unreleased",
          "diagnose", (*_SCALE, "dimension", "group_id"),
          (*_SCALE, "dimension", "group_id", "n_students", "n_items", "alpha", "alpha_low", "alpha_high", "omega")),
    Table("measurement_invariance", "Whether a scale measures the same in both groups of a gap", "unreleased",
          "diagnose", (*_SCALE, "gap_id", "compared"),
          (*_SCALE, "dimension", *GAP, "compared", "n_focal", "n_reference", "invariance", "invariance_reason",
           "worst_item", "freed_items", *_FIT, "gap", "gap_by_factor", "gap_by_items"), nullable=frozenset({"period"})),
    Table("public_estimates", "Effects on gaps and their parts, disclosure-checked", "released", "release",
          (*SPEC, *ESTIMAND, "inference"),
          (*SPEC, "standing", "estimator", "comparison", "weights", "sample", *ESTIMAND, "value", "unit_name",
           "se", "df", *CI, *BAND, "p_value", "inference", "no_interval", "verdict", "left_out_cohorts",
           "dropped_cohorts", "partial_first_cohorts", "exposed_pct", "level", "n_students_rounded",
           "n_program_districts", "n_comparison_districts", "n_clusters", "coverage", "suppression"),
          audience="public", nullable=_OPTIONAL | {"value", "verdict"}),
    Table("public_group_levels", "Group means over time, coded", "released", "release",
          (*_SCOPE, "dimension", "group_id"),
          (*_SCOPE, "dimension", "group_id", "mean", "display", "n_band", "n_districts", "suppression"),
          audience="public", nullable=frozenset({"program", "n_band"})),
    Table("public_gap_levels", "Gaps over time, from coded means", "released", "release", (*_SCOPE, "gap_id"),
          (*_SCOPE, *GAP, "focal_mean", "focal_display", "reference_mean", "reference_display", "gap", "n_districts",
           "suppression"), audience="public", nullable=frozenset({"program"})),
    Table("public_coverage", "What is in, hidden and missing", "released", "release",
          ("district_id", "period", "outcome_id"),
          ("district_id", "period", "outcome_id", "cells", "cells_reported", "cells_small", "cells_source_suppressed",
           "cells_not_applicable", "cells_not_published", "cells_not_sent"), audience="public"),
    Table("public_intake", "Rows received, accepted, set aside and refused, per district, year and table", "released",
          "release", ("district_id", "school_year", "table"),
          ("district_id", "school_year", "table", "rows_in", "rows_accepted", "rows_quarantined", "rows_refused",
           "suppression"), audience="public",
          nullable=frozenset({"rows_in", "rows_accepted", "rows_quarantined", "rows_refused"})),
    Table("public_diagnostics", "Pre-trends, detectable effect and leave-one-district-out, in brief", "released",
          "release", SPEC,
          (*SPEC, "statistic", "df1", "df2", "p_value", "n_pre_periods", "slope_50", "slope_80", "detectable",
           *_LEFT_OUT), audience="public", nullable=frozenset({"n_pre_periods", *_LEFT_OUT})),
    Table("public_plan", "Locks of the study's plan, and everything in which the run differs from it", "released",
          "release", ("change", "lock", "key"), _PLAN, audience="public"),
    Table("public_refusals", "Estimates that cannot be made, and why", "released", "release",
          ("specification", "outcome_id", "gap_id"), ("specification", "program", "outcome_id", "gap_id", "reason"),
          audience="public"),
)
TABLES: Mapping[str, Table] = {t.name: t for t in (*_TABLES, *DIAGNOSTICS)}
