"""A synthetic delivery never overwrites files that somebody put in its place."""

import pytest

from evaluation.errors import DeliveryError
from evaluation.synthetic.overwrite import KEY_FILE, refuse_to_overwrite


def test_files_of_a_district_are_kept(tmp_path):
    (tmp_path / "ia-9001").mkdir()
    with pytest.raises(DeliveryError, match="no synthetic study made"):
        refuse_to_overwrite(tmp_path)
    assert (tmp_path / "ia-9001").is_dir()


def test_an_earlier_synthetic_delivery_may_go(tmp_path):
    (tmp_path / "ia-9001").mkdir()
    (tmp_path / KEY_FILE).write_text("key")
    assert refuse_to_overwrite(tmp_path) is None


def test_an_absent_or_empty_folder_may_be_written(tmp_path):
    assert refuse_to_overwrite(tmp_path) is None
    assert refuse_to_overwrite(tmp_path / "absent") is None
