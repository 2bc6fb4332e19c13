"""Every column once: what it holds, its type, unit and limits; it means the same wherever it appears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from evaluation.contracts.reasons import REASONS

Dtype = Literal["string", "Int64", "Float64", "boolean"]

SCALE = 1_000_000
"""Scale scores and a student's rates are rounded half-even to 1 / SCALE and summed as integers."""

STATUSES = ("reported", "suppressed", "not_applicable", "not_published")
SUPPRESSIONS = ("none", "primary", "complementary", "source", "not_applicable", "not_sent")
PARTS = ("gap", "focal", "reference")
ESTIMANDS = ("overall", "cohort", "phase", "event_time", "calendar", "district", "att_gt")
VERDICTS = ("narrowed_focal_improvement", "narrowed_levelling_down", "narrowed_focal_worse",
            "narrowed_both_improved", "narrowed", "widened", "overshot", "both_improved", "both_worsened",
            "cannot_tell")
INVARIANCE = ("holds", "partial", "fails", "cannot_tell")
INVARIANCE_REASONS = ("equal", "loadings", "intercepts", "one_factor_does_not_fit", "small_group", "few_items",
                      "not_estimable")
N_BANDS = ("10-19", "20-39", "40-99", "100-299", "300+", "not published")


@dataclass(frozen=True)
class Column:
    """One column: what it holds, in which unit, within which limits."""

    name: str
    dtype: Dtype
    description: str
    unit: str = ""
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


def _text(name: str, description: str, *, allowed: tuple[str, ...] = (), nullable: bool = False) -> Column:
    return Column(name, "string", description, allowed=allowed, nullable=nullable)


def _count(name: str, description: str, *, unit: str = "", nullable: bool = False, low: float | None = 0) -> Column:
    return Column(name, "Int64", description, unit=unit, nullable=nullable, low=low)


def _real(name: str, description: str, *, unit: str = "outcome unit", nullable: bool = True, low: float | None = None,
          high: float | None = None) -> Column:
    return Column(name, "Float64", description, unit=unit, nullable=nullable, low=low, high=high)


