"""The reference table of the Connecticut demonstration, through design and stage `estimate`."""

import os
from pathlib import Path

import pandas as pd
import pytest

from evaluation import params
from evaluation.design import topics
from evaluation.estimate.one import estimate
from evaluation.ingest.public.cells import read_public

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "../shared/real/connecticut"
pytestmark = pytest.mark.skipif(not (FOLDER.is_dir() or os.environ.get("CI")), reason=f"no files in {FOLDER}")

TABLE = {("black_white", "focal"): ("-0.833", "0.909"), ("hispanic_white", "focal"): ("-1.282", "0.704"),
         ("black_white", "reference"): ("-1.133", "0.381"), ("black_white", "gap"): ("-0.415", "0.694"),
         ("hispanic_white", "gap"): ("-0.932", "0.403")}


@pytest.fixture(scope="module")
def cells():
    taken = read_public(FOLDER, params.load("connecticut", "ingest", ROOT))
    return taken.public_cell.assign(n_obs=None, n_eligible=None, total=None, total_sq=None)


@pytest.fixture(scope="module")
def rows(cells):
    study = params.load("connecticut", "estimate", ROOT)
    found = [row for topic in topics(study) if topic.outcome.id == "any_suspension_pct"
             and (topic.specification.estimator == "twfe" or topic.gap.id == "black_white")
             for row in estimate(cells, study, topic).estimates]
    return pd.DataFrame(found)


def test_the_published_table_is_reproduced_to_its_three_decimals(rows):
    own = rows[rows["specification"] == "published_table"].set_index(["gap_id", "part"])
    assert {key: (f"{own.loc[key, 'value']:.3f}", f"{own.loc[key, 'se']:.3f}") for key in TABLE} == TABLE
    assert own["p_value"].isna().all()
    assert set(own["inference"]) == {"cr1"}


def test_beside_it_gap_and_parts_of_the_headline_share_their_districts(rows):
    overall = rows[(rows["specification"] == "headline") & (rows["estimand"] == "overall")]
    wide = overall.pivot(index="gap_id", columns="part", values="value")
    assert (wide["gap"] - (wide["focal"] - wide["reference"])).abs().max() < 1e-10
    assert (overall.groupby("gap_id")["n_units"].nunique() == 1).all()
    assert overall["p_value"].notna().all()
