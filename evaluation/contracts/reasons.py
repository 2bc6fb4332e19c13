"""Why a number carries no interval: one code, its words and its short words, for pages, terminal and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Reason:
    """A reason in words; `{cluster}` is what the clusters are: district, county."""

    words: str
    short: str


REASONS: Mapping[str, Reason] = {
    "lone_cohort_cluster": Reason("a cohort in it is a single {cluster}, so chance cannot be told from effect",
                                  "a lone program {cluster}"),
    "lone_comparison_cluster": Reason("a comparison group in it is a single {cluster}, so chance cannot be told from "
                                      "effect", "a lone comparison {cluster}"),
    "few_program_clusters": Reason("fewer than three program {cluster}s stand behind it", "under 3 program {cluster}s"),
    "few_comparison_clusters": Reason("fewer than three comparison {cluster}s stand behind it",
                                      "under 3 comparison {cluster}s"),
    "low_df": Reason("too few independent {cluster}s stand behind it", "too few {cluster}s"),
    "few_clusters_for_wild": Reason("fewer than six {cluster}s stand behind it, too few for a bootstrap",
                                    "under 6 {cluster}s"),
    "no_regression": Reason("this method needs an estimator that is a regression", "needs a regression"),
    "not_exchangeable": Reason("{cluster}s of the program cannot change places with others", "not exchangeable"),
    "test_only": Reason("this method is a test and gives no interval", "a test only"),
    "no_variation": Reason("nothing varies between its {cluster}s, so chance cannot be told from effect",
                           "no variation between {cluster}s"),
    "not_simulated": Reason("no simulated design stands for this one: it is smaller, or more uneven, than all of them",
                            "no simulation of such a design"),
    "low_coverage": Reason("in simulations of designs like this one the interval misses the truth too often",
                           "simulated coverage too low"),
    "placebo": Reason("chance is judged by placebos, which give no interval", "placebo inference"),
    "few_placebos": Reason("fewer than 19 other {cluster}s could have had the program", "too few placebos"),
    "no_constant_effect": Reason("no effect that is constant over time fits", "no constant effect fits"),
    "unbounded": Reason("a placebo was fitted perfectly, so the interval has no bound", "interval without bound"),
    "reproduction": Reason("it only reproduces a published table", "reproduces a published table"),
}

NoBreakdown = Literal["not_clear", "any_size", "varying_base", "no_regression", "no_pre_period", "few_clusters",
                      "low_coverage", "composition", "deficient_rank"]
NO_BREAKDOWN: Mapping[NoBreakdown, str] = {
    "not_clear": "the interval holds zero even without any departure",
    "any_size": "the interval excludes zero whatever the departure",
    "varying_base": "effects before the start are on another base period than those after it",
    "no_regression": "the estimator is no regression",
    "no_pre_period": "no period lies before the base period",
    "few_clusters": "no effect before the base, none after the start, or not their average, may have an interval",
    "low_coverage": "in simulations of designs like this one the interval of the effect misses the truth too often",
    "composition": "cohorts differ so much in the periods they have that averages over them are no path in time",
    "deficient_rank": "there are no more clusters than periods",
}
"""Why a departure from parallel trends has no breakdown value, in words."""


def words(code: str, *, cluster: str = "district") -> str:
    """Return the reason as words."""
    return REASONS[code].words.format(cluster=cluster)


def short(code: str, *, cluster: str = "district") -> str:
    """Return the reason as few words."""
    return REASONS[code].short.format(cluster=cluster)
