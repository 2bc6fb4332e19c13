"""What a specification, the command line and a table may name: estimators and their choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

EstimatorName = Literal["twfe", "event_study", "group_time_att", "sun_abraham", "imputation", "etwfe", "etwfe_poisson",
                        "stacked", "synthetic_did", "synthetic_control", "triple_difference"]
AnyEstimator = Literal[EstimatorName, "student_panel"]
"""Those of a specification: all that read cells, and one that reads student moments."""
PLACEBO_ESTIMATORS: Mapping[AnyEstimator, Literal["effect", "rmspe_ratio"]] = {
    "synthetic_did": "effect", "synthetic_control": "rmspe_ratio"}
"""Estimators whose inference is by placebo, and what placebos are ranked by."""
ADJUSTABLE_ESTIMATORS = ("group_time_att", "triple_difference")
"""Estimators that know covariates and anticipation."""
StudentCovariate = Literal["days_enrolled", "schools_attended"]
"""What of a student-year the student panel adjusts for."""
StudentWeight = Literal["first_days_enrolled"]
"""How much a student counts in the student panel, in all years alike."""
Comparison = Literal["never", "not_yet"]
Base = Literal["universal", "varying"]
Adjustment = Literal["none", "regression", "ipw", "dr"]
Method = Literal["cr2", "cv3", "cr1", "wild", "permutation"]
Sampling = Literal["panel", "repeated_cross_sections"]
HandbookVersion = Literal["4.0", "4.1", "5.0"]
"""Versions of the What Works Clearinghouse handbook."""
