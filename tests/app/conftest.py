"""Invented releases of two studies, and the app started on them."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from streamlit.testing.v1 import AppTest

from evaluation import params

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    if "make_release" not in sys.modules:
        spec = importlib.util.spec_from_file_location("make_release", Path(__file__).with_name("make_release.py"))
        module = importlib.util.module_from_spec(spec)
        sys.modules["make_release"] = module
        spec.loader.exec_module(module)
    return sys.modules["make_release"]


@pytest.fixture(scope="session")
def releases(maker: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with one release each of `partnership` and `connecticut`."""
    root = tmp_path_factory.mktemp("published")
    maker.make(root, params.study("partnership"))
    maker.make(root, maker.connecticut_like())
    return root / "data" / "released"


@pytest.fixture
def open_page(releases: Path) -> Iterator[Callable[..., AppTest]]:
    """Open a page of the app on the invented releases: `open_page("start", study="partnership", …)`."""
    before = os.environ.get("EVALUATION_RELEASED")
    os.environ["EVALUATION_RELEASED"] = str(releases)

    def opened(page: str, **address: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
        app.query_params.update(address)
        if page != "start":
            app.switch_page(f"screens/{page}.py")
        return app.run()

    yield opened
    if before is None:
        del os.environ["EVALUATION_RELEASED"]
    else:
        os.environ["EVALUATION_RELEASED"] = before
