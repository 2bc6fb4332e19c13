"""Invented releases, made by the contracts and published like any other."""

from __future__ import annotations

import importlib.util
import itertools
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from evaluation import params
from evaluation.contracts import TABLES, conform
from evaluation.estimate.planned import plan_differences
from evaluation.params import Plan, PlannedResults, Study
from evaluation.release.believe import public_believable
from evaluation.release.effects import public_diagnostics, public_estimates
from evaluation.release.intake import public_intake
from evaluation.release.levels import public_gap_levels, public_group_levels
from evaluation.release.publish import publish
from evaluation.release.scales import public_scales
from evaluation.stats.inference.bands import BAND_TIMES


def load(path: Path) -> ModuleType:
    """Load a module that lies beside the tests: they are no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


POLICY = params.settings().disclosure
believable = load(Path(__file__).with_name("make_believable.py"))
_MADE: dict[str, dict[str, pd.DataFrame]] = {}
UNREPORTED = {3: "suppressed", 7: "not_applicable"}


def make(root: Path, study: Study) -> Path:
    """Publish an invented release of `study` under `root` and return its folder."""
    candidate = root / "data" / "unreleased" / "release" / study.id / "public"
    candidate.mkdir(parents=True, exist_ok=True)
    if study.id not in _MADE:
        _MADE[study.id] = tables(study)
    for name, frame in _MADE[study.id].items():
        arrow = pa.Table.from_pandas(conform(frame, name), preserve_index=False)
        pq.write_table(arrow, candidate / f"{name}.parquet", write_statistics=False, store_schema=False)
    labels = study.model_dump(mode="json")
    (candidate / "study.json").write_text(json.dumps(labels, ensure_ascii=False), encoding="utf-8")
    return publish(study.id, approver="test", root=root)


def tables(study: Study) -> dict[str, pd.DataFrame]:
    """Return every public table of an invented study."""
    estimates = conform(pd.DataFrame(list(_estimates(study))), "estimates")
    refused = pd.DataFrame([], columns=list(TABLES["public_refusals"].columns))
    gaps = public_gap_levels(gap_levels(study), study, POLICY)
    return {
        "public_estimates": public_estimates(estimates, gaps, study, POLICY),
        "public_diagnostics": public_diagnostics(diagnosed(estimates), estimates, POLICY),
        **public_believable(believed(study, estimates), estimates, POLICY),
        "public_scales": public_scales(*scales(study), POLICY),
        "public_plan": pd.DataFrame(plan_differences(study, ())),
        "public_refusals": refused,
        "public_group_levels": public_group_levels(group_levels(study), study, POLICY),
        "public_gap_levels": gaps,
        "public_coverage": coverage(study),
        "public_intake": public_intake(intake(study), POLICY),
    }


def diagnosed(estimates: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Invent the diagnostics that are released in brief."""
    overall = estimates[estimates["estimand"] == "overall"]
    spec = list(TABLES["pre_trends"].key)
    scale = overall["value"].abs()
    lost = overall[[*spec, "value", "verdict"]].assign(left_out="d1", se=0.9, df=6.0, ci_low=-3.0, ci_high=0.2)
    return {
        "pre_trends": overall[spec].assign(statistic=1.2345, df1=3.0, df2=8.5, p_value=0.3212, n_pre_periods=3),
        "pre_trend_power": overall[spec].assign(n_pre_periods=3, slope_50=0.3 * scale, slope_80=0.4567 * scale),
        "detectable_effects": overall[[*spec, "estimand"]].assign(detectable=1.10345 * scale, se=0.8, df=7.0),
        "leave_one_out": pd.concat([lost.assign(left_out_kind=kind) for kind in ("district", "cohort")])}


