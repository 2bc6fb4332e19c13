"""Write the release candidate of a study: public tables and the labels that pages need."""

from __future__ import annotations

from evaluation import params, stage, store
from evaluation.release.believe import BELIEVED, public_believable
from evaluation.release.effects import public_diagnostics, public_estimates
from evaluation.release.intake import public_intake
from evaluation.release.levels import public_gap_levels, public_group_levels
from evaluation.release.scales import public_scales

_DIAGNOSED = ("pre_trends", "pre_trend_power", "detectable_effects", "leave_one_out")


def main(study_id: str) -> None:
    """Replace `data/unreleased/release/<study>`."""
    study = params.load(study_id, "release")
    policy = params.settings().disclosure
    estimates = store.read("estimates", study_id)
    gap_levels = public_gap_levels(store.read("gap_levels", study_id), study, policy)
    tables = {
        "public_estimates": public_estimates(estimates, gap_levels, study, policy),
        "public_diagnostics": public_diagnostics({name: store.read(name, study_id) for name in _DIAGNOSED}, estimates,
                                                 policy),
        **public_believable({name: store.read(name, study_id) for name in BELIEVED}, estimates, policy),
        "public_scales": public_scales(store.read("measurement_invariance", study_id),
                                       store.read("scale_reliability", study_id), policy),
        "public_plan": store.read("plan_differences", study_id),
        "public_refusals": store.read("refusals", study_id),
        "public_group_levels": public_group_levels(store.read("group_levels", study_id), study, policy),
        "public_gap_levels": gap_levels,
        "public_coverage": store.read("coverage", study_id),
        "public_intake": public_intake(store.read("intake", study_id), policy),
    }
    candidate = store.emptied("unreleased", "release", study_id)
    for name, frame in tables.items():
        store.write(frame, name, study_id)
    store.write_json(study.model_dump(mode="json"), candidate / "public" / "study.json")


if __name__ == "__main__":
    stage.run(main)
