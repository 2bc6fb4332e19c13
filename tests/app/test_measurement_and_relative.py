"""Survey scales that do not measure the same, and effects told as a difference and as a ratio."""

from __future__ import annotations

import pandas as pd
import pytest

from app import measurement, relative
from app.labels import Labels
from app.topic import Topic
from evaluation import params

LABELS = Labels(params.study("partnership").model_dump(mode="json"))
TOPIC = Topic("headline_dile", "chronic_absence_pct", "black_white", LABELS)
BELONGING = Topic("headline_dile", "belonging_1to5", "black_white", LABELS)


def scale(compared, invariance, *, period=None, item=None, reason="intercepts", **changed):
    return {"outcome_id": "belonging_1to5", "grade_band": "middle", "period": period, "gap_id": "black_white",
            "compared": compared, "invariance": invariance, "invariance_reason": reason, "worst_item": item,
            "alpha_focal": 0.81, "alpha_reference": 0.79, "omega_focal": None, "omega_reference": None,
            "suppression": "none"} | changed


def test_a_gap_on_a_scale_that_fails_is_refused_with_its_reason():
    rows = pd.DataFrame([scale("groups_and_waves", "fails", item="bel3")])
    asked = ("belonging_1to5", "black_white", "dile", LABELS)
    assert measurement.refusal(rows, *asked) == (
        "The Black–White gap in sense of belonging is not shown. The scale does not measure the same in both groups, "
        "so a gap on it would compare different things (items are answered differently at the same level; the item "
        "most different is bel3).")
    assert measurement.refusal(rows.assign(grade_band="high"), *asked) is None
    assert measurement.refusal(rows, "chronic_absence_pct", "black_white", "dile", LABELS) is None


@pytest.mark.parametrize(("whole", "waves", "decides"), [
    ("holds", ["fails"], "holds"), ("cannot_tell", ["holds", "fails"], "fails"),
    ("cannot_tell", ["holds"], "cannot_tell"), ("partial", [], "partial"),
    ("cannot_tell", ["partial", "cannot_tell"], "partial")])
def test_all_waves_decide_and_where_they_cannot_tell_the_worst_wave(whole, waves, decides):
    rows = pd.DataFrame([scale("groups_and_waves", whole),
                         *(scale("groups", said, period=2020 + i) for i, said in enumerate(waves))])
    found = measurement.decision(rows, "belonging_1to5", "black_white", "dile", LABELS)
    assert found["invariance"] == decides


@pytest.mark.parametrize(("invariance", "warns"), [("partial", True), ("cannot_tell", True), ("holds", False)])
def test_a_gap_on_a_doubtful_scale_carries_a_warning(invariance, warns):
    said = measurement.warning(pd.DataFrame([scale("groups_and_waves", invariance)]), "belonging_1to5", "black_white",
                               "dile", LABELS)
    assert said.startswith("Warning: ") is warns


def test_a_scale_that_was_not_checked_warns_and_records_need_no_check():
    none = pd.DataFrame([scale("groups", "holds")]).head(0)
    asked = ("black_white", "dile", LABELS)
    assert measurement.warning(none, "belonging_1to5", *asked).endswith("was not checked.")
    assert measurement.warning(none, "chronic_absence_pct", *asked) == ""
    assert measurement.sentence(none, TOPIC).startswith("Chronic absence is counted from records")


def gap_row(value, low, high, outcome="chronic_absence_pct"):
    return {"outcome_id": outcome, "gap_id": "black_white", "part": "gap", "value": value, "ci_low": low,
            "ci_high": high, "suppression": "none", "verdict": "narrowed"}


def factor(ratio, low, high):
    return {"ratio": ratio, "ratio_low": low, "ratio_high": high, "suppression": "none", "undefined": None}


@pytest.mark.parametrize(("gap", "ratio", "how"), [
    ((-2.0, -3.0, -1.0), (0.9, 0.8, 0.95), None),
    ((-2.0, -3.0, -1.0), (1.1, 0.9, 1.3), "sign"),
    ((-2.0, -3.0, -1.0), (0.95, 0.8, 1.1), "clear"),
    ((-2.0, -5.0, 1.0), (0.8, 0.7, 0.9), "clear"),
    ((-0.1, -1.0, 0.8), (1.01, 0.9, 1.1), None),
    ((-2.0, None, None), (0.9, None, None), None)])
def test_difference_and_ratio_disagree_in_sign_or_in_being_clear(gap, ratio, how):
    assert relative.disagree(gap_row(*gap), factor(*ratio), LABELS) == how
    assert bool(relative.caveat(gap_row(*gap), factor(*ratio), LABELS)) is (how is not None)


def test_where_difference_and_ratio_point_apart_neither_is_told_alone():
    gap, ratio = gap_row(-2.0, -3.0, -1.0), factor(1.1, 0.9, 1.3)
    assert relative.caveat(gap, ratio, LABELS) == (
        "Difference and ratio disagree: the difference between Black students and White students fell, their ratio "
        "rose (a factor of 1.10, 95 % interval 0.90 to 1.30), so neither alone says what happened to the gap.")
    assert relative.marks(pd.DataFrame([gap]), ratio, LABELS) == "◇ unclear: difference and ratio disagree"


def test_a_score_has_no_ratio():
    gap = gap_row(-0.2, -0.3, -0.1, "belonging_1to5")
    assert relative.caveat(gap, factor(1.1, 0.9, 1.3), LABELS) == ""
    assert relative.sentence(gap, factor(1.1, 0.9, 1.3), BELONGING).startswith("A score has no true zero")


def test_a_refused_gap_is_shown_on_no_page(open_page):
    asked = {"study": "partnership", "program": "dile", "outcome": "belonging_1to5", "gap": "hispanic_white"}
    sure = open_page("how_sure", **asked)
    assert "is not shown" in sure.error[0].value
    assert [h.value for h in sure.header] == ["Was it planned?", "Does the scale measure the same?"]
    assert "success" not in " ".join(m.value for m in sure.markdown)
    narrowed = open_page("gaps_narrow", **asked)
    assert narrowed.markdown[0].value.startswith("**– not shown** — The Hispanic–White gap in sense of belonging")
    assert not narrowed.table
    assert narrowed.session_state["address"]["gap"] == "hispanic_white"
    start = open_page("start", study="partnership", program="dile")
    shown = start.table[-1].value
    assert set(shown["Effect"]) == {"Black–White"}
    over_time = open_page("gaps_over_time", **asked)
    assert "is not shown" in over_time.info[0].value
