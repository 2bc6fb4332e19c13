"""What an effect is worth by the standards: effect sizes, equivalence before the program, rating and ESSA tier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from evaluation.diagnose.diagnosed import Diagnosed, Row
from evaluation.diagnose.families import adjusted_p_values
from evaluation.diagnose.samples import Students, baseline_of, clusters_of, in_program, sample_of, students_of
from evaluation.diagnose.together import Published, Together
from evaluation.params.plan import NO_SUCCESS
from evaluation.stats.reading import levels
from evaluation.stats.standards.attrition import Flow, assess_attrition
from evaluation.stats.standards.effect_size import Clusters, improvement_index, pooled_sd, standardize
from evaluation.stats.standards.equivalence import Equivalence, assess_clusters, assess_students
from evaluation.stats.standards.handbook import Handbook
from evaluation.stats.standards.rating import Finding, rate

NOT_KNOWN = "not_known"
WORSE = ("satisfied", "satisfied_with_adjustment", "not_satisfied")
Invariance = Literal["fails", "cannot_tell", "partial", "holds"]
LEAST_INVARIANT: tuple[Invariance, ...] = get_args(Invariance)
GROUPS = ("focal", "reference")
NEED_STUDENTS = ("equivalent_sample", "large_sample")
"""Rules that are neither met nor missed where numbers of students are not known."""


@dataclass(frozen=True)
class _Measured:
    """Students in the program's periods: their pooled standard deviation, most of them in a period, and districts."""

    sd: float
    n: int
    clusters: Clusters | None


def standards(of: Together) -> list[Row]:
    """Return one row per diagnosed topic; what cannot be known from the cells is missing, never guessed.

    The finding that is rated is the overall effect on the gap. It is favourable where the gap narrows, and not where
    its verdict is one that no plan may call success. Its p-value is the adjusted one where it is in a family. Nothing
    was randomized; of other studies and of a logic model nothing is known here.
    """
    adjusted = {(row["specification"], row["outcome_id"], row["gap_id"]): row["adjusted_p_value"]
                for row in adjusted_p_values(of)}
    rows = []
    for key, one in of.of.items():
        said = of.published.get(key, Published(None, "cannot_tell"))
        p_value = adjusted.get(key, said.p_value)
        rows.append({**one.topic.columns(), **_row(one, of, Published(p_value, said.verdict))})
    return rows


def _row(of: Diagnosed, together: Together, said: Published) -> Row:
    students = students_of(of)
    measured = _measured(of, students, together.handbook)
    equivalence = _equivalence(of, students, together.handbook)
    unknown = [] if measured is not None and equivalence else ["students_not_known"]
    reliability, invariance = _scale(of, together)
    if of.topic.outcome.kind == "score" and reliability is None:
        unknown.append("reliability_not_known")
    finding = Finding(
        assignment="comparison_group", n_program_units=len(of.overall.program_clusters[0]),
        n_comparison_units=len(of.overall.comparison_clusters[0]),
        attrition=assess_attrition(Flow(1, 1), Flow(1, 1), is_randomized=False, boundary="cautious",
                                   handbook=together.handbook),
        equivalence=equivalence, is_adjusted=True, reliability=reliability, invariance=invariance,
        is_collected_alike=True, gain=_gain(of, said.verdict), p_value=said.p_value,
        n_students=0 if measured is None else measured.n,
        n_districts=len(np.union1d(of.overall.program_clusters[0], of.overall.comparison_clusters[0])),
        has_overriding_negative=False, has_rationale=False)
    rated = rate(finding, handbook=together.handbook)
    # what makes a finding not eligible stands whatever else is unknown
    is_open = bool(unknown) and rated.grade != "not_eligible"
    reasons = [reason.rule for reason in rated.reasons if reason.is_met is False
               and not ("students_not_known" in unknown and reason.rule in NEED_STUDENTS)]
    return {**_effect_sizes(of, measured), **_differences(equivalence),
            "rating": NOT_KNOWN if is_open else rated.grade, "essa_tier": NOT_KNOWN if is_open else rated.tier,
            "rating_reasons": ", ".join([*unknown, *reasons])}


