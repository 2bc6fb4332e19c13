"""Tables that say whether an effect can be believed, and their public counterparts."""

from __future__ import annotations

from evaluation.contracts.table import CI, ESTIMAND, SPEC, TOPIC, Table

CHOICES = ("estimator", "comparison", "weights", "compared_within", "events", "comparison_pool")
_EFFECT = ("value", "se", "df", *CI, "p_value", "no_interval")
_SHOWN = ("value", *CI, "p_value", "no_interval", "suppression")
_STANDARDS = ("g_gap", "g_focal", "g_reference", "improvement_index", "baseline_g_focal", "baseline_g_focal_districts",
              "baseline_g_reference", "baseline_g_reference_districts", "equivalence", "rating", "essa_tier",
              "rating_reasons")
_DECIDED = ("adjustment", "p_value", "adjusted_p_value", "alpha_level", "is_rejected", "verdict", "decision")
_AVERAGED = ("weight_program_never", "weight_earlier_later", "weight_later_earlier", "weight_program_always",
             "program_cells", "negative_cells", "negative_weight", "undefined")
_VARIANCES = ("variance_district", "variance_school", "variance_school_gap", "variance_student", "intraclass_district",
              "intraclass_school", "undefined")
_IN_PANEL = ("n_students", "n_spanning", "n_projected", "n_in_two_districts", "n_left", "n_entered_later")
_ROUNDED = tuple(f"{name}_rounded" for name in _IN_PANEL)
_COUNTED = (*_IN_PANEL, "n_clusters", "n_program_districts", "n_comparison_districts", "n_program_units",
            "program_cells", "negative_cells")
_ALWAYS_SHOWN = {"suppression", "is_headline", "cells_hidden", "cells_used"}


def _both(name: str, description: str, key: tuple[str, ...], found: tuple[str, ...],
          shown: tuple[str, ...]) -> tuple[Table, Table]:
    """The table of stage diagnose and its public counterpart, with the same key; a withheld row leaves values empty."""
    return (Table(name, description, "unreleased", "diagnose", key, (*key, *found),
                  nullable=frozenset({"value", *_COUNTED} & {*found})),
            Table(f"public_{name}", f"{description}, disclosure-checked", "released", "release", key, (*key, *shown),
                  audience="public", nullable=frozenset(shown) - _ALWAYS_SHOWN))


DIAGNOSTICS: tuple[Table, ...] = (
    Table("pre_trend_power", "Linear trend that the pre-trend test would find", "unreleased", "diagnose", SPEC,
          (*SPEC, "n_pre_periods", "slope_50", "slope_80")),
    *_both("sensitivity", "Interval of the average effect if trends differed as much as allowed (HonestDiD)",
           (*SPEC, "restriction", "m"), ("ci_low", "ci_high"), ("ci_low", "ci_high", "suppression")),
    *_both("breakdowns", "Largest departure from parallel trends at which the effect stays clear",
           (*SPEC, "restriction"), ("breakdown", "undefined", "n_pre_periods", "n_post_periods"),
           ("breakdown", "undefined", "suppression")),
    *_both("placebos", "Effects where there should be none", (*SPEC, "placebo", "detail"), _EFFECT, _SHOWN),
    *_both("composition", "Effects on who is enrolled and who answers", (*TOPIC, "composition"), _EFFECT, _SHOWN),
    *_both("definition_switches", "The overall effect under another definition of the outcome", (*SPEC, "variant"),
           (*_EFFECT, "verdict"), (*_SHOWN, "verdict")),
    *_both("specification_curve", "The overall effect on the gap under every reasonable combination of choices",
           (*TOPIC, *CHOICES), (*_EFFECT, "n_clusters", "n_program_districts", "n_comparison_districts",
                                "n_program_units", "is_headline", "undefined"),
           (*_SHOWN, "n_clusters", "is_headline", "undefined")),
    *_both("two_way_reference", "The effect on the gap by two-way fixed effects, a reference, and what it averages",
           TOPIC, (*_EFFECT, *_AVERAGED), (*_SHOWN, *_AVERAGED)),
    *_both("multilevel_checks", "The effect on the gap by a multilevel model of cells, a sensitivity check", TOPIC,
           (*_EFFECT, *_VARIANCES), (*_SHOWN, *_VARIANCES)),
    *_both("student_panel_checks", "The effect on the gap by the student panel, a check, and both groups' students",
           TOPIC, (*_EFFECT, *_IN_PANEL, "undefined"), (*_SHOWN, *_ROUNDED, "undefined")),
    *_both("suppression_bounds", "Least and largest overall effect that hidden cells allow", SPEC,
           ("low", "high", "cells_hidden", "cells_used"), ("low", "high", "cells_hidden", "cells_used", "suppression")),
    *_both("adjusted_p_values", "P-values adjusted within the families of the plan, and the plan's decision",
           ("family", *TOPIC), _DECIDED, (*_DECIDED, "suppression")),
    *_both("standards", "Effect size, baseline equivalence, rating and ESSA tier, with a reason per rule", TOPIC,
           _STANDARDS, (*_STANDARDS, "suppression")),
    Table("public_relative_effects", "Effects on a gap as a factor, disclosure-checked", "released", "release",
          (*TOPIC, *ESTIMAND),
          (*TOPIC, *ESTIMAND, "ratio", "ratio_low", "ratio_high", "p_value", "no_interval", "undefined", "suppression"),
          audience="public", nullable=frozenset({"period", "district_id"})),
    Table("public_scales", "Whether a survey scale measures the same in both groups", "released", "release",
          ("outcome_id", "grade_band", "period", "gap_id", "compared"),
          ("outcome_id", "grade_band", "period", "gap_id", "focal", "reference", "compared", "invariance",
           "invariance_reason", "worst_item", "alpha_focal", "alpha_reference", "omega_focal", "omega_reference",
           "suppression"), audience="public", nullable=frozenset({"period"})),
)
