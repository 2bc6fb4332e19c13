"""What can be diagnosed, and on what."""

import pytest

from evaluation.contracts import TABLES
from evaluation.design import build
from evaluation.diagnose.all import OF_STUDY, OF_TOPIC, diagnose
from evaluation.diagnose.detectable import detectable_effects
from evaluation.diagnose.diagnosed import diagnosable, overall_of
from evaluation.diagnose.pre_trends import pre_trends
from evaluation.diagnose.scales import scale_tables
from evaluation.diagnose.sensitivity import breakdowns
from evaluation.errors import EstimationError
from evaluation.panel.items import no_items
from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.inference.infer import infer
from tests.diagnose.drawn import STARTS, drawn, table, with_specification


def test_every_table_of_the_stage_is_made(study_of):
    made = {*OF_TOPIC, *OF_STUDY, *scale_tables(no_items(), study_of(STARTS))}
    assert made == {name for name, contract in TABLES.items() if contract.stage == "diagnose"}


def test_rows_of_every_topic_table_keep_their_contract(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(1)), study_of(STARTS))
    found = diagnose(of)
    assert set(found) == set(OF_TOPIC)
    for name, rows in found.items():
        assert len(table(of, name, rows)) == len(rows)


def test_the_reduced_regression_gives_the_same_interval(cells_of, study_of):
    study = study_of(STARTS)
    design = build(cells_of(drawn(1)), study, study.specifications[0], "rate_pct", study.gaps[0])
    att_gt = group_time_att(design, comparison="not_yet", base="universal")
    reduced = overall_of(att_gt)
    for one, other in zip(infer(reduced)[0], infer(aggregate(att_gt, "overall"))[0], strict=True):
        assert one.se == pytest.approx(other.se, rel=1e-10)
        assert one.df == pytest.approx(other.df, rel=1e-10)
    assert reduced.regression.x.shape[1] < att_gt.regression.x.shape[1]


def test_without_an_effect_there_is_nothing_to_diagnose(cells_of, study_of, prepared):
    with pytest.raises(EstimationError, match="beside a comparison unit"):
        prepared(cells_of(drawn(7, n_units=2)), study_of({"ia-10": 2004, "ia-11": 2004}))


@pytest.mark.parametrize("changes", [{"estimator": "twfe"}, {"sample": "own"}, {"weights": "own"}])
def test_what_has_no_group_time_effects_on_shared_units_is_not_diagnosed(study_of, changes):
    study = study_of(STARTS)
    assert len(diagnosable(study)) == 1
    assert diagnosable(with_specification(study, **changes)) == ()


def test_choices_of_the_specification_reach_the_diagnosed_effect(cells_of, study_of, prepared):
    cells, study = cells_of(drawn(8)), study_of(STARTS)
    adjusted = prepared(cells, with_specification(study, adjustment="regression", covariates=("gap",)))
    assert adjusted.overall.value[0, 0] != pytest.approx(prepared(cells, study).overall.value[0, 0])
    assert pre_trends(adjusted)[0]["p_value"] is None
    assert {row["undefined"] for row in breakdowns(adjusted)} == {"no_regression"}
    assert detectable_effects(adjusted)[0]["detectable"] > 0
