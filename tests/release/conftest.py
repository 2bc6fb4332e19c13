"""Invented releases for the tests of release and publish."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

MAKER = Path(__file__).parents[1] / "app" / "make_release.py"


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    if "make_release" not in sys.modules:
        spec = importlib.util.spec_from_file_location("make_release", MAKER)
        module = importlib.util.module_from_spec(spec)
        sys.modules["make_release"] = module
        spec.loader.exec_module(module)
    return sys.modules["make_release"]