def _measured(of: Diagnosed, students: Students, handbook: Handbook) -> _Measured | None:
    """Pool the standard deviation within group, condition and period, so that neither their means nor a trend widen it.

    Whole districts were assigned: effect sizes carry the correction for clusters, where the handbook has one.
    """
    cells = list(in_program(of))
    samples = [sample_of(students, mine, group) for _, mine in cells for group in (0, 1)]
    known = [one for one in samples if one is not None]
    if not known or len(known) < len(samples):
        return None
    in_period = [sum(s.n for s in known[i:i + 4]) for i in range(0, len(known), 4)]
    behind = np.any([mine for _, mine in cells], axis=(0, 2))
    n, n_districts = max(in_period), len(np.unique(of.design.cluster[behind]))
    is_corrected = any(rule.id == "cluster_correction" for rule in handbook.rules)
    clusters = clusters_of(students, [mine for _, mine in cells], n / n_districts) if is_corrected else None
    try:
        return _Measured(pooled_sd(known), n, clusters)
    except ValueError:
        return None


def _effect_sizes(of: Diagnosed, measured: _Measured | None) -> Row:
    """Divide gap, focal and reference by one standard deviation: the gap's stays the difference of its parts."""
    names = [f"g_{part}" for part in of.overall.parts]
    if measured is None:
        return dict.fromkeys([*names, "improvement_index"])
    try:
        # as `gap_effect_sizes`: four samples take four degrees of freedom, not two
        g = [standardize(float(value), sd=measured.sd, n=measured.n - 2, clusters=measured.clusters).value
             for value in of.overall.value[0]]
    except ValueError:
        return dict.fromkeys([*names, "improvement_index"])
    found: Row = dict(zip(names, g, strict=True))
    good = -1 if of.topic.outcome.better == "lower" else 1
    return {**found, "improvement_index": improvement_index(good * found["g_focal"])}


def _equivalence(of: Diagnosed, students: Students, handbook: Handbook) -> tuple[Equivalence, ...]:
    """Assess both groups among students and among districts; nothing where one is not known, or nothing varies."""
    found = []
    for group, name in enumerate(GROUPS):
        try:
            before = baseline_of(of, students, group)
            if before is None:
                return ()
            sd = pooled_sd((before.program, before.comparison))
            found.append(assess_students(name, before.program, before.comparison, handbook=handbook))
            found.append(assess_clusters(name, before.program_mean, before.comparison_mean, sd=sd, handbook=handbook))
        except ValueError:
            return ()
    return tuple(found)


def _differences(equivalence: Sequence[Equivalence]) -> Row:
    level = {"student": "", "cluster": "_districts"}
    names = [f"baseline_g_{group}{suffix}" for group in GROUPS for suffix in level.values()]
    found = {f"baseline_g_{one.group}{level[one.level]}": one.g for one in equivalence}
    worst = max((one.category for one in equivalence), key=WORSE.index, default=NOT_KNOWN)
    return {**dict.fromkeys(names), **found, "equivalence": worst}


def _gain(of: Diagnosed, verdict: str) -> float:
    """Return by how much the gap narrowed in outcome units; negative for what no plan may call success."""
    effect, level = of.overall.value[0], levels(of.overall)[0]
    at = {part: i for i, part in enumerate(of.overall.parts)}
    side = np.sign(level[at["focal"]] - level[at["reference"]] - effect[at["gap"]])
    narrowed = float(-side * effect[at["gap"]])
    return -abs(narrowed) if verdict in NO_SUCCESS else narrowed


def _scale(of: Diagnosed, together: Together) -> tuple[float | None, Invariance | None]:
    """Return the lowest reliability of a scale in either group, and whether it measures the same in both."""
    topic = of.topic
    program = next(p for p in of.study.programs if p.id == topic.specification.program)

    def mine(table: str) -> list[Row]:
        return [row for row in together.scales.get(table, ()) if row["outcome_id"] == topic.outcome.id
                and program.grade_band in (row["grade_band"], "all")]

    alpha = [row["alpha"] for row in mine("scale_reliability") if row.get("alpha") is not None
             and row["dimension"] == topic.gap.dimension and row["group_id"] in (topic.gap.focal, topic.gap.reference)]
    said: list[Invariance] = [row["invariance"] for row in mine("measurement_invariance")
                              if row["gap_id"] == topic.gap.id and row["compared"] == "groups_and_waves"]
    return min(alpha, default=None), min(said, key=LEAST_INVARIANT.index, default=None)