def believed(study: Study, estimates: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Invent everything that makes overall effects believable."""
    overall = estimates[(estimates["estimand"] == "overall") & (estimates["estimator"] == "group_time_att")]
    invented = believable.of(study, overall)
    invented["relative_effects"] = believable.relative(estimates)
    return {name: conform(frame, name) for name, frame in invented.items()}


def scales(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Invent measurement invariance and reliability of every scale."""
    invariance, reliability = believable.scales(study)
    return conform(invariance, "measurement_invariance"), conform(reliability, "scale_reliability")


def connecticut_like() -> Study:
    """Return a study of published district rates with a two-way table, as the Connecticut study is written."""
    base = params.study("partnership")
    program = base.programs[0].model_copy(update={
        "id": "alliance", "label": "Alliance District", "grade_band": "all",
        "cohorts": (base.programs[0].cohorts[1].model_copy(update={"start": 2021, "phase": "expansion"}),)})
    outcome = base.outcomes[2].model_copy(update={"id": "suspension_pct", "label": "Suspension",
                                                  "measure": "published_rate"})
    given = base.specifications[0].model_copy(update={
        "id": "headline_alliance", "program": "alliance", "outcomes": ("suspension_pct",)})
    table = given.model_copy(update={"id": "published_table", "label": "As in the published table", "estimator": "twfe",
                                     "sample": "own", "inference": "cr1"})
    plan = Plan(confirmatory=(PlannedResults(specifications=("headline_alliance",)),),
                exploratory=(PlannedResults(specifications=("published_table",)),))
    return base.model_copy(update={
        "id": "connecticut", "title": "Connecticut districts", "unit": "district", "programs": (program,),
        "outcomes": (outcome,), "specifications": (given, table), "plan": plan, "events": (),
        "banner": "Demonstration on public aggregates. Not evidence about the law."})


def gap_levels(study: Study) -> pd.DataFrame:
    """Invent gaps over time: levels, small groups, and every status."""
    rows = []
    for (scope, scope_id, program), outcome, gap in itertools.product(_scopes(study), study.outcomes, study.gaps):
        for i, period in enumerate(study.periods.all()):
            status = UNREPORTED.get(i, "reported") if scope == "district" else "reported"
            focal, reference = _mean(outcome.kind, i, 8), _mean(outcome.kind, i, 2)
            n = _n(outcome.measure, 6 * i if scope == "district" else 400)
            is_in = status == "reported"
            rows.append({"scope": scope, "scope_id": scope_id, "program": program, "period": period,
                         "outcome_id": outcome.id, "gap_id": gap.id, "focal": gap.focal, "reference": gap.reference,
                         "n_focal": n if is_in else None, "n_reference": _n(outcome.measure, 300) if is_in else None,
                         "n_units": 3, "n_districts": 1, "focal_mean": focal if is_in else None,
                         "reference_mean": reference if is_in else None, "gap": focal - reference if is_in else None,
                         "status": status})
    return conform(pd.DataFrame(rows), "gap_levels")


def group_levels(study: Study) -> pd.DataFrame:
    """Invent group means over time."""
    gaps = gap_levels(study).drop_duplicates(["scope", "scope_id", "program", "period", "outcome_id", "focal"])
    dimension = {g.focal: g.dimension for g in study.gaps}
    rows = gaps.assign(dimension=gaps["focal"].map(dimension), group_id=gaps["focal"], mean=gaps["focal_mean"],
                       n_students=gaps["n_focal"])
    return conform(rows[list(TABLES["group_levels"].columns)], "group_levels")


def coverage(study: Study) -> pd.DataFrame:
    """Invent coverage that adds up."""
    rows = [{"district_id": d.id, "period": p, "outcome_id": o.id, "cells": 40, "cells_reported": 40 - 4 * (i % 10),
             "cells_small": (40 - 4 * (i % 10)) // 4, "cells_source_suppressed": 2 * (i % 10),
             "cells_not_applicable": i % 10, "cells_not_published": 0, "cells_not_sent": i % 10}
            for (i, d), p, o in itertools.product(enumerate(study.districts), study.periods.all(), study.outcomes)]
    return conform(pd.DataFrame(rows), "coverage")


def intake(study: Study) -> pd.DataFrame:
    """Invent rows received."""
    rows = [{"district_id": d.id, "school_year": p, "table": t, "file": f"{d.id}/{p}/{t}.csv", "rows_in": 1237,
             "rows_accepted": 1234, "rows_quarantined": 3, "rows_refused": 0, "refusal": None}
            for d, p, t in itertools.product(study.districts, study.periods.all()[:2], ("enrollment", "attendance"))]
    return conform(pd.DataFrame(rows), "intake")


def _estimates(study: Study) -> Any:
    for spec in study.specifications:
        program = next(p for p in study.programs if p.id == spec.program)
        for outcome, gap, (i, part) in itertools.product(spec.outcomes, spec.gaps,
                                                         enumerate(("gap", "focal", "reference"))):
            given = next(o for o in study.outcomes if o.id == outcome)
            ids = next(g for g in study.gaps if g.id == gap)
            shared = {"specification": spec.id, "program": spec.program, "outcome_id": outcome, "gap_id": gap,
                      "focal": ids.focal, "reference": ids.reference, "part": part, "estimator": spec.estimator,
                      "comparison": spec.comparison, "weights": spec.weights, "sample": spec.sample,
                      "standing": study.plan.standing(spec.id, outcome, gap), "unit_name": given.unit_name,
                      "inference": spec.inference}
            value = (-2.12345, -2.623456, -0.500006)[i] / (20 if given.kind == "score" else 1)
            for estimand in _estimands(study, program, spec.estimator):
                lone = estimand.pop("lone", False)
                yield {**shared, **_empty(), **estimand, **_inference(value, lone, spec.inference),
                       **_band(value, estimand.get("event_time"))}


def _estimands(study: Study, program: params.Program, estimator: str) -> Any:
    yield {"estimand": "overall", "left_out_cohorts": "2019" if len(program.cohorts) > 2 else None}
    if estimator == "twfe":
        return
    for cohort in program.cohorts:
        lone = len(cohort.districts) == 1
        yield {"estimand": "cohort", "cohort": cohort.start, "lone": lone}
        for period in study.periods.all():
            if period != cohort.start - 1:
                yield {"estimand": "att_gt", "cohort": cohort.start, "period": period, "lone": lone}
    for phase in sorted({c.phase for c in program.cohorts}):
        yield {"estimand": "phase", "phase": phase, "lone": phase == "develop"}
    for event_time in (-4, -3, -2, 0, 1, 2, 3, 4):
        yield {"estimand": "event_time", "event_time": event_time}


def _empty() -> dict[str, Any]:
    return dict.fromkeys(("cohort", "phase", "period", "event_time", "district_id", "left_out_cohorts",
                          "dropped_cohorts", "partial_first_cohorts", "exposed_pct"))


def _inference(value: float, lone: bool, inference: str) -> dict[str, Any]:
    se = None if lone else abs(value) / 3
    ends = {"ci_low": None, "ci_high": None, "ci80_low": None, "ci80_high": None} if se is None else {
        "ci_low": value - 2.3 * se, "ci_high": value + 2.3 * se, "ci80_low": value - 1.4 * se,
        "ci80_high": value + 1.4 * se}
    districts = 1 if lone else 5
    return {"value": value, "se": se, "df": None if lone else 7.123456, **ends,
            "p_value": None if lone or inference == "cr1" else 0.0234567,
            "coverage": None if lone or inference == "cr1" else 0.9412345, "level": 20.123456,
            "no_interval": "lone_cohort_cluster" if lone else None,
            "verdict": "cannot_tell" if lone else "narrowed_focal_improvement", "n_students": 4321, "n_units": 40,
            "n_program_units": 3 * districts, "n_program_districts": districts, "n_comparison_districts": 9,
            "n_clusters": 9 + districts}


def _band(value: float, event_time: int | None) -> dict[str, Any]:
    half = abs(value) if event_time in BAND_TIMES else None
    return {"band_low": None if half is None else value - half, "band_high": None if half is None else value + half}


def _scopes(study: Study) -> list[tuple[str, str, str | None]]:
    districts: list[tuple[str, str, str | None]] = [("district", d.id, None) for d in study.districts[:5]]
    programs = [(kind, p.id, p.id) for p in study.programs for kind in ("program", "comparison")]
    return [*districts, *programs]


def _mean(kind: str, i: int, higher: int) -> float:
    return 3.2 + 0.01 * i - 0.02 * higher if kind == "score" else 12.0 + 0.4 * i + 1.25 * higher


def _n(measure: str, n: int) -> int | None:
    return None if measure == "published_rate" else n


