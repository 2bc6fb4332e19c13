"""What makes an effect believable, as it may be shown: a withheld effect takes everything about it along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from evaluation.contracts import TABLES
from evaluation.contracts.table import ESTIMAND, TOPIC
from evaluation.params import Disclosure
from evaluation.release.disclosure import is_withheld, rounded_students, significant
from evaluation.release.effects import SPECIFICATION, shown_effects
from evaluation.release.rows import integer, number

Row = Mapping[Any, Any]
AS_THEY_ARE = ("breakdowns", "suppression_bounds", "standards")
"""Tables about the overall effect itself: shown where it is."""
WITH_INTERVALS = ("placebos", "composition", "definition_switches", "two_way_reference", "multilevel_checks")
"""Tables of other effects without numbers of districts beside them."""
BELIEVED = (*AS_THEY_ARE, *WITH_INTERVALS, "student_panel_checks", "sensitivity", "specification_curve",
            "adjusted_p_values", "relative_effects")
"""Tables that `public_believable` needs."""
FEW = frozenset({"lone_cohort_cluster", "lone_comparison_cluster", "few_program_clusters", "few_comparison_clusters",
                 "few_clusters_for_wild", "few_placebos"})
"""Reasons for no interval that may mean a single district; every interval, and every other reason, stands on more."""


def public_believable(tables: Mapping[str, pd.DataFrame], estimates: pd.DataFrame,
                      policy: Disclosure) -> dict[str, pd.DataFrame]:
    """Return the public tables of what makes the overall effects believable, by name.

    Parameters
    ----------
    tables : mapping
        Those of `BELIEVED`, by name.
    estimates : DataFrame
        The unreleased ones: where an effect is withheld, everything about it is.
    """
    overall = shown_effects(estimates[estimates["estimand"] == "overall"], policy)
    shown = set(overall[SPECIFICATION].itertuples(index=False, name=None))
    out = {f"public_{name}": protected(tables[name], f"public_{name}", shown, policy) for name in AS_THEY_ARE}
    out |= {f"public_{name}": protected(tables[name], f"public_{name}", shown, policy, hides=rests_on_few)
            for name in WITH_INTERVALS}
    out["public_student_panel_checks"] = _students(tables["student_panel_checks"], shown, policy)
    out["public_adjusted_p_values"] = _adjusted(tables["adjusted_p_values"], shown, policy)
    out["public_sensitivity"] = _sensitivity(tables["sensitivity"], shown, policy)
    out["public_specification_curve"] = _curve(tables["specification_curve"], shown, policy)
    out["public_relative_effects"] = _relative(tables["relative_effects"], estimates, policy)
    return out


def protected(found: pd.DataFrame, name: str, shown: set[tuple[Any, ...]], policy: Disclosure, *,
              hides: Callable[[Row], bool] = lambda row: False) -> pd.DataFrame:
    """Return a table of public name `name`: rounded, or without values where the effect or the row is withheld.

    `shown`: specification … part of the overall effects that are shown; a table without parts is about the gap.
    `hides` says whether a row is withheld by itself.
    """
    contract = TABLES[name]
    columns = [c for c in contract.columns if c != "suppression"]
    rows = []
    for row in found.to_dict("records"):
        topic = tuple(row.get(c, "gap") for c in SPECIFICATION)
        rows.append(_protected({c: row[c] for c in columns}, name, topic not in shown or hides(row), policy))
    return pd.DataFrame(rows, columns=list(contract.columns))


def rests_on_few(row: Row) -> bool:
    """Say whether an effect without numbers of districts may rest on a single one."""
    return row["no_interval"] in FEW


def _protected(row: dict[str, Any], name: str, is_hidden: bool, policy: Disclosure) -> dict[str, Any]:
    contract = TABLES[name]
    values = [c for c in row if c not in contract.key]
    if is_hidden:
        return {**row, **{c: None for c in values if contract.column(c).nullable}, "suppression": "primary"}
    real = [c for c in values if contract.column(c).dtype == "Float64"]
    return {**row, **{c: significant(number(row[c]), policy) for c in real}, "suppression": "none"}


def _students(found: pd.DataFrame, shown: set[tuple[Any, ...]], policy: Disclosure) -> pd.DataFrame:
    """Numbers of students are rounded, and go where the effect goes."""
    rounded = {f"{name}_rounded": pd.Series([rounded_students(integer(n), policy) for n in found[name]], found.index)
               for name in found.columns if name.startswith("n_")}
    return protected(found.assign(**rounded), "public_student_panel_checks", shown, policy, hides=rests_on_few)


def _adjusted(found: pd.DataFrame, shown: set[tuple[Any, ...]], policy: Disclosure) -> pd.DataFrame:
    """A result that was not tested has nothing to hide, and says so."""
    topic = [c for c in SPECIFICATION if c != "part"]
    untested = found.loc[found["p_value"].isna(), topic].assign(part="gap")[SPECIFICATION]
    known = shown | set(untested.itertuples(index=False, name=None))
    return protected(found, "public_adjusted_p_values", known, policy)


def _sensitivity(found: pd.DataFrame, shown: set[tuple[Any, ...]], policy: Disclosure) -> pd.DataFrame:
    """Sizes of departures may come from the data: rounded, and of a withheld effect only one row stays, of size 0."""
    sizes = pd.Series([significant(float(m), policy) for m in found["m"]], index=found.index)
    out = protected(found.assign(m=sizes), "public_sensitivity", shown, policy)
    is_hidden = out["suppression"] != "none"
    out.loc[is_hidden, "m"] = 0.0
    return out.drop_duplicates(list(TABLES["public_sensitivity"].key), ignore_index=True)


def _curve(found: pd.DataFrame, shown: set[tuple[Any, ...]], policy: Disclosure) -> pd.DataFrame:
    """A pool that leaves out fewer districts than an effect must rest on would give them away by subtraction."""
    pool = TABLES["specification_curve"].key.index("comparison_pool")
    key = list(TABLES["specification_curve"].key)
    whole = {row[:pool] + row[pool + 1:-1]: row[-1] for row in
             found.loc[found["comparison_pool"] == "all", [*key, "n_comparison_districts"]].itertuples(index=False,
                                                                                                     name=None)}

    def hides(row: Row) -> bool:
        if isinstance(row["undefined"], str):
            return False
        n = int(row["n_comparison_districts"])
        twin = integer(whole.get(tuple(row[k] for k in key if k != "comparison_pool")))
        is_remainder = twin is not None and 0 < twin - n < policy.min_districts
        return is_remainder or is_withheld(int(row["n_program_districts"]), n, int(row["n_program_units"]),
                                           integer(row.get("n_students")), policy)

    return protected(found, "public_specification_curve", shown, policy, hides=hides)


def _relative(found: pd.DataFrame, estimates: pd.DataFrame, policy: Disclosure) -> pd.DataFrame:
    """A relative effect is shown beside its absolute one: where that is withheld or coded, there is no factor.

    Where the difference has no interval the factor has none, for the same reason.
    """
    key = [*TOPIC, *ESTIMAND]
    gaps = shown_effects(estimates, policy).query("part == 'gap'").drop_duplicates(key)
    reasons = {_plain(row[:-1]): row[-1] for row in gaps[[*key, "no_interval"]].itertuples(index=False, name=None)}
    columns = [c for c in TABLES["public_relative_effects"].columns if c != "suppression"]
    rows = []
    for row in found.to_dict("records"):
        about = _plain(tuple(row[c] for c in key))
        kept = {c: row[c] for c in columns}
        if isinstance(reasons.get(about), str):
            kept |= {"ratio_low": None, "ratio_high": None, "p_value": None, "no_interval": reasons[about]}
        rows.append(_protected(kept, "public_relative_effects", about not in reasons, policy))
    return pd.DataFrame(rows, columns=[*columns, "suppression"])


def _plain(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(None if pd.isna(value) else value for value in values)
