"""`did --inference wild`: Rademacher's signs, and Webb's beside them where clusters are few."""

import json

import numpy as np
import pytest

from evaluation.did import did
from evaluation.stats.inference.wild import wild_bootstrap
from evaluation.stats.regression import fit
from tests.did.panels import NAMED, OPTIONS, command, panel


@pytest.fixture(scope="module")
def eight():
    """Eight units before and after the start of four of them."""
    return panel(8, starts=(2, np.nan), periods=2)


def test_both_p_values_are_those_of_every_vector_of_signs_on_the_changes_of_units(eight):
    found = did(eight, **NAMED, inference="wild").estimates[0]
    change = np.diff(eight["y"].to_numpy().reshape(8, 2))
    r = fit(np.column_stack([np.arange(8) % 2 == 0, np.ones(8)]).astype(float), change, np.ones(8), np.arange(8))
    for weights, p_value in (("rademacher", found.p_value), ("webb", found.p_value_webb)):
        assert p_value == pytest.approx(wild_bootstrap(r, np.eye(1, 2), weights=weights).p_value[0, 0], abs=1e-12)
    assert (found.p_value * 2**8) % 1 == 0
    assert found.p_value != found.p_value_webb


def test_webbs_is_printed_where_there_is_one_and_is_null_elsewhere(eight, capsys, monkeypatch, tmp_path):
    eight.to_csv(tmp_path / "a.csv", index=False)
    wild, cr2 = (command(capsys, monkeypatch, tmp_path / "a.csv", *OPTIONS, "--inference", method).out
                 for method in ("wild", "cr2"))
    assert "p (Webb)" in wild
    assert "p (Webb)" not in cr2
    said = json.loads(command(capsys, monkeypatch, tmp_path / "a.csv", *OPTIONS, "--inference", "cr2", "--json").out)
    assert said["estimates"][0]["p_value_webb"] is None
