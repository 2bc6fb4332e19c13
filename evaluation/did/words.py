"""Sentences of the statistical core in the words of a panel file and its options."""

from __future__ import annotations

import re
from collections.abc import Mapping

from evaluation.contracts.choices import EstimatorName
from evaluation.did.columns import Columns

NOTHING = "no unit is seen before and in the program beside a comparison unit."
NOTHING_FOUND: Mapping[EstimatorName, str] = {
    "stacked": "no cohort is seen before its start beside units that stay out of the program until the last period.",
    **dict.fromkeys(("synthetic_did", "synthetic_control"),
                    "no cohort has two periods before its start, one in the program and, beside it, units that stay "
                    "out of the program and are seen in all of these periods."),
    "triple_difference": "no cohort has units of both groups that are seen before its start and in the program, "
                         "beside units of both groups that are not in the program."}
_REPLACED = (
    (r",? (in|and|of) (a )?stratum( \d+)?(?=\W|$)|, stratum \d+", ""),
    (r"; use `etwfe`, and for a gap a stacked design", ""),
    (r": with more, use CR2 or the permutation test", "; with more, choose another --estimator"),
    (r"draws=", "--draws "),
    (r"or `regression`", "or --adjustment regression"),
)


def in_user_words(sentence: str, columns: Columns) -> str:
    """Return a sentence of the core with the user's column for `all`, and without strata, which a file has not."""
    for pattern, said in _REPLACED:
        sentence = re.sub(pattern, said, sentence)
    return sentence.replace("`all`", f"`{columns.outcome}`").rstrip(".") + "."