_ALL: tuple[Column, ...] = (
    _text("student_key", "Pseudonym: keyed HMAC of district, id type and canonical id; never a source id"),
    _text("district_id", "`<state>-<local id>`"),
    _text("school_id", "`<state>-<local district id>-<local school id>`"),
    Column("school_year", "Int64", "School year by its end year", unit="year", low=1990, high=2100),
    _count("grade_low", "Lowest grade taught (kindergarten is 0)", unit="grade"),
    _count("grade_high", "Highest grade taught", unit="grade"),
    Column("calendar_days", "Int64", "Instructional days of the school year", unit="days", low=1, high=260),
    _text("entry_date", "First day of the enrolment spell, ISO date"),
    _text("exit_date", "Last day of the enrolment spell, ISO date"),
    Column("grade", "Int64", "Grade (kindergarten is 0)", unit="grade", low=0, high=12),
    _text("race_ethnicity", "Federal reporting category or `unknown`", allowed=(
        "american_indian", "asian", "black", "hispanic", "pacific_islander", "two_or_more", "white", "unknown")),
    _text("sex", "As reported", allowed=("female", "male", "nonbinary", "unknown")),
    _text("english_learner", "English learner status", allowed=("yes", "no", "unknown")),
    _text("disability", "Has an individualized education program", allowed=("yes", "no", "unknown")),
    _text("economic", "Economically disadvantaged", allowed=("yes", "no", "unknown")),
    Column("month", "Int64", "Calendar month, yyyymm", low=199001, high=210012),
    _text("source_grain", "Grain in which the district sent attendance", allowed=("day", "month", "year")),
    _count("half_days_enrolled", "Days enrolled × 2", unit="half-days"),
    _count("half_days_absent", "Days absent × 2, out-of-school suspension days included", unit="half-days"),
    _count("half_days_absent_oss", "Days absent because of out-of-school suspension × 2", unit="half-days"),
    _text("action_id", "Identifier of a discipline action within its district"),
    _text("date", "ISO date"),
    _text("action_std", "Standard action", allowed=(
        "ODR", "ISS", "OSS", "EXP", "ALT", "REST", "LAW", "ARREST", "NONE")),
    _count("half_days_assigned", "Days assigned × 2", unit="half-days"),
    Column("wave", "Int64", "Survey wave: school year × 10 + wave number", low=19901, high=21009),
    _text("instrument", "Survey instrument"),
    _text("item_code", "Survey item"),
    Column("value_int", "Int64", "Answer on the item's scale, as sent (reversed items not yet reversed)", low=0),
    _text("grade_band", "Grade band of the school", allowed=("elementary", "middle", "high", "all")),
    _count("iss_actions", "In-school suspensions in the year"),
    _count("oss_actions", "Out-of-school suspensions in the year"),
    Column("belonging_e6", "Int64", "Mean belonging score of the year's waves × 1,000,000", nullable=True, low=0),
    _count("waves_answered", "Survey waves with a score"),
    _text("table", "Canonical table a delivered file feeds"),
    _text("file", "Delivered file, relative to the delivery folder"),
    _count("row", "Row as a spreadsheet numbers it (the header is row 1)"),
    Column("column", "string", "Column as the district names it", nullable=True),
    _text("rule", "Rule that was broken"),
    _text("fix", "What the data manager can do"),
    _count("rows_in", "Data rows in the file"),
    _count("rows_accepted", "Rows accepted"),
    _count("rows_quarantined", "Rows set aside with a reason"),
    _count("rows_refused", "Rows of a refused file"),
    Column("refusal", "string", "Why the whole file was refused", nullable=True),
    _text("unit", "What one unit is", allowed=("school", "district")),
    _text("unit_id", "`school_id` or `district_id`"),
    _text("period_kind", "Kind of period", allowed=("school_year", "month", "wave")),
    Column("period", "Int64", "School year by end year 2024, month 202409 or wave 20241"),
    _text("dimension", "Way students are grouped; `all` is everybody"),
    _text("group_id", "A value of the dimension"),
    _text("outcome_id", "Outcome; the unit is in the name"),
    _count("n_students", "Students in the denominator; missing when not published", unit="students", nullable=True),
    _count("n_obs", "Observations (survey waves answered count separately)", nullable=True),
    _count("n_eligible", "Students who could have answered (surveys)", unit="students", nullable=True),
    _count("total", "Sum over students: events, or score × 1,000,000", nullable=True),
    _count("total_sq", "Sum of squares of what `total` sums", nullable=True),
    _real("mean", "Mean in outcome units"),
    _text("status", "What the source says of the value", allowed=STATUSES),
    _count("total_y0", "As `total`, had no program started (synthetic truth)"),
    _count("total_y1", "As `total`, under the program where it runs (synthetic truth)"),
    _text("state", "State, the first part of the district's id"),
    _text("item_i", "Survey item"),
    _text("item_j", "Survey item; the same as item_i for the item's own moments"),
    _count("n_answered", "Students who answered both items in a wave with a score", unit="students"),
    _count("sum_i", "Sum of their answers to item_i, reversed items turned", unit="points"),
    _count("sum_j", "Sum of their answers to item_j, reversed items turned", unit="points"),
    _count("sum_ij", "Sum of the products of both answers", unit="points²"),
    _text("scope", "What the row sums up", allowed=("all", "comparison", "program", "phase", "cohort", "district")),
    _text("scope_id", "Which one"),
    _text("gap_id", "The gap"),
    _text("focal", "Group whose mean comes first in the gap"),
    _text("reference", "Group whose mean is subtracted"),
    _real("focal_mean", "Mean of the focal group"),
    _real("reference_mean", "Mean of the reference group"),
    _real("gap", "focal_mean − reference_mean, signed"),
    _count("n_focal", "Focal students", unit="students", nullable=True),
    _count("n_reference", "Reference students", unit="students", nullable=True),
    _count("n_units", "Units with both groups (or the group) observed"),
    _count("n_districts", "Districts behind the row"),
    _text("reason", "Why no estimate can be made: counts and a way out, never a value"),
    _count("cells", "Cells the study expects"),
    _count("cells_reported", "Cells with a value"),
    _count("cells_small", "Cells with 1–9 students"),
    _count("cells_source_suppressed", "Cells the source hid"),
    _count("cells_not_applicable", "Cells without students of the group"),
    _count("cells_not_published", "Cells the source does not publish"),
    _count("cells_not_sent", "Cells missing because no file was accepted"),
    _text("specification", "One estimand × sample × outcomes × gaps × estimator"),
    _text("program", "The program"),
    _text("estimator", "How the number was made", allowed=("group_time_att", "twfe")),
    _text("comparison", "Who the program units are compared with", allowed=("never", "not_yet")),
    _text("weights", "Weights of the estimand", allowed=("focal", "unit")),
    _text("sample", "`same`: gap and parts on units where both groups are observed; `own`: each part on its own units",
          allowed=("same", "own")),
    _text("part", "The gap or one of its parts", allowed=PARTS),
    _text("estimand", "What the number sums up", allowed=ESTIMANDS),
    Column("cohort", "Int64", "First program period of the cohort", nullable=True),
    Column("phase", "string", "Phase of the program", nullable=True, allowed=("develop", "expansion", "test")),
    Column("event_time", "Int64", "Periods since cohort in the study's ordered list; 0 is the first program period",
           nullable=True),
    _real("value", "Estimate, signed: positive means the outcome (or focal − reference) went up", nullable=False),
    _text("unit_name", "Unit of the value, as words"),
    _real("se", "CR2 standard error, or CR1 to reproduce a published table; missing when clusters are too few", low=0),
    _real("df", "Satterthwaite degrees of freedom", unit="", low=0),
    _real("ci_low", "Lower end, 95 % interval"),
    _real("ci_high", "Upper end, 95 % interval"),
    _real("ci80_low", "Lower end, 80 % interval"),
    _real("ci80_high", "Upper end, 80 % interval"),
    _real("p_value", "Two-sided, from CR2 and Satterthwaite df; never a library's default", unit="", low=0, high=1),
    Column("inference", "string", "`cr2` with Satterthwaite df; `cr1` only to reproduce a published table (no "
           "interval, no p-value)", allowed=("cr2", "cr1", "none")),
    Column("no_interval", "string", "Why no interval is given", nullable=True, allowed=tuple(REASONS)),
    _text("verdict", "What may be said, by rule", allowed=VERDICTS),
    Column("left_out_cohorts", "string", "Cohorts of one cluster, left out of this aggregate and shown apart",
           nullable=True),
    Column("dropped_cohorts", "string", "Cohorts that could not be estimated in this aggregate: no data in the base "
           "period, no comparison or no weight", nullable=True),
    _real("level", "Mean outcome of program units in program periods, under the estimand's weights"),
    _count("n_program_districts", "Program districts behind the number"),
    _count("n_comparison_districts", "Comparison districts behind the number"),
    _count("n_program_units", "Program units behind the number"),
    _count("n_clusters", "Clusters (units of assignment)"),
    Column("cell_period", "Int64", "Period of the weighted cell"),
    _real("weight", "Weight of the cell mean in the estimate", unit="", nullable=False),
    _real("statistic", "Test statistic", unit=""),
    _real("df1", "Numerator degrees of freedom", unit="", low=0),
    _real("df2", "Denominator degrees of freedom", unit="", low=0),
    _count("n_pre_periods", "Pre-program contrasts tested jointly"),
    _real("detectable", "Smallest effect found with 80 % power at 5 % two-sided", low=0),
    _text("left_out", "District left out"),
    _count("n_items", "Items of the scale"),
    _real("alpha", "Cronbach's alpha from pairwise item covariances; missing where items or students are too few",
          unit="", high=1),
    _real("alpha_low", "Lower end, 95 % interval of alpha (Feldt)", unit="", high=1),
    _real("alpha_high", "Upper end, 95 % interval of alpha (Feldt)", unit="", high=1),
    _real("omega", "McDonald's omega of a one-factor model; missing where the model has no proper solution", unit="",
          low=0, high=1),
    _text("compared", "`groups`: both groups of the gap in one wave; `groups_and_waves`: both in every wave, at once",
          allowed=("groups", "groups_and_waves")),
    _text("invariance", "Whether the scale measures the same: `holds`; `partial`: show a gap with a warning; `fails`: "
          "no gap may be shown; `cannot_tell`", allowed=INVARIANCE),
    _text("invariance_reason", "Why, by rule", allowed=INVARIANCE_REASONS),
    Column("worst_item", "string", "Item that differs most between the groups", nullable=True),
    Column("freed_items", "string", "Items that had to differ, worst first", nullable=True),
    _real("cfi", "Comparative fit index, one factor in every group", unit="", low=0, high=1),
    _real("rmsea", "Root mean square error of approximation, likewise", unit="", low=0),
    _real("srmr", "Standardized root mean square residual, likewise", unit="", low=0),
    _real("cfi_loadings", "CFI with equal loadings", unit="", low=0, high=1),
    _real("rmsea_loadings", "RMSEA with equal loadings", unit="", low=0),
    _real("srmr_loadings", "SRMR with equal loadings", unit="", low=0),
    _real("cfi_intercepts", "CFI with equal intercepts too", unit="", low=0, high=1),
    _real("rmsea_intercepts", "RMSEA with equal intercepts too", unit="", low=0),
    _real("srmr_intercepts", "SRMR with equal intercepts too", unit="", low=0),
    _real("gap_by_factor", "Part of the gap in item means that the aligned factor explains", unit="points"),
    _real("gap_by_items", "The rest: items that work differently", unit="points"),
    _text("n_band", "Students behind the value, as a band; never the count", allowed=N_BANDS),
    Column("display", "string", "The value as it may be shown: a number, or a bound such as ≤5", nullable=True),
    _text("suppression", "Why a value is hidden, or `none`", allowed=SUPPRESSIONS),
    Column("focal_display", "string", "Focal mean as it may be shown", nullable=True),
    Column("reference_display", "string", "Reference mean as it may be shown", nullable=True),
    _count("n_students_rounded", "Students, rounded to 10", unit="students", nullable=True),
    _text("standing", "What the plan makes of the result; what it does not name is exploratory",
          allowed=("confirmatory", "exploratory")),
    _text("change", "What the row tells: the plan was never locked; a lock; a key that the lock amended; a key in "
          "which the run differs from the newest lock; a result the plan does not name",
          allowed=("no_lock", "lock", "amendment", "difference", "not_planned")),
    _count("lock", "Which lock of the plan, 1 is the first; 0 where there is none"),
    _text("key", "Key of the locked plan, its parts joined by dots; `lock` or `no_lock` for the lock itself"),
    Column("planned", "string", "What the plan says (of an amendment: said before)", nullable=True),
    Column("run", "string", "What the run used (of an amendment: what the plan says since)", nullable=True),
    Column("locked_on", "string", "Day of the lock, ISO date", nullable=True),
    Column("locked_commit", "string", "Git commit at the lock; missing outside git", nullable=True),
    Column("is_dirty", "boolean", "Whether files of that commit were changed and not committed", nullable=True),
    Column("had_results", "boolean", "Whether estimates of the study lay in the folder at the lock", nullable=True),
    Column("plan_sha256", "string", "SHA-256 of the locked plan", nullable=True),
    Column("amended_because", "string", "Why the plan was amended; missing for the first lock", nullable=True),
    _count("districts_left_out", "Districts left out one at a time"),
    _count("same_sign", "Leave-one-out estimates with the sign of the estimate"),
    _count("same_verdict", "Leave-one-out estimates with the verdict of the estimate"),
)
COLUMNS: Mapping[str, Column] = {c.name: c for c in _ALL}
