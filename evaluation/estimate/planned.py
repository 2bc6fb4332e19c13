"""Each result's standing in the plan, and what the plan and the study say differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from evaluation.params import Lock, Study
from evaluation.params.locked import IN, OUT, PlanDifference, differences, locked_plan

_RESULT = ("specification", "outcome_id", "gap_id")


def with_standing(estimates: pd.DataFrame, study: Study, locks: Sequence[Lock]) -> pd.DataFrame:
    """Return `estimates` with `standing`.

    Confirmatory is what the study's plan names so and, where a plan was locked, its newest lock names too: a result
    cannot be promoted after the lock. All else is exploratory.
    """
    def standing(specification: str, outcome: str, gap: str) -> str:
        is_confirmatory = study.plan.standing(specification, outcome, gap) == "confirmatory"
        if locks:
            locked = locks[-1].plan["plan"]["confirmatory"]
            is_confirmatory &= gap in locked.get(specification, {}).get(outcome, ())
        return "confirmatory" if is_confirmatory else "exploratory"

    found = [standing(*result) for result in estimates.reindex(columns=list(_RESULT)).itertuples(index=False)]
    return estimates.assign(standing=found)


def plan_differences(study: Study, locks: Sequence[Lock]) -> list[dict[str, Any]]:
    """Return the rows of contract `plan_differences`.

    One row per lock (`no_lock` where there is none), one per key that an amendment changed, one per key in which the
    study differs from the newest lock, and one per result that the study computes and its plan does not name.
    """
    rows = list(_history(locks)) or [_row("no_lock", "no_lock")]
    newest, n = locks[-1] if locks else None, len(locks)
    if newest is not None:
        changed = differences(newest.plan, locked_plan(study))
        rows += [_row("difference", d.key, n, newest, difference=d) for d in changed]
    for specification in study.specifications:
        for outcome, gap in ((o, g) for o in specification.outcomes for g in specification.gaps):
            if study.plan.standing(specification.id, outcome, gap) == "not planned":
                key = f"results.{specification.id}.{outcome}.{gap}"
                rows.append(_row("not_planned", key, n, newest, difference=PlanDifference(key, OUT, IN)))
    return rows


def _history(locks: Sequence[Lock]) -> Iterator[dict[str, Any]]:
    for i, lock in enumerate(locks):
        yield _row("lock", "lock", i + 1, lock)
        for difference in differences(locks[i - 1].plan, lock.plan) if i else ():
            yield _row("amendment", difference.key, i + 1, lock, difference=difference)


def _row(change: str, key: str, n: int = 0, lock: Lock | None = None, *,
         difference: PlanDifference | None = None) -> dict[str, Any]:
    return {"change": change, "lock": n, "key": key, "planned": difference and difference.planned,
            "run": difference and difference.run, "locked_on": lock and lock.locked_on.isoformat(),
            "locked_commit": lock and lock.commit, "is_dirty": lock and lock.is_dirty,
            "had_results": lock and lock.had_results, "plan_sha256": lock and lock.sha256,
            "amended_because": lock and lock.reason}
