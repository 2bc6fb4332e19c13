"""Columns of the tables that say whether an effect can be believed."""

from __future__ import annotations

from evaluation.contracts.column import Column, count, real, text

DIAGNOSTIC: tuple[Column, ...] = (
    real("slope_50", "Slope per period that the pre-trend test finds with 50 % power", unit="outcome unit per period"),
    real("slope_80", "Slope per period that the pre-trend test finds with 80 % power", unit="outcome unit per period"),
    text("split", "The whole effect on the gap, or its part within or between schools",
         allowed=("gap", "within", "between")),
    text("restriction", "How trends may differ: `relative_magnitude`, at most m × the largest change between periods "
          "before the program; `smoothness`, a change of slope of at most m per period",
          allowed=("relative_magnitude", "smoothness", "relative_smoothness")),
    real("m", "Size of the departure allowed", unit="× (relative) or outcome unit (smoothness)",
         nullable=False, low=0),
    real("breakdown", "Largest m at which the robust 95 % interval excludes 0; missing where none does, or every one",
         unit="as m", low=0),
    count("n_post_periods", "Effects after the base period that the event study has"),
    text("left_out_kind", "What is left out", allowed=("district", "cohort")),
    text("placebo", "What is pretended or asked", allowed=("time", "outcome", "regression_to_mean_matched",
                                                         "regression_to_mean_window")),
    text("detail", "Which: pretended start, outcome, window"),
    text("composition", "Effect on what", allowed=(
        "log_students_focal", "log_students_reference", "focal_share", "response_focal", "response_reference")),
    text("variant", "The outcome under another definition"),
    text("compared_within", "Who is compared: `state/grade_band`, or `pooled`"),
    text("events", "Periods of declared events: `excluded` or `included`", allowed=("excluded", "included")),
    text("comparison_pool", "Never-program units left out", allowed=("all", "other_districts", "no_network")),
    Column("is_headline", "boolean", "The specification as planned"),
    real("weight_program_never", "Share of a two-way effect that compares with units never in the program", unit="",
         low=0, high=1),
    real("weight_earlier_later", "Share that compares with units that start later, before they start", unit="", low=0,
         high=1),
    real("weight_later_earlier", "Share that compares with units already in the program", unit="", low=0, high=1),
    real("weight_program_always", "Share that compares with units in the program in every period", unit="", low=0,
         high=1),
    count("program_cells", "Units × periods in the program with a weight in a two-way effect"),
    count("negative_cells", "Those whose weight is negative"),
    real("negative_weight", "Sum of their weights, where those of all program cells sum to one", unit="", high=0),
    real("variance_district", "Variance between districts", unit="outcome unit²", low=0),
    real("variance_school", "Variance between schools of a district", unit="outcome unit²", low=0),
    real("variance_school_gap", "Variance of schools' own gaps", unit="outcome unit²", low=0),
    real("variance_student", "Variance between students of a cell, mean of both groups", unit="outcome unit²", low=0),
    real("intraclass_district", "Share of the variance of a group's students that lies between districts", unit="",
         low=0, high=1),
    real("intraclass_school", "Share that lies between schools of a district, a school's own gap among it", unit="",
         low=0, high=1),
    *(count(f"{name}_rounded", f"As `{name}`, rounded to 10", unit="students", nullable=True) for name in (
        "n_spanning", "n_projected", "n_in_two_districts", "n_left", "n_entered_later")),
    real("low", "Least effect that hidden cells allow"),
    real("high", "Largest effect that hidden cells allow"),
    count("cells_hidden", "Cells of the design that are hidden"),
    count("cells_used", "Cells of the design that are shown"),
    text("family", "Family of the plan"),
    text("adjustment", "How p-values are adjusted together", allowed=("benjamini_hochberg", "romano_wolf")),
    real("adjusted_p_value", "P-value adjusted within its family", unit="", low=0, high=1),
    real("alpha_level", "Level of the family", unit="", low=0, high=1),
    Column("is_rejected", "boolean", "The adjusted p-value is at most the family's level", nullable=True),
    text("decision", "By the plan's rule; `no_success`: the rule is not met, which is no proof of no effect",
         allowed=("success", "no_success", "cannot_tell", "no_rule")),
    real("g_gap", "Effect on the gap in standard deviations of students (Hedges g)", unit="SD"),
    real("g_focal", "Effect on the focal group in standard deviations of students", unit="SD"),
    real("g_reference", "Effect on the reference group in standard deviations of students", unit="SD"),
    real("improvement_index", "100 Φ(g) − 50 of the focal group, positive where it is better off",
         unit="percentile points", low=-50, high=50),
    real("baseline_g_focal", "Difference of students before the program, focal group", unit="SD"),
    real("baseline_g_focal_districts", "Difference of districts' means before the program, focal group, in standard "
         "deviations of students", unit="SD"),
    real("baseline_g_reference", "Difference of students before the program, reference group", unit="SD"),
    real("baseline_g_reference_districts", "Difference of districts' means before the program, reference group, in "
         "standard deviations of students", unit="SD"),
    text("equivalence", "Baseline equivalence, the worst of both groups among students and among districts", allowed=(
        "satisfied", "satisfied_with_adjustment", "not_satisfied", "not_known")),
    text("rating", "Rating by the handbook's rules; `not_known` where the cells do not say what they ask", allowed=(
        "meets_without_reservations", "meets_with_reservations", "does_not_meet", "not_eligible", "not_known")),
    text("essa_tier", "ESSA tier by the same", allowed=(
        "strong", "moderate", "promising", "rationale", "none", "not_known")),
    text("rating_reasons", "Codes of what is not known and of the rules that are not met, in order"),
    real("alpha_focal", "Cronbach's alpha, focal group", unit="", high=1),
    real("alpha_reference", "Cronbach's alpha, reference group", unit="", high=1),
    real("omega_focal", "McDonald's omega, focal group", unit="", low=0, high=1),
    real("omega_reference", "McDonald's omega, reference group", unit="", low=0, high=1),
)
