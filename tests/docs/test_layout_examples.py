"""Every mapping that docs/delivery.md shows can be read, and so can its block of a study file."""

import re
from pathlib import Path

import pytest
import yaml

from evaluation.ingest.mapping.layouts import known_layouts
from evaluation.ingest.mapping.reading import read_mapping
from evaluation.params import Delivery

PAGE = (Path(__file__).parents[2] / "docs" / "delivery.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
MAPPINGS = [block for block in BLOCKS if "district_id:" in block]


@pytest.mark.parametrize("text", MAPPINGS, ids=lambda text: text.split("\n", 1)[0])
def test_an_example_is_a_mapping(text):
    folder = re.search(r"district_id: (\S+)", text)[1]
    assert read_mapping(text, where="docs/delivery.md", folder=folder).tables.sent()


def test_every_layout_has_an_example_or_a_line():
    assert all(f"`{name}`" in PAGE for name in known_layouts())


def test_the_published_example_is_a_delivery():
    (text,) = [block for block in BLOCKS if "public_group_level" in block]
    assert Delivery.model_validate(yaml.safe_load(text)["deliveries"]).tables[0].district_id_column == "LEAID"
